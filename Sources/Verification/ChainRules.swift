// SPDX-License-Identifier: Apache-2.0

internal import Anchors
internal import Changelog
internal import Export

/// What must hold between an anchor and the one before it (`docs/format.md`, Anchor file). Pure.
enum ChainRules {
    /// What breaks a rule; `previous` is nil for the first anchor and after one that cannot be read.
    static func problems(of anchor: Anchor, after previous: Anchor?) -> [String] {
        problems(inside: anchor) + (previous.map { problems(between: $0, and: anchor) } ?? [])
    }

    private static func problems(inside anchor: Anchor) -> [String] {
        var problems: [String] = []
        switch anchor.kind {
        case .snapshot where anchor.from != anchor.to, .tableSnapshot where anchor.from != anchor.to,
            .pass where anchor.from != anchor.to:
            problems.append("a snapshot reaches from one position to another")
        case .changes where anchor.to < anchor.from: problems.append("it ends before it begins")
        default: break
        }
        var changes = OperationCounts()
        var transactions = 0
        for segment in anchor.segments {
            if segment.lane == nil, TransactionsTable.isMeant(by: segment.table) {
                transactions += segment.rows
            } else {
                changes += segment.changes
            }
        }
        if transactions > anchor.transactions {
            problems.append("its table of transactions has more than it publishes")
        }
        if changes != anchor.changes { problems.append("its counts are not the sum of its segments' counts") }
        if anchor.number == 1, anchor.previous != nil { problems.append("the first anchor names one before it") }
        return problems
    }

    private static func problems(between previous: Anchor, and anchor: Anchor) -> [String] {
        if anchor.source.notation == .clock { return LaneRules.problems(between: previous, and: anchor) }
        guard anchor.epoch >= previous.epoch else { return ["the number of the history goes down"] }
        switch anchor.kind {
        case .changes:
            guard anchor.epoch == previous.epoch else { return ["a new history begins without saying so"] }
            return anchor.from == previous.to ? [] : ["it does not begin where anchor \(previous.number) ends"]
        case .tableSnapshot:
            let goesOn = anchor.epoch == previous.epoch && anchor.from == previous.to
            return goesOn ? [] : ["it does not stand where anchor \(previous.number) ends"]
        case .snapshot:
            let beginsHistory = anchor.epoch > previous.epoch || previous.opensHistory && anchor.from == previous.to
            return beginsHistory ? [] : ["a snapshot stands in the middle of a history"]
        case .gap, .fork, .reset, .pass:
            return anchor.epoch > previous.epoch ? [] : ["a break in the history does not begin a new one"]
        case .unknown: return ["only a lane may not know what it misses"]
        }
    }
}

extension Anchor {
    /// Whether it begins a history that has no records yet.
    fileprivate var opensHistory: Bool {
        [.gap, .fork, .reset].contains(kind) && segments.isEmpty
    }
}
