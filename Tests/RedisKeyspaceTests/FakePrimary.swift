// SPDX-License-Identifier: Apache-2.0

import Faults
import Glibc
import RedisURI
import Synchronization
import Threads

@testable import RedisKeyspace

/// A server of a few scripted bytes: answers the words of a new replica, and then says what the script says.
final class FakePrimary: Sendable {
    /// What is sent behind the answer to `PSYNC`, piece by piece.
    struct Script: Sendable {
        var answer = "+FULLRESYNC \(FakePrimary.replicationID) 1000\r\n"
        var pieces: [[UInt8]] = []
        /// What is answered to `REPLCONF capa`.
        var capabilityAnswer = "+OK\r\n"
        /// What is answered to `REPLCONF version`.
        var versionAnswer = "-ERR Unrecognized REPLCONF option: version\r\n"
        /// Whether the connection is closed behind the last piece.
        var closes = false
    }

    static let replicationID = String(repeating: "a", count: 40)
    let port: UInt16
    private let listener: Int32
    private let heard = Mutex<[UInt8]>([])
    private let isOver = Atomic(false)
    private let hasEnded = Atomic(false)
    private let thread: Mutex<WorkerThread<Void>?>

    init(_ script: Script) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        listener = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(descriptor, address, length) == 0 && listen(descriptor, 4) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard isBound else { throw Fault(.unexpected, "no port for a fake primary") }
        port = UInt16(bigEndian: address.sin_port)
        thread = Mutex(nil)
        thread.withLock { $0 = WorkerThread { [self] in serve(script) } }
    }

    /// What the replica has said.
    var words: String { String(decoding: heard.withLock { $0 }, as: UTF8.self) }

    /// Whether the replica is still there.
    var isOpen: Bool { !hasEnded.load(ordering: .acquiring) }

    /// Goes away.
    func end() {
        isOver.store(true, ordering: .relaxed)
        shutdown(listener, Int32(SHUT_RDWR))
        thread.withLock { $0.take() }?.join()
        close(listener)
    }

    var options: ReplicationOptions {
        let endpoint = Endpoint.tcp(host: "127.0.0.1", port: port)
        return ReplicationOptions(
            address: RedisAddress(endpoints: [endpoint], timeout: .seconds(5)), endpoint: endpoint,
            spoolFolder: "/tmp")
    }

    private func serve(_ script: Script) {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        defer {
            close(connection)
            hasEnded.store(true, ordering: .releasing)
        }
        var noDelay: Int32 = 1
        _ = unsafe setsockopt(
            connection, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<Int32>.size))
        while let words = listenForCommand(connection) {
            if words.contains("PSYNC") {
                say(Array(script.answer.utf8), connection)
                for piece in script.pieces {
                    say(piece, connection)
                    // A short rest, so that the pieces come as pieces.
                    if script.pieces.count > 1 { usleep(300) }
                }
                break
            }
            say(Array(answer(to: words, script).utf8), connection)
        }
        if script.closes { return }
        while !isOver.load(ordering: .relaxed), listenForCommand(connection) != nil {}
    }

    private func answer(to words: String, _ script: Script) -> String {
        if words.contains("version") { return script.versionAnswer }
        return words.contains("capa") ? script.capabilityAnswer : "+OK\r\n"
    }

    private func say(_ bytes: [UInt8], _ connection: Int32) {
        var offset = 0
        while offset < bytes.count {
            let count = unsafe bytes[offset...].withUnsafeBytes {
                unsafe send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            offset += count
        }
    }

    /// One read is one command: the replica waits for each answer.
    private func listenForCommand(_ connection: Int32) -> String? {
        var waits = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
        while unsafe poll(&waits, 1, 50) == 0 {
            if isOver.load(ordering: .relaxed) { return nil }
        }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe recv(connection, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        heard.withLock { $0 += bytes[..<count] }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}

/// Bytes that a server would send.
enum Sent {
    static func command(_ words: String...) -> [UInt8] {
        Array(("*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()).utf8)
    }

    /// A payload with one string, `key` of `value`, in database 0, without a checksum.
    static let payload: [UInt8] =
        Array("REDIS0010".utf8) + [0xfe, 0x00, 0x00, 3] + Array("key".utf8) + [5] + Array("value".utf8)
        + [0xff, 0, 0, 0, 0, 0, 0, 0, 0]

    static let mark = Array("0123456789abcdef0123456789abcdef01234567".utf8)
    static let marked = Array("$EOF:".utf8) + mark + [13, 10] + payload + mark
    static let counted = Array("$\(payload.count)\r\n".utf8) + payload

    /// A bare command, a transaction, housekeeping, and another database.
    static let stream: [UInt8] =
        command("SELECT", "0") + command("SET", "a", "1") + command("PING") + command("MULTI")
        + command("SET", "b", "2")
        + command("SELECT", "3") + command("DEL", "x", "y") + command("EXEC") + command("INCR", "c")
}
