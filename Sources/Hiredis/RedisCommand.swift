// SPDX-License-Identifier: Apache-2.0

import Bytes
internal import CHiredis
import Faults

/// The words of one command, whatever bytes they hold. It can be emptied and filled again.
public struct RedisCommand: ~Copyable {
    private var text = ByteBuffer(capacity: 128)
    private var ends: [Int] = []

    /// A command without words.
    public init() {}

    /// A command of words of text.
    public init(_ words: String...) {
        self.init(words: words)
    }

    /// A command of words of text.
    public init(words: [String]) {
        for word in words { append(word) }
    }

    /// A command of words of bytes.
    public init(words: [[UInt8]]) {
        for word in words { word.withRawSpan { append($0) } }
    }

    /// How many words it has.
    public var wordCount: Int { ends.count }

    /// Adds a word.
    public mutating func append(_ word: RawSpan) {
        text.append(word)
        ends.append(text.count)
    }

    /// Adds a word.
    public mutating func append(_ word: String) {
        text.append(text: word)
        ends.append(text.count)
    }

    /// Adds a number in decimal digits.
    public mutating func append(_ number: UInt64) {
        text.appendDecimal(number)
        ends.append(text.count)
    }

    /// Forgets the words and keeps the room for more.
    public mutating func removeAll() {
        text.removeAll()
        ends.removeAll(keepingCapacity: true)
    }

    /// Appends the command as the protocol writes it.
    /// The corresponding C function is `redisFormatSdsCommandArgv`.
    func format(into output: inout ByteBuffer) throws(Fault) {
        guard !ends.isEmpty, text.count < Int32.max / 2 else {
            throw Fault(.bug, "a command without words, or a huge one")
        }
        let starts = [0] + ends.dropLast()
        let lengths = zip(starts, ends).map { $1 - $0 }
        let isFormatted = unsafe text.bytes.withUnsafeBytes { buffer in
            // SAFETY: a buffer of bytes has a base, and each word lies within it for the time of the call.
            let base = unsafe buffer.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self)
            var words = unsafe starts.map { start -> UnsafePointer<CChar>? in unsafe base + start }
            var formatted: sds?
            let count = unsafe redisFormatSdsCommandArgv(&formatted, Int32(lengths.count), &words, lengths)
            guard count > 0, let formatted = unsafe formatted else { return false }
            // SAFETY: hiredis has written `count` bytes.
            unsafe output.append(RawSpan(_unsafeStart: UnsafeRawPointer(formatted), byteCount: Int(count)))
            unsafe redisFreeSdsCommand(formatted)
            return true
        }
        guard isFormatted else { throw Fault(.unexpected, "hiredis has no memory for a command") }
    }
}
