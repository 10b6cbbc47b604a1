// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Digests

/// What an anchor does to the export. Readers stop at a kind that they do not know.
public enum AnchorKind: String, Sendable, CaseIterable {
    /// All rows as they were at one position, which begins a history.
    case snapshot
    /// All rows of some tables as they were at one position in the middle of a history; they replace what is known.
    case tableSnapshot = "table-snapshot"
    /// Every row, read one after the other, which begins a history: each is exact as of a point of its own.
    case pass
    /// Changes that follow what the anchor before reached.
    case changes
    /// A range of changes is missing, and why.
    case gap
    /// A range of changes that was exported no longer exists at the source, and why.
    case fork
    /// The export, or one of its lanes, begins anew in a new history.
    case reset
    /// Whether changes are missing cannot be told, and why.
    case unknown
}

/// One segment as its anchor publishes it.
public struct SegmentRecord: Hashable, Sendable {
    /// The table as people write it.
    public let table: String
    /// The path relative to the export.
    public let path: String
    /// How many records it holds.
    public let rows: Int
    /// How many bytes the file has.
    public let bytes: Int
    /// The digest of these bytes.
    public let sha256: Digest
    /// Which schema its records have: `sha256:` and the digest of the schema's canonical form.
    public let schema: String
    /// The key of its first record.
    public let seqMin: SequenceKey
    /// The key of its last record.
    public let seqMax: SequenceKey
    /// How many records of each operation.
    public let changes: OperationCounts
    /// The lane of its records; nil where the export has none.
    public let lane: String?
    /// The table of the source, where its records go on in a folder that is called otherwise; nil where they do not.
    public let origin: String?

    /// Makes a record.
    public init(
        table: String, path: String, rows: Int, bytes: Int, sha256: Digest, schema: String, seqMin: SequenceKey,
        seqMax: SequenceKey, changes: OperationCounts, lane: String? = nil, origin: String? = nil
    ) {
        self.table = table
        self.path = path
        self.rows = rows
        self.bytes = bytes
        self.sha256 = sha256
        self.schema = schema
        self.seqMin = seqMin
        self.seqMax = seqMax
        self.changes = changes
        self.lane = lane
        self.origin = origin
    }
}

/// How far one lane reaches in an anchor.
public struct LaneRange: Hashable, Sendable {
    /// The lane.
    public let lane: Lane
    /// Where it stood before; exclusive.
    public let from: LanePoint
    /// Where it stands now; inclusive.
    public let to: LanePoint
    /// What its source must know to go on there.
    public let facts: [String: SourceIdentity.Fact]

    /// Makes a range.
    public init(lane: Lane, from: LanePoint, to: LanePoint, facts: [String: SourceIdentity.Fact]) {
        self.lane = lane
        self.from = from
        self.to = to
        self.facts = facts
    }
}

/// Which run of kedge wrote something, and when.
public struct RunStamp: Hashable, Sendable {
    /// The run's own identifier.
    public let id: String
    /// The version of kedge.
    public let kedge: String
    /// When it was written, by the clock of the machine.
    public let publishedAt: Timestamp

    /// Makes a stamp.
    public init(id: String, kedge: String, publishedAt: Timestamp) {
        self.id = id
        self.kedge = kedge
        self.publishedAt = publishedAt
    }
}

/// The contract in force while an anchor was made.
public struct ContractLink: Hashable, Sendable {
    /// Its identifier.
    public let id: String
    /// Its version.
    public let version: String
    /// Its file, as ``ContractStore`` names it.
    public let file: String
    /// What became of records that break it, where the run said so and not the contract.
    public let onViolation: String?

    /// Makes a link.
    public init(id: String, version: String, file: String, onViolation: String? = nil) {
        self.id = id
        self.version = version
        self.file = file
        self.onViolation = onViolation
    }
}

/// A commit point of the export: what it publishes, how far it reaches, and what came before it
/// (`docs/format.md`, Anchor file).
public struct Anchor: Hashable, Sendable {
    /// The anchor before, by number and by the digest of its file.
    public struct Link: Hashable, Sendable {
        /// The number of the anchor before.
        public let number: Int
        /// The digest of its whole file.
        public let sha256: Digest

        /// Makes a link.
        public init(number: Int, sha256: Digest) {
            self.number = number
            self.sha256 = sha256
        }
    }

    /// Counted from 1 without gaps.
    public let number: Int
    /// What it does.
    public let kind: AnchorKind
    /// The identifier of the export.
    public let export: String
    /// The number of the history.
    public let epoch: UInt16
    /// Who the source was.
    public let source: SourceIdentity
    /// Where it begins; exclusive.
    public let from: Position
    /// Where it ends; inclusive.
    public let to: Position
    /// When the first of its transactions was committed, when the source says so.
    public let commitTimeFirst: Timestamp?
    /// When the last of its transactions was committed, when the source says so.
    public let commitTimeLast: Timestamp?
    /// How many transactions it publishes.
    public let transactions: Int
    /// How many changes of each operation.
    public let changes: OperationCounts
    /// The segments, in order for each table.
    public let segments: [SegmentRecord]
    /// The anchor before; nil for the first.
    public let previous: Link?
    /// Who wrote it.
    public let run: RunStamp
    /// Why there is a gap or a fork.
    public let reason: String?
    /// What happened at the source since the anchor before, and that no change tells of.
    public let notices: [SourceNotice]
    /// What the source knew of its tables, as ``ObservationStore`` names it; nil while it has not said.
    public let tables: String?
    /// How far each lane reaches, by name; empty where the source has one history.
    public let lanes: [LaneRange]
    /// How many records a gap has lost, where it can be counted.
    public let missing: Int?
    /// The contract that the records were held to; nil when there was none.
    public let contract: ContractLink?

    /// Makes an anchor.
    public init(
        number: Int, kind: AnchorKind, export: String, epoch: UInt16, source: SourceIdentity, from: Position,
        to: Position, commitTimeFirst: Timestamp? = nil, commitTimeLast: Timestamp? = nil, transactions: Int,
        changes: OperationCounts, segments: [SegmentRecord], previous: Link?, run: RunStamp, reason: String? = nil,
        notices: [SourceNotice] = [], tables: String? = nil, lanes: [LaneRange] = [], missing: Int? = nil,
        contract: ContractLink? = nil
    ) {
        self.number = number
        self.kind = kind
        self.export = export
        self.epoch = epoch
        self.source = source
        self.from = from
        self.to = to
        self.commitTimeFirst = commitTimeFirst
        self.commitTimeLast = commitTimeLast
        self.transactions = transactions
        self.changes = changes
        self.segments = segments
        self.previous = previous
        self.run = run
        self.reason = reason
        self.notices = notices
        self.tables = tables
        self.lanes = lanes
        self.missing = missing
        self.contract = contract
    }
}

/// An anchor that is kept, with the digest of its file.
public struct StoredAnchor: Hashable, Sendable {
    /// The anchor.
    public let anchor: Anchor
    /// The digest of the whole file, which the next anchor names.
    public let digest: Digest

    /// Makes a stored anchor; only stores do.
    public init(anchor: Anchor, digest: Digest) {
        self.anchor = anchor
        self.digest = digest
    }

    /// What the next anchor says of this one.
    public var link: Anchor.Link { Anchor.Link(number: anchor.number, sha256: digest) }
}
