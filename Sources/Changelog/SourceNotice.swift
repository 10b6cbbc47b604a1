// SPDX-License-Identifier: Apache-2.0

/// Something that happened at a source to rows that are already exported, and that no change tells of.
public struct SourceNotice: Hashable, Sendable {
    /// Which kind of thing, in the source's own words: `postgres.table.rewritten`.
    public let code: String
    /// The table as people write it.
    public let table: String
    /// What happened, in a sentence without any value of a row.
    public let message: String

    /// Makes a notice.
    public init(code: String, table: String, message: String) {
        self.code = code
        self.table = table
        self.message = message
    }
}
