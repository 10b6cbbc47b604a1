// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The words of one command, as places in the bytes that hold it whole.
struct CommandWords {
    /// What looking at bytes came to.
    enum Outcome: Equatable {
        /// The command ends before this place.
        case whole(Int)
        /// Not all of its bytes are there.
        case short
    }

    private(set) var places: [Range<Int>] = []
    /// What the command was wrapped in, from the outermost on.
    private(set) var envelopes: [ReplayEnvelope] = []

    /// How many words there are.
    var count: Int { places.count }

    /// Finds the words of the command that begins at `start`.
    @inline(__always)
    mutating func find(in bytes: RawSpan, from start: Int) throws(WireFault) -> Outcome {
        if !envelopes.isEmpty { envelopes.removeAll() }
        return try findPlain(in: bytes, from: start)
    }

    @inline(__always)
    private mutating func findPlain(in bytes: RawSpan, from start: Int) throws(WireFault) -> Outcome {
        places.removeAll(keepingCapacity: true)
        var scan = LineScan(bytes, at: start)
        guard let wordCount = try scan.number(behind: UInt8(ascii: "*")) else { return .short }
        guard wordCount > 0 else { throw WireFault(.invalidLength(wordCount), at: start) }
        for _ in 0..<wordCount {
            guard let length = try scan.number(behind: UInt8(ascii: "$")) else { return .short }
            let end = scan.at + length
            guard end + 2 <= bytes.byteCount else { return .short }
            guard bytes[end] == UInt8(ascii: "\r"), bytes[end + 1] == UInt8(ascii: "\n") else {
                throw WireFault(.malformed, at: end)
            }
            places.append(scan.at..<end)
            scan.at = end + 2
        }
        return .whole(scan.at)
    }

    /// Whether the words that were found at `start` may be an envelope.
    @inline(__always)
    func mayBeWrapped(in bytes: RawSpan, from start: Int) -> Bool {
        guard places.count > 2, places[0].count == 7 else { return false }
        return ReplayEnvelope.begins(bytes.extracting(start..<bytes.byteCount)) == .yes
    }

    /// Goes on to the words of the command that lies in the envelopes that were found. What does not hold exactly one
    /// whole command, or is wrapped too often, stays as it is.
    mutating func unwrap(in bytes: RawSpan) {
        let outside = places
        while let envelope = ReplayEnvelope(self, bytes) {
            let end = envelope.command.upperBound
            guard envelopes.count < ReplayEnvelope.depthLimit,
                (try? findPlain(in: bytes.extracting(0..<end), from: envelope.command.lowerBound)) == .whole(end)
            else {
                places = outside
                envelopes.removeAll()
                return
            }
            envelopes.append(envelope)
        }
        // An envelope that cannot be read, inside of one that can.
        if !envelopes.isEmpty, CommandName(bytes.extracting(places[0])) == ReplayEnvelope.name {
            places = outside
            envelopes.removeAll()
        }
    }
}

/// Reads the short lines between the words.
struct LineScan: ~Escapable {
    private let bytes: RawSpan
    var at: Int

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, at start: Int) {
        self.bytes = bytes
        at = start
    }

    /// The number of a line that begins with `mark`; nil when the line is not whole.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func number(behind mark: UInt8) throws(WireFault) -> Int? {
        guard at < bytes.byteCount else { return nil }
        guard bytes[at] == mark else { throw WireFault(.unknownTag(bytes[at]), at: at) }
        var index = at + 1
        var number = 0
        while index < bytes.byteCount, bytes[index] &- 0x30 < 10 {
            number = number * 10 + Int(bytes[index] - 0x30)
            index += 1
            guard index - at < 16 else { throw WireFault(.malformed, at: at) }
        }
        guard index + 1 < bytes.byteCount else { return nil }
        guard index > at + 1, bytes[index] == UInt8(ascii: "\r"), bytes[index + 1] == UInt8(ascii: "\n") else {
            throw WireFault(.malformed, at: index)
        }
        at = index + 2
        return number
    }
}
