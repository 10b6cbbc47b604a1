// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import RedisFacts

extension RedisStreamSource {
    /// Every stream is looked at, and new ones are looked for.
    mutating func beginRound() throws(Fault) {
        nextRound = .now + options.discoverEvery
        // Taken before the looks: what is counted later cannot have happened before them.
        countsOfRound = CommandCounts(try session.info())
        roundLeft = streams.count
        for number in streams.indices {
            streams[number].isOfRound = true
            makeDue(number)
            if streams[number].isDone { settleRound(of: number) }
        }
        if roundLeft == 0 { adoptCounts() }
        discovery.beginRound()
        let awaited = place == .alone ? options.selection.keys : expectedKeys
        try propose(awaited.filter { numbers[$0] == nil })
    }

    mutating func settleRound(of number: Int) {
        guard streams[number].isOfRound else { return }
        streams[number].isOfRound = false
        roundLeft -= 1
        if roundLeft == 0 { adoptCounts() }
    }

    private mutating func adoptCounts() {
        counts = countsOfRound
        newCounts = countsOfRound
    }

    mutating func discover() throws(Fault) {
        let found = try discovery.step(&session).filter { numbers[$0] == nil }
        try propose(Set(found).sorted { $0.lexicographicallyPrecedes($1) })
    }

    /// What is found at a node of a cluster may be followed at another one.
    private mutating func propose(_ keys: [[UInt8]]) throws(Fault) {
        guard place == .alone else {
            candidates += keys
            return
        }
        try welcome(keys)
    }

    /// Takes streams in that are seen for the first time.
    private mutating func welcome(_ keys: [[UInt8]]) throws(Fault) {
        for (key, state) in zip(keys, try session.states(of: keys)) {
            guard let state, numbers[key] == nil else { continue }
            try welcome(FollowedStream(StreamName(key: key), beginningAt: .zero, of: state))
        }
    }

    /// Takes a stream in that is seen for the first time.
    mutating func welcome(_ stream: FollowedStream) throws(Fault) {
        try refuseCollision(stream.name)
        options.report(StreamReport(.info, "stream \(stream.name.text) is new: it is read from its first entry on"))
        add(stream)
        touched.insert(streams.count - 1)
        makeDue(streams.count - 1)
    }

    private func refuseCollision(_ name: StreamName) throws(Fault) {
        guard let other = streams.first(where: { $0.name.text == name.text }), other.name.key != name.key else {
            return
        }
        throw StreamReading.collision(name)
    }

    mutating func add(_ stream: FollowedStream) {
        numbers[stream.name.key] = streams.count
        streams.append(stream)
        if case .entry(let id) = options.target { streams[streams.count - 1].bound = id }
    }

    /// Whether everything up to the target is handed over.
    mutating func isAtTarget() throws(Fault) -> Bool {
        switch options.target {
        case .none: return false
        case .now: return streams.allSatisfy(\.isDone)
        case .entry(let id):
            if isFinal { return streams.allSatisfy(\.isDone) }
            guard .now >= nextClock else { return false }
            nextClock = .now + .milliseconds(500)
            guard try session.clock() > id.position.rawValue else { return false }
            // Entries may have come between the last look and this moment, and none can come any more.
            isFinal = true
            try beginRound()
            return false
        }
    }
}

extension CommandCounts {
    /// Under which name an anchor keeps them.
    static let factName = "commands"

    /// Those that an anchor keeps under a name.
    init?(fact name: String, of identity: SourceIdentity) {
        guard let text = identity.text(name), let counts = CommandCounts(text) else { return nil }
        self = counts
    }
}
