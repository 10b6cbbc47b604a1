// SPDX-License-Identifier: Apache-2.0

internal import CZlib

/// The CRC-32 of `bytes` (ISO 3309, the polynomial of gzip).
public func crc32(of bytes: RawSpan) -> UInt32 {
    var checksum: UInt = 0
    var rest = bytes
    while rest.byteCount > 0 {
        let piece = rest.extracting(first: min(rest.byteCount, 1 << 30))
        checksum = unsafe piece.withUnsafeBytes { buffer in
            // SAFETY: the library reads as many bytes as it is told.
            unsafe CZlib.crc32(checksum, buffer.assumingMemoryBound(to: UInt8.self).baseAddress, UInt32(buffer.count))
        }
        rest = rest.extracting(droppingFirst: piece.byteCount)
    }
    return UInt32(truncatingIfNeeded: checksum)
}
