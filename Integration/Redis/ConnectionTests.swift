// SPDX-License-Identifier: Apache-2.0

import Bytes
import Faults
import Foundation
import Hiredis
import RedisURI
import Sockets
import Testing

extension IntegrationSuites {
    /// Our own client and servers that are there.
    @Suite("Connections to Redis", .serialized)
    struct RedisConnectionTests {
        @Test("commands of any bytes go over TCP and over the socket of the machine", arguments: RedisPrograms.all)
        func binarySafe(programs: RedisPrograms) throws {
            let server = try RedisServer.shared(programs)
            let bytes = Array(UInt8.min...UInt8.max) + [13, 10, 0, 36]
            for source in [server.address(database: 3), server.socketAddress(database: 3)] {
                let address = try RedisAddress(parsing: Redacted(source))
                var connection = try RedisConnection.connect(to: address.endpoints[0], as: address)
                var replies = [try connection.run([Array("SET".utf8), bytes, bytes])]
                replies.append(try connection.run([Array("GET".utf8), bytes]))
                replies.append(try connection.run("GET", "nothing"))
                replies.append(try connection.run("DEL", "nothing"))
                replies.append(try connection.run("CLIENT", "GETNAME"))
                replies.append(try connection.run("DBSIZE"))
                let name = Reply.bulk(Array("kedge".utf8))
                #expect(replies == [.status("OK"), .bulk(bytes), .null, .integer(0), name, .integer(1)])
            }
            #expect(try server.cli("-n", "3", "DBSIZE") == "1")
            #expect(try server.cli("-n", "3", "FLUSHDB") == "OK")
        }

        @Test("commands sent one behind the other, and transactions, are answered in order")
        func pipelining() throws {
            let server = try RedisServer.shared()
            var connection = try server.connect(database: 4)
            for number in 0..<1000 { try connection.enqueue("ECHO", "\(number)") }
            for number in 0..<1000 {
                try connection.awaitReply()
                let text = connection.reply.bytes.decodedString()
                #expect(text == "\(number)")
            }
            for words in [["MULTI"], ["SET", "a", "1"], ["INCR", "a"], ["LPUSH", "a", "x"], ["EXEC"]] {
                try connection.enqueue(RedisCommand(words: words))
            }
            var replies: [Reply] = []
            for _ in 0..<5 {
                try connection.awaitReply()
                replies.append(Reply(connection.reply))
            }
            #expect(replies[0] == .status("OK") && replies[1] == .status("QUEUED"))
            let results = try #require(replies[4].elements)
            #expect(results[0] == .status("OK") && results[1] == .integer(2))
            guard case .error(let error) = results[2] else { throw TestFailure("LPUSH to a string went well") }
            #expect(error.kind == .other("WRONGTYPE"))
            try server.command("FLUSHDB", database: 4)
        }

        @Test("a page of a stream is looked at in place")
        func streamPage() throws {
            let server = try RedisServer.shared()
            try server.commands(
                (1...3000).map { ["XADD", "s", "\($0)-1", "field", "value \($0)", "other", ""] }, database: 5)
            var connection = try server.connect(database: 5)
            try connection.enqueue("XRANGE", "s", "-", "+")
            try connection.awaitReply()
            let page = connection.reply
            let count = page.count
            #expect(count == 3000)
            for number in 1...3000 {
                let entry = page.element(number - 1)
                let fields = entry.element(1)
                guard entry.element(0).bytes.decodedString() == "\(number)-1", fields.count == 4,
                    fields.element(1).bytes.decodedString() == "value \(number)", fields.element(3).bytes.byteCount == 0
                else { throw TestFailure("entry \(number) is another") }
            }
            try server.command("FLUSHDB", database: 5)
        }

        @Test("a value of many megabytes comes whole, and so does what follows it")
        func hugeValue() throws {
            let server = try RedisServer.shared()
            var connection = try server.connect(database: 6)
            let length = try connection.run("SETRANGE", "k", "50000000", "end")
            #expect(length == .integer(50_000_003))
            try connection.enqueue("GET", "k")
            try connection.enqueue("PING")
            try connection.awaitReply()
            let (count, last) = (connection.reply.bytes.byteCount, connection.reply.bytes[50_000_002])
            #expect(count == 50_000_003 && last == UInt8(ascii: "d"))
            try connection.awaitReply()
            let pong = Reply(connection.reply)
            #expect(pong == .status("PONG"))
            try server.command("FLUSHDB", database: 6)
        }

        @Test("after the handshake of a replica the bare bytes are ours")
        func detached() throws {
            let server = try RedisServer()
            try server.command("SET", "key", "value")
            var connection = try server.connect()
            let accepted = try connection.run("REPLCONF", "capa", "eof", "capa", "psync2")
            #expect(accepted == .status("OK"))
            let deadline = ContinuousClock.now + .seconds(20)
            var link = try connection.detach()
            let early = link.received.count
            #expect(early == 0)
            try Self.send("*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n", over: &link.transport)
            var received = ByteBuffer()
            while !received.bytes.decodedString().contains("REDIS00") {
                let arrival = try link.transport.read(into: &received, upTo: 4096, until: deadline)
                guard case .bytes = arrival else { throw TestFailure("no snapshot came: \(arrival)") }
            }
            let begun = received.bytes.decodedString().contains("+FULLRESYNC ")
            #expect(begun)
            try server.command("SET", "later", "value")
            // An acknowledgement that comes before the server has seen its child end is lost.
            while !received.bytes.decodedString().contains("later") {
                try #require(ContinuousClock.now < deadline)
                try Self.send("*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$1\r\n0\r\n", over: &link.transport)
                _ = try link.transport.read(into: &received, upTo: 4096, until: .now + .milliseconds(200))
            }
        }

        private static func send(_ text: String, over transport: inout Transport) throws {
            var bytes = ByteBuffer()
            bytes.append(text: text)
            try transport.write(bytes.bytes, until: .now + .seconds(10))
        }
    }
}
