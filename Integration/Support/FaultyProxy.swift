// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// A TCP proxy on the loopback between kedge and a server that does on command what networks do: breaks all
/// connections, at once or after a number of bytes, passes bytes late or in small pieces, or says nothing any more.
final class FaultyProxy: Sendable {
    /// Which way bytes go.
    enum Direction: Sendable {
        case toServer, toClient
    }

    /// How bytes pass.
    struct Manners: Sendable {
        /// Nothing passes, not even the end of a connection: each side believes that the other is still there.
        var isSilent = false
        /// How many bytes pass at once.
        var pieceByteCount = 64 << 10
        /// How long the next piece in the same direction waits.
        var delay = Duration.zero
    }

    private struct State {
        var manners = Manners()
        var cutAfter: (direction: Direction, byteCount: Int)?
        var isCutWanted = false
        var hasEnded = false
        var turnCount = 0
        var cutCount = 0
        var payloadFault: PayloadFault?
        var payload = PayloadWatch.Progress()
        var passed: [Direction: Int] = [:]
    }

    /// Where it listens.
    let port: Int
    private let state = Mutex(State())

    /// Begins to pass connections on to `server`. `socketBufferByteCount` makes the buffers of the kernel that small.
    convenience init(to server: PostgresServer, socketBufferByteCount: Int32? = nil) throws {
        let address = URLComponents(string: server.address(of: "postgres"))
        guard let target = address?.port, address?.host == "127.0.0.1" else {
            throw TestFailure("the proxy reaches servers on 127.0.0.1 only")
        }
        try self.init(toPort: target, socketBufferByteCount: socketBufferByteCount)
    }

    /// Begins to pass connections on to a port of the loopback.
    init(toPort target: Int, socketBufferByteCount: Int32? = nil) throws {
        let listener = try LoopbackSocket.listening(bufferByteCount: socketBufferByteCount)
        port = listener.port
        let thread = Thread { [self] in
            var crossing = Crossing(
                listener: listener.descriptor, target: target, bufferByteCount: socketBufferByteCount)
            while turn(&crossing) {}
            crossing.end()
        }
        thread.start()
    }

    /// Ends the proxy and every connection through it.
    func end() { state.withLock { $0.hasEnded = true } }

    /// The address of one database by way of the proxy.
    func address(of database: String) -> String { "postgresql://postgres@127.0.0.1:\(port)/\(database)" }

    /// Passes bytes in another manner from now on: when it returns, nothing passes in the old one any more.
    func behave(_ change: (inout Manners) -> Void) {
        let turn = state.withLock { state in
            change(&state.manners)
            return state.turnCount
        }
        while state.withLock({ $0.turnCount == turn && !$0.hasEnded }) { Thread.sleep(forTimeInterval: 0.001) }
    }

    /// Breaks all connections.
    func cut() { state.withLock { $0.isCutWanted = true } }

    /// Breaks all connections once exactly `byteCount` more bytes have passed in `direction`.
    func cut(after byteCount: Int, _ direction: Direction) {
        state.withLock { $0.cutAfter = (direction, max(0, byteCount)) }
    }

    /// Does something to the first link of a Redis replica round the end of its snapshot.
    func disturb(_ fault: PayloadFault) { state.withLock { $0.payloadFault = fault } }

    /// What that link has come to.
    var payload: PayloadWatch.Progress { state.withLock { $0.payload } }

    /// How often connections were broken so far.
    var cutCount: Int { state.withLock { $0.cutCount } }

    /// How many bytes have passed in a direction so far.
    func passed(_ direction: Direction) -> Int { state.withLock { $0.passed[direction] ?? 0 } }

    // MARK: The proxy's own thread

    private func turn(_ crossing: inout Crossing) -> Bool {
        let (manners, isCutWanted, hasEnded) = state.withLock { state in
            defer { state.isCutWanted = false }
            state.turnCount += 1
            crossing.payloadFault = state.payload.hasHappened ? nil : state.payloadFault
            return (state.manners, state.isCutWanted, state.hasEnded)
        }
        guard !hasEnded else { return false }
        if isCutWanted { cutAll(&crossing) }
        crossing.waitForWork(manners)
        guard !manners.isSilent else { return true }
        if passDisturbed(&crossing) { cutAll(&crossing) }
        for index in crossing.lanes.indices where crossing.isReady(index) {
            let allowance = allowance(crossing.lanes[index].direction)
            let count = crossing.pass(index, atMost: min(manners.pieceByteCount, allowance), delay: manners.delay)
            if note(count, crossing.lanes[index].direction) {
                cutAll(&crossing)
                break
            }
        }
        crossing.removeEnded()
        return true
    }

    /// Passes what links with a disturbance have; returns whether they are to be cut.
    private func passDisturbed(_ crossing: inout Crossing) -> Bool {
        var isCut = false
        for index in crossing.lanes.indices where crossing.lanes[index].watch != nil {
            isCut = crossing.passWatched(index) || isCut
            guard let progress = crossing.lanes[index].watch?.progress, progress.hasBegun else { continue }
            state.withLock { $0.payload = progress }
        }
        return isCut
    }

    private func cutAll(_ crossing: inout Crossing) {
        crossing.closeAll()
        state.withLock { $0.cutCount += 1 }
    }

    private func allowance(_ direction: Direction) -> Int {
        state.withLock { state in
            guard let cut = state.cutAfter, cut.direction == direction else { return .max }
            return cut.byteCount
        }
    }

    /// Counts what has passed; returns whether that was the last byte before a cut.
    private func note(_ byteCount: Int, _ direction: Direction) -> Bool {
        state.withLock { state in
            state.passed[direction, default: 0] += byteCount
            guard let cut = state.cutAfter, cut.direction == direction else { return false }
            state.cutAfter = cut.byteCount <= byteCount ? nil : (direction, cut.byteCount - byteCount)
            return state.cutAfter == nil
        }
    }
}

