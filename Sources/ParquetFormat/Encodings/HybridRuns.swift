// SPDX-License-Identifier: Apache-2.0

internal import Bytes

extension ByteBuffer {
    /// Appends `count` numbers of `width` bits as runs of one number, and packed where there are no runs
    /// (the RLE/bit-packing hybrid).
    @inline(__always)
    mutating func appendHybrid(width: Int, count: Int, _ number: (Int) -> UInt64) {
        var start = 0
        var index = 0
        while index < count {
            let value = number(index)
            var end = index + 1
            while end < count, number(end) == value { end += 1 }
            // What is packed before a run must be whole groups of eight.
            let missing = (8 - (index - start) & 7) & 7
            if end - index - missing >= 8 {
                index += missing
                appendPackedRun(width: width, start..<index, number)
                appendVarint(UInt64(end - index) << 1)
                appendPacked(width: (width + 7) / 8 * 8, count: 1) { _ in value }
                start = end
            }
            index = end
        }
        appendPackedRun(width: width, start..<count, number)
    }

    @inline(__always)
    private mutating func appendPackedRun(width: Int, _ range: Range<Int>, _ number: (Int) -> UInt64) {
        guard !range.isEmpty else { return }
        let groups = (range.count + 7) / 8
        appendVarint(UInt64(groups) << 1 | 1)
        let before = count
        appendPacked(width: width, count: range.count) { number(range.lowerBound + $0) }
        append(repeating: 0, count: groups * width - (count - before))
    }

    /// Appends a run of one number.
    mutating func appendHybrid(width: Int, repeating value: UInt8, count: Int) {
        guard count > 0 else { return }
        appendVarint(UInt64(count) << 1)
        appendPacked(width: (width + 7) / 8 * 8, count: 1) { _ in UInt64(value) }
    }
}
