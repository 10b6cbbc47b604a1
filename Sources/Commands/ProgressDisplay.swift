// SPDX-License-Identifier: Apache-2.0

import Changelog
import DurableFiles
import Logging
import Runtime
import Synchronization
import Threads

/// Shows how a run gets on: a live line on a terminal, otherwise one plain line every ten seconds.
final class ProgressDisplay: Sendable {
    private let progress: Progress
    private let console: Console
    private let isOver = Atomic(false)
    private let thread: Mutex<WorkerThread<Void>?>

    init(_ progress: Progress, console: Console) {
        self.progress = progress
        self.console = console
        thread = Mutex(nil)
        guard !console.isQuiet else { return }
        thread.withLock { $0 = WorkerThread { [self] in show() } }
    }

    /// Ends the display and leaves the line free.
    func end() {
        isOver.store(true, ordering: .releasing)
        thread.withLock { $0.take() }?.join()
    }

    private func show() {
        let isLive = StandardStream.error.isTerminal && console.logFormat != .json
        let interval = isLive ? Duration.milliseconds(500) : .seconds(10)
        var rate = Rate(rows: 0, bytes: 0, time: .now)
        var next = ContinuousClock.now + interval
        while !isOver.load(ordering: .acquiring) {
            pause(.milliseconds(50))
            guard .now >= next else { continue }
            next = .now + interval
            let line = line(&rate)
            if isLive {
                try? StandardStream.error.write("\r\u{1b}[2K\(line)")
            } else {
                console.log.info("\(line)")
            }
        }
        if isLive { try? StandardStream.error.write("\r\u{1b}[2K") }
    }

    private struct Rate {
        var rows: Int
        var bytes: Int
        var time: ContinuousClock.Instant
    }

    private func line(_ last: inout Rate) -> String {
        let now = Rate(rows: progress.rowCount, bytes: progress.byteCount, time: .now)
        let seconds = max(0.001, last.time.duration(to: now.time) / .seconds(1))
        let megabytes = Double(now.bytes - last.bytes) / seconds / 1_000_000
        let rows = Double(now.rows - last.rows) / seconds
        last = now
        var parts = ["\(now.rows) rows", "\(Int(rows)) rows/s", "\((megabytes * 10).rounded() / 10) MB/s"]
        if let fraction = progress.snapshotFraction {
            parts.append("snapshot \(Int(fraction * 100)) %")
            if let age = progress.snapshotAge { parts.append("vacuum held back for \(age.inSeconds) s") }
            if let rest = progress.snapshotTimeLeft { parts.append("about \(rest.inSeconds) s left") }
        }
        parts.append("\(progress.anchorCount) anchors")
        if let lag = progress.lag(at: Workspace.now) { parts.append("lag \(lag.inSeconds) s") }
        return parts.joined(separator: ", ")
    }
}
