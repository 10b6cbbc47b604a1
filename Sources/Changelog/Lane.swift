// SPDX-License-Identifier: Apache-2.0

/// How the points of a lane are written; the raw value is what anchors call it.
public enum LaneNotation: String, Sendable {
    /// `1700000000000-5`: the identifier of a stream's entry, whose two numbers are position and ordinal.
    case entry
    /// `4711`: an offset, which is the position alone.
    case offset
}

/// A point in the history of one lane.
public struct LanePoint: Hashable, Sendable {
    /// The position, as records of the lane bear it.
    public let position: Position
    /// The ordinal; 0 where the position says it all.
    public let ordinal: UInt64

    /// Makes a point.
    public init(position: Position, ordinal: UInt64 = 0) {
        self.position = position
        self.ordinal = ordinal
    }

    /// The point before everything.
    public static let zero = LanePoint(position: .zero)
}

extension LanePoint: Comparable {
    /// Whether `lhs` lies before `rhs` in their lane.
    public static func < (lhs: LanePoint, rhs: LanePoint) -> Bool {
        (lhs.position, lhs.ordinal) < (rhs.position, rhs.ordinal)
    }
}

extension LaneNotation {
    /// The text of `point`.
    public func text(_ point: LanePoint) -> String {
        switch self {
        case .entry: "\(point.position.rawValue)-\(point.ordinal)"
        case .offset: String(point.position.rawValue)
        }
    }

    /// The point that `text` means, or nil when it is none.
    public func point(_ text: String) -> LanePoint? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            part.utf8.allSatisfy { 0x30...0x39 ~= $0 } ? UInt64(part) : nil
        }
        switch (self, parts.count, numbers.count) {
        case (.entry, 2, 2): return LanePoint(position: Position(rawValue: numbers[0]), ordinal: numbers[1])
        case (.offset, 1, 1): return LanePoint(position: Position(rawValue: numbers[0]))
        default: return nil
        }
    }
}

/// One of the histories that a source brings side by side: a stream, or a shard (`docs/format.md`, Lanes).
///
/// Records of one lane are in order; between lanes there is none. The tables of a lane are the one that is called like
/// the lane, and those in the namespace that is.
public struct Lane: Hashable, Sendable {
    /// What anchors call it.
    public let name: String
    /// The number of its history in the export, from 1; each lane counts its own.
    public let epoch: UInt16
    /// How its points are written.
    public let notation: LaneNotation
    /// Where this history begins in the export; exclusive.
    public let start: LanePoint

    /// Makes a lane.
    public init(name: String, epoch: UInt16, notation: LaneNotation, start: LanePoint) {
        self.name = name
        self.epoch = epoch
        self.notation = notation
        self.start = start
    }
}

/// How far a lane has been handed over, and what its source must know to go on there.
public struct LaneMark: Hashable, Sendable {
    /// The lane.
    public let lane: Lane
    /// Everything up to here has been handed over.
    public let point: LanePoint
    /// What the source wants to find in the anchor when it goes on, by name.
    public let facts: [String: SourceIdentity.Fact]

    /// Makes a mark.
    public init(lane: Lane, point: LanePoint, facts: [String: SourceIdentity.Fact] = [:]) {
        self.lane = lane
        self.point = point
        self.facts = facts
    }
}

/// Something that a lane's history does not tell, and that gets an anchor of its own.
public struct LaneBreak: Hashable, Sendable {
    /// What happened.
    public enum Kind: Hashable, Sendable {
        /// Records are missing; how many, when it can be counted.
        case gap(missing: Int?)
        /// Whether records are missing cannot be told.
        case unknown
        /// What was exported behind the mark no longer exists at the source.
        case fork
        /// The lane begins anew.
        case reset
    }

    /// What happened.
    public let kind: Kind
    /// Where the lane goes on; in a new epoch when its history is another.
    public let mark: LaneMark
    /// What happened, in a sentence without any value.
    public let reason: String

    /// Makes a break.
    public init(kind: Kind, mark: LaneMark, reason: String) {
        self.kind = kind
        self.mark = mark
        self.reason = reason
    }
}
