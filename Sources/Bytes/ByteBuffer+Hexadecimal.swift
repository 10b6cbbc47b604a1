// SPDX-License-Identifier: Apache-2.0

extension ByteBuffer {
    /// Appends two lower-case hexadecimal digits for each byte.
    public mutating func appendHexadecimal(bytes: RawSpan) {
        for index in 0..<bytes.byteCount { appendHexadecimal(UInt64(bytes[index]), digits: 2) }
    }
}
