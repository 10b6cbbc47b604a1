// SPDX-License-Identifier: Apache-2.0

/// A set of bytes at which a run ends, found eight bytes at a time.
public protocol ByteStops {
    /// The high bit of every byte of `word` that is a stop. Bits above the lowest one that is set may be wrong.
    static func mask(_ word: UInt64) -> UInt64
    /// Whether `byte` is a stop.
    static func contains(_ byte: UInt8) -> Bool
}

/// The zero byte, which ends a string of the wire.
public enum ZeroByte: ByteStops {
    /// See ``ByteStops/mask(_:)``.
    @inlinable
    @inline(__always)
    public static func mask(_ word: UInt64) -> UInt64 { zeroBytes(word) }
    /// See ``ByteStops/contains(_:)``.
    @inlinable
    @inline(__always)
    public static func contains(_ byte: UInt8) -> Bool { byte == 0 }
}

/// Tab and backslash: what ends a plain run in a line of COPY text.
public enum CopyStops: ByteStops {
    /// See ``ByteStops/mask(_:)``.
    @inlinable
    @inline(__always)
    public static func mask(_ word: UInt64) -> UInt64 {
        zeroBytes(word ^ repeated(0x09)) | zeroBytes(word ^ repeated(0x5c))
    }
    /// See ``ByteStops/contains(_:)``.
    @inlinable
    @inline(__always)
    public static func contains(_ byte: UInt8) -> Bool { byte == 0x09 || byte == 0x5c }
}

/// Double quote and backslash: what ends a plain run inside quotes.
public enum QuoteStops: ByteStops {
    /// See ``ByteStops/mask(_:)``.
    @inlinable
    @inline(__always)
    public static func mask(_ word: UInt64) -> UInt64 {
        zeroBytes(word ^ repeated(0x22)) | zeroBytes(word ^ repeated(0x5c))
    }
    /// See ``ByteStops/contains(_:)``.
    @inlinable
    @inline(__always)
    public static func contains(_ byte: UInt8) -> Bool { byte == 0x22 || byte == 0x5c }
}

/// What cannot be copied into a JSON string unseen: quote, backslash, control bytes, and all that is not ASCII.
public enum JSONStringStops: ByteStops {
    /// See ``ByteStops/mask(_:)``.
    @inlinable
    @inline(__always)
    public static func mask(_ word: UInt64) -> UInt64 {
        zeroBytes(word ^ repeated(0x22)) | zeroBytes(word ^ repeated(0x5c)) | JSONTextStops.mask(word)
    }
    /// See ``ByteStops/contains(_:)``.
    @inlinable
    @inline(__always)
    public static func contains(_ byte: UInt8) -> Bool {
        byte == 0x22 || byte == 0x5c || JSONTextStops.contains(byte)
    }
}

/// What cannot be embedded as JSON unseen: control bytes, and all that is not ASCII.
public enum JSONTextStops: ByteStops {
    /// See ``ByteStops/mask(_:)``.
    @inlinable
    @inline(__always)
    public static func mask(_ word: UInt64) -> UInt64 {
        // A byte below 0x20 borrows when 0x20 is taken from it; a byte above 0x7f has its high bit already.
        ((word &- repeated(0x20)) & ~word | word) & repeated(0x80)
    }
    /// See ``ByteStops/contains(_:)``.
    @inlinable
    @inline(__always)
    public static func contains(_ byte: UInt8) -> Bool { byte < 0x20 || byte >= 0x80 }
}

extension RawSpan {
    /// The offset of the first stop from `start` on, or the number of bytes when there is none.
    @inlinable
    @inline(__always)
    public func firstIndex<Stops: ByteStops>(of stops: Stops.Type, from start: Int) -> Int {
        var index = start
        while index + 8 <= byteCount {
            let mask = Stops.mask(littleEndianWord(at: index))
            if mask != 0 { return index + mask.trailingZeroBitCount >> 3 }
            index += 8
        }
        while index < byteCount, !Stops.contains(self[index]) { index += 1 }
        return index
    }
}

extension ByteBuffer {
    /// Appends the bytes from `start` on up to the first stop, and returns the offset of that stop or the number
    /// of bytes when there is none.
    @inlinable
    @inline(__always)
    public mutating func appendRun<Stops: ByteStops>(
        of bytes: RawSpan, from start: Int, until stops: Stops.Type
    ) -> Int {
        let end = bytes.byteCount
        guard start < end else { return end }
        reserve(end - start + 8)
        var index = start
        while index + 8 <= end {
            let word = bytes.littleEndianWord(at: index)
            // SAFETY: `reserve` made room for eight bytes beyond all that can be appended here.
            unsafe base.storeBytes(of: word.littleEndian, toByteOffset: written, as: UInt64.self)
            let mask = Stops.mask(word)
            if mask != 0 {
                let length = mask.trailingZeroBitCount >> 3
                written += length
                return index + length
            }
            written += 8
            index += 8
        }
        return appendTail(of: bytes, from: index, until: stops)
    }

    /// The last bytes of a run, fewer than eight.
    @inlinable
    @inline(__always)
    mutating func appendTail<Stops: ByteStops>(of bytes: RawSpan, from start: Int, until stops: Stops.Type) -> Int {
        let end = bytes.byteCount
        guard end >= 8, start < end else { return appendEach(of: bytes, from: start, until: stops) }
        let word = bytes.littleEndianWord(at: end - 8) >> UInt64(8 * (8 - (end - start)))
        // SAFETY: `appendRun` made room for eight bytes beyond all that can be appended here.
        unsafe base.storeBytes(of: word.littleEndian, toByteOffset: written, as: UInt64.self)
        let length = min(Stops.mask(word).trailingZeroBitCount >> 3, end - start)
        written += length
        return start + length
    }

    @inlinable
    @inline(__always)
    mutating func appendEach<Stops: ByteStops>(of bytes: RawSpan, from start: Int, until stops: Stops.Type) -> Int {
        var index = start
        while index < bytes.byteCount, !Stops.contains(bytes[index]) {
            append(bytes[index])
            index += 1
        }
        return index
    }
}

/// A word of eight times `byte`.
@inlinable
@inline(__always)
func repeated(_ byte: UInt64) -> UInt64 { byte &* 0x0101_0101_0101_0101 }

/// The high bit of every zero byte of `word`; bits above the lowest one that is set may be wrong.
@inlinable
@inline(__always)
func zeroBytes(_ word: UInt64) -> UInt64 {
    (word &- repeated(0x01)) & ~word & repeated(0x80)
}
