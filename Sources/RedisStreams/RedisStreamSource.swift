// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults
import Hiredis
import RedisFacts
import Threads

/// Streams of a Redis-like server as a source of changes, read by identifier: without a consumer group, and without one
/// write to the server.
///
/// Each stream is a lane. A round looks at every stream, and for new ones; between rounds those are read to which entries
/// are added.
public struct RedisStreamSource: ChangeSource, ~Copyable {
    let options: StreamOptions
    /// Where the streams are read.
    let place: StreamPlace
    private var pages: PageReader
    private var bell: StreamBell
    var session: StreamSession
    var streams: [FollowedStream]
    var numbers: [[UInt8]: Int] = [:]
    var discovery: StreamDiscovery
    /// The streams to look at, in turn.
    private var due: [Int] = []
    /// The page that is being handed over.
    private var page: OpenPage?
    /// How many pages of the same stream follow each other.
    private var turn = 0
    var breaks: [LaneBreak] = []
    var touched: Set<Int> = []
    /// Marks that hold before the breaks.
    var marksBeforeBreaks: [LaneMark] = []
    var notices: [SourceNotice] = []
    var counts: CommandCounts?
    var countsOfRound: CommandCounts?
    var newCounts: CommandCounts?
    var roundLeft = 0
    var nextRound = ContinuousClock.now
    var nextClock = ContinuousClock.now
    /// Whether nothing more can come up to the target.
    var isFinal = false
    /// At a node of a cluster: the named streams of its slots that are not there yet.
    var expectedKeys: [[UInt8]] = []
    /// At a node of a cluster: keys that were found and are not followed here.
    var candidates: [[UInt8]] = []
    /// At a node of a cluster: streams that are not there any more, and where they are said to be.
    var departures: [(stream: FollowedStream, to: StreamRedirect)] = []

    private struct OpenPage {
        let stream: Int
        /// The number of the entry that comes next.
        var next: Int
        let count: Int
        /// Whether nothing was there behind it.
        let isLast: Bool
    }

    /// How many pages of one stream are read before others get their turn.
    private static let turnLength = 32

    /// Goes on with the lanes of the newest anchor, whose source is `identity`.
    public static func open(
        _ options: StreamOptions, from marks: [LaneMark], identity: SourceIdentity
    ) throws(Fault) -> RedisStreamSource {
        var source = try connect(options, at: .alone, identity)
        try source.take(marks)
        return source
    }

    /// Connects to the server at a place, without any stream.
    static func connect(
        _ options: StreamOptions, at place: StreamPlace, _ identity: SourceIdentity
    ) throws(Fault) -> RedisStreamSource {
        RedisStreamSource(
            options, at: place, session: try StreamSession.open(options),
            pages: PageReader(try StreamSession.connect(options), at: place),
            bell: StreamBell(try StreamSession.connect(options), at: place),
            counts: CommandCounts(fact: place.countsFact, of: identity))
    }

    private init(
        _ options: StreamOptions, at place: StreamPlace, session: consuming StreamSession,
        pages: consuming PageReader, bell: consuming StreamBell, counts: CommandCounts?
    ) {
        self.options = options
        self.place = place
        self.session = session
        self.pages = pages
        self.bell = bell
        self.counts = counts
        streams = []
        discovery = StreamDiscovery(options.selection)
    }

    private mutating func take(_ marks: [LaneMark]) throws(Fault) {
        for mark in marks {
            let stream = try FollowedStream(mark)
            guard options.selection.contains(stream.name.key) else {
                options.report(
                    StreamReport(.warning, "stream \(stream.name.text) is not in --streams: it stays where it is"))
                continue
            }
            add(stream)
        }
        try beginRound()
        // What the run is to reach is what is there when it begins.
        discovery.beginRound(steps: .max)
        while discovery.isBusy { try discover() }
        guard options.target != .none else { return }
        let states = try session.states(of: streams.map(\.name.key))
        for (number, state) in states.enumerated() {
            switch options.target {
            case .none: continue
            case .now: streams[number].bound = state?.lastGenerated ?? .zero
            case .entry(let id): streams[number].bound = id
            }
        }
    }

    // MARK: What a pipeline calls

    /// Adds entries until the batch is full, and says at its end how far the streams are handed over.
    public mutating func fill(
        _ batch: inout ChangeBatch, until deadline: ContinuousClock.Instant
    ) throws(Fault) -> FillOutcome {
        while true {
            if !breaks.isEmpty {
                guard batch.isEmpty, touched.isEmpty, marksBeforeBreaks.isEmpty else { return end(&batch) }
                batch.laneBreak = breaks.removeFirst()
                return .more
            }
            if page != nil {
                try handOver(into: &batch)
                if page != nil || batch.isFull { return end(&batch) }
            }
            switch try step(until: deadline) {
            case .taken: continue
            case .nothing: return end(&batch)
            case .targetReached:
                _ = end(&batch)
                return .targetReached
            }
        }
    }

    /// Nobody waits for us.
    public mutating func keepAlive() throws(Fault) {}

    /// The server is told nothing.
    public mutating func acknowledge(_ position: Position) throws(Fault) {}

    /// The connections close when the source goes.
    public mutating func close() throws(Fault) {}

    /// Says in the batch what holds at its end.
    private mutating func end(_ batch: inout ChangeBatch) -> FillOutcome {
        batch.marks += marksBeforeBreaks
        marksBeforeBreaks = []
        for number in touched.sorted() { batch.marks.append(streams[number].mark) }
        touched.removeAll(keepingCapacity: true)
        batch.notices += notices
        notices = []
        if let newCounts { batch.facts[place.countsFact] = .text(newCounts.description) }
        newCounts = nil
        return .more
    }

