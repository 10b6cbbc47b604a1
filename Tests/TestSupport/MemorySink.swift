// SPDX-License-Identifier: Apache-2.0

internal import Bytes
public import Export
public import Faults
internal import Synchronization

/// What goes wrong in a sink, and when.
public struct SinkTrouble: Sendable {
    /// After how many writes each further one fails for want of room; nil for never.
    public var writesUntilFull: Int?
    /// How many bytes may still be written; nil when there is no bound.
    public var freeByteCount: UInt64?
    /// Called in each settling, which takes as long as it takes.
    public var whileSettling: (@Sendable () -> Void)?
    /// Called in each write.
    public var whileWriting: (@Sendable () -> Void)?

    /// Nothing goes wrong.
    public init() {}
}

/// Segments in memory, by the same law as segments on disk.
public final class MemorySink: Sink {
    struct State {
        var draftCount = 0
        var drafts: [String: [UInt8]] = [:]
        var placed: [String: [UInt8]] = [:]
        var settled: Set<String> = []
    }

    let state = Mutex(State())
    private let trouble: Mutex<SinkTrouble>
    let crash: CrashPlan

    /// An empty sink in which `trouble` happens and which ends at the crash points of a sink.
    public init(_ trouble: SinkTrouble = SinkTrouble(), crash: CrashPlan = .none) {
        self.trouble = Mutex(trouble)
        self.crash = crash
    }

    /// A sink with the same files, as the next run finds it.
    public convenience init(reopening other: MemorySink) {
        self.init()
        let found = other.state.withLock { $0 }
        state.withLock { $0 = found }
    }

    /// Changes what goes wrong.
    public func change(_ body: (inout SinkTrouble) -> Void) { trouble.withLock { body(&$0) } }
    /// How many files are begun or sealed and have no place.
    public var draftCount: Int { state.withLock { $0.drafts.count } }

    func noteWrite() throws(Fault) {
        trouble.withLock { $0.whileWriting }?()
        let isFull = trouble.withLock { trouble -> Bool in
            guard let left = trouble.writesUntilFull else { return false }
            trouble.writesUntilFull = left - 1
            return left <= 0
        }
        if isFull { throw Fault(.diskFull, "the memory is full") }
    }

    /// The placed segments by path.
    public var files: [String: [UInt8]] { state.withLock { $0.placed } }
    /// The paths that were placed and settled.
    public var settledPaths: Set<String> { state.withLock { $0.settled } }

    /// Begins a file that nobody sees yet.
    public func beginDraft() throws(Fault) -> MemoryDraft {
        let token = state.withLock { state in
            state.draftCount += 1
            state.drafts["draft \(state.draftCount)"] = []
            return "draft \(state.draftCount)"
        }
        return MemoryDraft(self, token: token)
    }

    /// Gives a sealed draft its path and replaces what stood there.
    public func place(_ draft: SealedDraft, at path: String) throws(Fault) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1] == "data", !parts.contains(".."), !parts.contains("") else {
            throw Fault(.bug, "\(path) is not the path of a segment")
        }
        try state.withLock { (state) throws(Fault) in
            guard let bytes = state.drafts.removeValue(forKey: draft.token) else {
                throw Fault(.bug, "a draft was placed twice")
            }
            state.placed[path] = bytes
        }
        try crash.reach(.afterSegmentRename)
    }

    /// Makes all places durable.
    public func settle() throws(Fault) {
        trouble.withLock { $0.whileSettling }?()
        state.withLock { $0.settled = Set($0.placed.keys) }
        try crash.reach(.afterFolderSync)
    }

    /// Removes what no anchor names; returns how many files went.
    public func sweep(keeping isAnchored: (String) -> Bool) throws(Fault) -> Int {
        state.withLock { state in
            let before = state.drafts.count + state.placed.count
            state.drafts = [:]
            state.placed = state.placed.filter { isAnchored($0.key) }
            return before - state.placed.count
        }
    }

    /// How many bytes may still be written.
    public func freeByteCount() throws(Fault) -> UInt64? { trouble.withLock { $0.freeByteCount } }
}

/// A draft in memory.
public final class MemoryDraft: SegmentDraft {
    private let sink: MemorySink
    private let token: String
    private var hasEnded = false

    init(_ sink: MemorySink, token: String) {
        self.sink = sink
        self.token = token
    }

    /// Appends bytes.
    public func write(_ bytes: RawSpan) throws(Fault) {
        guard !hasEnded else { throw Fault(.bug, "a draft that has ended was written to") }
        try sink.noteWrite()
        let copy = bytes.copiedBytes()
        sink.state.withLock { $0.drafts[token, default: []] += copy }
        try sink.crash.reach(.duringSegment)
    }

    /// Makes the bytes durable and ends the draft.
    public func seal() throws(Fault) -> SealedDraft {
        guard !hasEnded else { throw Fault(.bug, "a draft that has ended was sealed") }
        try sink.crash.reach(.afterSegmentWrite)
        hasEnded = true
        try sink.crash.reach(.afterSegmentSync)
        return SealedDraft(token: token, byteCount: sink.state.withLock { $0.drafts[token]?.count ?? 0 })
    }

    /// Forgets the file.
    public func discard() {
        hasEnded = true
        _ = sink.state.withLock { $0.drafts.removeValue(forKey: token) }
    }
}
