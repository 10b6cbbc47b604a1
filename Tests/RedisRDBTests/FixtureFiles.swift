// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The files beside these tests.
enum FixtureFiles {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")

    static func names(in subfolder: String, ending: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent(subfolder).path)
        return (names ?? []).filter { $0.hasSuffix(ending) }.sorted()
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appendingPathComponent(path)))
    }

    static func text(_ path: String) throws -> String {
        String(decoding: try bytes(path), as: UTF8.self)
    }

    /// Compares with a golden file, or writes it anew with `KEDGE_GOLDEN=rewrite`.
    static func golden(_ path: String, is lines: [String]) throws -> Bool {
        let text = lines.joined(separator: "\n") + "\n"
        let file = folder.appendingPathComponent(path)
        if ProcessInfo.processInfo.environment["KEDGE_GOLDEN"] == "rewrite" {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        return try self.text(path) == text
    }
}
