// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// How wide the integers are whose differences are packed; differences wrap around at that width.
enum DeltaWidth {
    case bits32
    case bits64
}

/// Blocks of 128 differences in four parts of 32, each part with a width of its own.
private let blockCount = 128
private let partCount = 32

extension ByteBuffer {
    /// Appends `count` integers as packed differences (DELTA_BINARY_PACKED).
    @inline(__always)
    mutating func appendDeltas(_ width: DeltaWidth, count: Int, _ number: (Int) -> Int64) {
        appendVarint(UInt64(blockCount))
        appendVarint(UInt64(blockCount / partCount))
        appendVarint(UInt64(count))
        var last = count > 0 ? number(0) : 0
        appendVarint(zigzag: last)
        var index = 1
        var deltas = InlineArray<128, UInt64>(repeating: 0)
        while index < count {
            let taken = min(blockCount, count - index)
            var least = Int64.max
            for offset in 0..<taken {
                let value = number(index + offset)
                var delta = value &- last
                if width == .bits32 { delta = Int64(Int32(truncatingIfNeeded: delta)) }
                last = value
                least = min(least, delta)
                deltas[offset] = UInt64(bitPattern: delta)
            }
            appendBlock(&deltas, taken, least: UInt64(bitPattern: least))
            index += taken
        }
    }

    private mutating func appendBlock(_ deltas: inout InlineArray<128, UInt64>, _ taken: Int, least: UInt64) {
        appendVarint(zigzag: Int64(bitPattern: least))
        var widths = InlineArray<4, Int>(repeating: 0)
        for part in 0..<blockCount / partCount {
            var bits: UInt64 = 0
            for offset in part * partCount..<(part + 1) * partCount {
                // Behind the last difference stand zeros.
                let value = offset < taken ? deltas[offset] &- least : 0
                deltas[offset] = value
                bits |= value
            }
            widths[part] = bitWidth(of: bits)
            append(UInt8(truncatingIfNeeded: widths[part]))
        }
        for part in 0..<blockCount / partCount where part * partCount < taken {
            appendPacked(width: widths[part], count: partCount) { deltas[part * partCount + $0] }
        }
    }
}
