// SPDX-License-Identifier: Apache-2.0

public import Changelog
internal import Faults

/// What a consumer group is asked for.
public struct GroupOptions: Sendable {
    /// What becomes of a stream without the group.
    public enum Creation: Sendable {
        /// The group is created there.
        case allowed
        /// It is a fault, or where the stream is one of many, the stream is left out.
        case forbidden
    }

    /// The name of the group.
    public let group: String
    /// Who we are in it.
    public let consumer: String
    /// How long an entry lies unacknowledged with another consumer before it is taken over.
    public let minimumIdle: Duration
    /// Whether the group is created where it is not there.
    public let creation: Creation
    /// Where a group that is created begins.
    public let start: StreamStart

    /// Makes options.
    public init(
        group: String, consumer: String, minimumIdle: Duration, creation: Creation, start: StreamStart
    ) {
        self.group = group
        self.consumer = consumer
        self.minimumIdle = minimumIdle
        self.creation = creation
        self.start = start
    }
}

/// The identifiers that an export has taken from a stream of late: what a group hands out again must not be taken again.
///
/// Groups hand out what is new in ascending order, so that only an identifier at or below the highest needs to be looked
/// up. Of those the last ``limit`` are known.
public struct TakenEntries: Sendable {
    /// How many identifiers are kept for each stream.
    public static let limit = 100_000

    /// The highest that was ever taken.
    public private(set) var highest = EntryID.zero
    private var known: Set<EntryID> = []
    private var order: [EntryID] = []
    private var oldest = 0

    /// Nothing was taken.
    public init() {}

    /// These were taken, the newest last.
    public init(_ identifiers: some Sequence<EntryID>) {
        for id in identifiers { insert(id) }
    }

    /// Takes one more.
    public mutating func insert(_ id: EntryID) {
        highest = max(highest, id)
        guard known.insert(id).inserted else { return }
        if order.count < Self.limit {
            order.append(id)
        } else {
            known.remove(order[oldest])
            order[oldest] = id
            oldest = (oldest + 1) % Self.limit
        }
    }

    /// Raises the highest to what an anchor says.
    mutating func raise(to id: EntryID) { highest = max(highest, id) }

    /// Whether `id` was taken, as far as that is known.
    public func contains(_ id: EntryID) -> Bool { id <= highest && known.contains(id) }
}

/// What has been handed over and waits for its anchor, to be acknowledged then. A value that decides and does nothing.
struct GroupLedger: Sendable {
    private struct Item: Sendable {
        let clock: UInt64
        let stream: Int
        let id: EntryID
    }

    /// How many entries were handed over, counted as anchors count them.
    private(set) var clock: UInt64
    private var items: [Item] = []
    private var first = 0
    private var flying: [Set<EntryID>] = []

    /// Begins where the anchor's clock stands.
    init(clock: UInt64) {
        self.clock = clock
    }

    /// Another stream.
    mutating func addStream() { flying.append([]) }

    /// Whether an entry was handed over and is not acknowledged.
    func isFlying(_ id: EntryID, of stream: Int) -> Bool { flying[stream].contains(id) }

    /// Whether entries of a stream are not acknowledged yet.
    func hasFlying(of stream: Int) -> Bool { !flying[stream].isEmpty }

    /// An entry is handed over.
    mutating func handOver(_ id: EntryID, of stream: Int) {
        clock += 1
        note(id, of: stream)
    }

    /// An entry that is lost is told of in the next anchor, and acknowledged then.
    mutating func note(_ id: EntryID, of stream: Int) {
        items.append(Item(clock: clock, stream: stream, id: id))
        flying[stream].insert(id)
    }

    /// What may be acknowledged once everything up to `position` is durable, by stream.
    mutating func settle(upTo position: UInt64) -> [(stream: Int, ids: [EntryID])] {
        var settled: [Int: [EntryID]] = [:]
        while first < items.count, items[first].clock <= position {
            let item = items[first]
            settled[item.stream, default: []].append(item.id)
            flying[item.stream].remove(item.id)
            first += 1
        }
        if first > 4096, first * 2 > items.count {
            items.removeFirst(first)
            first = 0
        }
        return settled.sorted { $0.key < $1.key }.map { (stream: $0.key, ids: $0.value) }
    }
}
