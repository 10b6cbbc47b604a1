// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import LibPQ

@Suite("The window of a stream")
struct ReceiveWindowTests {
    @Test("it is closed to a gap while nobody reads, with more room behind it than before, and opened again")
    func closesAndOpens() throws {
        let pair = try Pair()
        var window = ReceiveWindow(pair.reader)
        let room = pair.option(SOL_SOCKET, SO_RCVBUF)
        #expect(window.isOpen && pair.option(Int32(IPPROTO_TCP), TCP_WINDOW_CLAMP) > 4096)

        window.close()
        #expect(!window.isOpen)
        #expect(pair.option(SOL_SOCKET, SO_RCVBUF) > room)
        #expect(pair.option(Int32(IPPROTO_TCP), TCP_WINDOW_CLAMP) == 4096)

        window.open()
        #expect(window.isOpen && pair.option(SOL_SOCKET, SO_RCVBUF) == room)
        #expect(pair.option(Int32(IPPROTO_TCP), TCP_WINDOW_CLAMP) > 1 << 20)
    }

    @Test(
        "what comes in many small pieces while nobody reads is all there afterwards, and does not keep us from writing")
    func smallPieces() throws {
        let pair = try Pair()
        var window = ReceiveWindow(pair.reader)
        var piece = [UInt8](repeating: 7, count: 70)
        var sentCount = 0
        // The kernel of the writer takes more than the window lets through; what it does not take is enough.
        while sentCount < 6000 {
            guard unsafe send(pair.writer, &piece, piece.count, Int32(MSG_DONTWAIT)) == piece.count else {
                break
            }
            sentCount += 1
            if sentCount == 1000 { window.close() }
        }
        #expect(sentCount > 1000)
        for _ in 0..<20 {
            #expect(unsafe send(pair.reader, &piece, 39, Int32(MSG_DONTWAIT)) == 39)
            usleep(20_000)
        }
        usleep(300_000)
        var heard = [UInt8](repeating: 0, count: 20 * 39 + 1)
        #expect(unsafe recv(pair.writer, &heard, heard.count, Int32(MSG_DONTWAIT)) == 20 * 39)

        window.open()
        var receivedCount = 0
        while receivedCount < sentCount * piece.count {
            let count = unsafe recv(pair.reader, &piece, piece.count, 0)
            guard count > 0 else { break }
            receivedCount += count
        }
        #expect(receivedCount == sentCount * piece.count)
    }

    @Test("what is no connection of TCP is left alone")
    func noConnection() {
        var ends: [Int32] = [0, 0]
        #expect(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { for end in ends { Glibc.close(end) } }
        var window = ReceiveWindow(ends[0])
        window.close()
        window.open()
        var byte: UInt8 = 1
        #expect(unsafe write(ends[1], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1)
    }

    /// Two ends of a connection over the loopback.
    private final class Pair {
        let reader: Int32
        let writer: Int32

        init() throws {
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { Glibc.close(listener) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            reader = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            let reader = reader
            let isConnected = unsafe withUnsafeMutablePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    unsafe bind(listener, address, length) == 0 && listen(listener, 1) == 0
                        && getsockname(listener, address, &length) == 0 && connect(reader, address, length) == 0
                }
            }
            try #require(isConnected)
            writer = accept(listener, nil, nil)
            // As servers have it.
            var noDelay: Int32 = 1
            unsafe setsockopt(
                writer, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<Int32>.size))
        }

        deinit {
            Glibc.close(reader)
            Glibc.close(writer)
        }

        func option(_ level: Int32, _ name: Int32) -> Int32 {
            var value: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            return unsafe getsockopt(reader, level, name, &value, &length) == 0 ? value : -1
        }
    }
}
