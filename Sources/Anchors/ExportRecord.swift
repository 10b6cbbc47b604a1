// SPDX-License-Identifier: Apache-2.0

internal import Bytes
public import Changelog
internal import Digests
internal import DurableFiles
public import Faults

/// What an export is, written once when it begins: `_kedge/export.json`. Never a secret.
public struct ExportRecord: Hashable, Sendable {
    /// The identifier of the export, which every anchor repeats.
    public let id: String
    /// Who the source was when the export began.
    public let source: SourceIdentity
    /// What the names of kedge's own columns begin with.
    public let columnPrefix: String
    /// In which format segments are written: `ndjson`.
    public let fileFormat: String
    /// The types of columns: `portable` unless the format is one of columns and somebody said otherwise.
    public let profile: String
    /// How wide columns of numbers are: `off` unless the format is one of columns and somebody said otherwise.
    public let widening: String
    /// Who began the export, and when.
    public let created: RunStamp

    /// Makes a record.
    public init(
        id: String, source: SourceIdentity, columnPrefix: String, fileFormat: String,
        profile: String = ExportRecord.usualProfile, widening: String = ExportRecord.noWidening, created: RunStamp
    ) {
        self.id = id
        self.source = source
        self.columnPrefix = columnPrefix
        self.fileFormat = fileFormat
        self.profile = profile
        self.widening = widening
        self.created = created
    }
}

extension ExportRecord {
    private static let place = "export.json"
    /// What is not written down, so that the file is what it was before there was a choice.
    public static let noWidening = "off"
    /// Likewise.
    public static let usualProfile = "portable"

    /// The bytes of the record's file.
    public var fileBytes: [UInt8] {
        var members: [String: JSON] = [
            "format": .number(1), "export": .text(id), "source": source.json, "created": created.json,
            "positions": .text(source.notation.rawValue), "columnPrefix": .text(columnPrefix),
            "fileFormat": .text(fileFormat),
        ]
        if profile != Self.usualProfile { members["profile"] = .text(profile) }
        if widening != Self.noWidening { members["widen"] = .text(widening) }
        return SealedJSON.seal(members)
    }

    /// Reads the bytes of the record's file.
    public init(fileBytes: [UInt8]) throws(Fault) {
        let object = try SealedJSON.open(fileBytes, Self.place)
        try SealedJSON.expectFormat(object, Self.place)
        let notation = try object.parsed("positions", PositionNotation.init)
        self.init(
            id: try object.text("export"), source: try SourceIdentity(try object.object("source"), notation: notation),
            columnPrefix: try object.text("columnPrefix"), fileFormat: try object.text("fileFormat"),
            profile: try object.optionalText("profile") ?? Self.usualProfile,
            widening: try object.optionalText("widen") ?? Self.noWidening,
            created: try RunStamp(try object.object("created")))
    }

    /// The record of the export in `folder`, nil when there is none.
    public static func read(in folder: ExportFolder) throws(Fault) -> ExportRecord? {
        guard try Files.exists(folder.exportRecord) else { return nil }
        return try ExportRecord(fileBytes: try Files.contents(of: folder.exportRecord, limit: 1 << 20))
    }

    /// Begins the export in `folder`, whose folders exist. One that has begun already is refused with
    /// ``Fault/Code/exportExists``.
    public func create(in folder: ExportFolder) throws(Fault) {
        let run = Digest(of: Array(created.id.utf8)).hexadecimal.prefix(16)
        let draft = "\(folder.temporary)/export-\(run).part"
        guard try AtomicFile.create(folder.exportRecord, by: draft, fileBytes) == .linked else {
            throw Fault(.exportExists, "\(folder.path) holds an export already")
        }
    }
}
