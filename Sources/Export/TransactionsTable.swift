// SPDX-License-Identifier: Apache-2.0

public import Changelog

/// Whether an export has a table of its transactions.
public enum TransactionsChoice: Sendable {
    /// It has none.
    case off
    /// A record for each transaction of the stream that has exported changes.
    case on
}

/// The table of transactions (`docs/format.md`, Transactions): what belongs together across all other tables.
public enum TransactionsTable {
    /// Its name, which no table of a source with namespaces can have.
    public static let name = TableName(namespace: nil, name: "transactions")

    /// Its columns, behind those that every record has.
    public static let schema = TableSchema(
        table: name,
        columns: [
            TableSchema.Column(name: "changes", type: .integer(bits: 64), sourceType: "kedge.count"),
            TableSchema.Column(name: "tables", type: .map, sourceType: "kedge.counts"),
        ], key: [])

    /// The ordinal of a transaction's record: before all of its changes, which count from 1.
    public static let ordinal: UInt64 = 0

    /// Whether records of the table called `table`, as anchors write it, are no changes of the source.
    public static func isMeant(by table: String) -> Bool { table == name.description }
}
