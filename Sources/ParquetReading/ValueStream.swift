// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import ParquetFormat

/// Reads the values of one page, one by one, each as the plain encoding has it without a length.
struct ValueStream: ~Copyable {
    private enum State {
        case plain(offset: Int)
        case bits(bit: Int)
        case deltas(DeltaStream)
        case lengths(DeltaStream, offset: Int)
        case prefixes(DeltaStream, DeltaStream, offset: Int)
        case numbers(HybridStream)
    }

    private let form: LeafForm
    private var state: State
    /// The value read last, which the next may share a beginning with.
    private(set) var value = ByteBuffer(capacity: 64)

    /// Begins where the levels of a page end.
    init(_ page: RawSpan, at offset: Int, _ encoding: Encoding, _ form: LeafForm) throws(WireFault) {
        self.form = form
        let state: State
        let isBytes = form.type == .byteArray
        switch encoding {
        case .plain: state = form.type == .boolean ? .bits(bit: 8 * offset) : .plain(offset: offset)
        case .dictionary where form.type != .boolean:
            // A page without values may end here.
            let width = offset < page.byteCount ? Int(page[offset]) : 0
            guard width <= 32 else { throw WireFault(.malformed, at: offset) }
            let end = page.byteCount
            state = .numbers(HybridStream(min(offset + 1, end)..<end, width: width))
        case .deltaBinaryPacked where form.type == .int32 || form.type == .int64:
            state = .deltas(try DeltaStream(page, at: offset, is32Bits: form.type == .int32))
        case .deltaLengthByteArray where isBytes:
            let lengths = try DeltaStream(page, at: offset, is32Bits: true)
            state = .lengths(lengths, offset: try lengths.end(page))
        case .deltaByteArray where isBytes:
            let prefixes = try DeltaStream(page, at: offset, is32Bits: true)
            let suffixes = try DeltaStream(page, at: try prefixes.end(page), is32Bits: true)
            state = .prefixes(prefixes, suffixes, offset: try suffixes.end(page))
        default: throw WireFault(.malformed, at: offset)
        }
        self.state = state
    }

    /// Goes to the next value.
    mutating func advance(_ page: RawSpan, _ dictionary: borrowing ValueList) throws(WireFault) {
        switch state {
        case .plain(let offset): state = .plain(offset: try takePlain(page, offset))
        case .bits(let bit):
            guard bit / 8 < page.byteCount else { throw WireFault(.truncated, at: bit / 8) }
            value.removeAll()
            value.append(page[bit / 8] >> UInt8(bit % 8) & 1)
            state = .bits(bit: bit + 1)
        case .deltas(var deltas):
            let integer = try deltas.next(page)
            value.removeAll()
            if form.width == 4 {
                value.appendLittleEndian(UInt32(truncatingIfNeeded: integer))
            } else {
                value.appendLittleEndianWord(UInt64(bitPattern: integer))
            }
            state = .deltas(deltas)
        case .lengths(var lengths, let offset):
            let length = try lengths.next(page)
            value.removeAll()
            state = .lengths(lengths, offset: try take(length, page, offset))
        case .prefixes(var prefixes, var suffixes, let offset):
            let prefix = try prefixes.next(page)
            guard prefix >= 0, prefix <= value.count else { throw WireFault(.invalidLength(Int(prefix)), at: offset) }
            value.truncate(to: Int(prefix))
            let end = try take(try suffixes.next(page), page, offset)
            state = .prefixes(prefixes, suffixes, offset: end)
        case .numbers(var numbers):
            let number = try numbers.next(page)
            value.removeAll()
            try dictionary.append(number, to: &value)
            state = .numbers(numbers)
        }
    }

    private mutating func takePlain(_ page: RawSpan, _ offset: Int) throws(WireFault) -> Int {
        value.removeAll()
        guard form.width == 0 else { return try take(Int64(form.width), page, offset) }
        guard offset + 4 <= page.byteCount else { throw WireFault(.truncated, at: offset) }
        return try take(Int64(page.littleEndianHalfWord(at: offset)), page, offset + 4)
    }

    private mutating func take(_ length: Int64, _ page: RawSpan, _ offset: Int) throws(WireFault) -> Int {
        guard length >= 0, offset <= page.byteCount, length <= page.byteCount - offset else {
            throw WireFault(.invalidLength(Int(truncatingIfNeeded: length)), at: offset)
        }
        value.append(page.extracting(offset..<offset + Int(length)))
        return offset + Int(length)
    }
}

/// Values one after the other: a dictionary.
struct ValueList: ~Copyable {
    private var bytes = ByteBuffer(capacity: 64)
    private var ends: [Int] = []

    /// Holds no values.
    init() {}

    /// Reads `count` values of a dictionary's page.
    init(_ page: RawSpan, count: Int, _ form: LeafForm) throws(WireFault) {
        var stream = try ValueStream(page, at: 0, .plain, form)
        let none = ValueList()
        guard count <= page.byteCount else { throw WireFault(.truncated, at: 0) }
        for _ in 0..<count {
            try stream.advance(page, none)
            bytes.append(stream.value.bytes)
            ends.append(bytes.count)
        }
    }

    /// Appends value `number`.
    func append(_ number: UInt64, to output: inout ByteBuffer) throws(WireFault) {
        guard number < UInt64(ends.count) else { throw WireFault(.malformed, at: 0) }
        let index = Int(number)
        output.append(bytes.bytes.extracting((index == 0 ? 0 : ends[index - 1])..<ends[index]))
    }
}
