// SPDX-License-Identifier: Apache-2.0

internal import DurableFiles
public import Faults

/// Where everything of an export lies (`docs/format.md`, Directory).
public struct ExportFolder: Hashable, Sendable {
    /// The name of the folder that is kedge's own.
    public static let controlName = "_kedge"

    /// The export's path, without a final slash.
    public let path: String

    /// Names the export at `path`; touches nothing.
    public init(_ path: String) {
        var path = path[...]
        while path.count > 1, path.last == "/" { path.removeLast() }
        self.path = String(path)
    }

    /// kedge's own folder.
    public var control: String { "\(path)/\(Self.controlName)" }
    /// What the export is.
    public var exportRecord: String { "\(control)/export.json" }
    /// The folder of the anchors.
    public var anchors: String { "\(control)/anchors" }
    /// The folder of the table schemas.
    public var schemas: String { "\(control)/schemas" }
    /// The folder of what the source knew of its tables.
    public var tables: String { "\(control)/tables" }
    /// Working space for files that are being written.
    public var temporary: String { "\(control)/tmp" }
    /// Working space for transactions that memory does not hold.
    public var spool: String { "\(control)/spool" }
    /// The metadata store.
    public var catalog: String { "\(control)/catalog.sqlite" }

    /// The folder of the consistent cuts.
    public var cuts: String { "\(control)/cuts" }

    /// The file of the anchor `number`.
    public func anchor(_ number: Int) -> String { "\(anchors)/\(Self.fileName(number))" }

    /// The file of the cut through the Delta tables at the anchor `number`.
    public func cut(_ number: Int) -> String { "\(cuts)/\(Self.fileName(number))" }

    private static func fileName(_ number: Int) -> String {
        let digits = String(number)
        return "\(String(repeating: "0", count: max(0, 20 - digits.utf8.count)))\(digits).json"
    }

    /// The number of the anchor whose file, or that of whose cut, is called `name`, nil when it is not the name of one.
    public static func anchorNumber(ofFileNamed name: String) -> Int? {
        guard name.utf8.count == 25, name.hasSuffix(".json"), name.utf8.prefix(20).allSatisfy({ 48...57 ~= $0 }) else {
            return nil
        }
        return Int(name.prefix(20))
    }

    /// The file at `relativePath`, which anchors name.
    public func file(_ relativePath: String) -> String {
        "\(path)/\(relativePath)"
    }

    /// Makes all folders that are missing, durably.
    public func create() throws(Fault) {
        for folder in [anchors, schemas, tables, temporary, spool] { try Files.createFolder(folder) }
    }
}
