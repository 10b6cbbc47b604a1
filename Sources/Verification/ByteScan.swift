// SPDX-License-Identifier: Apache-2.0

internal import Bytes

extension RawSpan {
    /// The index of the first line feed from `start` on, nil when there is none.
    func firstLineFeed(from start: Int) -> Int? {
        var index = start
        while index + 8 <= byteCount {
            let word = littleEndianWord(at: index) ^ 0x0a0a_0a0a_0a0a_0a0a
            let zeroBytes = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
            if zeroBytes != 0 { return index + zeroBytes.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < byteCount {
            if self[index] == 0x0a { return index }
            index += 1
        }
        return nil
    }
}
