// SPDX-License-Identifier: Apache-2.0

import Bytes
import Faults
import Hiredis
import Testing

@Suite struct ReplyReaderTests {
    private static let script =
        "+OK\r\n-ERR no\r\n:-42\r\n$5\r\na\0b\r\n\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n"
        + "*3\r\n*2\r\n$3\r\n1-1\r\n*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n*2\r\n$3\r\n2-1\r\n*0\r\n:7\r\n+PONG\r\n"

    private static let replies: [Reply] = [
        .status("OK"), .error(errorReply("ERR no")), .integer(-42), .bulk(Array("a\0b\r\n".utf8)), .bulk([]), .null,
        .null,
        .array([]),
        .array([
            .array([bulk("1-1"), .array([bulk("a"), bulk("1"), bulk("b"), bulk("2")])]),
            .array([bulk("2-1"), .array([])]), .integer(7),
        ]),
        .status("PONG"),
    ]

    @Test func `replies are the same however their bytes are cut`() throws {
        let bytes = Array(Self.script.utf8)
        for cut in 0...bytes.count {
            #expect(try Self.read([Array(bytes[..<cut]), Array(bytes[cut...])]) == Self.replies, "cut at \(cut)")
        }
        #expect(try Self.read(bytes.map { [$0] }) == Self.replies)
    }

    @Test func `a reply is there until the next is asked for, and what is behind the last can be taken over`() throws {
        var reader = try ReplyReader()
        try Self.feed("*2\r\n$1\r\nx\r\n:1\r\nREDIS", to: &reader)
        let isWhole = try reader.advance()
        let reply = Reply(reader.reply)
        #expect(isWhole && reply == .array([Self.bulk("x"), .integer(1)]))
        var rest = ByteBuffer()
        reader.copyUnread(into: &rest)
        let text = rest.bytes.decodedString()
        #expect(text == "REDIS")
    }

    @Test func `before a reply has come whole, nothing of it is seen`() throws {
        var reader = try ReplyReader()
        var seen = [Reply(reader.reply)]
        for piece in ["*3\r\n$1\r\nx\r\n", ":1\r\n", "+a", "\r\n"] {
            try Self.feed(piece, to: &reader)
            _ = try reader.advance()
            seen.append(Reply(reader.reply))
        }
        #expect(seen == [.null, .null, .null, .null, .array([Self.bulk("x"), .integer(1), .status("a")])])
    }

    @Test func `a view tells kinds apart and has no bytes, number or elements but its own`() throws {
        var reader = try ReplyReader()
        try Self.feed("*4\r\n+s\r\n:9\r\n$-1\r\n*1\r\n$2\r\nbb\r\n", to: &reader)
        _ = try reader.advance()
        let view = reader.reply
        var seen: [String] = []
        for index in 0..<view.count {
            let element = view.element(index)
            let number = element.integer.map { "\($0)" } ?? "-"
            seen.append("\(element.kind) \(element.bytes.decodedString()) \(number) \(element.count)")
        }
        #expect(seen == ["status s - 0", "integer  9 0", "null  - 0", "array  - 1"])
    }

    @Test(arguments: [
        "\n+OK\r\n", "HTTP/1.1 400 Bad Request\r\n", "$abc\r\n", "$-2\r\n", "*-2\r\n", ":12x\r\n", "*1\r\n?\r\n",
        "*2147483647\r\n", "*99999999999\r\n", "$999999999999999999999\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
        "\u{16}\u{3}\u{1}\r\n",
    ])
    func `bytes that are no reply are a fault`(text: String) {
        let fault = #expect(throws: Fault.self) { _ = try Self.read([Array(text.utf8)]) }
        #expect(fault?.code == .redisProtocol)
        #expect(fault?.code.remedy == .report)
    }

    @Test func `many elements and many bytes leave nothing behind for the next reply`() throws {
        let count = 300_000
        let large = "*\(count)\r\n" + String(repeating: "$3\r\nabc\r\n", count: count)
        let replies = try Self.read([Array((large + "+OK\r\n" + large).utf8)])
        #expect(replies.count == 3 && replies[0] == replies[2] && replies[1] == .status("OK"))
        #expect(replies[0].elements?.count == count)
    }

    private static func read(_ pieces: [[UInt8]]) throws(Fault) -> [Reply] {
        var reader = try ReplyReader()
        var replies: [Reply] = []
        for piece in pieces {
            try piece.withRawSpan { bytes throws(Fault) in try reader.feed(bytes) }
            while try reader.advance() { replies.append(Reply(reader.reply)) }
        }
        return replies
    }

    private static func feed(_ text: String, to reader: inout ReplyReader) throws(Fault) {
        try Array(text.utf8).withRawSpan { bytes throws(Fault) in try reader.feed(bytes) }
    }

    private static func bulk(_ text: String) -> Reply { .bulk(Array(text.utf8)) }

    private static func errorReply(_ line: String) -> RedisError { RedisError(line) }
}
