// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// Gathers the entries of one leaf of one row group: values as the plain encoding has them, and levels.
struct LeafBuilder: ~Copyable, Sendable {
    /// What is known of the leaf.
    let form: LeafForm
    /// The values, one after the other. A flag takes a byte here.
    private(set) var values = ByteBuffer(capacity: 64)
    /// Where each value ends in ``values``, 64 bits each; only where values have any length.
    private(set) var ends = ByteBuffer(capacity: 64)
    /// A level for each entry, whose greatest is that of values.
    private(set) var definitions = LevelList()
    /// A level for each entry, which is 0 where a row begins.
    private(set) var repetitions = LevelList()

    /// Whether each value is known to come after the one before it.
    var isAscending = false

    private let intake: Intake

    init(_ form: LeafForm) {
        self.form = form
        intake = form.intake
    }

    /// How many entries, nulls included.
    var entryCount: Int { definitions.count }
    /// How many values.
    var valueCount: Int { form.width == 0 ? ends.count / 8 : values.count / form.width }
    /// How many bytes it takes.
    var byteCount: Int { values.count + ends.count + definitions.byteCount + repetitions.byteCount }

    /// Appends an entry that is no value.
    @inline(__always)
    mutating func appendNull(definition: UInt8 = 0, repetition: UInt8 = 0) {
        definitions.append(definition)
        if form.maxRepetition > 0 { repetitions.append(repetition) }
    }

    /// Appends the value of the source's `text`; false, with nothing appended, when the leaf cannot hold it.
    @inline(__always)
    mutating func append(_ text: RawSpan, repetition: UInt8 = 0) -> Bool {
        guard take(text) else { return false }
        definitions.append(form.maxDefinition)
        if form.maxRepetition > 0 { repetitions.append(repetition) }
        return true
    }

    /// Appends the value that is `integer`, in leaves of 32 or 64 bits.
    @inline(__always)
    mutating func append(integer: Int64, repetition: UInt8 = 0) {
        if form.width == 4 { store32(integer) } else { store64(integer) }
        definitions.append(form.maxDefinition)
        if form.maxRepetition > 0 { repetitions.append(repetition) }
    }

    /// Appends the value that `write` writes.
    mutating func append<E: Error>(
        repetition: UInt8 = 0, writing write: (inout ByteBuffer) throws(E) -> Void
    ) throws(E) {
        try write(&values)
        ends.appendLittleEndianWord(UInt64(values.count))
        definitions.append(form.maxDefinition)
        if form.maxRepetition > 0 { repetitions.append(repetition) }
    }

    @inline(__always)
    private mutating func store32(_ value: Int64) {
        values.appendLittleEndian(UInt32(truncatingIfNeeded: value))
    }

    @inline(__always)
    private mutating func store64(_ value: Int64) {
        values.appendLittleEndianWord(UInt64(bitPattern: value))
    }

    @inline(__always)
    private mutating func take(_ text: RawSpan) -> Bool {
        switch intake {
        case .text:
            guard text.isUTF8 else { return false }
            values.append(text)
            ends.appendLittleEndianWord(UInt64(values.count))
        case .int32, .int16:
            let range: ClosedRange<Int64> = intake == .int16 ? -0x8000...0x7fff : -0x8000_0000...0x7fff_ffff
            guard let value = text.integer(), range.contains(value) else { return false }
            store32(value)
        case .int64:
            guard let value = text.integer() else { return false }
            store64(value)
        case .decimal64:
            guard let value = text.decimal(precision: form.precision, scale: form.scale) else { return false }
            store64(value)
        case .timestampUTC:
            guard let value = text.moment(zone: "+00:00") else { return false }
            store64(value)
        default: return takeOther(text)
        }
        return true
    }

