// SPDX-License-Identifier: Apache-2.0

public import Anchors
public import Changelog
public import Export
public import Faults

/// Who publishes: what every anchor of one run has in common.
public struct PublisherIdentity: Sendable {
    /// The export's own identifier.
    public let exportID: String
    /// The run's own identifier.
    public let runID: String
    /// The version of kedge.
    public let version: String
    /// Who the source is.
    public let source: SourceIdentity

    /// Makes an identity.
    public init(exportID: String, runID: String, version: String, source: SourceIdentity) {
        self.exportID = exportID
        self.runID = runID
        self.version = version
        self.source = source
    }
}

/// What one anchor is about to say, apart from its place in the chain.
public struct Publication: Sendable {
    /// What kind of anchor.
    public var kind: AnchorKind
    /// Exclusive; the anchor before reaches exactly here, unless the kind says otherwise.
    public var from: Position
    /// Inclusive.
    public var to: Position
    /// The segments, in the order in which they were finished.
    public var segments: [FinishedSegment] = []
    /// How many whole transactions.
    public var transactionCount = 0
    /// The commit times of the first and of the last transaction.
    public var commitTimes: ClosedRange<Timestamp>?
    /// Why, where the kind needs a reason.
    public var reason: String?
    /// What happened at the source without a change.
    public var notices: [SourceNotice] = []
    /// Schemas that the notices name.
    public var schemas: [TableSchema] = []
    /// What the source knows of its tables now; nil when that is what the anchor before names.
    public var observation: [UInt8]?
    /// How far each lane reaches, by name.
    public var lanes: [LaneRange] = []
    /// How many records a gap has lost, where it can be counted.
    public var missing: Int?
    /// What has changed in who the source is since the run began.
    public var facts: [String: SourceIdentity.Fact] = [:]

    /// Adds what a gate has noticed of the changes in the segments.
    public mutating func add(_ news: SchemaNews) {
        notices += news.notices
        schemas += news.schemas
    }

    /// Makes a publication without segments.
    public init(kind: AnchorKind, from: Position, to: Position, reason: String? = nil) {
        self.kind = kind
        self.from = from
        self.to = to
        self.reason = reason
    }
}

/// Keeps the schema of a segment where readers find it, and returns the name that anchors know it by. Durable when it
/// returns; keeping the same schema twice is the same as once.
public typealias SchemaArchive = @Sendable (TableSchema) throws(Fault) -> String

/// Keeps an observation of a source's tables and returns the name that anchors know it by. Durable when it returns.
public typealias ObservationArchive = @Sendable ([UInt8]) throws(Fault) -> String

/// Publishes segments under an anchor, in the order of `docs/format.md`, Publication.
public final class Publisher<Target: Sink, Chain: AnchorStore>: Sendable {
    private let identity: PublisherIdentity
    private let sink: Target
    private let chain: Chain
    private let archive: SchemaArchive
    private let sourceArchive: SchemaArchive
    private let observations: ObservationArchive
    private let clock: @Sendable () -> Timestamp
    private let record: @Sendable (StoredAnchor) throws(Fault) -> Void
    private let segmentExtension: String

    /// Makes a publisher. `archive` keeps the schemas of segments, `sourceArchive` those that are only spoken of; `record`
    /// tells the metadata store of an anchor that is already durable; `clock` stamps anchors and nothing else.
    public init(
        identity: PublisherIdentity, sink: Target, chain: Chain, archive: @escaping SchemaArchive,
        sourceArchive: SchemaArchive? = nil, observations: @escaping ObservationArchive, segmentExtension: String,
        clock: @escaping @Sendable () -> Timestamp,
        record: @escaping @Sendable (StoredAnchor) throws(Fault) -> Void
    ) {
        self.identity = identity
        self.sink = sink
        self.chain = chain
        self.archive = archive
        self.sourceArchive = sourceArchive ?? archive
        self.observations = observations
        self.segmentExtension = segmentExtension
        self.clock = clock
        self.record = record
    }

    /// Places the segments, sets the anchor behind `previous`, and records it. When it returns, all of it is durable.
    public func publish(
        _ publication: Publication, epoch: UInt16, after previous: StoredAnchor?
    ) throws(Fault) -> StoredAnchor {
        var changes = OperationCounts()
        var records: [SegmentRecord] = []
        var parts: [TableName: Int] = [:]
        for segment in publication.segments {
            let part = parts[segment.schema.table, default: 0]
            parts[segment.schema.table] = part + 1
            records.append(try place(segment, part: part))
            changes += segment.changes
        }
        if !records.isEmpty { try sink.settle() }
        for schema in publication.schemas { _ = try sourceArchive(schema) }
        let tables = try publication.observation.map(observations) ?? previous?.anchor.tables
        let anchor = Anchor(
            number: (previous?.anchor.number ?? 0) + 1, kind: publication.kind, export: identity.exportID,
            epoch: epoch, source: identity.source.updated(with: publication.facts), from: publication.from,
            to: publication.to,
            commitTimeFirst: publication.commitTimes?.lowerBound, commitTimeLast: publication.commitTimes?.upperBound,
            transactions: publication.transactionCount, changes: changes, segments: records,
            previous: previous?.link,
            run: RunStamp(id: identity.runID, kedge: identity.version, publishedAt: clock()),
            reason: publication.reason, notices: publication.notices, tables: tables,
            lanes: publication.lanes, missing: publication.missing)
        let stored = try chain.append(anchor)
        try record(stored)
        return stored
    }

    private func place(_ segment: FinishedSegment, part: Int) throws(Fault) -> SegmentRecord {
        let schemaID = try archive(segment.schema)
        for source in segment.sources { _ = try sourceArchive(source) }
        let name = SegmentName(
            first: segment.first, last: segment.last, notation: segment.lane?.notation, part: part)
        let path = name.path(of: segment.schema.table, fileExtension: segmentExtension)
        try sink.place(segment.draft, at: path)
        return SegmentRecord(
            table: segment.schema.table.description, path: path, rows: segment.rowCount,
            bytes: segment.draft.byteCount, sha256: segment.digest, schema: schemaID, seqMin: segment.first,
            seqMax: segment.last, changes: segment.changes, lane: segment.lane?.name,
            origin: segment.origin?.description)
    }
}