/// The connections through a proxy, each two lanes of one direction.
private struct Crossing {
    struct Lane {
        let direction: FaultyProxy.Direction
        let from: Int32
        let to: Int32
        var pending: [UInt8] = []
        var notBefore = ContinuousClock.now
        var hasEnded = false
        var watch: PayloadWatch?
    }

    let listener: Int32
    let target: Int
    let bufferByteCount: Int32?
    var lanes: [Lane] = []
    /// What is done to the next link.
    var payloadFault: PayloadFault?
    private var ready: Set<Int32> = []

    init(listener: Int32, target: Int, bufferByteCount: Int32?) {
        self.listener = listener
        self.target = target
        self.bufferByteCount = bufferByteCount
    }

    /// Takes new connections and finds out which lanes have something to do; looks up every few milliseconds.
    mutating func waitForWork(_ manners: FaultyProxy.Manners) {
        var waits = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
        if !manners.isSilent {
            for lane in lanes where lane.notBefore <= .now && lane.watch == nil {
                waits.append(
                    lane.pending.isEmpty
                        ? pollfd(fd: lane.from, events: Int16(POLLIN), revents: 0)
                        : pollfd(fd: lane.to, events: Int16(POLLOUT), revents: 0))
            }
        }
        _ = unsafe poll(&waits, nfds_t(waits.count), 5)
        ready = Set(waits.filter { $0.revents != 0 }.map { $0.events == Int16(POLLOUT) ? -$0.fd : $0.fd })
        if ready.contains(listener) { accept() }
    }

    func isReady(_ index: Int) -> Bool {
        let lane = lanes[index]
        return !lane.hasEnded && lane.watch == nil && lane.notBefore <= .now
            && ready.contains(lane.pending.isEmpty ? lane.from : -lane.to)
    }

    /// Passes one piece; returns how many bytes went.
    mutating func pass(_ index: Int, atMost limit: Int, delay: Duration) -> Int {
        if lanes[index].pending.isEmpty, limit > 0 {
            var bytes = [UInt8](repeating: 0, count: min(limit, 64 << 10))
            let count = unsafe recv(lanes[index].from, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            guard count > 0 else {
                lanes[index].hasEnded = count == 0 || (errno != EAGAIN && errno != EINTR)
                return 0
            }
            lanes[index].pending = Array(bytes[..<count])
        }
        let piece = Array(lanes[index].pending.prefix(limit))
        guard !piece.isEmpty else { return 0 }
        let sent = unsafe send(
            lanes[index].to, piece, piece.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        guard sent > 0 else {
            lanes[index].hasEnded = errno != EAGAIN && errno != EINTR
            return 0
        }
        lanes[index].pending.removeFirst(sent)
        if delay > .zero { lanes[index].notBefore = .now + delay }
        return sent
    }

    /// Takes what has come on a link with a disturbance and passes what may pass; returns whether it is to be cut.
    mutating func passWatched(_ index: Int) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = unsafe recv(lanes[index].from, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        if count > 0 { lanes[index].watch?.receive(bytes[..<count]) }
        lanes[index].hasEnded = count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)
        guard let (piece, isCut) = lanes[index].watch?.next() else { return false }
        if !piece.isEmpty, unsafe send(lanes[index].to, piece, piece.count, Int32(MSG_NOSIGNAL)) != piece.count {
            lanes[index].hasEnded = true
        }
        // Else the kernel would take back what has been passed.
        if isCut { while unsafe recv(lanes[index].to, &bytes, bytes.count, Int32(MSG_DONTWAIT)) > 0 {} }
        return isCut
    }

    /// Closes the connections of which one side has gone.
    mutating func removeEnded() {
        let ended = Set(lanes.filter(\.hasEnded).flatMap { [$0.from, $0.to] })
        guard !ended.isEmpty else { return }
        for descriptor in ended { close(descriptor) }
        lanes.removeAll { ended.contains($0.from) }
    }

    mutating func closeAll() {
        for descriptor in Set(lanes.flatMap { [$0.from, $0.to] }) { close(descriptor) }
        lanes = []
    }

    mutating func end() {
        closeAll()
        close(listener)
    }

    private mutating func accept() {
        let client = Glibc.accept(listener, nil, nil)
        guard client >= 0 else { return }
        guard let server = LoopbackSocket.connected(to: target, bufferByteCount: bufferByteCount) else {
            close(client)
            return
        }
        LoopbackSocket.adjust(client, bufferByteCount: nil)
        lanes.append(Lane(direction: .toServer, from: client, to: server))
        lanes.append(
            Lane(direction: .toClient, from: server, to: client, watch: payloadFault.map(PayloadWatch.init)))
    }
}

/// Sockets on 127.0.0.1.
private enum LoopbackSocket {
    static func listening(bufferByteCount: Int32?) throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        adjust(descriptor, bufferByteCount: bufferByteCount)
        var address = loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(descriptor, address, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard isBound else { throw TestFailure("the proxy cannot listen: error \(errno)") }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    static func connected(to port: Int, bufferByteCount: Int32?) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        adjust(descriptor, bufferByteCount: bufferByteCount)
        var address = loopback(port: port)
        let isConnected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if isConnected { return descriptor }
        close(descriptor)
        return nil
    }

    /// Sends small pieces at once, and makes the kernel's buffers small; accepted sockets inherit the listener's.
    static func adjust(_ descriptor: Int32, bufferByteCount: Int32?) {
        var one: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        _ = unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, size)
        guard var count = bufferByteCount else { return }
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &count, size)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &count, size)
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        return address
    }
}
