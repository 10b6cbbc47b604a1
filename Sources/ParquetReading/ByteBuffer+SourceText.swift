// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Changelog
internal import ParquetFormat

extension ByteBuffer {
    /// Appends the source's text of a value of a leaf, whose bytes are those of the plain encoding.
    mutating func append(sourceTextOf value: RawSpan, _ form: LeafForm) throws(WireFault) {
        guard form.width == 0 || value.byteCount == form.width else {
            throw WireFault(.invalidLength(value.byteCount), at: 0)
        }
        switch form.intake {
        case .boolean: append(value[0] == 0 ? UInt8(ascii: "f") : UInt8(ascii: "t"))
        case .int16, .int32, .int64: append(signed: value.integer)
        case .float32: append(float: Float(bitPattern: value.littleEndianHalfWord(at: 0)))
        case .float32Widened: append(float: Float(Double(bitPattern: value.littleEndianWord(at: 0))))
        case .float64: append(float: Double(bitPattern: value.littleEndianWord(at: 0)))
        case .decimal32, .decimal64:
            var digits = ByteBuffer(capacity: 32)
            digits.appendDecimal(value.integer.magnitude)
            append(decimal: digits.bytes, isNegative: value.integer < 0, scale: form.scale)
        case .decimal128, .decimal256:
            append(decimal: value.decimalDigits.bytes, isNegative: value[0] >= 0x80, scale: form.scale)
        case .text, .bytes, .recordJSON: append(value)
        case .hexadecimal: appendHexadecimal(bytes: value)
        case .date: append(dayOf: value.integer)
        case .time: append(clock: value.integer.magnitude, hourDigits: 2)
        case .timestamp: append(moment: value.integer)
        case .timestampUTC:
            append(moment: value.integer)
            append("+00:00")
        case .uuid: append(uuid: value)
        }
    }
}

extension RawSpan {
    /// The integer of four or eight bytes, the lowest first.
    fileprivate var integer: Int64 {
        byteCount == 4
            ? Int64(Int32(bitPattern: littleEndianHalfWord(at: 0))) : Int64(bitPattern: littleEndianWord(at: 0))
    }

    /// The decimal digits of the magnitude of a number in two's complement, the highest byte first.
    fileprivate var decimalDigits: ByteBuffer {
        var bytes = copiedBytes()
        if let first = bytes.first, first >= 0x80 {
            var carry: UInt16 = 1
            for index in bytes.indices.reversed() {
                let sum = UInt16(~bytes[index]) + carry
                bytes[index] = UInt8(truncatingIfNeeded: sum)
                carry = sum >> 8
            }
        }
        var digits: [UInt8] = []
        while bytes.contains(where: { $0 != 0 }) {
            var remainder: UInt16 = 0
            for index in bytes.indices {
                let value = remainder << 8 | UInt16(bytes[index])
                bytes[index] = UInt8(truncatingIfNeeded: value / 10)
                remainder = value % 10
            }
            digits.append(0x30 + UInt8(truncatingIfNeeded: remainder))
        }
        var text = ByteBuffer(capacity: 96)
        text.append(contentsOf: digits.isEmpty ? [0x30] : digits.reversed())
        return text
    }
}
