// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog

/// What the words behind the key say, where a record has columns for it.
struct CommandDetails {
    /// Where the values stand among the words.
    private enum Values {
        case none
        case value(Int)
        /// Each word from here on is an item.
        case singles(from: Int)
        /// Each two words from here on are an item, in this order or turned round.
        case pairs(from: Int, isTurned: Bool)
        /// All words from here on are one item.
        case entry(from: Int)
    }

    private var values = Values.none
    /// When the key expires, where the command says so.
    private(set) var expiresAt: Int64?
    /// Whether the key keeps its expiry although it gets another value.
    private(set) var keepsExpiry = false
    /// The record's `op`, where the words change it.
    private(set) var op: StaticString?
    /// The record's `apply`, where the words change it.
    private(set) var apply: StaticString?

    static let store = CommandName("STORE")
    static let storeDistance = CommandName("STOREDIST")
    private static let pxat = CommandName("PXAT")
    private static let exat = CommandName("EXAT")
    private static let px = CommandName("PX")
    private static let ex = CommandName("EX")
    private static let keepTTL = CommandName("KEEPTTL")
    private static let flags: Set<CommandName> = [
        CommandName("NX"), CommandName("XX"), CommandName("GT"), CommandName("LT"), CommandName("CH"),
        CommandName("INCR"),
    ]
    private static let noMakeStream = CommandName("NOMKSTREAM")
    private static let limits: Set<CommandName> = [CommandName("MAXLEN"), CommandName("MINID"), CommandName("LIMIT")]

    @inline(__always)
    init(_ trait: CommandTrait, key: Int, _ words: borrowing CommandWords, _ bytes: RawSpan) {
        switch trait.words {
        case .other: return
        case .value: if key + 1 < words.count { values = .value(key + 1) }
        case .setValue: readSet(words, bytes)
        case .singles: values = .singles(from: key + 1)
        case .pairs: if words.count % 2 == 0 { values = .pairs(from: key + 1, isTurned: false) }
        case .scores: readScores(words, bytes)
        case .entry: readEntry(words, bytes)
        case .milliseconds: expiresAt = Self.number(2, words, bytes)
        case .seconds: expiresAt = Self.number(2, words, bytes).flatMap(Self.milliseconds)
        }
    }

    private mutating func readSet(_ words: borrowing CommandWords, _ bytes: RawSpan) {
        guard words.count > 2 else { return }
        values = .value(2)
        guard words.count > 3 else { return }
        for index in 3..<words.count {
            switch CommandName(bytes.extracting(words.places[index])) {
            case Self.pxat: expiresAt = Self.number(index + 1, words, bytes)
            case Self.exat: expiresAt = Self.number(index + 1, words, bytes).flatMap(Self.milliseconds)
            case Self.keepTTL: keepsExpiry = true
            // Servers before 7.0 send how long, and not until when.
            case Self.px, Self.ex: apply = "relative"
            default: continue
            }
        }
    }

    /// With options the outcome depends on what was there before.
    private mutating func readScores(_ words: borrowing CommandWords, _ bytes: RawSpan) {
        guard words.count > 3 else { return }
        if Self.flags.contains(CommandName(bytes.extracting(words.places[2]))) {
            op = "delta"
            apply = "relative"
        } else if words.count % 2 == 0 {
            values = .pairs(from: 2, isTurned: true)
        }
    }

    private mutating func readEntry(_ words: borrowing CommandWords, _ bytes: RawSpan) {
        var index = 2
        while index < words.count {
            let word = CommandName(bytes.extracting(words.places[index]))
            if word == Self.noMakeStream {
                index += 1
            } else if Self.limits.contains(word) {
                let sign = index + 1 < words.count ? bytes.extracting(words.places[index + 1]) : RawSpan()
                index += sign.isEqual(to: "=") || sign.isEqual(to: "~") ? 3 : 2
            } else {
                values = .entry(from: index)
                return
            }
        }
    }

    private static func number(_ index: Int, _ words: borrowing CommandWords, _ bytes: RawSpan) -> Int64? {
        guard index < words.count else { return nil }
        return Int64(bytes.extracting(words.places[index]).decodedString())
    }

    private static func milliseconds(_ seconds: Int64) -> Int64? {
        let (product, isBeyond) = seconds.multipliedReportingOverflow(by: 1000)
        return isBeyond ? nil : product
    }

    /// Appends the columns `value` and `items`.
    @inline(__always)
    func appendValues(_ words: borrowing CommandWords, _ bytes: RawSpan, to batch: inout ChangeBatch) {
        switch values {
        case .none:
            batch.appendNull()
            batch.appendNull()
        case .value(let index):
            batch.append(bytes.extracting(words.places[index]))
            batch.appendNull()
        case .singles(let start): appendItems(words, bytes, from: start, width: 1, isTurned: false, to: &batch)
        case .pairs(let start, let isTurned):
            appendItems(words, bytes, from: start, width: 2, isTurned: isTurned, to: &batch)
        case .entry(let start):
            appendItems(words, bytes, from: start, width: words.count - start, isTurned: false, to: &batch)
        }
    }

    private func appendItems(
        _ words: borrowing CommandWords, _ bytes: RawSpan, from start: Int, width: Int, isTurned: Bool,
        to batch: inout ChangeBatch
    ) {
        batch.appendNull()
        batch.append { buffer in
            buffer.beginNestedList()
            for first in stride(from: start, to: words.count, by: max(1, width)) {
                buffer.beginNestedList()
                for offset in 0..<width {
                    let index = first + (isTurned ? width - 1 - offset : offset)
                    buffer.appendNestedScalar(bytes.extracting(words.places[index]))
                }
                buffer.endNested()
            }
            buffer.endNested()
        }
    }
}
