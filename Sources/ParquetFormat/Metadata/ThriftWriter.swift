// SPDX-License-Identifier: Apache-2.0

package import Bytes

/// The types of Thrift's compact protocol, as they stand in headers of fields and lists.
package enum ThriftType: UInt8 {
    /// Yes, as a field or as the type of a list's elements.
    case yes = 1
    /// No, as a field.
    case no = 2
    /// One byte.
    case byte = 3
    /// 16 bits.
    case int16 = 4
    /// 32 bits.
    case int32 = 5
    /// 64 bits.
    case int64 = 6
    /// A binary floating-point number.
    case double = 7
    /// Bytes or text.
    case binary = 8
    /// A list.
    case list = 9
    /// A set.
    case set = 10
    /// A map.
    case map = 11
    /// A structure.
    case structure = 12
}

/// Writes structures in Thrift's compact protocol.
package struct ThriftWriter: ~Copyable {
    /// What has been written.
    package var output: ByteBuffer
    private var lastField: Int16 = 0

    /// Begins with nothing; `output` is where bytes go.
    package init(_ output: consuming ByteBuffer = ByteBuffer()) {
        self.output = output
    }

    /// Ends the outermost structure.
    package mutating func end() {
        output.append(0)
        lastField = 0
    }

    /// Writes a flag.
    package mutating func field(_ id: Int16, _ value: Bool) {
        header(id, value ? .yes : .no)
    }

    /// Writes one byte.
    package mutating func field(_ id: Int16, byte value: UInt8) {
        header(id, .byte)
        output.append(value)
    }

    /// Writes a 16-bit integer.
    package mutating func field(_ id: Int16, int16 value: Int16) {
        header(id, .int16)
        output.appendVarint(zigzag: Int64(value))
    }

    /// Writes a 32-bit integer.
    package mutating func field(_ id: Int16, _ value: Int32) {
        header(id, .int32)
        output.appendVarint(zigzag: Int64(value))
    }

    /// Writes a 64-bit integer.
    package mutating func field(_ id: Int16, _ value: Int64) {
        header(id, .int64)
        output.appendVarint(zigzag: value)
    }

    /// Writes bytes.
    package mutating func field(_ id: Int16, _ value: [UInt8]) {
        header(id, .binary)
        element(value)
    }

    /// Writes text.
    package mutating func field(_ id: Int16, _ value: String) {
        field(id, Array(value.utf8))
    }

    /// Writes a structure whose fields `body` writes.
    package mutating func structure(_ id: Int16, _ body: (inout ThriftWriter) -> Void) {
        header(id, .structure)
        element(body)
    }

    /// Writes a list, `element` once for each item.
    package mutating func list<Item>(
        _ id: Int16, of type: ThriftType, _ items: [Item], _ element: (inout ThriftWriter, Item) -> Void
    ) {
        header(id, .list)
        if items.count < 15 {
            output.append(UInt8(truncatingIfNeeded: items.count) << 4 | type.rawValue)
        } else {
            output.append(0xf0 | type.rawValue)
            output.appendVarint(UInt64(items.count))
        }
        for item in items { element(&self, item) }
    }

    /// Writes a structure as an element of a list.
    package mutating func element(_ body: (inout ThriftWriter) -> Void) {
        let outer = lastField
        lastField = 0
        body(&self)
        output.append(0)
        lastField = outer
    }

    /// Writes bytes as an element of a list.
    package mutating func element(_ value: [UInt8]) {
        output.appendVarint(UInt64(value.count))
        output.append(contentsOf: value)
    }

    /// Writes an integer as an element of a list.
    package mutating func element(_ value: Int64) {
        output.appendVarint(zigzag: value)
    }

    /// Writes a flag as an element of a list.
    package mutating func element(_ value: Bool) {
        output.append(value ? ThriftType.yes.rawValue : ThriftType.no.rawValue)
    }

    private mutating func header(_ id: Int16, _ type: ThriftType) {
        let step = id - lastField
        if step > 0, step < 16 {
            output.append(UInt8(truncatingIfNeeded: step) << 4 | type.rawValue)
        } else {
            output.append(type.rawValue)
            output.appendVarint(zigzag: Int64(id))
        }
        lastField = id
    }
}

extension ByteBuffer {
    /// Appends an unsigned integer, seven bits a byte, the lowest first.
    @inline(__always)
    package mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    /// Appends a signed integer, small magnitudes in few bytes.
    package mutating func appendVarint(zigzag value: Int64) {
        appendVarint(UInt64(bitPattern: value << 1 ^ value >> 63))
    }
}
