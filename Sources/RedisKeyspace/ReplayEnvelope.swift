// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What an active KeyDB wraps a command in: `RREPLAY <uuid> <command> [<database> [<stamp>]]`, one envelope for each server
/// that has passed it on.
struct ReplayEnvelope: Equatable {
    /// As many as KeyDB itself takes off.
    static let depthLimit = 64
    static let name = CommandName("RREPLAY")

    /// Whether an envelope begins somewhere.
    enum Answer { case yes, no, perhaps }

    /// How it begins, with another number of words perhaps.
    private static let start = Array("*5\r\n$7\r\nRREPLAY\r\n".utf8)

    /// Whether a command of three to five words whose name is that of an envelope begins with `bytes`, of which not all need
    /// be there.
    static func begins(_ bytes: RawSpan) -> Answer {
        for index in start.indices {
            guard index < bytes.byteCount else { return .perhaps }
            let isRight =
                index == 1
                ? (UInt8(ascii: "3")...UInt8(ascii: "5")).contains(bytes[1])
                : CommandName.capital(bytes[index]) == start[index]
            guard isRight else { return .no }
        }
        return .yes
    }

    /// The identifier of the server that has passed the command on.
    let server: Range<Int>
    /// The database that the command is about.
    let database: Range<Int>?
    /// When that was, by the clock of that server.
    let stamp: Range<Int>?
    /// The wrapped command.
    let command: Range<Int>

    /// Reads the envelope that `words` are; nil when they are none, or one that cannot be written down again from what a
    /// record keeps of it.
    init?(_ words: borrowing CommandWords, _ bytes: RawSpan) {
        let places = words.places
        guard (3...5).contains(places.count), CommandName(bytes.extracting(places[0])) == Self.name,
            Self.isIdentifier(bytes.extracting(places[1]))
        else { return nil }
        server = places[1]
        command = places[2]
        database = places.count > 3 ? places[3] : nil
        stamp = places.count > 4 ? places[4] : nil
        if let database, !Self.isNumber(bytes.extracting(database), digitLimit: 9) { return nil }
        if let stamp, !Self.isNumber(bytes.extracting(stamp), digitLimit: 20) { return nil }
    }

    /// Thirty-six digits and dashes.
    private static func isIdentifier(_ bytes: RawSpan) -> Bool {
        guard bytes.byteCount == 36 else { return false }
        for index in 0..<36 {
            switch bytes[index] {
            case 0x30...0x39, 0x41...0x46, 0x61...0x66, UInt8(ascii: "-"): continue
            default: return false
            }
        }
        return true
    }

    private static func isNumber(_ bytes: RawSpan, digitLimit: Int) -> Bool {
        guard (1...digitLimit).contains(bytes.byteCount) else { return false }
        for index in 0..<bytes.byteCount where !(0x30...0x39).contains(bytes[index]) { return false }
        return true
    }
}

extension [ReplayEnvelope] {
    /// The database that the innermost envelope with one names.
    func database(in bytes: RawSpan) -> Int? {
        guard let place = last(where: { $0.database != nil })?.database else { return nil }
        return Int(bytes.extracting(place).decodedString())
    }

    /// Appends the words of all envelopes but the commands, from the outermost on.
    func appendWords(from bytes: RawSpan, to buffer: inout ByteBuffer) {
        for (index, envelope) in enumerated() {
            if index > 0 { buffer.append(UInt8(ascii: " ")) }
            buffer.append(bytes.extracting(envelope.server))
            for place in [envelope.database, envelope.stamp] {
                guard let place else { continue }
                buffer.append(UInt8(ascii: " "))
                buffer.append(bytes.extracting(place))
            }
        }
    }
}
