// SPDX-License-Identifier: Apache-2.0

import Bytes
public import Changelog
public import Faults
import Hiredis

/// Streams of a Redis-like server read through a consumer group, for those who share work.
///
/// The server is told what it must be: what we read is pending with us until its anchor is durable. What comes again, after
/// a crash or after the server has lost acknowledgements, is recognized by its identifier.
public struct RedisGroupSource: ChangeSource, ~Copyable {
    private let options: StreamOptions
    private let group: GroupOptions
    private var reads: GroupReader
    private var session: GroupSession
    private var streams: [GroupStream] = []
    private var numbers: [[UInt8]: Int] = [:]
    private var ledger: GroupLedger
    private var discovery: StreamDiscovery
    private var work: [GroupReader.Work] = []
    private var touched: Set<Int> = []
    private var notices: [SourceNotice] = []
    private var nextRound = ContinuousClock.now
    private var nextClaim = ContinuousClock.now
    private var hasReadAll = false

    /// Goes on with the lanes of the newest anchor, which stands at `clock`; `taken` says by lane which entries the export
    /// has taken of late.
    public static func open(
        _ options: StreamOptions, _ group: GroupOptions, from marks: [LaneMark], clock: Position,
        taken: [String: TakenEntries]
    ) throws(Fault) -> RedisGroupSource {
        var source = RedisGroupSource(
            options, group, reads: GroupReader(try StreamSession.connect(options)),
            session: GroupSession(try StreamSession.open(options)), clock: clock)
        var known: [String: LaneMark] = [:]
        for mark in marks { known[mark.lane.name] = mark }
        try source.begin(known, taken)
        return source
    }

    private init(
        _ options: StreamOptions, _ group: GroupOptions, reads: consuming GroupReader,
        session: consuming GroupSession, clock: Position
    ) {
        self.options = options
        self.group = group
        self.reads = reads
        self.session = session
        ledger = GroupLedger(clock: clock.rawValue)
        discovery = StreamDiscovery(options.selection)
    }

    private mutating func begin(_ known: [String: LaneMark], _ taken: [String: TakenEntries]) throws(Fault) {
        nextRound = .now + options.discoverEvery
        for mark in known.values.sorted(by: { $0.lane.name < $1.lane.name }) {
            let stream = try GroupStream(mark, taken[mark.lane.name] ?? TakenEntries())
            if options.selection.contains(stream.name.key) { try add(stream, isNamed: true) }
        }
        try welcome(options.selection.keys, isNamed: true)
        discovery.beginRound(steps: .max)
        while discovery.isBusy { try welcome(try discovery.step(&session.plain), isNamed: false) }
        for number in streams.indices { streams[number].bound = try session.lastGenerated(of: streams[number].name) }
        nextClaim = .now
    }

    // MARK: What a pipeline calls

    /// Adds entries until the batch is full, and says at its end how many of each stream are handed over.
    public mutating func fill(
        _ batch: inout ChangeBatch, until deadline: ContinuousClock.Instant
    ) throws(Fault) -> FillOutcome {
        while true {
            if reads.isOpen {
                try handOver(into: &batch)
                if reads.isOpen || batch.isFull { return end(&batch) }
            }
            if reads.work == nil {
                guard try ask() else {
                    _ = end(&batch)
                    return .targetReached
                }
            }
            guard try reads.receive(until: deadline) else { return end(&batch) }
        }
    }

    /// Nobody waits for us.
    public mutating func keepAlive() throws(Fault) {}

    /// Acknowledges what has become durable.
    public mutating func acknowledge(_ position: Position) throws(Fault) {
        for (stream, ids) in ledger.settle(upTo: position.rawValue) {
            try session.acknowledge(ids, of: streams[stream].name.key, group)
        }
    }

    /// The connections close when the source goes.
    public mutating func close() throws(Fault) {}

    private mutating func end(_ batch: inout ChangeBatch) -> FillOutcome {
        for number in touched.sorted() { batch.marks.append(streams[number].mark) }
        touched.removeAll(keepingCapacity: true)
        batch.notices += notices
        notices = []
        return .more
    }

    // MARK: What is asked next

