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
