// SPDX-License-Identifier: Apache-2.0

/// How much of a payload is held at a time.
public struct RDBLimits: Sendable {
    /// Strings longer than this come in pieces of at most this many bytes.
    public let pieceByteCount: Int
    /// What has to be held whole (a key's name, a packed list, a library of functions) may not be longer than this.
    public let heldByteCount: Int
    /// How many bytes are asked of the input at a time.
    public let readByteCount: Int

    /// Pieces of 1 MiB, 64 MiB held whole and 256 KiB read at a time, unless said otherwise. A piece is no shorter than
    /// 1 KiB and no longer than what may be held whole.
    public init(pieceByteCount: Int = 1 << 20, heldByteCount: Int = 64 << 20, readByteCount: Int = 256 << 10) {
        self.heldByteCount = max(heldByteCount, 1 << 10)
        self.pieceByteCount = min(max(pieceByteCount, 1 << 10), self.heldByteCount)
        self.readByteCount = max(readByteCount, 1)
    }

    /// Buffers that grew beyond this for one value are given back after it.
    var keptByteCount: Int { max(4 * pieceByteCount, 4 * readByteCount) }
}
