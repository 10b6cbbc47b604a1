// SPDX-License-Identifier: Apache-2.0

/// What a server's counts of commands say about the time between two looks at a stream.
public struct CommandEvidence: Hashable, Sendable {
    /// Whether counters of a stream may have been changed by hand.
    public enum Counters: Hashable, Sendable {
        /// They were not.
        case untouched
        /// A command has run that can.
        case edited
        /// The counts cannot be compared: another server, or another start of it.
        case untold
    }

    /// Whether counters may have been changed by hand.
    public let counters: Counters
    private let adding: Int64?
    private let removing: Int64
    private let replacing: Int64

    /// Nothing can be told.
    public static let none = CommandEvidence(
        counters: .untold, adding: nil, removing: 0, replacing: 0)

    private init(counters: Counters, adding: Int64?, removing: Int64, replacing: Int64) {
        self.counters = counters
        self.adding = adding
        self.removing = removing
        self.replacing = replacing
    }

    /// What has run between `before`, taken before the first look, and `now`, taken after the second.
    public init(from before: CommandCounts?, to now: CommandCounts?) {
        guard let before, let now, let server = before.server, server == now.server, before.adding <= now.adding,
            before.removing <= now.removing, before.replacing <= now.replacing, before.editing <= now.editing
        else {
            self = .none
            return
        }
        self.init(
            counters: before.editing == now.editing ? .untouched : .edited, adding: now.adding - before.adding,
            removing: now.removing - before.removing, replacing: now.replacing - before.replacing)
    }

    /// Whether no other stream can have been brought under the name from elsewhere.
    public var excludesReplacement: Bool { adding != nil && replacing == 0 && counters == .untouched }

    /// Whether a stream that now says that `added` entries were added to it is the one that was there: nobody can have
    /// taken it away, or nobody can have added so many entries to another since.
    public func provesIdentity(added: Int64) -> Bool {
        guard excludesReplacement, let adding else { return false }
        return removing == 0 || added > adding
    }
}
