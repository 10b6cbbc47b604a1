// SPDX-License-Identifier: Apache-2.0

/// How one block of bytes, whose length is known to both sides, is compressed inside a file.
public enum PageCodec: String, Sendable, CaseIterable, Codable {
    /// One Zstandard frame (RFC 8878) without a checksum.
    case zstd
    /// Snappy's block format.
    case snappy
    /// One gzip member (RFC 1952).
    case gzip
    /// The bytes as they are.
    case none
}
