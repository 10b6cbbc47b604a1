// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What expanding a compressed string and reading a stream through a window need.
extension ByteBuffer {
    /// Forgets the first `length` bytes and moves the rest to the front.
    public mutating func removeFirst(_ length: Int) {
        precondition(length >= 0 && length <= count, "no more can be removed from a buffer than it holds")
        guard length > 0 else { return }
        // SAFETY: both ranges lie within the written bytes; `memmove` lets them overlap.
        unsafe memmove(base, base + length, written - length)
        written -= length
    }

    /// Appends up to 32 bytes of `source` from `start` on, without a call when as many can be read there.
    @inlinable
    @inline(__always)
    public mutating func appendRun(of source: RawSpan, from start: Int, length: Int) {
        precondition(length >= 0 && length <= 32 && start >= 0 && length <= source.byteCount - start)
        guard source.byteCount - start >= 32 else { return append(source.extracting(start..<start + length)) }
        reserve(32)
        unsafe source.withUnsafeBytes { bytes in
            guard let begin = bytes.baseAddress else { return }
            // SAFETY: `reserve` made room for 32 bytes, and the guard above found as many to read.
            unsafe (base + written).copyMemory(from: begin + start, byteCount: 32)
        }
        written += length
    }

    /// Appends `length` bytes read from `distance` bytes before the end on. They may reach into what is being appended,
    /// which is how compressors say that something repeats.
    @inlinable
    public mutating func appendRepetition(_ length: Int, distance: Int) {
        precondition(length >= 0 && distance > 0 && distance <= count, "what repeats begins within the buffer")
        reserve(length + 8)
        let target = unsafe base + written
        let source = unsafe target - distance
        var index = 0
        if distance >= 8 {
            while index < length {
                // SAFETY: `reserve` made room for a word beyond the end; the word that is read was written before.
                let word = unsafe source.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                unsafe target.storeBytes(of: word, toByteOffset: index, as: UInt64.self)
                index += 8
            }
        } else {
            while index < length {
                // SAFETY: `reserve` made room; the byte that is read was written before.
                let byte = unsafe source.load(fromByteOffset: index, as: UInt8.self)
                unsafe target.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
                index += 1
            }
        }
        written += length
    }
}
