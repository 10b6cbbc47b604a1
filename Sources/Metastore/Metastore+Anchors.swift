// SPDX-License-Identifier: Apache-2.0

public import Anchors
public import Changelog
public import Digests
public import Faults
internal import GRDB

/// One anchor as the catalog knows it.
public struct RecordedAnchor: Hashable, Sendable {
    /// Its number.
    public let number: Int
    /// The digest of its file.
    public let digest: Digest
    /// What it does.
    public let kind: AnchorKind
    /// The number of the history.
    public let epoch: UInt16
    /// Where it ends.
    public let to: Position
    /// How many records it publishes.
    public let rows: Int
    /// When it was written.
    public let publishedAt: Timestamp
}

extension Metastore {
    static let anchorColumns = "number, sha256, kind, epoch, position_to, rows, published_at"

    /// Enters `stored` into the index, in the place of what stood there.
    public func record(_ stored: StoredAnchor) throws(Fault) {
        try write("record anchor \(stored.anchor.number)") { try Self.insert(stored, in: $0) }
    }

    /// The newest anchor of the index.
    public func lastRecorded() throws(Fault) -> RecordedAnchor? {
        try recorded(where: "1 ORDER BY number DESC LIMIT 1", []).first
    }

    /// What the index knows of one anchor.
    public func recorded(_ number: Int) throws(Fault) -> RecordedAnchor? {
        try recorded(where: "number = ?", [number]).first
    }

    /// How many records all anchors of the index publish together.
    public func recordedRowCount() throws(Fault) -> Int {
        try read("count the records of the index") { database in
            try Int.fetchOne(database, sql: "SELECT coalesce(sum(rows), 0) FROM anchors") ?? 0
        }
    }

    /// Makes the index what the chain in `store` says.
    public func rebuild(from store: any AnchorStore) throws(Fault) {
        let numbers = try store.numbers()
        try write("rebuild the index of anchors") { database in
            try database.execute(sql: "DELETE FROM anchors")
            try Self.removeShapes(in: database)
            for number in numbers {
                guard let stored = try store.anchor(number) else { continue }
                try Self.insert(stored, in: database)
            }
        }
    }

    private func recorded(where condition: String, _ arguments: StatementArguments) throws(Fault) -> [RecordedAnchor] {
        try read("read the index of anchors") { database in
            let sql = "SELECT \(Self.anchorColumns) FROM anchors WHERE \(condition)"
            return try Row.fetchAll(database, sql: sql, arguments: arguments).map { row in
                guard let anchor = RecordedAnchor(row) else {
                    throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the index holds no proper anchor")
                }
                return anchor
            }
        }
    }

    private static func insert(_ stored: StoredAnchor, in database: Database) throws {
        let anchor = stored.anchor
        try database.execute(
            sql: "INSERT OR REPLACE INTO anchors (\(anchorColumns)) VALUES (?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                anchor.number, stored.digest.hexadecimal, anchor.kind.rawValue, Int64(anchor.epoch),
                Int64(bitPattern: anchor.to.rawValue), anchor.segments.reduce(0) { $0 + $1.rows },
                anchor.run.publishedAt.microseconds,
            ])
        try insertShapes(of: anchor, in: database)
    }
}

extension RecordedAnchor {
    fileprivate init?(_ row: Row) {
        guard let digest = Digest(hexadecimal: row[1]), let kind = AnchorKind(rawValue: row[2]),
            let epoch = UInt16(exactly: row[3] as Int64)
        else { return nil }
        self.init(
            number: row[0], digest: digest, kind: kind, epoch: epoch,
            to: Position(rawValue: UInt64(bitPattern: row[4])), rows: row[5],
            publishedAt: Timestamp(microseconds: row[6]))
    }
}
