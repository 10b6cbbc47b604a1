// SPDX-License-Identifier: Apache-2.0

import Bytes
import Faults
import Hiredis
import Sockets
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct RedisConnectionTests {
    @Test func `commands go out as they are, in order, and wait for their replies`() throws {
        let peer = try Peer()
        var connection = try RedisConnection(peer.transport(), timeout: .seconds(5))
        var command = RedisCommand("SET", "k")
        [UInt8]([0, 13, 10]).withRawSpan { command.append($0) }
        command.append(UInt64.max)
        try connection.enqueue(command)
        command.removeAll()
        command.append("PING")
        try connection.enqueue(command)
        try connection.flush()
        let expected =
            "*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\n\0\r\n\r\n$20\r\n18446744073709551615\r\n*1\r\n$4\r\nPING\r\n"
        #expect(peer.read(expected.utf8.count) == expected)
        #expect(connection.pendingCount == 2)
        peer.write("+OK\r\n+PO")
        try connection.awaitReply()
        var reply = Reply(connection.reply)
        #expect(reply == .status("OK"))
        let isThere = try connection.awaitReply(until: .now + .milliseconds(20))
        #expect(!isThere && connection.pendingCount == 1)
        peer.write("NG\r\n")
        try connection.awaitReply()
        reply = Reply(connection.reply)
        #expect(reply == .status("PONG") && connection.pendingCount == 0)
    }

    @Test func `a silent server and one that closes are faults worth another try`() throws {
        let peer = try Peer()
        var connection = try RedisConnection(peer.transport(), timeout: .milliseconds(50))
        let silence = faultOf { () throws(Fault) in _ = try connection.run("PING") }
        #expect(silence?.code == .redisUnreachable && silence?.message.contains("silent") == true)
        peer.close()
        let end = faultOf { () throws(Fault) in try connection.awaitReply() }
        #expect(end?.code == .redisUnreachable && end?.code.remedy == .retry)
    }

    @Test func `a connection that is left takes with it what has come behind the last reply`() throws {
        let peer = try Peer()
        var connection = try RedisConnection(peer.transport(), timeout: .seconds(5))
        peer.write("+CONTINUE\r\n*1\r\n$4\r\nPI")
        let reply = try connection.run("REPLCONF")
        #expect(reply == .status("CONTINUE"))
        var link = try connection.detach()
        let received = link.received.bytes.decodedString()
        #expect(received == "*1\r\n$4\r\nPI")
        peer.write("NG\r\n")
        var more = ByteBuffer()
        let arrival = try link.transport.read(into: &more, upTo: 100, until: .now + .seconds(5))
        let text = more.bytes.decodedString()
        #expect(arrival == .bytes(4) && text == "NG\r\n")
    }

    @Test func `a connection is not left while a reply is awaited`() throws {
        let peer = try Peer()
        var connection = try RedisConnection(peer.transport(), timeout: .seconds(5))
        try connection.enqueue("PING")
        do throws(Fault) {
            _ = try connection.detach()
            Issue.record("it was left")
        } catch {
            #expect(error.code == .bug)
        }
    }

    private func faultOf(_ body: () throws(Fault) -> Void) -> Fault? {
        do throws(Fault) { try body() } catch { return error }
        return nil
    }
}

/// The other end of a connection.
private final class Peer {
    private var descriptor: Int32
    private let other: Int32

    init() throws {
        var ends: [Int32] = [0, 0]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        (descriptor, other) = (ends[0], ends[1])
    }

    /// Our end, once.
    func transport() -> Transport { Transport(adopting: other, peer: "the test") }

    deinit { close() }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = unsafe send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    func read(_ count: Int) -> String {
        var bytes = [UInt8](repeating: 0, count: count)
        let received = unsafe recv(descriptor, &bytes, count, Int32(MSG_WAITALL))
        return String(decoding: bytes.prefix(max(0, received)), as: UTF8.self)
    }
}
