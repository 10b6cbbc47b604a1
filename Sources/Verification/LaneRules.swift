// SPDX-License-Identifier: Apache-2.0

internal import Anchors
internal import Changelog

/// What must hold between two anchors of an export whose source has lanes (`docs/format.md`, Lanes). Pure.
enum LaneRules {
    /// What breaks a rule.
    static func problems(between previous: Anchor, and anchor: Anchor) -> [String] {
        var problems: [String] = []
        if anchor.epoch != previous.epoch { problems.append("the clock of the lanes begins anew") }
        if anchor.from != previous.to { problems.append("it does not begin where anchor \(previous.number) ends") }
        if anchor.to < anchor.from || anchor.to.rawValue - anchor.from.rawValue != UInt64(anchor.transactions) {
            problems.append("its clock does not count its transactions")
        }
        let before = Dictionary(previous.lanes.map { ($0.lane.name, $0) }, uniquingKeysWith: { first, _ in first })
        let names = Set(anchor.lanes.map(\.lane.name))
        if names.count != anchor.lanes.count { problems.append("it names a lane twice") }
        for name in before.keys.sorted() where !names.contains(name) { problems.append("lane \(name) is gone") }
        for range in anchor.lanes {
            let name = range.lane.name
            if let problem = problem(of: range, after: before[name], in: anchor.kind) {
                problems.append("lane \(name) \(problem)")
            }
        }
        return problems
    }

    private static func problem(of range: LaneRange, after before: LaneRange?, in kind: AnchorKind) -> String? {
        if kind != .fork, range.to < range.from { return "ends before it begins" }
        guard let before, before.lane.epoch == range.lane.epoch else {
            if let before, range.lane.epoch < before.lane.epoch { return "goes back to an earlier history" }
            if before != nil, ![.gap, .fork, .reset, .snapshot].contains(kind) {
                return "begins a new history without saying so"
            }
            return range.from == range.lane.start ? nil : "does not begin at its start"
        }
        guard before.lane == range.lane else { return "is not the same in one history" }
        return range.from == before.to ? nil : "does not begin where it ended"
    }
}

extension LaneRange {
    /// Whether the records of `segment` lie in the range, or at the place where the lane begins with a snapshot.
    func holds(_ segment: SegmentRecord, in kind: AnchorKind = .changes) -> Bool {
        guard segment.seqMin.epoch == lane.epoch, segment.seqMax.epoch == lane.epoch else { return false }
        if kind == .snapshot {
            let place = lane.start.position
            return to == lane.start && segment.seqMin.position == place && segment.seqMax.position == place
        }
        // A position that is a whole transaction has ordinals inside, which no point names.
        let isEntry = lane.notation == .entry
        let first = LanePoint(position: segment.seqMin.position, ordinal: isEntry ? segment.seqMin.ordinal : 0)
        let last = LanePoint(position: segment.seqMax.position, ordinal: isEntry ? segment.seqMax.ordinal : 0)
        return first > from && last <= to
    }
}

extension Anchor {
    /// The lane of a segment that it publishes.
    func lane(of segment: SegmentRecord) -> LaneRange? {
        lanes.first { $0.lane.name == segment.lane }
    }
}
