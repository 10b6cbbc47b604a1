// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import DurableFiles
import Export
import Faults
import FoundationEssentials
import Metastore
import Sinks
import Synchronization
import Threads

/// An export folder that this run, and no other, may write to.
final class Workspace: Sendable {
    let folder: ExportFolder
    let chain: DirectoryAnchorStore
    let sink: DirectorySink
    let schemas: SchemaStore
    let observations: ObservationStore
    let contracts: ContractStore
    let store: Metastore
    let runID: String
    private let holder: LeaseHolder
    private let lost = Atomic(false)
    private let isOver = Atomic(false)
    private let heart: Mutex<WorkerThread<Void>?>

    static let timeToLive = Duration.seconds(60)
    /// How much of the chain is read before a run goes on: enough to find what a failing disk did lately, and no more
    /// after years.
    static let provedAnchorCount = 1000

    /// Opens or creates the folder, takes the lease, and mends what a crash has left: what the chain holds and the
    /// store does not know is adopted, what no anchor names is swept.
    init(path: String, crash: CrashPlan, leaseLost: @escaping @Sendable () -> Void) throws(Fault) {
        folder = ExportFolder(path)
        try Self.refuseForeign(folder)
        try folder.create()
        // The database says less clearly that it may not be written to.
        try Files.requireWritable(folder.control)
        if try Files.exists(folder.catalog) { try Files.requireWritable(folder.catalog) }
        runID = UUID().uuidString.lowercased()
        store = try Metastore(path: folder.catalog)
        holder = try LeaseHolder.current(runID: runID)
        try store.acquireLease(holder: holder, now: Self.now, timeToLive: Self.timeToLive)
        chain = DirectoryAnchorStore(exportPath: path, crash: crash)
        sink = try DirectorySink(folder, runID: runID, crash: crash)
        schemas = SchemaStore(folder)
        observations = ObservationStore(folder)
        contracts = ContractStore(folder)
        heart = Mutex(nil)
        try mend()
        try store.beginRun(runID, at: Self.now)
        heart.withLock { $0 = WorkerThread { [self] in beat(leaseLost) } }
    }

    static var now: Timestamp { Timestamp(microseconds: wallClockMicroseconds()) }

    /// Whether another run has taken the lease over.
    var hasLostLease: Bool { lost.load(ordering: .acquiring) }

    /// The chain, as the holder of the lease may write it.
    var leasedChain: LeasedAnchorStore {
        LeasedAnchorStore(chain: chain, store: store, holder: holder) { [self] in lost.store(true, ordering: .releasing)
        }
    }

    /// Gives the lease back.
    func close(outcome: String) {
        isOver.store(true, ordering: .releasing)
        heart.withLock { $0.take() }?.join()
        try? store.endRun(runID, at: Self.now, outcome: outcome)
        try? store.releaseLease(holder: holder)
        try? store.close()
    }

    /// Removes drafts and working files, and segments that no anchor names. A segment's name says where it ends; what
    /// ends beyond the newest anchor cannot have been anchored.
    func sweep() throws(Fault) {
        let last = try chain.latest()?.anchor
        let newest = try pathsAtTheEnd(of: last)
        _ = try sink.sweep { path in
            guard let last, let name = SegmentName(path: path) else { return false }
            if last.source.notation == .clock { return last.lane(ofPath: path).map { name.isInside($0) } ?? false }
            return (name.epoch, name.last) < (last.epoch, last.to) || newest.contains(path)
        }
    }

    /// The segments of the newest anchors that end at one place: two may, where tables were read again.
    private func pathsAtTheEnd(of last: Anchor?) throws(Fault) -> Set<String> {
        var paths: Set<String> = []
        var next = last
        while let anchor = next, let last, (anchor.epoch, anchor.to) == (last.epoch, last.to) {
            paths.formUnion(anchor.segments.map(\.path))
            next = try chain.anchor(anchor.number - 1)?.anchor
        }
        return paths
    }

    private func mend() throws(Fault) {
        let latest = try provedLatest()
        try sweep()
        let recorded = try recorded()
        if recorded?.number == latest?.anchor.number, recorded?.digest == latest?.digest {
            guard let latest, try !store.hasShapes(upTo: latest.anchor.number) else { return }
        }
        try store.rebuild(from: chain)
    }

    /// What the catalog holds for the newest anchor; nothing where it cannot be read, for then it is made anew.
    private func recorded() throws(Fault) -> RecordedAnchor? {
        do throws(Fault) {
            return try store.lastRecorded()
        } catch {
            guard error.code == .exportBroken else { throw error }
            return nil
        }
    }

    /// The newest anchor of a chain that may be gone on with: nothing is published upon a damaged one, and nothing is
    /// swept that a lost anchor may name.
    private func provedLatest() throws(Fault) -> StoredAnchor? {
        let latest = try chain.latest(provingNewest: Self.provedAnchorCount)
        try folder.requireAnchors(upTo: recorded()?.number ?? 0, in: latest?.anchor.number ?? 0)
        if latest != nil, try ExportRecord.read(in: folder) == nil {
            throw Fault(.exportBroken, "\(folder.exportRecord) is missing")
        }
        return latest
    }

    private func beat(_ leaseLost: @Sendable () -> Void) {
        var next = ContinuousClock.now + Self.timeToLive / 4
        while !isOver.load(ordering: .acquiring) {
            pause(.milliseconds(50))
            guard .now >= next else { continue }
            next = .now + Self.timeToLive / 4
            do throws(Fault) {
                try store.renewLease(holder: holder, now: Self.now, timeToLive: Self.timeToLive)
            } catch {
                lost.store(true, ordering: .releasing)
                leaseLost()
                return
            }
        }
    }

    /// A folder with other people's files in it is not made an export of.
    private static func refuseForeign(_ folder: ExportFolder) throws(Fault) {
        guard try Files.exists(folder.path), try !Files.exists(folder.control) else { return }
        guard try Files.isFolder(folder.path) else {
            throw Fault(.exportExists, "\(folder.path) is not a folder")
        }
        let others = try Files.names(in: folder.path).filter { $0 != "lost+found" }
        guard others.isEmpty else {
            throw Fault(.exportExists, "\(folder.path) is not empty and is no export")
        }
    }
}
