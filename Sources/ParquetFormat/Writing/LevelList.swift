// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// Levels of entries in order; takes no memory as long as all are the same.
struct LevelList: ~Copyable, Sendable {
    /// How many levels.
    private(set) var count = 0
    /// The one level of all entries, while there is only one.
    private(set) var uniform: UInt8?
    /// A byte for each entry, unless all are the same.
    private(set) var bytes = ByteBuffer(capacity: 64)

    /// Begins with none.
    init() {
        uniform = 0
    }

    /// How many bytes it takes.
    var byteCount: Int { bytes.count }

    /// Appends the level of one entry.
    @inline(__always)
    mutating func append(_ level: UInt8) {
        if uniform == level {
            count += 1
        } else {
            appendOther(level)
        }
    }

    private mutating func appendOther(_ level: UInt8) {
        if count == 0 {
            uniform = level
        } else {
            if let uniform { bytes.append(repeating: uniform, count: count) }
            uniform = nil
            bytes.append(level)
        }
        count += 1
    }

    /// Takes back all but the first `newCount`.
    mutating func truncate(to newCount: Int) {
        count = newCount
        if uniform == nil { bytes.truncate(to: newCount) }
    }

    /// Forgets all.
    mutating func removeAll() {
        count = 0
        uniform = 0
        bytes.removeAll(keepingAtMost: 1 << 20)
    }

    /// How many of the entries in `range` have `level`.
    func countOf(_ level: UInt8, in range: Range<Int>) -> Int {
        if let uniform { return uniform == level ? range.count : 0 }
        let bytes = bytes.bytes
        var found = 0
        for index in range where bytes[index] == level { found += 1 }
        return found
    }

    /// The level of one entry.
    subscript(index: Int) -> UInt8 { uniform ?? bytes.bytes[index] }
}

extension ByteBuffer {
    /// Appends the levels of the entries in `range` with their length before them, as pages of the first version do.
    mutating func append(levels: borrowing LevelList, _ range: Range<Int>, max: UInt8) {
        guard max > 0 else { return }
        let start = count
        appendLittleEndian(UInt32(0))
        let width = bitWidth(of: UInt64(max))
        if let uniform = levels.uniform {
            appendHybrid(width: width, repeating: uniform, count: range.count)
        } else {
            let bytes = levels.bytes.bytes
            appendHybrid(width: width, count: range.count) { UInt64(bytes[range.lowerBound + $0]) }
        }
        overwriteLittleEndian(UInt32(truncatingIfNeeded: count - start - 4), at: start)
    }
}