    /// Whether a page is on its way.
    var isReading: Bool { pages.request != nil }

    // MARK: Steps

    private enum Step {
        case taken
        case nothing
        case targetReached
    }

    private mutating func step(until deadline: ContinuousClock.Instant) throws(Fault) -> Step {
        if pages.request != nil {
            guard try pages.receive(until: deadline) else { return .nothing }
            try examine()
            return .taken
        }
        if .now >= nextRound, options.target != .now { try beginRound() }
        if let number = nextDue() {
            try ask(for: number, from: streams[number].memory.point)
            return .taken
        }
        if discovery.isBusy {
            try discover()
            return .now < deadline ? .taken : .nothing
        }
        return try isAtTarget() ? .targetReached : try listen(until: deadline)
    }

    private mutating func nextDue() -> Int? {
        while !due.isEmpty {
            let number = due.removeFirst()
            streams[number].isDue = false
            if !streams[number].isDone {
                turn = 0
                return number
            }
            settleRound(of: number)
        }
        return nil
    }

    mutating func makeDue(_ number: Int) {
        guard !streams[number].isDue, !streams[number].isDone else { return }
        streams[number].isDue = true
        due.append(number)
    }

    private mutating func ask(for number: Int, from point: EntryID) throws(Fault) {
        try pages.ask(
            PageReader.Request(stream: number, count: streams[number].pageCount + 1), of: streams[number], from: point)
    }

    /// Waits until something is added, or for the next round, or for the deadline.
    private mutating func listen(until deadline: ContinuousClock.Instant) throws(Fault) -> Step {
        let asks = bell.asksNext
        let points = asks ? listened() : []
        guard !asks || !points.isEmpty else {
            pause(max(.zero, min(deadline, nextRound) - .now))
            return .now < deadline ? .taken : .nothing
        }
        switch try bell.wait(for: points, until: min(deadline, nextRound)) {
        case .nothing: return .now < deadline ? .taken : .nothing
        case .keys(let keys):
            for key in keys {
                if let number = numbers[key] { makeDue(number) } else { nextRound = .now }
            }
        case .all: nextRound = .now
        }
        return .taken
    }

    private func listened() -> [(key: [UInt8], point: EntryID)] {
        var points = streams.filter { !$0.isDone }.map { stream in
            (key: stream.name.key, point: stream.memory.isGone ? .zero : stream.memory.point)
        }
        guard place == .alone else { return points }
        for key in options.selection.keys where numbers[key] == nil { points.append((key: key, point: .zero)) }
        return points
    }

    // MARK: Pages

    /// Judges the page that has come.
    private mutating func examine() throws(Fault) {
        guard let number = pages.request?.stream else { return }
        if let redirect = pages.takeRedirect() { return depart(number, to: redirect) }
        let finding = try pages.take(streams[number].memory, of: streams[number].name)
        if finding.look == nil, streams[number].standing == .guest,
            case .elsewhere(let redirect) = try session.answers(of: [streams[number].name.key], asking: false)[0]
        {
            return depart(number, to: redirect)
        }
        var verdict = StreamVerdict(streams[number].memory, finding.look, nil)
        if verdict == .needsEvidence {
            verdict = StreamVerdict(streams[number].memory, finding.look, try evidence(of: number))
        }
        let isReadable = try apply(verdict, finding, to: number)
        noteFound(number)
        settleRound(of: number)
        if finding.look != nil, streams[number].standing == .arriving { streams[number].standing = .guest }
        guard isReadable, let look = finding.look else { return }
        let isAtEnd = look.unread != nil
        let hasEntries = finding.entryCount > finding.firstNew
        if hasEntries {
            page = OpenPage(
                stream: number, next: finding.firstNew, count: finding.entryCount,
                isLast: isAtEnd && look.state.lastGenerated <= streams[number].bound ?? .last)
        }
        streams[number].memory.hasUnread = !isAtEnd || hasEntries
        guard isAtEnd else { return try goOn(with: number, behind: finding.last) }
        noteEnd(of: number, look)
    }

    /// The next page of the same stream is on its way while this one is handed over.
    private mutating func goOn(with number: Int, behind last: EntryID?) throws(Fault) {
        turn += 1
        guard let last, breaks.isEmpty, turn < Self.turnLength || due.isEmpty else { return makeDue(number) }
        try ask(for: number, from: last)
    }

    private mutating func noteEnd(of number: Int, _ look: StreamLook) {
        guard let bound = streams[number].bound else { return }
        switch options.target {
        case .none: return
        case .now: streams[number].isDone = true
        case .entry: streams[number].isDone = isFinal || look.state.lastGenerated >= bound
        }
    }

    /// Hands entries of the open page over.
    private mutating func handOver(into batch: inout ChangeBatch) throws(Fault) {
        guard var open = page else { return }
        let lane = batch.index(of: streams[open.stream].lane)
        let schema = batch.index(of: streams[open.stream].schema)
        let progress = try pages.append(from: open.next, lane: lane, schema: schema, into: &batch)
        let count = progress.next - open.next
        guard let last = progress.last else { return }
        streams[open.stream].memory.point = last.id
        streams[open.stream].memory.witness = last
        if let accounted = streams[open.stream].memory.accounted {
            streams[open.stream].memory.accounted = accounted + Int64(count)
        }
        streams[open.stream].learn(
            entryCount: count, byteCount: progress.byteCount, pageByteCount: options.pageByteCount)
        touched.insert(open.stream)
        open.next = progress.next
        page = open.next < open.count ? open : nil
        if page == nil, open.isLast { streams[open.stream].memory.hasUnread = false }
    }
}
