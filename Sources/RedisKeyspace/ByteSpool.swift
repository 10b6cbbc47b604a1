// SPDX-License-Identifier: Apache-2.0

import Bytes
import DurableFiles
public import Faults
import Synchronization
public import Threads

/// Bytes on their way from the thread that drains a socket to the one that makes sense of them, in order and by offset.
///
/// A few mebibytes wait in memory, all others in files, which are working space and never synchronized. One thread
/// appends, one reads through a ``SpoolCursor``; what was read can be read again until it is released.
public final class ByteSpool: Sendable {
    /// How much may wait.
    public struct Limits: Sendable {
        /// How many bytes wait in memory before files are used.
        public var memoryByteCount = 8 << 20
        /// How many bytes make a file full.
        public var fileByteCount = 16 << 20
        /// How many bytes may wait altogether.
        public var byteCount = 4 << 30
        /// No file is begun while the disk has less room than this.
        public var minimumFreeByteCount: UInt64 = 0

        /// 8 MiB in memory, files of 16 MiB, 4 GiB altogether.
        public init() {}
    }

    /// What became of bytes that were to be appended.
    public enum Outcome: Sendable {
        /// They wait.
        case taken
        /// There is no room for them; none was taken.
        case full
    }

    /// Why nothing is appended any more.
    public enum End: Sendable {
        /// It is complete.
        case complete
        /// Its source failed.
        case failed(Fault)
    }

    static let chunkByteCount = 256 << 10

    let folder: String
    let name: String
    private let limits: Limits
    private let crash: CrashPlan
    private let monitor: Monitor
    private let state: Mutex<SpoolState>
    /// The appending thread's own.
    private let writer: Mutex<SpoolWriter>

    /// Makes an empty spool whose files stand in `folder` and are called `name`, a dot and a number. Spools that share a
    /// `bell` can be waited for together.
    public init(
        folder: String, name: String, limits: Limits, bell: Monitor = Monitor(), crash: CrashPlan = .none
    ) {
        self.folder = folder
        self.name = name
        self.limits = limits
        self.crash = crash
        monitor = bell
        state = Mutex(SpoolState(chunkByteCount: Self.chunkByteCount))
        writer = Mutex(SpoolWriter())
    }

    deinit {
        for file in state.withLock({ $0.takeFiles(all: true) }) { try? Files.remove(path(of: file)) }
    }

    // MARK: Appending

    /// Appends all of `bytes`, or nothing when there is no room for them.
    public func append(_ bytes: RawSpan) throws(Fault) -> Outcome {
        let (hasRoom, memoryByteCount) = state.withLock { state in
            guard state.waitingByteCount + bytes.byteCount <= limits.byteCount else { return (false, 0) }
            state.append(bytes)
            return (true, state.memoryByteCount)
        }
        guard hasRoom else { return .full }
        monitor.locked { monitor.wakeAll() }
        return memoryByteCount > limits.memoryByteCount ? try spill() : .taken
    }

    /// Appends all of `bytes`, and waits for room as long as nobody closes the spool; says whether it could.
    public func append(waiting bytes: RawSpan, _ whileWaiting: () throws(Fault) -> Void) throws(Fault) -> Bool {
        while true {
            if case .taken = try append(bytes) { return true }
            if isAbandoned { return false }
            try whileWaiting()
            monitor.locked { monitor.wait(until: .now + .milliseconds(100)) }
        }
    }

    /// Says that nothing more is appended; the first end holds.
    public func finish(_ end: End) {
        state.withLock { $0.end = $0.end ?? end }
        monitor.locked { monitor.wakeAll() }
    }

    /// Says that nobody reads any more.
    public func abandon() {
        state.withLock { $0.isAbandoned = true }
        monitor.locked { monitor.wakeAll() }
    }

    /// Whether nobody reads any more.
    public var isAbandoned: Bool { state.withLock { $0.isAbandoned } }
    /// How many bytes were appended so far.
    public var appendedByteCount: UInt64 { state.withLock { $0.appended } }
    /// Whether nothing more is appended.
    public var hasEnded: Bool { state.withLock { $0.end != nil } }
    /// How many bytes wait.
    public var waitingByteCount: Int { state.withLock { $0.waitingByteCount } }
    /// How many of them wait in files.
    public var fileByteCount: Int { state.withLock { $0.fileByteCount } }

    /// Moves the newest whole chunks to disk until memory holds no more than it should.
    private func spill() throws(Fault) -> Outcome {
        while let (number, chunk) = state.withLock({ $0.newestInMemory(beyond: limits.memoryByteCount) }) {
            try crash.reach(.duringReplicationSpool)
            guard let place = try write(chunk) else { return .full }
            state.withLock { $0.moved(number, to: place) }
        }
        return .taken
    }

    private func write(_ chunk: SpoolState.Chunk) throws(Fault) -> SpoolState.FilePlace? {
        try writer.withLock { (writer) throws(Fault) in
            try chunk.withBytes { (bytes) throws(Fault) in
                try writer.write(bytes, limits: limits, folder: folder) { path(of: $0) }
            }
        }
    }

    func path(of file: Int) -> String { "\(folder)/\(name).\(file)" }

    // MARK: Reading

    /// A reader that begins with the first byte.
    public func makeCursor() -> SpoolCursor { SpoolCursor(self) }

    func place(of offset: UInt64) -> SpoolState.Place { state.withLock { $0.place(of: offset) } }

    /// Appends bytes that are in memory; nothing when they have gone to disk meanwhile.
    func copyTail(from offset: UInt64, limit: Int, into buffer: inout ByteBuffer) -> Int {
        state.withLock { $0.copyTail(from: offset, limit: limit, into: &buffer) }
    }

    /// Waits until there is something at `offset`, or an end, or the deadline.
    func wait(for offset: UInt64, until deadline: ContinuousClock.Instant) {
        monitor.locked {
            while ContinuousClock.now < deadline, state.withLock({ $0.appended <= offset && $0.end == nil }) {
                monitor.wait(until: deadline)
            }
        }
    }

    /// Forgets everything before `offset`.
    func release(before offset: UInt64) throws(Fault) {
        let files = state.withLock { $0.release(before: offset) }
        for file in files { try Files.remove(path(of: file)) }
        monitor.locked { monitor.wakeAll() }
    }
}

/// The appending thread's own: the file that is being written.
struct SpoolWriter: ~Copyable {
    private var file: DurableFile?
    private var number = -1

    /// Writes a chunk behind the others; nil when the disk has no room for another file.
    mutating func write(
        _ bytes: RawSpan, limits: ByteSpool.Limits, folder: String, path: (Int) -> String
    ) throws(Fault) -> SpoolState.FilePlace? {
        if (file?.byteCount ?? limits.fileByteCount) + bytes.byteCount > limits.fileByteCount {
            guard try Files.freeByteCount(at: folder) >= limits.minimumFreeByteCount else { return nil }
            number += 1
            file = try DurableFile(creating: path(number))
        }
        let offset = file?.byteCount ?? 0
        try file?.write(bytes)
        return SpoolState.FilePlace(file: number, offset: offset)
    }
}
