// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Growing bytes with one owner: what encoders write into and what a batch keeps its values in.
@safe
public struct ByteBuffer: ~Copyable {
    @usableFromInline var base: UnsafeMutableRawPointer
    @usableFromInline var reserved: Int
    @usableFromInline var written = 0

    /// Reserves `capacity` bytes, at least 64.
    public init(capacity: Int = 256) {
        reserved = max(capacity, 64)
        unsafe base = UnsafeMutableRawPointer.allocate(byteCount: reserved, alignment: 16)
    }

    deinit {
        unsafe base.deallocate()
    }

    /// How many bytes are reserved.
    public var capacity: Int { reserved }
    /// How many bytes have been written.
    @inlinable
    public var count: Int { written }
    /// Whether nothing has been written.
    @inlinable
    public var isEmpty: Bool { written == 0 }

    /// The bytes written so far, in place.
    @inlinable
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        borrowing get {
            // SAFETY: `base` holds `count` initialized bytes for as long as `self` is borrowed.
            let span = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(base), byteCount: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Forgets what was written and keeps the room for more.
    @inlinable
    public mutating func removeAll() {
        written = 0
    }

    /// Forgets all but the first `newCount` bytes.
    @inlinable
    public mutating func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= count, "a buffer cannot be truncated to more than it holds")
        written = newCount
    }

    /// Forgets what was written and gives back room beyond `limit` bytes.
    public mutating func removeAll(keepingAtMost limit: Int) {
        written = 0
        guard capacity > limit else { return }
        unsafe base.deallocate()
        reserved = max(limit, 64)
        unsafe base = UnsafeMutableRawPointer.allocate(byteCount: reserved, alignment: 16)
    }

    /// Makes sure that `additional` more bytes fit without growing again.
    @inlinable
    @inline(__always)
    public mutating func reserve(_ additional: Int) {
        if written + additional > reserved { grow(by: additional) }
    }

    @inline(never)
    @usableFromInline
    mutating func grow(by additional: Int) {
        let newCapacity = max(reserved * 2, written + additional)
        let new = UnsafeMutableRawPointer.allocate(byteCount: newCapacity, alignment: 16)
        unsafe new.copyMemory(from: base, byteCount: count)
        unsafe base.deallocate()
        unsafe base = new
        reserved = newCapacity
    }

    /// Appends one byte.
    @inlinable
    @inline(__always)
    public mutating func append(_ byte: UInt8) {
        reserve(1)
        // SAFETY: `reserve` made room for the byte.
        unsafe base.storeBytes(of: byte, toByteOffset: written, as: UInt8.self)
        written += 1
    }

    /// Appends a copy of `bytes`.
    @inlinable
    @inline(__always)
    public mutating func append(_ bytes: RawSpan) {
        let length = bytes.byteCount
        guard length > 0 else { return }
        reserve(length)
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            // SAFETY: `reserve` made room; a span over this very buffer cannot exist while it is mutated.
            unsafe copyShort(from: start, to: base + written, byteCount: length)
        }
        written += length
    }

    /// Appends an ASCII or UTF-8 literal.
    @inlinable
    @inline(__always)
    public mutating func append(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        reserve(length)
        // SAFETY: `reserve` made room; a static string is at least `length` bytes long.
        unsafe (base + written).copyMemory(from: text.utf8Start, byteCount: length)
        written += length
    }

    /// Appends the UTF-8 form of `text`.
    public mutating func append(text: String) {
        var text = text
        text.withUTF8 { buffer in
            guard let start = buffer.baseAddress else { return }
            reserve(buffer.count)
            // SAFETY: `reserve` made room for the whole of `buffer`.
            unsafe (base + written).copyMemory(from: start, byteCount: buffer.count)
            written += buffer.count
        }
    }

    /// Appends a copy of `array`.
    public mutating func append(contentsOf array: [UInt8]) {
        // SAFETY: bytes have no padding.
        append(unsafe array.span.bytes)
    }

    /// Appends `value` in decimal digits.
    public mutating func appendDecimal(_ value: UInt64) {
        reserve(20)
        var rest = value
        var digits = 1
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        rest = value
        for index in stride(from: digits - 1, through: 0, by: -1) {
            // SAFETY: `reserve` made room for the twenty digits of the largest value.
            unsafe base.storeBytes(
                of: 48 + UInt8(truncatingIfNeeded: rest % 10), toByteOffset: written + index, as: UInt8.self)
            rest /= 10
        }
        written += digits
    }

    /// Appends `value` in decimal digits, with zeros before it up to `digits` digits.
    public mutating func appendDecimal(_ value: UInt64, digits: Int) {
        reserve(digits)
        var rest = value
        for index in stride(from: digits - 1, through: 0, by: -1) {
            // SAFETY: `reserve` made room for `digits` bytes.
            unsafe base.storeBytes(
                of: 48 + UInt8(truncatingIfNeeded: rest % 10), toByteOffset: written + index, as: UInt8.self)
            rest /= 10
        }
        written += digits
    }

    /// Appends a 32-bit little-endian integer.
    @inlinable
    @inline(__always)
    public mutating func appendLittleEndian(_ value: UInt32) {
        reserve(4)
        // SAFETY: `reserve` made room for the four bytes.
        unsafe base.storeBytes(of: value.littleEndian, toByteOffset: written, as: UInt32.self)
        written += 4
    }

    /// Overwrites one byte at `offset`.
    @inlinable
    public mutating func overwrite(_ byte: UInt8, at offset: Int) {
        precondition(offset >= 0 && offset < count, "a buffer cannot be overwritten beyond its end")
        // SAFETY: the precondition keeps the store inside the written bytes.
        unsafe base.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
    }

    /// Overwrites four bytes at `offset` with a 32-bit little-endian integer.
    public mutating func overwriteLittleEndian(_ value: UInt32, at offset: Int) {
        precondition(offset >= 0 && offset + 4 <= count, "a buffer cannot be overwritten beyond its end")
        // SAFETY: the precondition keeps the store inside the written bytes.
        unsafe base.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self)
    }

    /// Lets `body` write up to `limit` bytes in place and say how many it wrote.
    public mutating func append<E: Error>(
        upTo limit: Int, _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Int
    ) throws(E) {
        reserve(limit)
        let length = try unsafe body(UnsafeMutableRawBufferPointer(start: base + written, count: limit))
        precondition(length >= 0 && length <= limit, "a writer cannot have written more than it was lent")
        written += length
    }
}

