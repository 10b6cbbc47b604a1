// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The repository as plain files: what the rules of the house are checked against.
enum Repository {
    /// The folder that holds `Package.swift`.
    static let root: URL = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// All Swift files under `Sources`.
    static let sources: [SourceFile] = swiftFiles(under: "Sources")

    /// All Swift files under `folder`, in the order of their paths.
    static func swiftFiles(under folder: String) -> [SourceFile] {
        files(under: folder).filter { $0.hasSuffix(".swift") }.compactMap(SourceFile.init(path:))
    }

    /// The paths of all files under `folder`, relative to the root, hidden ones and build products left out.
    static func files(under folder: String) -> [String] {
        let base = root.appendingPathComponent(folder)
        guard let walk = FileManager.default.enumerator(atPath: base.path) else { return [] }
        return walk.compactMap { $0 as? String }
            .filter { !$0.split(separator: "/").contains { part in part.hasPrefix(".") } }
            .map { folder + "/" + $0 }
            .filter { isRegularFile($0) }
            .sorted()
    }

    /// The text of a file, or nil when it is not there or not UTF-8.
    static func text(_ path: String) -> String? {
        try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    private static func isRegularFile(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        let exists = unsafe FileManager.default.fileExists(
            atPath: root.appendingPathComponent(path).path, isDirectory: &isFolder)
        return exists && !isFolder.boolValue
    }
}

/// One Swift file, as it is written and with its comments and strings blanked.
struct SourceFile: Sendable {
    /// The path relative to the root: `Sources/Bytes/ByteReader.swift`.
    let path: String
    /// The lines as they are written.
    let lines: [String]
    /// The same lines with comments and the insides of strings replaced by spaces.
    let code: [String]

    /// The room: the folder under `Sources`.
    var target: String { String(path.split(separator: "/")[1]) }

    init?(path: String) {
        guard let text = Repository.text(path) else { return nil }
        self.path = path
        lines = text.components(separatedBy: "\n")
        code = Blanking.code(of: text).components(separatedBy: "\n")
    }

    /// The modules that the file imports, with the number of the line.
    var imports: [(module: String, line: Int)] {
        code.enumerated().compactMap { index, line in
            let words = line.split(separator: " ").map(String.init)
            guard let position = words.firstIndex(of: "import"), position + 1 < words.count,
                words[..<position].allSatisfy({ $0.hasPrefix("@") || Self.accessLevels.contains($0) })
            else { return nil }
            let kinds = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
            let first = words[position + 1]
            let name = kinds.contains(first) && position + 2 < words.count ? words[position + 2] : first
            return (String(name.prefix { $0 != "." }), index + 1)
        }
    }

    private static let accessLevels = ["public", "package", "internal", "private", "fileprivate"]

    /// The places, as `path:line`, whose code matches `pattern`.
    func places(matching pattern: Regex<Substring>) -> [String] {
        code.enumerated().filter { $0.element.contains(pattern) }.map { "\(path):\($0.offset + 1)" }
    }

    /// The code at a place that ``places(matching:)`` found.
    func line(at place: String) -> String {
        place.split(separator: ":").last.flatMap { Int($0) }.map { code[$0 - 1] } ?? ""
    }
}
