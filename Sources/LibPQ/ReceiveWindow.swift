// SPDX-License-Identifier: Apache-2.0

import CLibpq
import Glibc

/// How much a server may have under way to a connection that is read as a stream.
///
/// **While it is read**, the small writes of a server that is near shall wait for each other: the kernel keeps little for
/// us, so that the window is mostly closed and they travel together. Far away that would bound the speed, and is not
/// done.
///
/// **While it is not read**, the kernel must not run full. What waits there takes more room than its bytes, so the last
/// packets that the window lets in may not fit. The kernel then drops what comes, the acknowledgements of the server with
/// it, takes the other direction for congested, and sends less and less of what we say: the server would not hear in time
/// that we live. So the window is closed to a gap, and there is more room than before for what is under way already.
public struct ReceiveWindow: Sendable {
    /// How many bytes of room a reader that is near has. With more, each small write of the server leaves its machine at
    /// once, and the server pays for it. The half of what systems allow at most, so that it can be doubled.
    private static let nearByteCount: Int32 = 104 << 10
    /// How many microseconds a byte may take there and back where the server is near: with this, the room is not what
    /// bounds the speed.
    private static let nearRoundTrip: UInt32 = 1000
    /// How wide the gap is.
    private static let closedByteCount: Int32 = 4096

    private let socket: Int32
    private let isNear: Bool
    /// Whether the connection is being read.
    private(set) var isOpen = true

    /// The window of a connection that is about to be read, and that is there for as long.
    init(_ socket: Int32) {
        var info = tcp_info()
        var length = socklen_t(MemoryLayout<tcp_info>.size)
        self.socket = socket
        isNear =
            unsafe getsockopt(socket, Int32(IPPROTO_TCP), TCP_INFO, &info, &length) == 0
            && info.tcpi_rtt <= Self.nearRoundTrip
        limitRoom(to: Self.nearByteCount)
    }

    /// Lets come what there is; call before reading goes on.
    public mutating func open() {
        guard !isOpen else { return }
        isOpen = true
        limitRoom(to: Self.nearByteCount)
        set(Int32(IPPROTO_TCP), TCP_WINDOW_CLAMP, .max)
    }

    /// Lets little come; call when the connection was not read for a moment.
    public mutating func close() {
        guard isOpen else { return }
        isOpen = false
        // In this order: a window that was open when the room grew would be as wide as the room.
        set(Int32(IPPROTO_TCP), TCP_WINDOW_CLAMP, Self.closedByteCount)
        limitRoom(to: Self.nearByteCount * 2)
    }

    private func limitRoom(to byteCount: Int32) {
        if isNear { set(SOL_SOCKET, SO_RCVBUF, byteCount) }
    }

    /// What is no TCP connection has no window, and is left as it is.
    private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        _ = unsafe setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}

extension PQConnection {
    /// The window of a stream that comes over this connection.
    public func makeReceiveWindow() -> ReceiveWindow { unsafe ReceiveWindow(PQsocket(handle)) }
}
