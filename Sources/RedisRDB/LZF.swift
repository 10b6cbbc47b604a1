// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Strings compressed with LZF: literal runs, and repetitions of what came before within 8 KiB.
enum LZF {
    /// How far back a repetition can begin.
    static let windowByteCount = 8192
    /// The most that one step appends.
    static let stepByteCount = 264

    /// Expands whole steps of `input` until `output` holds `enough` bytes or more, and returns how many bytes of `input`
    /// were used: fewer than there are when `enough` was reached or the last step is not there whole.
    ///
    /// From `start` on, `output` holds what was expanded of the same string, at least the last 8 KiB of it.
    static func expand(
        _ input: RawSpan, into output: inout ByteBuffer, from start: Int, until enough: Int
    ) throws(WireFault) -> Int {
        let end = input.byteCount
        var at = 0
        while at < end, output.count < enough {
            let control = Int(input[at])
            if control < 32 {
                guard at + control + 2 <= end else { break }
                output.appendRun(of: input, from: at + 1, length: control + 1)
                at += control + 2
            } else {
                let isLong = control >> 5 == 7
                guard at + (isLong ? 3 : 2) <= end else { break }
                let length = (isLong ? 7 + Int(input[at + 1]) : control >> 5) + 2
                at += isLong ? 3 : 2
                let distance = ((control & 31) << 8 | Int(input[at - 1])) + 1
                guard distance <= output.count - start else { throw WireFault(.malformed, at: at - 1) }
                output.appendRepetition(length, distance: distance)
            }
        }
        return at
    }

    /// Appends the whole of a string of `byteCount` bytes.
    static func expandWhole(_ input: RawSpan, byteCount: Int, into output: inout ByteBuffer) throws(WireFault) {
        let start = output.count
        let used = try expand(input, into: &output, from: start, until: start + byteCount)
        guard used == input.byteCount, output.count - start == byteCount else { throw WireFault(.malformed, at: used) }
    }
}
