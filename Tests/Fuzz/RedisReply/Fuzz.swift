// SPDX-License-Identifier: Apache-2.0

import Bytes
import Faults
import Hiredis

/// Any bytes as replies, at once and in two pieces: what is read before the nonsense begins is the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    let cut = bytes.first.map { Int($0) * bytes.count / 256 } ?? 0
    guard replies([bytes]) == replies([Array(bytes[..<cut]), Array(bytes[cut...])]) else { fatalError("other replies") }
    return 0
}

private func replies(_ pieces: [[UInt8]]) -> [Reply] {
    var found: [Reply] = []
    do throws(Fault) {
        var reader = try ReplyReader()
        for piece in pieces {
            try piece.withRawSpan { bytes throws(Fault) in try reader.feed(bytes) }
            while try reader.advance() { found.append(Reply(reader.reply)) }
        }
    } catch {
        guard error.code == .redisProtocol else { fatalError("another fault: \(error.code)") }
    }
    return found
}
