// SPDX-License-Identifier: Apache-2.0

internal import Anchors
internal import Bytes
internal import Changelog
internal import DurableFiles
internal import Export
internal import Faults
internal import ParquetFormat
internal import ParquetReading

/// The classic checkpoint of a log: what all actions up to a version come to, a row for each.
enum DeltaCheckpoint {
    /// The columns of the file: one for each kind of action.
    static let columns: [TableSchema.Column] = [
        ("txn", record([("appId", .text), ("version", long), ("lastUpdated", long)])),
        (
            "add",
            record([
                ("path", .text), ("partitionValues", .map), ("size", long), ("modificationTime", long),
                ("dataChange", .boolean), ("stats", .text), ("tags", .map),
            ])
        ),
        (
            "remove",
            record([
                ("path", .text), ("deletionTimestamp", long), ("dataChange", .boolean),
                ("extendedFileMetadata", .boolean), ("partitionValues", .map), ("size", long), ("tags", .map),
            ])
        ),
        (
            "metaData",
            record([
                ("id", .text), ("name", .text), ("description", .text),
                ("format", record([("provider", .text), ("options", .map)])), ("schemaString", .text),
                ("partitionColumns", .list(.text)), ("configuration", .map), ("createdTime", long),
            ])
        ),
        (
            "protocol",
            record([
                ("minReaderVersion", .integer(bits: 32)), ("minWriterVersion", .integer(bits: 32)),
                ("readerFeatures", .list(.text)), ("writerFeatures", .list(.text)),
            ])
        ),
        ("domainMetadata", record([("domain", .text), ("configuration", .text), ("removed", .boolean)])),
    ].map { TableSchema.Column(name: $0.0, type: $0.1, sourceType: "") }

    private static let long = ColumnType.integer(bits: 64)

    private static func record(_ fields: [(String, ColumnType)]) -> ColumnType {
        .record(fields.map { ColumnType.Field(name: $0.0, type: $0.1) })
    }

    /// Writes the checkpoint of `state` to a new file, durably; returns what ``DeltaLogFolder/pointer`` says of it.
    /// Files that were removed before `horizon`, in milliseconds, are forgotten.
    static func write(_ state: DeltaState, to path: String, horizon: Int64) throws(Fault) -> JSON {
        var writer = RowFileWriter(columns: columns, columnar: ColumnarChoice(rowGroupByteCount: 16 << 20))
        var output = ByteBuffer(capacity: 1 << 16)
        try Files.remove(path)
        var file = try DurableFile(creating: path)
        var rows: [(String, JSON)] = []
        if let rule = state.protocolRule { rows.append(("protocol", rule)) }
        if let metaData = state.metaData { rows.append(("metaData", metaData)) }
        rows += state.transactions.sorted { $0.key < $1.key }.map { ("txn", $0.value) }
        rows += state.domains.sorted { $0.key < $1.key }.map { ("domainMetadata", $0.value) }
        for (kind, body) in rows { try writer.append(.object([kind: body]), into: &output) }
        for (kind, actions) in [("remove", state.tombstones), ("add", state.files)] {
            for (_, body) in actions.sorted(by: { $0.key < $1.key }) {
                if kind == "remove", body["deletionTimestamp"]?.number ?? 0 < horizon { continue }
                try writer.append(.object([kind: unchanging(body)]), into: &output)
                guard output.count > 1 << 20 else { continue }
                try file.write(output.bytes)
                output.removeAll()
            }
        }
        try writer.end(into: &output)
        try file.write(output.bytes)
        try file.synchronize()
        return .object([
            "version": .number(Int64(state.version)), "size": .number(Int64(writer.rowCount)),
            "sizeInBytes": .number(Int64(file.byteCount)), "numOfAddFiles": .number(Int64(state.files.count)),
        ])
    }

    /// In a checkpoint no action changes data: it says what is, not what happened.
    private static func unchanging(_ body: JSON) -> JSON {
        guard case .object(var members) = body else { return body }
        members["dataChange"] = .bool(false)
        return .object(members)
    }
}

extension DeltaState {
    /// Takes in the rows of a checkpoint, or of a part of one.
    mutating func read(checkpoint path: String) throws(Fault) {
        var reader = try RowFileReader(path: path, columns: Set(DeltaCheckpoint.columns.map(\.name)))
        while let row = try reader.next() {
            for (name, body) in row { apply(name, body.withoutNulls) }
        }
    }
}

extension JSON {
    /// The same without members that are null.
    fileprivate var withoutNulls: JSON {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { $0.value != .null }.mapValues(\.withoutNulls))
    }
}
