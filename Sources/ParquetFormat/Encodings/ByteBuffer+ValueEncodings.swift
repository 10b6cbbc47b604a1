// SPDX-License-Identifier: Apache-2.0

internal import Bytes

extension ByteBuffer {
    /// Appends the values in `range` in `encoding`, which is not ``Encoding/dictionary``.
    mutating func append(_ builder: borrowing LeafBuilder, _ range: Range<Int>, _ encoding: Encoding) {
        switch encoding {
        case .deltaBinaryPacked: appendDeltas(builder, range)
        case .deltaLengthByteArray: appendLengthsAndBytes(builder, range)
        case .deltaByteArray: appendPrefixes(builder, range)
        case .plain, .hybrid, .dictionary: appendPlain(builder, range)
        }
    }

    private mutating func appendPlain(_ builder: borrowing LeafBuilder, _ range: Range<Int>) {
        guard !range.isEmpty else { return }
        let values = builder.values.bytes
        if builder.form.type == .boolean {
            return appendPacked(width: 1, count: range.count) { UInt64(values[range.lowerBound + $0]) }
        }
        guard builder.form.width == 0 else {
            let width = builder.form.width
            return append(values.extracting(range.lowerBound * width..<range.upperBound * width))
        }
        for index in range { appendPlain(values.extracting(builder.range(ofValue: index))) }
    }

    /// Appends a value of any length in the plain encoding.
    mutating func appendPlain(_ value: RawSpan) {
        appendLittleEndian(UInt32(truncatingIfNeeded: value.byteCount))
        append(value)
    }

    private mutating func appendDeltas(_ builder: borrowing LeafBuilder, _ range: Range<Int>) {
        let values = builder.values.bytes
        let first = range.lowerBound
        if builder.form.width == 4 {
            appendDeltas(.bits32, count: range.count) {
                Int64(Int32(bitPattern: values.littleEndianHalfWord(at: 4 * (first + $0))))
            }
        } else {
            appendDeltas(.bits64, count: range.count) {
                Int64(bitPattern: values.littleEndianWord(at: 8 * (first + $0)))
            }
        }
    }

    private mutating func appendLengthsAndBytes(_ builder: borrowing LeafBuilder, _ range: Range<Int>) {
        appendDeltas(.bits32, count: range.count) { Int64(builder.range(ofValue: range.lowerBound + $0).count) }
        guard let last = range.last else { return }
        let start = builder.range(ofValue: range.lowerBound).lowerBound
        append(builder.values.bytes.extracting(start..<builder.range(ofValue: last).upperBound))
    }

    private mutating func appendPrefixes(_ builder: borrowing LeafBuilder, _ range: Range<Int>) {
        let values = builder.values.bytes
        // For each value how much of it the one before has, and where the rest is: 32, 32 and 64 bits.
        var parts = ByteBuffer(capacity: 16 * range.count)
        var before = 0..<0
        for index in range {
            let value = builder.range(ofValue: index)
            let common = values.extracting(value).commonPrefixLength(with: values.extracting(before))
            parts.appendLittleEndianWord(UInt64(value.count - common) << 32 | UInt64(common))
            parts.appendLittleEndianWord(UInt64(value.lowerBound + common))
            before = value
        }
        let rests = parts.bytes
        appendDeltas(.bits32, count: range.count) { Int64(rests.littleEndianHalfWord(at: 16 * $0)) }
        appendDeltas(.bits32, count: range.count) { Int64(rests.littleEndianHalfWord(at: 16 * $0 + 4)) }
        for offset in 0..<range.count {
            let start = Int(rests.littleEndianWord(at: 16 * offset + 8))
            append(values.extracting(start..<start + Int(rests.littleEndianHalfWord(at: 16 * offset + 4))))
        }
    }
}
