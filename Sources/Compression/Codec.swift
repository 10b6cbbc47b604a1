// SPDX-License-Identifier: Apache-2.0

/// How the bytes of a segment are compressed.
public enum Codec: String, Sendable, CaseIterable, Codable {
    /// Zstandard frames with a checksum (RFC 8878).
    case zstd
    /// gzip members (RFC 1952).
    case gzip
    /// The bytes as they are.
    case none

    /// What file names end with, without the dot; empty for ``none``.
    public var fileExtension: String {
        switch self {
        case .zstd: "zst"
        case .gzip: "gz"
        case .none: ""
        }
    }

    /// The codec that the end of `path` tells; ``none`` when it tells of no compression.
    public init(path: String) {
        self = Self.allCases.first { $0 != .none && path.hasSuffix("." + $0.fileExtension) } ?? .none
    }
}