    @inline(never)
    private mutating func takeOther(_ text: RawSpan) -> Bool {
        switch intake {
        case .boolean:
            guard text.byteCount == 1, text[0] == UInt8(ascii: "t") || text[0] == UInt8(ascii: "f") else {
                return false
            }
            values.append(text[0] == UInt8(ascii: "t") ? 1 : 0)
        case .decimal32:
            guard let value = text.decimal(precision: form.precision, scale: form.scale) else { return false }
            store32(value)
        case .timestamp:
            guard let value = text.moment(zone: "") else { return false }
            store64(value)
        case .date:
            guard let value = text.day() else { return false }
            store32(value)
        case .time:
            guard let value = text.time() else { return false }
            store64(value)
        case .decimal128, .decimal256: return takeWide(text)
        case .uuid: return values.append(uuid: text)
        case .bytes:
            values.append(text)
            ends.appendLittleEndianWord(UInt64(values.count))
        case .hexadecimal:
            guard values.append(hexadecimal: text) else { return false }
            ends.appendLittleEndianWord(UInt64(values.count))
        // Floats come with a verdict, and records with a printer: see ``NestedWriter``.
        case .float32, .float32Widened, .float64, .recordJSON: return false
        case .text, .int16, .int32, .int64, .decimal64, .timestampUTC: return false
        }
        return true
    }

    private mutating func takeWide(_ text: RawSpan) -> Bool {
        guard let parsed = text.wideDecimal(precision: form.precision, scale: form.scale) else {
            return false
        }
        var words = parsed.words
        if parsed.isNegative { words.negate() }
        values.append(bigEndian: words, byteCount: form.width)
        return true
    }

    /// Appends a number; nil, with nothing appended, when the text is none, and false when it is another spelling.
    mutating func append(float text: RawSpan, repetition: UInt8 = 0) -> Bool? {
        let isPlain: Bool
        if intake == .float64 {
            guard let number = text.float64() else { return nil }
            values.appendLittleEndianWord(number.value.bitPattern)
            isPlain = number.isPlain
        } else {
            guard let number = text.float32() else { return nil }
            if intake == .float32 {
                values.appendLittleEndian(number.value.bitPattern)
            } else {
                values.appendLittleEndianWord(Double(number.value).bitPattern)
            }
            isPlain = number.isPlain
        }
        definitions.append(form.maxDefinition)
        if form.maxRepetition > 0 { repetitions.append(repetition) }
        return isPlain
    }

    /// How far it is filled, to go back to.
    struct Mark {
        let values: Int
        let ends: Int
        let entries: Int
    }

    /// How far it is filled now.
    var mark: Mark { Mark(values: values.count, ends: ends.count, entries: entryCount) }

    /// Takes back what was appended since `mark`.
    mutating func rewind(to mark: Mark) {
        values.truncate(to: mark.values)
        ends.truncate(to: mark.ends)
        definitions.truncate(to: mark.entries)
        if form.maxRepetition > 0 { repetitions.truncate(to: mark.entries) }
    }

    /// Forgets everything and keeps a bounded amount of room.
    mutating func removeAll() {
        values.removeAll(keepingAtMost: 8 << 20)
        ends.removeAll(keepingAtMost: 4 << 20)
        definitions.removeAll()
        repetitions.removeAll()
    }

    /// The bytes of value `index`, as the plain encoding has them without a length.
    @inline(__always)
    func range(ofValue index: Int) -> Range<Int> {
        if form.width > 0 { return index * form.width..<(index + 1) * form.width }
        let ends = ends.bytes
        let start = index == 0 ? 0 : Int(truncatingIfNeeded: ends.littleEndianWord(at: 8 * index - 8))
        return start..<Int(truncatingIfNeeded: ends.littleEndianWord(at: 8 * index))
    }

    /// How many bytes the values in `range` have, without lengths; nil where they are all of one length.
    func byteCount(ofValues range: Range<Int>) -> Int64? {
        guard form.type == .byteArray else { return nil }
        guard let last = range.last else { return 0 }
        return Int64(self.range(ofValue: last).upperBound - self.range(ofValue: range.lowerBound).lowerBound)
    }

    /// Value `index` of a leaf of integers.
    @inline(__always)
    func integer(_ index: Int) -> Int64 {
        if form.width == 4 {
            return Int64(Int32(bitPattern: values.bytes.littleEndianHalfWord(at: 4 * index)))
        }
        return Int64(bitPattern: values.bytes.littleEndianWord(at: 8 * index))
    }
}