/// Copies `byteCount` bytes, short ones without a call.
@inlinable
@inline(__always)
func copyShort(from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int) {
    // SAFETY: both ranges hold `byteCount` bytes; the two words or half words may overlap but never leave them.
    if byteCount > 16 {
        unsafe target.copyMemory(from: source, byteCount: byteCount)
    } else if byteCount >= 8 {
        let last = byteCount - 8
        let head = unsafe source.loadUnaligned(as: UInt64.self)
        let tail = unsafe source.loadUnaligned(fromByteOffset: last, as: UInt64.self)
        unsafe target.storeBytes(of: head, as: UInt64.self)
        unsafe target.storeBytes(of: tail, toByteOffset: last, as: UInt64.self)
    } else if byteCount >= 4 {
        let last = byteCount - 4
        let head = unsafe source.loadUnaligned(as: UInt32.self)
        let tail = unsafe source.loadUnaligned(fromByteOffset: last, as: UInt32.self)
        unsafe target.storeBytes(of: head, as: UInt32.self)
        unsafe target.storeBytes(of: tail, toByteOffset: last, as: UInt32.self)
    } else {
        for index in 0..<byteCount {
            let byte = unsafe source.load(fromByteOffset: index, as: UInt8.self)
            unsafe target.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
        }
    }
}

// SAFETY: a buffer owns its memory alone and is moved, never shared.
extension ByteBuffer: @unchecked Sendable {}
