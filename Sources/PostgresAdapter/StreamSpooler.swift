// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import DurableFiles
import Faults
import LibPQ
import PgOutput
import Synchronization
import Threads

/// Takes the stream in while the snapshot is still being read, and keeps it on disk; promises the server nothing.
final class StreamSpooler: Sendable {
    private let state: Mutex<SpoolState>
    private let shouldEnd = Atomic(false)
    private let folder: String
    private let minimumFreeByteCount: UInt64
    private let thread: Mutex<WorkerThread<Void>?>

    /// What was taken in, and the stream to go on with.
    struct Outcome: ~Copyable {
        let stream: ReplicationStream
        let file: SpoolFile

        /// The source that begins with what was taken in.
        consuming func source(
            _ options: PostgresOptions, plan: PostgresPlan, from position: Position, until target: StopTarget
        ) throws(Fault) -> PostgresSource {
            try PostgresSource(
                options, plan: plan, stream: stream, spooled: file, from: position, until: target)
        }
    }

    /// Begins to take frames in on a thread of its own.
    init(
        _ stream: consuming ReplicationStream, folder: String, minimumFreeByteCount: UInt64
    ) throws(Fault) {
        let file = try SpoolFile(creating: "\(folder)/stream")
        self.folder = folder
        self.minimumFreeByteCount = minimumFreeByteCount
        state = Mutex(SpoolState(stream: stream, file: file))
        thread = Mutex(nil)
        thread.withLock { $0 = WorkerThread { [self] in spoolAll() } }
    }

    /// Ends the taking in and hands over.
    func end() throws(Fault) -> Outcome {
        shouldEnd.store(true, ordering: .releasing)
        thread.withLock { $0.take() }?.join()
        let taken = state.withLock { state in
            Taken(stream: state.stream.take(), file: state.file.take(), fault: state.fault)
        }
        return try taken.outcome()
    }

    private struct Taken: ~Copyable {
        let stream: ReplicationStream?
        let file: SpoolFile?
        let fault: Fault?

        consuming func outcome() throws(Fault) -> Outcome {
            if let fault { throw fault }
            guard let stream, let file else { throw Fault(.bug, "a spooler was ended twice") }
            return Outcome(stream: stream, file: file)
        }
    }

    private func spoolAll() {
        var nextLook = ContinuousClock.now
        var hasRoom = true
        while !shouldEnd.load(ordering: .acquiring) {
            if .now >= nextLook {
                nextLook = .now + .seconds(1)
                hasRoom = (try? Files.freeByteCount(at: folder)).map { $0 >= minimumFreeByteCount } ?? true
            }
            guard hasRoom else {
                guard state.withLock({ $0.wait() }) else { return }
                continue
            }
            let isAlive = state.withLock { state in state.takeAll(until: .now + .milliseconds(100)) }
            guard isAlive else { return }
        }
    }
}

/// What the spooling thread works on.
private struct SpoolState: ~Copyable, Sendable {
    var stream: ReplicationStream?
    var file: SpoolFile?
    var fault: Fault?

    /// Takes frames in until the deadline; returns whether there is more to come.
    mutating func takeAll(until deadline: ContinuousClock.Instant) -> Bool {
        do throws(Fault) {
            try take(until: deadline)
            return true
        } catch {
            fault = error.adding("taking the stream in beside the snapshot")
            return false
        }
    }

    /// Reads nothing, for want of room, and keeps the server patient; returns whether the stream lives.
    mutating func wait() -> Bool {
        pause(.milliseconds(100))
        do throws(Fault) {
            try stream?.attend()
            return true
        } catch {
            fault = error
            return false
        }
    }

    /// Keepalives are answered and forgotten: where the server stands is asked again later.
    private mutating func take(until deadline: ContinuousClock.Instant) throws(Fault) {
        while .now < deadline {
            guard let frame = try stream?.next(until: deadline) else { return }
            switch try StreamReading.frame(frame.bytes) {
            case .keepalive(let keepalive):
                stream?.note(received: Position(rawValue: keepalive.serverPosition))
                if keepalive.replyRequested { try stream?.sendStatus(.none) }
            case .data(let data):
                stream?.note(received: Position(rawValue: max(data.startLSN, data.endLSN)))
                try file?.append(frame.bytes)
            }
        }
    }
}
