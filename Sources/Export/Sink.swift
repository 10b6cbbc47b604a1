// SPDX-License-Identifier: Apache-2.0

public import Faults

/// Where finished segments come to rest.
///
/// The law: a draft is invisible to readers. `seal` makes its bytes durable. `place` gives it its final path, relative
/// to the export, and replaces what an earlier crash left there; `settle` makes all places taken since the last call
/// durable. Only then may an anchor name them. Drafts may be begun and written on several threads at once.
public protocol Sink: Sendable {
    /// Its drafts.
    associatedtype Draft: SegmentDraft
    /// Begins a file that nobody sees yet.
    func beginDraft() throws(Fault) -> Draft
    /// Gives a sealed draft its path, such as `public.orders/data/….ndjson.zst`.
    func place(_ draft: SealedDraft, at path: String) throws(Fault)
    /// Makes all places durable.
    func settle() throws(Fault)
    /// Removes what no anchor names: all drafts, and every placed segment for which `isAnchored` is false.
    /// Returns how many files went.
    func sweep(keeping isAnchored: (String) -> Bool) throws(Fault) -> Int
    /// How many bytes may still be written, nil when there is no such bound.
    func freeByteCount() throws(Fault) -> UInt64?
}

/// A file being written that nobody sees yet.
public protocol SegmentDraft: AnyObject {
    /// Appends bytes.
    func write(_ bytes: RawSpan) throws(Fault)
    /// Makes the bytes durable; nothing may be written afterwards.
    func seal() throws(Fault) -> SealedDraft
    /// Forgets the file, sealed or not, unless it has its place. Doing it twice, or after a fault, is allowed.
    func discard()
}

/// A draft whose bytes are durable and wait for their place.
public struct SealedDraft: Hashable, Sendable {
    /// How the sink finds the draft again.
    public let token: String
    /// How many bytes it holds.
    public let byteCount: Int

    /// Makes a receipt; only sinks do.
    public init(token: String, byteCount: Int) {
        self.token = token
        self.byteCount = byteCount
    }
}
