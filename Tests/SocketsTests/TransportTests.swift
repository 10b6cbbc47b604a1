// SPDX-License-Identifier: Apache-2.0

import Bytes
import Faults
import RedisURI
import Sockets
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct TransportTests {
    @Test func `reading waits no longer than its deadline, and finds bytes and the end`() throws {
        let (peer, local) = try pair()
        var transport = Transport(adopting: local, peer: "the test")
        var buffer = ByteBuffer()
        let begun = ContinuousClock.now
        var arrival = try transport.read(into: &buffer, upTo: 100, until: begun + .milliseconds(50))
        let waited = ContinuousClock.now - begun
        #expect(arrival == .nothing && waited >= .milliseconds(49) && waited < .seconds(5))
        _ = unsafe send(peer, "abcdef", 6, 0)
        arrival = try transport.read(into: &buffer, upTo: 4, until: .now + .seconds(5))
        #expect(arrival == .bytes(4))
        arrival = try transport.read(into: &buffer, upTo: 4)
        let text = buffer.bytes.decodedString()
        #expect(arrival == .bytes(2) && text == "abcdef")
        close(peer)
        let isReady = transport.wait(until: .now + .seconds(5))
        arrival = try transport.read(into: &buffer, upTo: 4)
        #expect(isReady && arrival == .end)
    }

    @Test func `writing waits for room no longer than its deadline`() throws {
        let (peer, local) = try pair()
        defer { close(peer) }
        var transport = Transport(adopting: local, peer: "the test")
        var bytes = ByteBuffer(capacity: 1 << 20)
        for _ in 0..<(1 << 20) { bytes.append(0x61) }
        let fault = faultOf { () throws(Fault) in
            while true { try transport.write(bytes.bytes, until: .now + .milliseconds(50)) }
        }
        #expect(fault?.code == .redisUnreachable && fault?.message.contains("takes nothing") == true)
    }

    @Test func `writing to a connection that is closed is a fault, not the end of the process`() throws {
        let (peer, local) = try pair()
        close(peer)
        var transport = Transport(adopting: local, peer: "the test")
        var bytes = ByteBuffer()
        bytes.append("x")
        let fault = faultOf { () throws(Fault) in
            for _ in 0..<2 { try transport.write(bytes.bytes, until: .now + .seconds(1)) }
        }
        #expect(fault?.code == .redisUnreachable && fault?.code.remedy == .retry)
    }

    @Test func `nobody at the port, the path or the name is said in the system's words`() throws {
        let listener = try Listener(backlog: nil)
        let cases = [
            (Endpoint.tcp(host: "127.0.0.1", port: listener.port), "refused"),
            (.tcp(host: "localhost", port: listener.port), "refused"),
            (.unix(path: "/no/such.sock"), "No such file"), (.unix(path: "/tmp"), "refused"),
            (.unix(path: String(repeating: "s", count: 200)), "too long"),
            (.tcp(host: "no-such-host.invalid", port: 1), "cannot be found"),
        ]
        for (endpoint, words) in cases {
            let fault = faultOf { () throws(Fault) in _ = try Transport.connect(to: endpoint, until: .now + .seconds(5))
            }
            #expect(fault?.code == .redisUnreachable)
            #expect(fault?.description.contains(words) == true, "\(String(describing: fault))")
        }
    }

    @Test func `connecting to a host that does not answer ends at the deadline`() throws {
        let listener = try Listener(backlog: 0)
        let endpoint = Endpoint.tcp(host: "127.0.0.1", port: listener.port)
        var waiting: [Int32] = []
        defer { waiting.forEach { close($0) } }
        // Fills the queue of a listener that accepts nobody: who comes later is not answered.
        for _ in 0..<4 { waiting.append(try listener.beginConnecting()) }
        let begun = ContinuousClock.now
        let fault = faultOf { () throws(Fault) in
            _ = try Transport.connect(to: endpoint, until: begun + .milliseconds(200))
        }
        let waited = ContinuousClock.now - begun
        #expect(fault?.detail?.contains("timed out") == true && waited >= .milliseconds(190) && waited < .seconds(10))
    }

    @Test func `a server that closes, falls silent or talks nonsense during the handshake is told apart`() throws {
        for (answer, code, words) in [
            (nil as String?, Fault.Code.redisUnreachable, "does not answer"), ("", .redisTLS, "closed"),
            ("-ERR unknown command\r\n", .redisTLS, "handshake failed"),
        ] {
            let listener = try Listener(backlog: 4)
            if let answer { listener.answerOnce(answer) }
            let endpoint = Endpoint.tcp(host: "127.0.0.1", port: listener.port)
            let fault = faultOf { () throws(Fault) in
                _ = try Transport.connect(to: endpoint, tls: TLSSettings(), until: .now + .milliseconds(300))
            }
            #expect(fault?.code == code && fault?.message.contains(words) == true, "\(String(describing: fault))")
            #expect(fault?.hint?.contains("speaks TLS") == true, "\(String(describing: fault))")
        }
    }

    private func faultOf(_ body: () throws(Fault) -> Void) -> Fault? {
        do throws(Fault) { try body() } catch { return error }
        return nil
    }

    private func pair() throws -> (Int32, Int32) {
        var ends: [Int32] = [0, 0]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        return (ends[0], ends[1])
    }
}

/// A port of the loopback, at which somebody listens when there is a backlog.
private final class Listener {
    let port: UInt16
    private let descriptor: Int32
    private var address = sockaddr_in()

    init(backlog: Int32?) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.descriptor = descriptor
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        var bound = address
        let isBound = unsafe withUnsafeMutablePointer(to: &bound) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
            }
        }
        try #require(isBound)
        if let backlog { listen(descriptor, backlog) }
        port = UInt16(bigEndian: bound.sin_port)
        address = bound
    }

    deinit { close(descriptor) }

    /// A socket that has asked to be connected and waits for no answer.
    func beginConnecting() throws -> Int32 {
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        try #require(client >= 0)
        var target = address
        _ = unsafe withUnsafePointer(to: &target) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe connect(client, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        usleep(20_000)
        return client
    }

    /// Lets a thread accept one connection, read what comes first, answer, and close.
    func answerOnce(_ text: String) {
        let descriptor = self.descriptor
        let box = Answer(descriptor: descriptor, bytes: Array(text.utf8))
        var thread = pthread_t()
        _ = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Answer>.fromOpaque(context).takeRetainedValue().give()
                return nil
            }, Unmanaged.passRetained(box).toOpaque())
        pthread_detach(thread)
    }
}

private final class Answer {
    private let descriptor: Int32
    private let bytes: [UInt8]

    init(descriptor: Int32, bytes: [UInt8]) {
        self.descriptor = descriptor
        self.bytes = bytes
    }

    func give() {
        let client = accept(descriptor, nil, nil)
        var first = [UInt8](repeating: 0, count: 4096)
        _ = unsafe recv(client, &first, first.count, 0)
        _ = unsafe send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        close(client)
    }
}
