// SPDX-License-Identifier: Apache-2.0

import CLibpq
public import Faults

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One frame of COPY data, owned: freed by libpq's allocator when it leaves scope.
@safe
public struct CopyFrame: ~Copyable {
    private let start: UnsafeMutablePointer<CChar>
    private let byteCount: Int

    init(start: UnsafeMutablePointer<CChar>, byteCount: Int) {
        unsafe self.start = start
        self.byteCount = byteCount
    }

    deinit {
        unsafe PQfreemem(start)
    }

    /// The bytes, in place.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        borrowing get {
            // SAFETY: libpq allocated `byteCount` bytes at `start`, which live as long as `self`.
            let span = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(start), byteCount: byteCount)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}

/// What one look for a COPY frame found.
public enum CopyPoll: ~Copyable {
    /// A whole frame.
    case frame(CopyFrame)
    /// Nothing whole has arrived.
    case nothing
    /// The server ended the COPY.
    case ended
}

/// Whether bytes keep coming over a connection; belongs to the loop that reads it.
public struct ReadingPace: Sendable {
    /// How many microseconds a socket with little in it is left alone. Long enough for the server to fill some packets,
    /// short enough that nobody notices and that no socket buffer overflows.
    static let rest: UInt32 = 3000
    /// How many bytes are little.
    static let little = 32 << 10
    /// How many bytes libpq takes from the socket at once.
    static let piece = 16 << 10
    /// Whether bytes came since the last rest.
    var isBusy = false
    /// How many bytes are known to wait in the socket.
    var waiting = 0

    /// Nothing has come yet.
    public init() {}
}

/// What to wait for.
public enum SocketInterest: Sendable {
    /// Bytes to read.
    case reading
    /// Bytes to read, or room to write.
    case readingAndWriting
}

extension PQConnection {
    /// Sends a statement that begins a COPY: `COPY … TO STDOUT` or `START_REPLICATION`.
    public func beginCopy(_ sql: String) throws(Fault) -> Result<Void, ServerError> {
        try send(sql)
        let result = try lastResult()
        switch result.status {
        case PGRES_COPY_OUT, PGRES_COPY_BOTH: return .success(())
        default: return try rows(of: result).map { _ in }
        }
    }

    /// The next frame of a COPY, waiting for it, or nil at its end. A server that says nothing for ``silenceLimit`` is a
    /// broken connection.
    public func nextCopyFrame(_ pace: inout ReadingPace) throws(Fault) -> CopyFrame? {
        var deadline: ContinuousClock.Instant?
        while true {
            switch try pollCopyFrame() {
            case .frame(let frame): return frame
            case .nothing:
                let patience = deadline ?? .now + silenceLimit
                let isHeard = try receive(&pace, for: .reading, until: patience)
                deadline = isHeard ? nil : patience
                if .now >= patience { throw silent("reading a table") }
            case .ended:
                try endCopy()
                return nil
            }
        }
    }

    /// Reads what the socket has; when it has nothing, waits for it. Returns whether the server was heard.
    ///
    /// A reader that sleeps until the next byte is woken by each small write of the server, which costs the server more
    /// than making the bytes. So while bytes keep coming, a socket with little in it is left alone for a moment first.
    @discardableResult
    public func receive(
        _ pace: inout ReadingPace, for interest: SocketInterest, until deadline: ContinuousClock.Instant
    ) throws(Fault) -> Bool {
        var isHeard = true
        if pace.waiting <= 0 {
            pace.waiting = waitingByteCount
            if pace.waiting < ReadingPace.little, pace.isBusy, interest == .reading {
                usleep(ReadingPace.rest)
                pace.waiting = waitingByteCount
            }
            pace.isBusy = pace.waiting > 0
            if pace.waiting == 0 { isHeard = wait(for: interest, until: deadline) && interest == .reading }
        }
        pace.waiting -= ReadingPace.piece
        // Even when the socket has nothing: the TLS layer may hold bytes that it has taken from there.
        try consumeInput()
        return isHeard
    }

    /// How many bytes the socket holds.
    private var waitingByteCount: Int {
        var count: Int32 = 0
        guard unsafe ioctl(PQsocket(handle), UInt(FIONREAD), &count) == 0 else { return 0 }
        return Int(count)
    }

    /// Looks for a frame among what has arrived, without waiting and without reading the socket.
    /// The corresponding C function is `PQgetCopyData` in its asynchronous form.
    public func pollCopyFrame() throws(Fault) -> CopyPoll {
        var start: UnsafeMutablePointer<CChar>?
        let length = unsafe PQgetCopyData(handle, &start, 1)
        if length > 0, let start = unsafe start {
            let frame = unsafe CopyFrame(start: start, byteCount: Int(length))
            try notices.check()
            return .frame(frame)
        }
        try notices.check()
        switch length {
        case 0: return .nothing
        case -1: return .ended
        default: throw lost("reading the replication stream")
        }
    }

    /// Takes the result that ends a COPY.
    public func endCopy() throws(Fault) {
        while let raw = unsafe PQgetResult(handle) {
            let result = unsafe PQResult(raw)
            if case .failure(let error) = try rows(of: result) { throw error.fault }
            if result.status == PGRES_COPY_OUT || result.status == PGRES_COPY_BOTH { return }
        }
    }

    /// Reads what the socket has, without waiting.
    /// The corresponding C function is `PQconsumeInput`.
    public func consumeInput() throws(Fault) {
        guard unsafe PQconsumeInput(handle) == 1 else { throw lost("reading from the server") }
    }

    /// Lets no write wait for the server.
    /// The corresponding C function is `PQsetnonblocking`.
    public func makeNonBlocking() throws(Fault) {
        guard unsafe PQsetnonblocking(handle, 1) == 0 else { throw lost("preparing the connection") }
    }

    /// Queues bytes for the server's side of COPY BOTH; ``flush()`` sends them.
    /// The corresponding C function is `PQputCopyData`.
    public func putCopyData(_ bytes: RawSpan) throws(Fault) {
        let status = unsafe bytes.withUnsafeBytes { buffer in
            unsafe PQputCopyData(handle, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count))
        }
        guard status == 1 else { throw lost("sending to the server") }
    }

    /// Says that nothing more is put.
    /// The corresponding C function is `PQputCopyEnd`.
    public func putCopyEnd() throws(Fault) {
        guard unsafe PQputCopyEnd(handle, nil) == 1 else { throw lost("ending the stream") }
    }

    /// Sends what is queued as far as the socket takes it; returns whether all of it went.
    /// The corresponding C function is `PQflush`.
    public func flush() throws(Fault) -> Bool {
        let status = unsafe PQflush(handle)
        guard status >= 0 else { throw lost("sending to the server") }
        return status == 0
    }

    /// Waits until the socket can do what is asked, or until the deadline; returns whether it can.
    /// The corresponding C function is `poll`.
    public func wait(for interest: SocketInterest, until deadline: ContinuousClock.Instant) -> Bool {
        let (seconds, attoseconds) = max(.zero, deadline - .now).components
        let milliseconds = min(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000, 3_600_000)
        var descriptor = pollfd(
            fd: unsafe PQsocket(handle), events: Int16(interest == .reading ? POLLIN : POLLIN | POLLOUT), revents: 0)
        return unsafe poll(&descriptor, 1, Int32(milliseconds)) > 0
    }
}
