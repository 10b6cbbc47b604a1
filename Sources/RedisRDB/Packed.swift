// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The packed forms in which servers keep small collections, each a run of entries in one string.
enum PackedForm: UInt8 {
    case ziplist, listpack, intset, zipmap

    /// How faults name the form.
    var part: RDBFault.Part {
        switch self {
        case .ziplist: .ziplist
        case .listpack: .listpack
        case .intset: .intset
        case .zipmap: .zipmap
        }
    }
}

/// One entry of a packed form: a run of its bytes, or a number.
struct PackedEntry {
    /// Where the bytes begin.
    let start: Int
    /// How many there are; negative when the entry is a number.
    let count: Int
    /// The number.
    let integer: Int64

    init(bytesAt start: Int, count: Int) {
        self.start = start
        self.count = count
        integer = 0
    }

    init(_ integer: Int64) {
        start = 0
        count = -1
        self.integer = integer
    }

    var isInteger: Bool { count < 0 }
}

/// What stands before the entries of a packed form.
struct PackedHead {
    /// Where the first entry begins.
    let start: Int
    /// How many entries there are; nil when the form does not say.
    let entryCount: Int?
    /// How many bytes a number of an intset has.
    var width = 0

    /// Reads and checks the head of the form that `bytes` are.
    init(_ form: PackedForm, _ bytes: RawSpan) throws(WireFault) {
        switch form {
        case .ziplist:
            guard bytes.byteCount >= 11, bytes.littleEndianHalfWord(at: 0) == bytes.byteCount else {
                throw WireFault(.malformed, at: 0)
            }
            (start, entryCount) = (10, Self.count(bytes, at: 8))
        case .listpack:
            guard bytes.byteCount >= 7, bytes.littleEndianHalfWord(at: 0) == bytes.byteCount else {
                throw WireFault(.malformed, at: 0)
            }
            (start, entryCount) = (6, Self.count(bytes, at: 4))
        case .intset:
            guard bytes.byteCount >= 8 else { throw WireFault(.malformed, at: 0) }
            width = Int(bytes.littleEndianHalfWord(at: 0))
            let count = Int(bytes.littleEndianHalfWord(at: 4))
            guard width == 2 || width == 4 || width == 8, bytes.byteCount - 8 == width * count else {
                throw WireFault(.malformed, at: 0)
            }
            (start, entryCount) = (8, count)
        case .zipmap:
            guard bytes.byteCount >= 2 else { throw WireFault(.malformed, at: 0) }
            (start, entryCount) = (1, bytes[0] < 254 ? 2 * Int(bytes[0]) : nil)
        }
    }

    private static func count(_ bytes: RawSpan, at offset: Int) -> Int? {
        let count = Int(bytes[offset]) | Int(bytes[offset + 1]) << 8
        return count == 65535 ? nil : count
    }
}

extension PackedForm {
    /// Whether the entries end at `at`; refuses an end that is not that of the bytes.
    func isAtEnd(_ bytes: RawSpan, _ at: Int) throws(WireFault) -> Bool {
        if self == .intset { return at >= bytes.byteCount }
        guard at < bytes.byteCount else { throw WireFault(.truncated, at: at) }
        guard bytes[at] == 255 else { return false }
        guard at == bytes.byteCount - 1 else { throw WireFault(.trailingBytes(bytes.byteCount - 1 - at), at: at) }
        return true
    }

    /// Reads the entry at `at`, which moves behind it. In a zipmap fields and values alternate: `isValue` says which.
    @inline(__always)
    func entry(
        _ bytes: RawSpan, _ at: inout Int, width: Int, isValue: Bool
    ) throws(WireFault) -> PackedEntry {
        switch self {
        case .listpack: try Listpack.entry(bytes, &at)
        case .ziplist: try Ziplist.entry(bytes, &at)
        case .intset: try integerSetEntry(bytes, &at, width: width)
        case .zipmap: try zipmapEntry(bytes, &at, isValue: isValue)
        }
    }

    private func integerSetEntry(_ bytes: RawSpan, _ at: inout Int, width: Int) throws(WireFault) -> PackedEntry {
        let value = try bytes.signedInteger(at: at, width: width)
        at += width
        return PackedEntry(value)
    }

    /// A length of one byte, or of four after the byte 254; behind a value the number of unused bytes that follow it.
    private func zipmapEntry(_ bytes: RawSpan, _ at: inout Int, isValue: Bool) throws(WireFault) -> PackedEntry {
        let begin = at
        guard at < bytes.byteCount else { throw WireFault(.truncated, at: at) }
        var length = Int(bytes[at])
        at += 1
        if length == 254 {
            guard at + 4 <= bytes.byteCount else { throw WireFault(.truncated, at: at) }
            length = Int(bytes.littleEndianHalfWord(at: at))
            at += 4
        } else if length == 255 {
            throw WireFault(.malformed, at: begin)
        }
        var unused = 0
        if isValue {
            guard at < bytes.byteCount else { throw WireFault(.truncated, at: at) }
            unused = Int(bytes[at])
            at += 1
        }
        let start = at
        guard length + unused <= bytes.byteCount - start else { throw WireFault(.truncated, at: begin) }
        at = start + length + unused
        return PackedEntry(bytesAt: start, count: length)
    }
}

extension RawSpan {
    /// A signed little-endian integer of one to eight bytes.
    func signedInteger(at start: Int, width: Int) throws(WireFault) -> Int64 {
        guard start >= 0, width > 0, width <= byteCount - start else { throw WireFault(.truncated, at: start) }
        var value: UInt64 = 0
        for index in 0..<width { value |= UInt64(self[start + index]) << UInt64(8 * index) }
        let unused = Int64(64 - 8 * width)
        return (Int64(bitPattern: value) << unused) >> unused
    }
}
