// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Where in a stream the decoder is.
struct StreamState {
    /// The version of the layout.
    var version = 1
    /// How many nodes, groups, pending entries and so on are still to come.
    var nodesLeft: UInt64 = 0
    var groupsLeft: UInt64 = 0
    var pendingLeft: UInt64 = 0
    var consumersLeft: UInt64 = 0

    /// The first identifier of the node, which the others are counted from.
    var masterID = StreamEntryID(milliseconds: 0, sequence: 0)
    /// How many fields an entry has that does not say so, and where their names begin.
    var masterFieldCount = 0
    var masterFieldsAt = 0
    /// How many entries of the node are still to come, and how many deleted ones among them.
    var entriesLeft: Int64 = 0
    var deletedLeft: Int64 = 0

    /// How many fields of the entry are still to come.
    var fieldsLeft = 0
    /// Whether the names of the fields are those of the node, and where the next of them is.
    var sharesNames = false
    var nameAt = 0

    mutating func begin(version: Int, nodes: UInt64) {
        self.version = version
        nodesLeft = nodes
    }
}

extension RDBDecoder {
    /// The first identifier of a node, and its listpack.
    mutating func readStreamNode(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        guard stream.nodesLeft > 0 else {
            phase = .streamState
            return false
        }
        var scan = Scan(window.bytes, from: position, base: base)
        let id = try scan.entryIDString()
        try holdPacked(window, .listpack, behind: scan.at - position)
        stream.masterID = id
        stream.nodesLeft -= 1
        do throws(WireFault) { try readMasterEntry(window) } catch { throw damage(error) }
        phase = .streamEntries
        return false
    }

    /// How many entries are there and how many were deleted, and the names of the fields that entries may share.
    private mutating func readMasterEntry(_ window: borrowing ByteBuffer) throws(WireFault) {
        var at = packed.at
        stream.entriesLeft = try packedInteger(window, &at, 0...Int64(Int32.max))
        stream.deletedLeft = try packedInteger(window, &at, 0...Int64(Int32.max))
        stream.masterFieldCount = Int(try packedInteger(window, &at, 0...Int64(Int32.max)))
        stream.masterFieldsAt = at
        for _ in 0..<stream.masterFieldCount { _ = try packedEntry(window, &at) }
        _ = try packedInteger(window, &at, 0...0)
        packed.left = nil
        packed.at = at
    }

    mutating func packedInteger(_ window: borrowing ByteBuffer, _ at: inout Int, _ range: ClosedRange<Int64>)
        throws(WireFault)
        -> Int64
    {
        let start = at
        let entry = try packedEntry(window, &at)
        guard entry.isInteger, range.contains(entry.integer) else { throw WireFault(.malformed, at: start) }
        return entry.integer
    }

    mutating func readStreamEntry(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        do throws(WireFault) {
            while try !isPackedAtEnd(window) {
                if try beginStreamEntry(window) { return true }
            }
            guard stream.entriesLeft == 0, stream.deletedLeft == 0 else { throw WireFault(.malformed, at: packed.at) }
        } catch { throw damage(error) }
        phase = .streamNodes
        return false
    }

    /// Flags, the difference to the first identifier, and the number of fields; false when the entry was deleted.
    private mutating func beginStreamEntry(_ window: borrowing ByteBuffer) throws(WireFault) -> Bool {
        var at = packed.at
        let flags = try packedInteger(window, &at, 0...3)
        let milliseconds = try packedInteger(window, &at, Int64.min...Int64.max)
        let sequence = try packedInteger(window, &at, Int64.min...Int64.max)
        stream.sharesNames = flags & 2 != 0
        stream.nameAt = stream.masterFieldsAt
        stream.fieldsLeft =
            stream.sharesNames ? stream.masterFieldCount : Int(try packedInteger(window, &at, 0...Int64(Int32.max)))
        guard flags & 1 == 0 else {
            for _ in 0..<stream.fieldsLeft * (stream.sharesNames ? 1 : 2) { _ = try packedEntry(window, &at) }
            stream.deletedLeft -= 1
            try endStreamEntry(window, at)
            return false
        }
        stream.entriesLeft -= 1
        found.id = StreamEntryID(
            milliseconds: stream.masterID.milliseconds &+ UInt64(bitPattern: milliseconds),
            sequence: stream.masterID.sequence &+ UInt64(bitPattern: sequence))
        items.count += 1
        packed.at = at
        found.a = UInt64(stream.fieldsLeft)
        found.kind = .streamEntry
        phase = .streamFields
        return true
    }

    /// How many entries of the listpack the entry took, for those who read backwards.
    private mutating func endStreamEntry(_ window: borrowing ByteBuffer, _ place: Int) throws(WireFault) {
        var at = place
        _ = try packedInteger(window, &at, 0...Int64.max)
        packed.at = at
        phase = .streamEntries
    }

    mutating func readStreamField(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        do throws(WireFault) {
            guard stream.fieldsLeft > 0 else {
                try endStreamEntry(window, packed.at)
                return false
            }
            var at = packed.at
            var nameAt = stream.nameAt
            let name = stream.sharesNames ? try packedEntry(window, &nameAt) : try packedEntry(window, &at)
            stream.nameAt = nameAt
            let value = try packedEntry(window, &at)
            found.first = place(of: name)
            found.second = place(of: value)
            packed.at = at
        } catch { throw damage(error) }
        stream.fieldsLeft -= 1
        found.kind = .streamField
        return true
    }

    mutating func readStreamState(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        var scan = Scan(window.bytes, from: position, base: base)
        found.a = try scan.length()
        found.id = try scan.entryIDLengths()
        if stream.version == 1 { stream.groupsLeft = try scan.length() }
        position = scan.at
        found.kind = .streamState
        phase = stream.version == 1 ? .groups : .streamHistory
        return true
    }

    mutating func readStreamHistory(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        var scan = Scan(window.bytes, from: position, base: base)
        found.id = try scan.entryIDLengths()
        (found.b, found.c) = (try scan.length(), try scan.length())
        found.a = try scan.length()
        stream.groupsLeft = try scan.length()
        position = scan.at
        found.kind = .streamHistory
        phase = .groups
        return true
    }
}
