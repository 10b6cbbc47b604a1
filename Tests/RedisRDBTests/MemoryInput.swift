// SPDX-License-Identifier: Apache-2.0

import Bytes
import RedisRDB

/// Bytes in memory, handed over in portions of one size; fails once at one place when told to.
struct MemoryInput: ByteInput {
    enum Failure: Error, Equatable { case cut }

    private let bytes: [UInt8]
    private let portion: Int
    private var failureAt: Int?
    private var at = 0

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
        bytes.withRawSpan { buffer.append($0.extracting(at..<end)) }
        at = end
    }
}

/// Shows every event of a payload to `visit`, and how many bytes were read then to `after`; returns how many there are.
@discardableResult
func walk(
    _ bytes: [UInt8], portion: Int = .max, limits: RDBLimits = RDBLimits(),
    _ visit: (borrowing RDBEvent) -> Void = { _ in }, after: (UInt64) -> Void = { _ in }
) throws(RDBFault) -> UInt64 {
    var reader = RDBReader(MemoryInput(bytes, portion: portion), limits: limits)
    do throws(RDBReadError<MemoryInput.Failure>) {
        while try step(&reader, visit) { after(reader.consumedByteCount) }
    } catch {
        guard case .bytes(let fault) = error else { fatalError("this input does not fail") }
        throw fault
    }
    return reader.consumedByteCount
}

private func step(
    _ reader: inout RDBReader<MemoryInput>, _ visit: (borrowing RDBEvent) -> Void
) throws(RDBReadError<MemoryInput.Failure>) -> Bool {
    guard let event = try reader.next() else { return false }
    visit(event)
    return true
}
