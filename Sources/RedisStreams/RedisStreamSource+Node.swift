// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults

/// What the reader of a node of a cluster does besides: streams come to it and leave it.
extension RedisStreamSource {
    /// Goes on with a stream that was read elsewhere, or of which an anchor tells.
    mutating func admit(_ stream: FollowedStream) {
        add(stream)
        if case .entry = options.target { streams[streams.count - 1].isDone = false }
        makeDue(streams.count - 1)
    }

    /// Lets a stream go that is not here any more.
    mutating func depart(_ number: Int, to redirect: StreamRedirect) {
        settleRound(of: number)
        // What this node has counted since the last look is no evidence any more, should the stream come back.
        streams[number].node = nil
        touched.insert(number)
        var stream = streams[number]
        stream.isDue = false
        stream.hopCount += 1
        stream.standing = redirect.isSettled ? .resident : .arriving
        departures.append((stream, redirect))
        numbers[stream.name.key] = nil
        // Its place stays empty: nothing is asked for it any more.
        streams[number].isDone = true
    }

    /// A stream was looked at here.
    mutating func noteFound(_ number: Int) {
        streams[number].hopCount = 0
        guard streams[number].node != place.node else { return }
        streams[number].node = place.node
        // A break says it itself, next time.
        if breaks.isEmpty { touched.insert(number) }
    }

    /// The streams that have left since it was asked last.
    mutating func takeDepartures() -> [(stream: FollowedStream, to: StreamRedirect)] {
        defer { departures = [] }
        return departures
    }

    /// The keys that were found since it was asked last.
    mutating func takeCandidates() -> [[UInt8]] {
        defer { candidates = [] }
        return candidates
    }

    /// What streams under some keys are that are seen for the first time; those that are not here are left out.
    mutating func look(at keys: [[UInt8]]) throws(Fault) -> [FollowedStream] {
        guard !keys.isEmpty else { return [] }
        return zip(keys, try session.answers(of: keys, asking: true)).compactMap { key, answer in
            guard case .state(let state) = answer else { return nil }
            return FollowedStream(StreamName(key: key), beginningAt: .zero, of: state)
        }
    }

    /// Whether everything here is handed over up to the target.
    var isAtRest: Bool { streams.allSatisfy(\.isDone) && breaks.isEmpty && departures.isEmpty }

    /// Whether a break waits for a batch of its own.
    var hasBreaks: Bool { !breaks.isEmpty }

    /// Whether nothing is followed here, and nothing waits to be handed over.
    var isEmpty: Bool { numbers.isEmpty && breaks.isEmpty && departures.isEmpty && candidates.isEmpty }
}
