// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog

/// A command that memory does not hold whole, on its way into records of a mebibyte.
struct LargeCommand: ~Copyable {
    enum Step { case goOn, short, end }

    private static let pieceByteCount = 1 << 20
    private let argumentCount: Int
    private var wordsLeft: Int
    /// How many bytes of the word in hand are still to come; nil between words.
    private var wordRest: Int?
    private var hasHead = false
    private var pieces = 1
    private var continuation = Continuation.none
    /// The words of the next record, as scalars.
    private var run = ByteBuffer()
    /// Where the scalar begins that is being written.
    private var scalar: Int?

    /// Begins with a command whose first bytes are in the window.
    init(in window: inout SpoolWindow) throws(WireFault) {
        var scan = LineScan(window.buffer.bytes, at: window.at)
        guard let count = try scan.number(behind: UInt8(ascii: "*")) else { throw WireFault(.truncated, at: 0) }
        argumentCount = count
        wordsLeft = count
        window.skip(scan.at - window.at)
    }

    /// Goes on by one word, or a part of it.
    mutating func step(
        in window: inout SpoolWindow, recorder: inout CommandRecorder, into batch: inout ChangeBatch
    ) throws(WireFault) -> Step {
        if !hasHead {
            try appendHead(window, recorder: &recorder, into: &batch)
            hasHead = true
        }
        if wordsLeft == 0 {
            flush(isInside: false, &recorder, &batch)
            return .end
        }
        guard let rest = wordRest else { return try beginWord(in: &window) }
        return takeWord(rest, in: &window, &recorder, &batch)
    }

    private mutating func beginWord(in window: inout SpoolWindow) throws(WireFault) -> Step {
        var scan = LineScan(window.buffer.bytes, at: window.at)
        guard window.count > 0, let length = try scan.number(behind: UInt8(ascii: "$")) else { return .short }
        window.skip(scan.at - window.at)
        wordRest = length
        return .goOn
    }

    private mutating func takeWord(
        _ rest: Int, in window: inout SpoolWindow, _ recorder: inout CommandRecorder, _ batch: inout ChangeBatch
    ) -> Step {
        let start = scalar ?? run.beginNestedScalar()
        scalar = start
        let count = min(rest, max(1, Self.pieceByteCount - run.count), window.count)
        guard count > 0 || rest == 0 else { return .short }
        run.append(window.buffer.bytes.extracting(window.at..<window.at + count))
        window.skip(count)
        wordRest = rest - count
        if rest == count {
            window.skip(2)
            wordRest = nil
            wordsLeft -= 1
        }
        let isFull = run.count >= Self.pieceByteCount
        if rest == count || isFull {
            run.endNestedScalar(start)
            scalar = nil
        }
        // Where a record ends depends on the command alone, never on how its bytes have come.
        if isFull { flush(isInside: rest > count, &recorder, &batch) }
        return .goOn
    }

    private mutating func flush(isInside: Bool, _ recorder: inout CommandRecorder, _ batch: inout ChangeBatch) {
        guard !run.isEmpty else { return }
        recorder.appendPiece(pieces, run, continuation, into: &batch)
        pieces += 1
        continuation = isInside ? .string : .none
        run.removeAll()
    }

    /// Name and key, as far as they are in the window.
    private func appendHead(
        _ window: borrowing SpoolWindow, recorder: inout CommandRecorder, into batch: inout ChangeBatch
    ) throws(WireFault) {
        var scan = LineScan(window.buffer.bytes, at: window.at)
        var places: [Range<Int>] = []
        while places.count < min(3, argumentCount), let length = try scan.number(behind: UInt8(ascii: "$")) {
            guard scan.at + length + 2 <= window.buffer.count else { break }
            places.append(scan.at..<scan.at + length)
            scan.at += length + 2
        }
        let nameBytes = window.buffer.bytes.extracting(places.first ?? 0..<0)
        let name = CommandName(nameBytes)
        var key: ByteBuffer?
        if let index = CommandTrait.of(name).firstKey, index < places.count {
            key = ByteBuffer(capacity: places[index].count)
            key?.append(window.buffer.bytes.extracting(places[index]))
        }
        if CommandTrait.of(name).touches == .first, places.count > 1 {
            recorder.touched?.insert(window.buffer.bytes.extracting(places[1]), in: recorder.database)
        }
        recorder.appendHead(name, nameBytes, key: key, argumentCount: argumentCount, into: &batch)
    }
}

extension CommandTrait {
    /// Where the first key stands, when that does not depend on the words.
    var firstKey: Int? {
        switch keys {
        case .none, .store: nil
        case .one(let index): index
        case .all, .pairs, .two: 1
        }
    }

    /// Whether its first words name all that it touches.
    var hasOneKey: Bool { if case .one = keys { true } else { false } }

    /// Whether the value may stay hidden when options, which are not looked at, stand behind the key.
    var mayHideValueWhenLarge: Bool { touches != .first && (hidesValue || words == .scores) }
}
