// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog

/// How far each lane is anchored and how far it has been handed over. A value that does nothing.
struct LaneLedger {
    private var anchored: [String: LaneRange]
    private var moved: [String: LaneMark] = [:]

    /// Begins where `anchor` ends.
    init(_ anchor: Anchor) {
        anchored = Dictionary(anchor.lanes.map { ($0.lane.name, $0) }, uniquingKeysWith: { _, last in last })
    }

    /// Takes what a source says of its lanes.
    mutating func note(_ marks: [LaneMark]) {
        for mark in marks { note(mark) }
    }

    /// Takes what a source says of one lane.
    mutating func note(_ mark: LaneMark) {
        moved[mark.lane.name] = mark
    }

    /// How far the lanes have gone since the anchor; an entry, a new lane and a new history count as one step, and so does
    /// another fact of a lane of offsets, by which its source will be known.
    var distance: UInt64 {
        moved.values.reduce(0) { sum, mark in
            guard let before = anchored[mark.lane.name], before.lane.epoch == mark.lane.epoch else { return sum + 1 }
            guard mark.point > before.to else {
                return sum + (mark.lane.notation == .offset && mark.facts != before.facts ? 1 : 0)
            }
            return sum
                &+ (mark.lane.notation == .offset ? mark.point.position.rawValue - before.to.position.rawValue : 1)
        }
    }

    /// All lanes by name, as the next anchor tells of them.
    var ranges: [LaneRange] {
        var ranges = anchored.mapValues { LaneRange(lane: $0.lane, from: $0.to, to: $0.to, facts: $0.facts) }
        for (name, mark) in moved {
            let before = anchored[name].flatMap { $0.lane.epoch == mark.lane.epoch ? $0.to : nil }
            ranges[name] = LaneRange(
                lane: mark.lane, from: before ?? mark.lane.start, to: mark.point, facts: mark.facts)
        }
        return ranges.values.sorted { $0.lane.name < $1.lane.name }
    }

    /// The anchor that tells of ``ranges`` is set.
    mutating func settle() {
        for range in ranges { anchored[range.lane.name] = range }
        moved = [:]
    }
}

extension AnchorKind {
    /// The kind of the anchor that tells of a break in a lane.
    init(_ kind: LaneBreak.Kind) {
        self =
            switch kind {
            case .gap: .gap
            case .unknown: .unknown
            case .fork: .fork
            case .reset: .reset
            }
    }
}
