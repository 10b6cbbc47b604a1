// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// Something that happened at a source and that no change tells of.
public struct SourceNotice: Hashable, Sendable {
    /// Which kind of thing, in the source's own words: `postgres.table.rewritten`.
    public let code: String
    /// The table as people write it.
    public let table: String
    /// What happened, in a sentence without any value of a row.
    public let message: String
    /// The same for programs, where the kind of thing has something for them: members beside those above.
    public let details: [String: JSON]

    /// Makes a notice.
    public init(code: String, table: String, message: String, details: [String: JSON] = [:]) {
        self.code = code
        self.table = table
        self.message = message
        self.details = details
    }
}
