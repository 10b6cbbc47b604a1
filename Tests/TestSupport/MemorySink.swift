// SPDX-License-Identifier: Apache-2.0

internal import Bytes
public import Export
public import Faults
internal import Synchronization

/// Segments in memory, by the same law as segments on disk.
public final class MemorySink: Sink {
    struct State {
        var draftCount = 0
        var drafts: [String: [UInt8]] = [:]
        var placed: [String: [UInt8]] = [:]
        var settled: Set<String> = []
    }

    let state = Mutex(State())

    /// An empty sink.
    public init() {}

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
    }

    /// Makes all places durable.
    public func settle() throws(Fault) {
        state.withLock { $0.settled = Set($0.placed.keys) }
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
    public func freeByteCount() throws(Fault) -> UInt64? { nil }
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
        let copy = bytes.copiedBytes()
        sink.state.withLock { $0.drafts[token, default: []] += copy }
    }

    /// Makes the bytes durable and ends the draft.
    public func seal() throws(Fault) -> SealedDraft {
        guard !hasEnded else { throw Fault(.bug, "a draft that has ended was sealed") }
        hasEnded = true
        return SealedDraft(token: token, byteCount: sink.state.withLock { $0.drafts[token]?.count ?? 0 })
    }

    /// Forgets the file.
    public func discard() {
        hasEnded = true
        _ = sink.state.withLock { $0.drafts.removeValue(forKey: token) }
    }
}
