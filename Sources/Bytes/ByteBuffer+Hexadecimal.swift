// SPDX-License-Identifier: Apache-2.0

extension RawSpan {
    /// Whether the bytes are well-formed UTF-8.
    public var isValidUTF8: Bool {
        unsafe withUnsafeBytes { unsafe String(validating: $0, as: UTF8.self) != nil }
    }
}

extension ByteBuffer {
    /// Appends two lower-case hexadecimal digits for each byte.
    public mutating func appendHexadecimal(bytes: RawSpan) {
        for index in 0..<bytes.byteCount { appendHexadecimal(UInt64(bytes[index]), digits: 2) }
    }
}
