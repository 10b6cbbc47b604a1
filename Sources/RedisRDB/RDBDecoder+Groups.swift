// SPDX-License-Identifier: Apache-2.0

import Bytes

extension RDBDecoder {
    mutating func readGroup(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        guard stream.groupsLeft > 0 else {
            phase = .keyEnd
            return false
        }
        var scan = Scan(window.bytes, from: position, base: base)
        first = try scan.heldString(limits, &text)
        numbers.id = try scan.entryIDLengths()
        numbers.time = stream.version > 1 ? Int64(bitPattern: try scan.length()) : nil
        numbers.a = try scan.length()
        stream.pendingLeft = numbers.a
        stream.groupsLeft -= 1
        position = scan.at
        kind = .streamGroup
        phase = .groupPending
        return true
    }

    mutating func readPending(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        var scan = Scan(window.bytes, from: position, base: base)
        guard stream.pendingLeft > 0 else {
            stream.consumersLeft = try scan.length()
            position = scan.at
            phase = .consumers
            return false
        }
        numbers.id = try scan.entryIDBytes()
        numbers.time = Int64(bitPattern: try scan.littleEndianWord())
        numbers.a = try scan.length()
        stream.pendingLeft -= 1
        position = scan.at
        kind = .pendingEntry
        return true
    }

    mutating func readConsumer(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        guard stream.consumersLeft > 0 else {
            phase = .groups
            return false
        }
        var scan = Scan(window.bytes, from: position, base: base)
        first = try scan.heldString(limits, &text)
        numbers.b = try scan.littleEndianWord()
        numbers.time = stream.version > 2 ? Int64(bitPattern: try scan.littleEndianWord()) : nil
        numbers.a = try scan.length()
        stream.pendingLeft = numbers.a
        stream.consumersLeft -= 1
        position = scan.at
        kind = .streamConsumer
        phase = .consumerPending
        return true
    }

    mutating func readConsumerPending(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        guard stream.pendingLeft > 0 else {
            phase = .consumers
            return false
        }
        var scan = Scan(window.bytes, from: position, base: base)
        numbers.id = try scan.entryIDBytes()
        stream.pendingLeft -= 1
        position = scan.at
        kind = .consumerPending
        return true
    }
}
