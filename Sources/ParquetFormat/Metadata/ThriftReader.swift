// SPDX-License-Identifier: Apache-2.0

package import Bytes

/// Reads structures in Thrift's compact protocol; any bytes end in values or in a fault, within bounded memory.
///
///     while let field = try reader.nextField() {
///         switch field.id {
///         case 1: count = try reader.int64(field)
///         default: try reader.skip(field)
///         }
///     }
package struct ThriftReader: ~Escapable {
    /// The header of a field.
    package struct Field {
        /// Its number.
        package let id: Int16
        /// What its value is.
        package let type: ThriftType
    }

    private static let depthLimit = 32

    private var reader: ByteReader
    private var lastField: Int16 = 0
    private var depth = 0

    /// Begins at the first byte of a structure.
    @_lifetime(copy bytes)
    package init(_ bytes: RawSpan) {
        reader = ByteReader(bytes)
    }

    /// Offset of the next byte.
    package var offset: Int { reader.offset }

    /// The next field of the structure, nil at its end.
    @_lifetime(self: copy self)
    package mutating func nextField() throws(WireFault) -> Field? {
        let byte = try reader.readByte()
        guard byte != 0 else { return nil }
        guard let type = ThriftType(rawValue: byte & 15) else {
            throw WireFault(.unknownTag(byte), at: offset - 1)
        }
        let step = Int16(byte >> 4)
        let id = step == 0 ? Int64(try readZigzag()) : Int64(lastField) + Int64(step)
        guard let id = Int16(exactly: id) else { throw WireFault(.malformed, at: offset) }
        lastField = id
        return Field(id: id, type: type)
    }

    /// The value of a flag.
    package func bool(_ field: Field) throws(WireFault) -> Bool {
        guard field.type == .yes || field.type == .no else { throw WireFault(.malformed, at: offset) }
        return field.type == .yes
    }

    /// The value of an integer of any width.
    @_lifetime(self: copy self)
    package mutating func int64(_ field: Field) throws(WireFault) -> Int64 {
        switch field.type {
        case .int16, .int32, .int64: return try readZigzag()
        case .byte: return Int64(Int8(bitPattern: try reader.readByte()))
        default: throw WireFault(.malformed, at: offset)
        }
    }

    /// The value of an integer of at most 32 bits.
    @_lifetime(self: copy self)
    package mutating func int32(_ field: Field) throws(WireFault) -> Int32 {
        guard let value = Int32(exactly: try int64(field)) else { throw WireFault(.malformed, at: offset) }
        return value
    }

    /// The value of bytes.
    @_lifetime(self: copy self)
    package mutating func bytes(_ field: Field) throws(WireFault) -> [UInt8] {
        guard field.type == .binary else { throw WireFault(.malformed, at: offset) }
        return try bytes()
    }

    /// The value of text.
    @_lifetime(self: copy self)
    package mutating func text(_ field: Field) throws(WireFault) -> String {
        let start = offset
        guard let text = String(validating: try bytes(field), as: UTF8.self) else {
            throw WireFault(.malformed, at: start)
        }
        return text
    }

    /// Bytes as an element of a list.
    @_lifetime(self: copy self)
    package mutating func bytes() throws(WireFault) -> [UInt8] {
        let start = offset
        let length = try reader.readVarint()
        guard length <= UInt64(reader.remaining) else { throw WireFault(.truncated, at: start) }
        return try reader.readBytes(Int(length)).copiedBytes()
    }

    /// An integer as an element of a list.
    @_lifetime(self: copy self)
    package mutating func int64() throws(WireFault) -> Int64 { try readZigzag() }

    /// A flag as an element of a list.
    @_lifetime(self: copy self)
    package mutating func bool() throws(WireFault) -> Bool { try reader.readByte() == 1 }

    /// How many elements of `type` a list has; never more than bytes are left.
    @_lifetime(self: copy self)
    package mutating func count(_ field: Field, of type: ThriftType) throws(WireFault) -> Int {
        guard field.type == .list else { throw WireFault(.malformed, at: offset) }
        let (found, count) = try listHeader()
        let isFlags = type == .yes && found == ThriftType.no.rawValue
        guard found == type.rawValue || isFlags || count == 0 else { throw WireFault(.malformed, at: offset) }
        return count
    }

    /// Begins a structure inside the current one; give what it returns to ``leave(_:)``.
    @_lifetime(self: copy self)
    package mutating func enter() throws(WireFault) -> Int16 {
        depth += 1
        guard depth <= Self.depthLimit else { throw WireFault(.malformed, at: offset) }
        defer { lastField = 0 }
        return lastField
    }

    /// Begins the structure that is the value of `field`.
    @_lifetime(self: copy self)
    package mutating func enter(_ field: Field) throws(WireFault) -> Int16 {
        guard field.type == .structure else { throw WireFault(.malformed, at: offset) }
        return try enter()
    }

    /// Goes back to the structure around, after the last field of the inner one.
    @_lifetime(self: copy self)
    package mutating func leave(_ outer: Int16) {
        depth -= 1
        lastField = outer
    }

    /// Passes over the value of a field that is not known.
    @_lifetime(self: copy self)
    package mutating func skip(_ field: Field) throws(WireFault) {
        switch field.type {
        case .yes, .no: return
        default: try skipElement(field.type)
        }
    }

    @_lifetime(self: copy self)
    private mutating func skipElement(_ type: ThriftType) throws(WireFault) {
        switch type {
        case .yes, .no, .byte: _ = try reader.readByte()
        case .int16, .int32, .int64: _ = try readZigzag()
        case .double: _ = try reader.readBytes(8)
        case .binary: _ = try bytes()
        case .list, .set:
            let (raw, count) = try listHeader()
            guard let element = ThriftType(rawValue: raw) else { throw WireFault(.unknownTag(raw), at: offset) }
            let outer = try enter()
            for _ in 0..<count { try skipElement(element) }
            leave(outer)
        case .map: throw WireFault(.malformed, at: offset)
        case .structure:
            let outer = try enter()
            while let field = try nextField() { try skip(field) }
            leave(outer)
        }
    }

    @_lifetime(self: copy self)
    private mutating func listHeader() throws(WireFault) -> (type: UInt8, count: Int) {
        let start = offset
        let byte = try reader.readByte()
        let count = byte >> 4 == 15 ? try reader.readVarint() : UInt64(byte >> 4)
        // Every element takes at least a byte.
        guard count <= UInt64(reader.remaining) else { throw WireFault(.truncated, at: start) }
        return (byte & 15, Int(count))
    }

    @_lifetime(self: copy self)
    private mutating func readZigzag() throws(WireFault) -> Int64 {
        let value = try reader.readVarint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
}

extension ByteReader {
    /// Reads an unsigned integer of seven bits a byte, the lowest first.
    @_lifetime(self: copy self)
    package mutating func readVarint() throws(WireFault) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try readByte()
            guard shift < 63 || byte < 2 else { throw WireFault(.malformed, at: start) }
            value |= UInt64(byte & 0x7f) << shift
            guard byte >= 0x80 else { return value }
            shift += 7
            guard shift < 64 else { throw WireFault(.malformed, at: start) }
        }
    }
}
