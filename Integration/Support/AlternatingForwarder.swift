// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// A balancer of the worst kind: it forwards each new connection to the next of several servers.
final class AlternatingForwarder: Sendable {
    /// Where it listens, on loopback.
    let port: Int
    private let listener: Int32
    private let ports: [Int]
    private let descriptors = Mutex<[Int32]>([])

    /// Begins to listen; the first connection goes to the first of `ports`.
    init(to ports: [Int]) throws {
        self.ports = ports
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = Self.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe (bind(listener, generic, length) == 0 && Glibc.listen(listener, 16) == 0
                    && getsockname(listener, generic, &length) == 0)
            }
        }
        guard bound else { throw TestFailure("the forwarder cannot listen, error \(errno)") }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in acceptAll() }
    }

    /// Ends all connections.
    func close() {
        descriptors.withLock { open in
            for descriptor in open + [listener] { shutdown(descriptor, Int32(SHUT_RDWR)) }
            open = []
        }
    }

    private func acceptAll() {
        var count = 0
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { return }
            let server = Self.connection(to: ports[count % ports.count])
            count += 1
            descriptors.withLock { $0 += [client, server] }
            Thread.detachNewThread { Self.pump(from: client, to: server) }
            Thread.detachNewThread { Self.pump(from: server, to: client) }
        }
    }

    /// Moves bytes one way until an end closes.
    private static func pump(from source: Int32, to target: Int32) {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe bytes.withUnsafeMutableBytes { unsafe recv(source, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { break }
            var sent = 0
            while sent < count {
                let step = unsafe bytes.withUnsafeBytes { buffer in
                    unsafe send(
                        target, buffer.baseAddress?.advanced(by: sent), count - sent, Int32(MSG_NOSIGNAL))
                }
                guard step > 0 else { break }
                sent += step
            }
            guard sent == count else { break }
        }
        shutdown(target, Int32(SHUT_WR))
        shutdown(source, Int32(SHUT_RD))
    }

    private static func connection(to port: Int) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port: port)
        _ = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe connect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return descriptor
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }
}
