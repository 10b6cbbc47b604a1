// SPDX-License-Identifier: Apache-2.0

import Bytes
import Foundation
import ParquetReading

extension ExportFolder {
    /// The rows of one table as its records have them, in chain order, without kedge's own columns; of exports in
    /// Parquet, or without compression.
    func rows(of table: String) throws -> [String] {
        try segments().filter { $0.table == table }.flatMap { try lines(of: $0.path) }.map(Self.row)
    }

    private func lines(of segment: String) throws -> [String] {
        let path = "\(path)/\(segment)"
        guard segment.hasSuffix(".parquet") else {
            return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
        }
        var reader = try ParquetReader(path: path, depth: .records)
        var lines: [String] = []
        while try reader.advance() { lines.append(reader.line.decodedString()) }
        return lines
    }

    /// A record from the first column of its table on.
    static func row(_ record: String) -> String {
        var rest = record.dropFirst()
        while rest.hasPrefix("\"_cdc_"), let end = rest.range(of: ",\"") {
            rest = rest[rest.index(after: end.lowerBound)...]
        }
        return "{" + rest
    }

    /// What the anchors tell of the columns of tables: by table, a line for each change, and what became of the records.
    func schemaNotices() throws -> [String: [SchemaNotice]] {
        let notices = try anchors().flatMap { $0["notices"] as? [[String: Any]] ?? [] }
            .filter { $0["code"] as? String == "schema.changed" }
        return Dictionary(grouping: notices.map(SchemaNotice.init), by: \.table)
    }
}

/// What an anchor tells of the columns of one table.
struct SchemaNotice {
    let table: String
    let changes: [String]
    let outcome: String
    let folder: String?

    init(_ json: [String: Any]) {
        table = json["table"] as? String ?? "?"
        changes = (json["changes"] as? [[String: Any]] ?? []).map { change in
            ([change["change"] as? String ?? "?"] + [change["column"] as? String].compactMap { $0 })
                .joined(separator: " ")
        }
        outcome = json["outcome"] as? String ?? "?"
        folder = json["folder"] as? String
    }
}
