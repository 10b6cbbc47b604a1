// SPDX-License-Identifier: Apache-2.0

public import Anchors
internal import Bytes
internal import Changelog
internal import DurableFiles
public import Faults

/// Which version of each Delta table holds everything up to one anchor and nothing behind it: whoever reads these
/// versions sees all tables at one position of the source (`docs/format.md`, Delta tables).
public struct DeltaCut: Hashable, Sendable {
    /// One table in a cut.
    public struct Table: Hashable, Sendable {
        /// Its folder, relative to the export.
        public let path: String
        /// The version of its log.
        public let version: Int

        /// Makes an entry.
        public init(path: String, version: Int) {
            self.path = path
            self.version = version
        }
    }

    /// The number of the anchor.
    public let anchor: Int
    /// The identifier of the export.
    public let export: String
    /// The number of the history.
    public let epoch: UInt16
    /// Where the anchor ends, as the source writes positions.
    public let position: String
    /// The tables that have a log, by their name.
    public let tables: [String: Table]

    init(_ anchor: Anchor, tables: [String: Table]) {
        self.anchor = anchor.number
        export = anchor.export
        epoch = anchor.epoch
        position = anchor.source.notation.text(anchor.to)
        self.tables = tables
    }

    /// The bytes of the file.
    var fileBytes: [UInt8] {
        let tables = tables.mapValues { table in
            JSON.object(["path": .text(table.path), "version": .number(Int64(table.version))])
        }
        let cut = JSON.object([
            "format": .number(1), "anchor": .number(Int64(anchor)), "export": .text(export),
            "epoch": .number(Int64(epoch)), "position": .text(position), "tables": .object(tables),
        ])
        return cut.bytes + [UInt8(ascii: "\n")]
    }

    /// Reads the bytes of a file; nil when they are no cut.
    init?(fileBytes: [UInt8]) {
        guard let json = JSON(parsing: fileBytes), json["format"]?.number == 1,
            let anchor = json["anchor"]?.number, let export = json["export"]?.text,
            let epoch = json["epoch"]?.number.flatMap({ UInt16(exactly: $0) }), let position = json["position"]?.text,
            let members = json["tables"]?.members
        else { return nil }
        var tables: [String: Table] = [:]
        for (name, table) in members {
            guard let path = table["path"]?.text, let version = table["version"]?.number else { return nil }
            tables[name] = Table(path: path, version: Int(version))
        }
        self.anchor = Int(anchor)
        self.export = export
        self.epoch = epoch
        self.position = position
        self.tables = tables
    }

    /// The numbers of the anchors that have a cut, ascending.
    public static func numbers(in folder: ExportFolder) throws(Fault) -> [Int] {
        guard try Files.isFolder(folder.cuts) else { return [] }
        return try Files.names(in: folder.cuts).compactMap(ExportFolder.anchorNumber(ofFileNamed:))
    }

    /// The cut at an anchor; nil when there is none, or none that can be read.
    public static func read(_ number: Int, in folder: ExportFolder) throws(Fault) -> DeltaCut? {
        guard try Files.exists(folder.cut(number)) else { return nil }
        guard let cut = DeltaCut(fileBytes: try Files.contents(of: folder.cut(number), limit: 1 << 28)),
            cut.anchor == number
        else { return nil }
        return cut
    }
}
