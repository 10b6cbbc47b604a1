// SPDX-License-Identifier: Apache-2.0

import Bytes

extension RDBDecoder {
    mutating func readGroup(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        guard stream.groupsLeft > 0 else {
            phase = .keyEnd
            return false
        }
        var scan = Scan(window.bytes, from: position, base: base)
        found.first = try scan.heldString(limits, &text)
        found.id = try scan.entryIDLengths()
        found.time = stream.version > 1 ? Int64(bitPattern: try scan.length()) : nil
        found.a = try scan.length()
        stream.pendingLeft = found.a
        stream.groupsLeft -= 1
        position = scan.at
        found.kind = .streamGroup
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
        found.id = try scan.entryIDBytes()
        found.time = Int64(bitPattern: try scan.littleEndianWord())
        found.a = try scan.length()
        stream.pendingLeft -= 1
        position = scan.at
        found.kind = .pendingEntry
        return true
    }

    mutating func readConsumer(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        guard stream.consumersLeft > 0 else {
            phase = .groups
            return false
        }
        var scan = Scan(window.bytes, from: position, base: base)
        found.first = try scan.heldString(limits, &text)
        found.b = try scan.littleEndianWord()
        found.time = stream.version > 2 ? Int64(bitPattern: try scan.littleEndianWord()) : nil
        found.a = try scan.length()
        stream.pendingLeft = found.a
        stream.consumersLeft -= 1
        position = scan.at
        found.kind = .streamConsumer
        phase = .consumerPending
        return true
    }

    mutating func readConsumerPending(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        guard stream.pendingLeft > 0 else {
            phase = .consumers
            return false
        }
        var scan = Scan(window.bytes, from: position, base: base)
        found.id = try scan.entryIDBytes()
        stream.pendingLeft -= 1
        position = scan.at
        found.kind = .consumerPending
        return true
    }
}
