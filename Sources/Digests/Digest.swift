// SPDX-License-Identifier: Apache-2.0

/// A SHA-256 digest: 32 bytes that stand for the bytes they were made from.
public struct Digest: Hashable, Sendable {
    /// How many bytes a digest has.
    public static let byteCount = 32

    /// The 32 bytes.
    public let bytes: [UInt8]

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The digest of `data`.
    public init(of data: [UInt8]) {
        // SAFETY: bytes have no padding.
        self.init(of: unsafe data.span.bytes)
    }

    /// The digest of `data`.
    public init(of data: RawSpan) {
        var hash = SHA256()
        hash.update(data)
        self = hash.finalize()
    }

    /// Reads 64 lower-case hexadecimal digits; nil for anything else, so that a digest has one spelling only.
    public init?(hexadecimal text: String) {
        let digits = text.utf8.compactMap(Self.nibble)
        guard digits.count == 2 * Self.byteCount, text.utf8.count == digits.count else { return nil }
        bytes = (0..<Self.byteCount).map { digits[2 * $0] << 4 | digits[2 * $0 + 1] }
    }

    /// 64 lower-case hexadecimal digits.
    public var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }
}

extension Digest: CustomStringConvertible {
    /// The same as ``Digest/hexadecimal``.
    public var description: String { hexadecimal }
}