    /// Asks for something; false when everything up to the target was handed over.
    private mutating func ask() throws(Fault) -> Bool {
        if .now >= nextRound, options.target == .none { try beginRound() }
        if work.isEmpty, .now >= nextClaim {
            nextClaim = .now + max(.seconds(1), min(group.minimumIdle / 2, .seconds(30)))
            work = streams.indices.map { .claim($0, from: .zero) }
        }
        if !work.isEmpty {
            let next = work.removeFirst()
            try reads.ask(next, streams[next.stream ?? 0].name.key, group)
            return true
        }
        if options.target != .none, hasReadAll || streams.isEmpty { return false }
        guard !streams.isEmpty else {
            throw Fault(.redisGroupMissing, "no stream that --streams selects has the group \"\(group.group)\"")
        }
        try reads.askForNews(of: streams.map(\.name.key), waiting: options.target == .none, group)
        return true
    }

    private mutating func beginRound() throws(Fault) {
        nextRound = .now + options.discoverEvery
        if !discovery.isBusy { discovery.beginRound() }
        while discovery.isBusy { try welcome(try discovery.step(&session.plain), isNamed: false) }
    }

    private mutating func welcome(_ keys: [[UInt8]], isNamed: Bool) throws(Fault) {
        for key in Set(keys).sorted(by: { $0.lexicographicallyPrecedes($1) }) where numbers[key] == nil {
            let name = StreamName(key: key)
            let lane = Lane(name: name.text, epoch: 1, notation: .offset, start: .zero)
            try add(GroupStream(name, lane: lane, count: 0, taken: TakenEntries()), isNamed: isNamed)
        }
    }

    /// Takes a stream in that has the group; one that is named must have it.
    private mutating func add(_ stream: GroupStream, isNamed: Bool) throws(Fault) {
        if group.creation == .allowed { try session.create(group, at: stream.name.key) }
        guard try session.has(group, at: stream.name) else {
            guard isNamed else { return }
            throw Fault(
                .redisGroupMissing, "stream \(stream.name.text) has no group \"\(group.group)\"",
                hint: "XGROUP CREATE key group 0, or let kedge create it with --create-group")
        }
        guard !streams.contains(where: { $0.name.text == stream.name.text }) else {
            throw Fault(.redisStreamName, "two streams would both be called \(stream.name.text) in the export")
        }
        numbers[stream.name.key] = streams.count
        work.append(.history(streams.count, behind: .zero))
        streams.append(stream)
        ledger.addStream()
        touched.insert(streams.count - 1)
    }

    // MARK: What comes

    private mutating func handOver(into batch: inout ChangeBatch) throws(Fault) {
        while let list = try reads.nextList(numbers) {
            let lane = batch.index(of: streams[list.stream].lane)
            let schema = batch.index(of: streams[list.stream].schema)
            let taken = try reads.handOver(
                list, as: (lane, schema), &streams[list.stream], &ledger, into: &batch)
            touched.insert(list.stream)
            if !taken.duplicates.isEmpty {
                try session.acknowledge(taken.duplicates, of: streams[list.stream].name.key, group)
            }
            note(lost: taken.lost, of: list.stream)
            guard taken.isWhole else { return }
        }
        finish(try reads.close())
    }

    /// What is to be asked behind a reply that is handed over.
    private mutating func finish(_ reply: GroupReader.Ending) {
        switch reply.work {
        case .history(let stream, _):
            if let last = reply.last, reply.entryCount > 0 { work.insert(.history(stream, behind: last), at: 0) }
        case .claim(let stream, _):
            note(lost: reply.lost, of: stream)
            if reply.hasNameless { work.insert(.history(stream, behind: .zero), at: 0) }
            if let next = reply.next { work.append(.claim(stream, from: next)) }
        case .news:
            hasReadAll =
                reply.entryCount == 0
                || reply.firsts.allSatisfy { first in
                    first.id > streams[first.stream].bound
                }
        }
    }

    /// Entries were trimmed while they were pending: nobody can export them any more.
    private mutating func note(lost ids: [EntryID], of stream: Int) {
        let fresh = ids.filter { !ledger.isFlying($0, of: stream) }
        guard !fresh.isEmpty else { return }
        let name = streams[stream].name.text
        for start in stride(from: 0, to: fresh.count, by: 50) {
            let part = fresh[start..<min(start + 50, fresh.count)]
            for id in part { ledger.note(id, of: stream) }
            let message =
                "\(part.count) entries were trimmed while they were pending: \(part.map(\.text).joined(separator: ", "))"
            options.report(StreamReport(.warning, "stream \(name): \(message)"))
            notices.append(SourceNotice(code: "redis.entry.lost", table: name, message: message))
        }
        touched.insert(stream)
    }
}
