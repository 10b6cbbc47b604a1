// SPDX-License-Identifier: Apache-2.0

import Bytes
import Faults

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One connected socket that never blocks: its owner.
struct Socket: ~Copyable, Sendable {
    /// The number by which the kernel knows it.
    let descriptor: Int32

    /// Takes over a connected socket.
    /// The corresponding C function is `fcntl` with `O_NONBLOCK`.
    init(adopting descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    deinit {
        close(descriptor)
    }

    /// Appends what has arrived, up to `limit` bytes.
    /// The corresponding C function is `recv`.
    func receive(into buffer: inout ByteBuffer, upTo limit: Int) throws(Fault) -> Arrival {
        var arrival = Arrival.nothing
        var failure: Int32 = 0
        unsafe buffer.append(upTo: limit) { room in
            while true {
                // SAFETY: the kernel writes at most `count` bytes to where the room begins.
                let count = unsafe recv(descriptor, room.baseAddress, room.count, 0)
                if count > 0 { arrival = .bytes(count) }
                if count == 0 { arrival = .end }
                guard count < 0 else { return count }
                guard errno == EINTR else { break }
            }
            failure = errno
            return 0
        }
        guard failure == 0 || failure == EAGAIN || failure == EWOULDBLOCK else { throw broken(failure) }
        return arrival
    }

    /// Sends from `offset` on as much as the socket takes; returns how many bytes went, none when it is full.
    /// The corresponding C function is `send`.
    func send(_ bytes: RawSpan, from offset: Int) throws(Fault) -> Int {
        while true {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                // SAFETY: the kernel reads the bytes from `offset` to the end, which the buffer holds.
                unsafe Glibc.send(
                    descriptor, buffer.baseAddress?.advanced(by: offset), buffer.count - offset, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 { return count }
            switch errno {
            case EINTR: continue
            case EAGAIN, EWOULDBLOCK: return 0
            default: throw broken(errno)
            }
        }
    }

    /// Waits until the socket can do what is asked, or until the deadline; returns whether it can.
    /// The corresponding C function is `poll`.
    func wait(for interest: Interest, until deadline: ContinuousClock.Instant) -> Bool {
        var watched = pollfd(fd: descriptor, events: Int16(interest.events), revents: 0)
        while true {
            let status = unsafe poll(&watched, 1, milliseconds(until: deadline))
            if status > 0 { return true }
            if status == 0 || errno != EINTR { return false }
        }
    }
}

/// What one look at a connection found.
public enum Arrival: Equatable, Sendable {
    /// So many bytes.
    case bytes(Int)
    /// Nothing yet.
    case nothing
    /// The other side has closed the connection.
    case end
}

/// What to wait for.
public enum Interest: Sendable {
    /// Bytes to read.
    case reading
    /// Room to write.
    case writing
    /// Either.
    case both

    var events: Int32 {
        switch self {
        case .reading: Int32(POLLIN)
        case .writing: Int32(POLLOUT)
        case .both: Int32(POLLIN | POLLOUT)
        }
    }
}

/// The fault of a connection that broke.
func broken(_ error: Int32) -> Fault {
    Fault(.redisUnreachable, "the connection broke", detail: words(of: error))
}

/// The kernel's words for an error.
/// The corresponding C function is `strerror`.
func words(of error: Int32) -> String {
    // SAFETY: `strerror` returns a terminated string for every number, and it is copied at once.
    unsafe strerror(error).map { unsafe String(cString: $0) } ?? "error \(error)"
}
