// SPDX-License-Identifier: Apache-2.0

import Bytes
import Faults

/// Where a snapshot ends on its link: behind a number of bytes, or at a mark of forty that stands behind it.
struct PayloadFraming {
    private enum Form {
        case length(rest: UInt64)
        case mark([UInt8])
    }

    private var form: Form
    /// Whether nothing of the snapshot, and of its mark, is still to come.
    private(set) var isWhole = false

    /// Reads the line before the snapshot.
    init(_ line: String) throws(Fault) {
        let text = line.dropFirst()
        if line.hasPrefix("$EOF:"), text.utf8.count == 44 {
            form = .mark(Array(text.utf8.dropFirst(4)))
        } else if line.hasPrefix("$"), let length = UInt64(text) {
            form = .length(rest: length)
            isWhole = length == 0
        } else {
            throw Fault(
                .redisProtocol, "what comes before the snapshot cannot be read",
                detail: line.hasPrefix("-") ? line : nil)
        }
    }

    /// Looks at what has come and is not passed on: how many bytes of it are the snapshot's, and how many are used up. What
    /// may be the beginning of the mark is left for the next look.
    mutating func take(_ bytes: RawSpan) -> (payload: Int, used: Int) {
        switch form {
        case .length(let rest):
            let count = Int(min(UInt64(bytes.byteCount), rest))
            form = .length(rest: rest - UInt64(count))
            isWhole = rest == UInt64(count)
            return (count, count)
        case .mark(let mark):
            if let start = Self.find(mark, in: bytes) {
                isWhole = true
                return (start, start + mark.count)
            }
            let count = max(0, bytes.byteCount - mark.count + 1)
            return (count, count)
        }
    }

    private static func find(_ mark: [UInt8], in bytes: RawSpan) -> Int? {
        guard bytes.byteCount >= mark.count, let first = mark.first, let last = mark.last else { return nil }
        let end = bytes.byteCount - mark.count
        var index = 0
        while index <= end {
            if bytes[index] == first, bytes[index + mark.count - 1] == last, isEqual(mark, bytes, at: index) {
                return index
            }
            index += 1
        }
        return nil
    }

    private static func isEqual(_ mark: [UInt8], _ bytes: RawSpan, at start: Int) -> Bool {
        for index in mark.indices where bytes[start + index] != mark[index] { return false }
        return true
    }
}
