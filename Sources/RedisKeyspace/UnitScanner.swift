// SPDX-License-Identifier: Apache-2.0

import Bytes
import Faults

/// Finds where a unit ends whose bytes memory need not hold: a large command, or everything up to `EXEC`.
struct UnitScanner: ~Copyable {
    /// Where a unit ends.
    struct End: Equatable {
        /// The offset of the first byte behind it within the spool.
        let offset: UInt64
        /// How many bytes before that are newlines that do not count.
        let newlineCount: UInt64
    }

    private var window: SpoolWindow
    private var newlineCount: UInt64 = 0
    private var wordsLeft = 0
    private var isFirstWord = false
    /// Whether the next two bytes are what ends a word.
    private var isBehindWord = false
    private var depth = 0
    /// The words of a command that may be wrapped.
    private var words = CommandWords()
    /// How large an envelope is that may hold `MULTI` or `EXEC`.
    private static let envelopeByteCount = 16 << 10

    /// Begins at the first byte of a unit.
    init(_ spool: ByteSpool, from offset: UInt64) {
        window = SpoolWindow(spool, from: offset)
    }

    /// Why nothing comes any more.
    var spoolEnd: ByteSpool.End? { window.end }

    /// Goes on until the end of the unit is found; nil when it has not come before the deadline.
    mutating func find(until deadline: ContinuousClock.Instant) throws(Fault) -> End? {
        while true {
            switch try CommandReading.translating({ () throws(WireFault) in try step() }) {
            case .goOn: continue
            case .short: guard try window.grow(until: deadline) else { return nil }
            case .end: return End(offset: window.offset, newlineCount: newlineCount)
            }
        }
    }

    private enum Step { case goOn, short, end }

    private mutating func step() throws(WireFault) -> Step {
        guard window.count > 0 else { return .short }
        if isBehindWord { return try takeLineEnd() }
        if wordsLeft == 0 {
            if let step = try takeEnvelope() { return step }
            return try beginCommand()
        }
        guard let (length, used) = try number(behind: UInt8(ascii: "$")) else { return .short }
        if isFirstWord {
            // A name is short; what is longer than this is none of ours.
            guard length > 16 || window.count >= used + length else { return .short }
            if length <= 16 { note(nameAt: used, length) }
            isFirstWord = false
        }
        wordsLeft -= 1
        // The last word may be large and need not have come: who reads it looks at its end.
        guard wordsLeft > 0 || depth > 0 else {
            window.skip(used + length + 2)
            return .end
        }
        window.skip(used + length)
        isBehindWord = true
        return .goOn
    }

    private mutating func takeLineEnd() throws(WireFault) -> Step {
        guard window.count >= 2 else { return .short }
        guard window.buffer.bytes[window.at] == 0x0d, window.buffer.bytes[window.at + 1] == 0x0a else {
            throw WireFault(.malformed, at: 0)
        }
        window.skip(2)
        isBehindWord = false
        return .goOn
    }

    /// Takes in a command that is wrapped; nil when the next one is not, or so large that neither `MULTI` nor `EXEC` is in it.
    private mutating func takeEnvelope() throws(WireFault) -> Step? {
        switch ReplayEnvelope.begins(window.buffer.bytes.extracting(window.at..<window.buffer.count)) {
        case .no: return nil
        case .perhaps: return .short
        case .yes: break
        }
        guard let (name, byteCount) = try Self.unwrap(window, &words) else {
            return window.count < Self.envelopeByteCount ? .short : nil
        }
        guard byteCount < Self.envelopeByteCount else { return nil }
        note(name)
        window.skip(byteCount)
        return depth == 0 ? .end : .goOn
    }

    /// The name of the next command, its envelopes taken off, and how many bytes it has with them; nil when not all of them
    /// are there.
    private static func unwrap(
        _ window: borrowing SpoolWindow, _ words: inout CommandWords
    ) throws(WireFault) -> (CommandName, Int)? {
        let bytes = window.buffer.bytes
        guard case .whole(let end) = try words.find(in: bytes, from: window.at) else { return nil }
        words.unwrap(in: bytes)
        return (CommandName(bytes.extracting(words.places[0])), end - window.at)
    }

    private mutating func beginCommand() throws(WireFault) -> Step {
        if window.buffer.bytes[window.at] == UInt8(ascii: "\n") {
            newlineCount += 1
            window.skip(1)
            return .goOn
        }
        guard let (count, used) = try number(behind: UInt8(ascii: "*")) else { return .short }
        guard count > 0 else { throw WireFault(.invalidLength(count), at: 0) }
        wordsLeft = count
        isFirstWord = true
        window.skip(used)
        return .goOn
    }

    private func number(behind mark: UInt8) throws(WireFault) -> (Int, used: Int)? {
        var scan = LineScan(window.buffer.bytes, at: window.at)
        guard let number = try scan.number(behind: mark) else { return nil }
        return (number, scan.at - window.at)
    }

    private mutating func note(nameAt used: Int, _ length: Int) {
        let start = window.at + used
        note(CommandName(window.buffer.bytes.extracting(start..<start + length)))
    }

    private mutating func note(_ name: CommandName) {
        switch name {
        case .multi: depth += 1
        case .exec: depth = 0
        default: return
        }
    }
}

/// The one place where what is wrong with the stream becomes what an operator sees.
enum CommandReading {
    static func translating<R: ~Copyable>(_ body: () throws(WireFault) -> R) throws(Fault) -> R {
        do throws(WireFault) {
            return try body()
        } catch {
            throw fault(error)
        }
    }

    static func fault(_ error: WireFault) -> Fault {
        Fault(.redisProtocol, "the stream of commands cannot be read", detail: error.description)
    }
}
