// SPDX-License-Identifier: Apache-2.0

import Bytes
import RedisRDB

/// Any bytes as a payload, at once and in portions: what both read must be the same, and the same again when long strings
/// come in pieces, whose bytes are counted.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    let whole = Reading(bytes, portion: .max, limits: RDBLimits())
    let portions = Reading(bytes, portion: 3, limits: RDBLimits(readByteCount: 5))
    guard whole == portions else { fatalError("portions are not the whole") }
    let pieces = Reading(bytes, portion: .max, limits: RDBLimits(pieceByteCount: 1024))
    // A fault within a long string is found after some of its pieces.
    guard whole.fault != nil || pieces.byteCount == whole.byteCount && pieces.fault == nil else {
        fatalError("pieces are not the whole")
    }
    return 0
}

private struct Portions: ByteInput {
    let bytes: [UInt8]
    let portion: Int
    var at = 0

    mutating func read(into buffer: inout ByteBuffer, limit: Int) throws(Never) {
        let end = at + min(limit, portion, bytes.count - at)
        bytes.withRawSpan { buffer.append($0.extracting(at..<end)) }
        at = end
    }
}

/// How far a payload could be read, and how many bytes its events had.
private struct Reading: Equatable {
    var events = 0
    var byteCount = 0
    var checksum: UInt64 = 0
    var consumed: UInt64 = 0
    var fault: RDBFault?

    init(_ bytes: [UInt8], portion: Int, limits: RDBLimits) {
        var reader = RDBReader(Portions(bytes: bytes, portion: portion), limits: limits)
        do throws(RDBReadError<Never>) {
            while let event = try reader.next() { note(event) }
        } catch {
            switch error {
            case .bytes(let fault): self.fault = fault
            }
        }
        // Of a string that ends early, how much was used depends on how it came.
        if fault == nil { consumed = reader.consumedByteCount }
    }

    private mutating func note(_ event: borrowing RDBEvent) {
        events += 1
        switch event {
        case .auxiliary(let one, let two), .scoredMember(let one, let two), .field(let one, let two, _),
            .streamField(let one, let two):
            add(one)
            add(two)
        case .functionLibrary(let one), .string(let one), .element(let one), .member(let one), .piece(_, let one, _),
            .slotImport(let one, _):
            add(one)
        case .endItem(let score, _):
            if let score { add(score) }
        case .beginKey(let key): add(key.name)
        case .streamGroup(let group): add(group.name)
        case .streamConsumer(let consumer): add(consumer.name)
        default: break
        }
    }

    private mutating func add(_ bytes: RawSpan) {
        byteCount += bytes.byteCount
        for index in 0..<bytes.byteCount { checksum = checksum &* 31 &+ UInt64(bytes[index]) }
    }
}
