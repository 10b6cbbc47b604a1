// SPDX-License-Identifier: Apache-2.0

import Bytes
import RedisRDB

/// Bytes in memory, handed over in portions of one size; fails once at one place when told to.
struct MemoryInput: ByteInput {
    enum Failure: Error, Equatable { case cut }

    private let bytes: [UInt8]
    private let portion: Int
    private var failureAt: Int?
    private(set) var at = 0

    init(_ bytes: [UInt8], portion: Int = .max, failingOnceAt failureAt: Int? = nil) {
        self.bytes = bytes
        self.portion = portion
        self.failureAt = failureAt
    }

    mutating func read(into buffer: inout ByteBuffer, limit: Int) throws(Failure) {
        if let place = failureAt, at >= place {
            failureAt = nil
            throw .cut
        }
        let end = at + min(limit, portion, bytes.count - at)
        buffer.append(contentsOf: Array(bytes[at..<end]))
        at = end
    }
}

/// Lets `visit` see every event of a payload and returns how many bytes the payload has.
@discardableResult
func walk(
    _ bytes: [UInt8], portion: Int = .max, limits: RDBLimits = RDBLimits(),
    _ visit: (borrowing RDBEvent, UInt64) -> Void = { _, _ in }
) throws(RDBFault) -> UInt64 {
    var reader = RDBReader(MemoryInput(bytes, portion: portion), limits: limits)
    do throws(RDBReadError<MemoryInput.Failure>) {
        while true {
            guard let event = try reader.next() else { break }
            visit(event, 0)
        }
    } catch {
        guard case .bytes(let fault) = error else { return 0 }
        throw fault
    }
    return reader.consumedByteCount
}
