// SPDX-License-Identifier: Apache-2.0

extension ByteBuffer {
    /// Appends `bytes` in Base64 with padding (RFC 4648, section 4).
    public mutating func appendBase64(_ bytes: RawSpan) {
        let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        func letter(_ bits: UInt32) -> UInt8 {
            // SAFETY: six bits are less than the alphabet's 64 letters.
            unsafe alphabet.utf8Start[Int(bits & 63)]
        }
        var index = 0
        while index < bytes.byteCount {
            let count = min(3, bytes.byteCount - index)
            var group: UInt32 = 0
            for offset in 0..<3 { group = group << 8 | (offset < count ? UInt32(bytes[index + offset]) : 0) }
            append(letter(group >> 18))
            append(letter(group >> 12))
            append(count > 1 ? letter(group >> 6) : UInt8(ascii: "="))
            append(count > 2 ? letter(group) : UInt8(ascii: "="))
            index += 3
        }
    }
}

extension [UInt8] {
    /// The bytes that Base64 with padding means (RFC 4648, section 4); nil when it means none.
    public var base64Decoded: [UInt8]? {
        guard count % 4 == 0 else { return nil }
        let padding = reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding <= 2 else { return nil }
        var (decoded, bits, filled) = ([UInt8](), UInt32(0), 0)
        for byte in dropLast(padding) {
            guard let value = byte.base64Value else { return nil }
            bits = bits << 6 | value
            filled += 6
            guard filled >= 8 else { continue }
            filled -= 8
            decoded.append(UInt8(truncatingIfNeeded: bits >> UInt32(filled)))
        }
        return decoded
    }
}

extension UInt8 {
    fileprivate var base64Value: UInt32? {
        switch self {
        case 0x41...0x5a: UInt32(self) - 0x41
        case 0x61...0x7a: UInt32(self) - 0x61 + 26
        case 0x30...0x39: UInt32(self) - 0x30 + 52
        case 0x2b: 62
        case 0x2f: 63
        default: nil
        }
    }
}
