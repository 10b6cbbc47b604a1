// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// The form of list, record and map values in a batch: a flat run of tokens, written once and read once.
///
/// | token | bytes |
/// | --- | --- |
/// | null | `0x00` |
/// | scalar | `0x01`, length as 32-bit little-endian, the bytes in the form of its ``ColumnType`` |
/// | list | `0x02`, the elements, `0x05` |
/// | record | `0x03`, one value for each field, `0x05` |
/// | map | `0x04`, key scalar and value in turn, `0x05` |
public enum NestedValue {
    /// One step through a nested value.
    public enum Token: ~Escapable {
        /// No value.
        case null
        /// A value without parts.
        case scalar(RawSpan)
        /// A list begins.
        case beginList
        /// A record begins.
        case beginRecord
        /// A map begins.
        case beginMap
        /// The innermost list, record or map ends.
        case end
    }
}

extension ByteBuffer {
    /// Appends a null token.
    public mutating func appendNestedNull() { append(0) }
    /// Appends a scalar token.
    public mutating func appendNestedScalar(_ bytes: RawSpan) {
        append(1)
        appendLittleEndian(UInt32(truncatingIfNeeded: bytes.byteCount))
        append(bytes)
    }
    /// Begins a scalar token whose bytes are appended next; end it with ``endNestedScalar(_:)``.
    public mutating func beginNestedScalar() -> Int {
        append(1)
        appendLittleEndian(0)
        return count
    }
    /// Ends the scalar token that ``beginNestedScalar()`` began at `start`.
    public mutating func endNestedScalar(_ start: Int) {
        overwriteLittleEndian(UInt32(truncatingIfNeeded: count - start), at: start - 4)
    }
    /// Appends the token that begins a list.
    public mutating func beginNestedList() { append(2) }
    /// Appends the token that begins a record.
    public mutating func beginNestedRecord() { append(3) }
    /// Appends the token that begins a map.
    public mutating func beginNestedMap() { append(4) }
    /// Appends the token that ends the innermost list, record or map.
    public mutating func endNested() { append(5) }
}

/// Walks the tokens of one nested value.
public struct NestedReader: ~Escapable {
    private var reader: ByteReader

    /// Begins at the first token of `bytes`.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) {
        reader = ByteReader(bytes)
    }

    /// Offset of the next token.
    public var offset: Int { reader.offset }

    /// The next token, or nil after the last.
    @_lifetime(self: copy self)
    @_lifetime(copy self)
    public mutating func next() throws(WireFault) -> NestedValue.Token? {
        guard reader.remaining > 0 else { return nil }
        let start = reader.offset
        switch try reader.readByte() {
        case 0: return .null
        case 1:
            return .scalar(try reader.readBytes(Int(try reader.readInteger(UInt32.self).byteSwapped)))
        case 2: return .beginList
        case 3: return .beginRecord
        case 4: return .beginMap
        case 5: return .end
        case let tag: throw WireFault(.unknownTag(tag), at: start)
        }
    }
}
