// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Where in a packed form the decoder is.
struct PackedState {
    /// What an item is made of.
    enum Shape: UInt8 { case element, member, scoredMember, field, expiringField }

    var form = PackedForm.listpack
    var shape = Shape.element
    /// The bytes of the form.
    var place = Place()
    /// The offset within the payload of the string that holds it.
    var origin: UInt64 = 0
    /// The next entry.
    var at = 0
    /// How many entries are still to come, when the form says so.
    var left: Int?
    /// How many bytes a number of an intset has.
    var width = 0
    /// What is read after it.
    var after = RDBDecoder.Phase.keyEnd
}

extension RDBDecoder {
    /// Begins a packed form whose string stands `skipped` bytes ahead, once all of it is there.
    mutating func openPacked(
        _ window: borrowing ByteBuffer, _ form: PackedForm, _ shape: PackedState.Shape, after: Phase,
        behind skipped: Int
    ) throws(Stop) -> Bool {
        try holdPacked(window, form, behind: skipped)
        packed.shape = shape
        packed.after = after
        phase = .packedItems
        return false
    }

    /// Finds the bytes of a packed form and reads its head.
    mutating func holdPacked(_ window: borrowing ByteBuffer, _ form: PackedForm, behind skipped: Int) throws(Stop) {
        var scan = Scan(window.bytes, from: position, base: base)
        scan.at += skipped
        let start = scan.at
        expansion.removeAll(keepingAtMost: limits.keptByteCount)
        var place = try scan.heldString(limits, &expansion)
        guard place.source == .window || scan.bytes[start] == 0xc3 else {
            throw scan.fault(.malformed(form.part), at: start)
        }
        if place.source == .text { place.source = .expansion }
        packed.form = form
        packed.place = place
        packed.origin = base + UInt64(place.source == .window ? place.start : start)
        position = scan.at
        do throws(WireFault) {
            let head = try PackedHead(form, place.bytes(window, text, expansion))
            packed.at = head.start
            packed.left = head.entryCount
            packed.width = head.width
        } catch { throw damage(error) }
    }

    /// The fault behind one that was found inside the packed form.
    func damage(_ fault: WireFault) -> Stop {
        let inside = packed.place.source == .window ? UInt64(fault.offset) : 0
        return .fault(RDBFault(.malformed(packed.form.part), at: packed.origin + inside))
    }

    /// Whether all entries were read.
    mutating func isPackedAtEnd(_ window: borrowing ByteBuffer) throws(WireFault) -> Bool {
        guard try packed.form.isAtEnd(packed.place.bytes(window, text, expansion), packed.at) else {
            return false
        }
        guard (packed.left ?? 0) == 0 else { throw WireFault(.malformed, at: packed.at) }
        return true
    }

    /// The entry at `at`, which moves behind it.
    @inline(__always)
    mutating func packedEntry(_ window: borrowing ByteBuffer, _ at: inout Int, isValue: Bool = false) throws(WireFault)
        -> PackedEntry
    {
        try packed.form.entry(
            packed.place.bytes(window, text, expansion), &at, width: packed.width, isValue: isValue)
    }

    /// The bytes of an entry, or its number as text.
    @inline(__always)
    mutating func place(of entry: PackedEntry) -> Place {
        if entry.isInteger {
            let start = text.count
            text.appendDecimal(signed: entry.integer)
            return Place(source: .text, start: start, count: text.count - start)
        }
        return Place(source: packed.place.source, start: packed.place.start + entry.start, count: entry.count)
    }

    mutating func readPackedItem(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        do throws(WireFault) {
            guard try !isPackedAtEnd(window) else {
                phase = packed.after
                return false
            }
            try readPackedEntries(window)
            items.count += 1
            return true
        } catch { throw damage(error) }
    }

    private mutating func readPackedEntries(_ window: borrowing ByteBuffer) throws(WireFault) {
        var at = packed.at
        let entry = try packedEntry(window, &at)
        found.first = place(of: entry)
        switch packed.shape {
        case .element: found.kind = .element
        case .member: found.kind = .member
        case .scoredMember:
            found.second = try scorePlace(window, try packedEntry(window, &at))
            found.kind = .scoredMember
        case .field, .expiringField:
            found.second = place(of: try packedEntry(window, &at, isValue: true))
            found.time = packed.shape == .field ? nil : try packedExpiry(window, &at)
            found.kind = .field
        }
        try countEntries(packed.shape.entryCount)
        packed.at = at
    }

    private mutating func countEntries(_ count: Int) throws(WireFault) {
        guard let left = packed.left else { return }
        guard left >= count else { throw WireFault(.malformed, at: packed.at) }
        packed.left = left - count
    }

    private mutating func scorePlace(_ window: borrowing ByteBuffer, _ entry: PackedEntry) throws(WireFault)
        -> Place
    {
        if entry.isInteger { return place(of: entry) }
        let score = try packedScore(window, entry)
        let start = text.count
        Score.append(score, to: &text)
        return Place(source: .text, start: start, count: text.count - start)
    }

    private mutating func packedScore(_ window: borrowing ByteBuffer, _ entry: PackedEntry) throws(WireFault) -> Double
    {
        let text = packed.place.bytes(window, text, expansion).extracting(entry.start..<entry.start + entry.count)
        guard let score = Score.parse(text) else { throw WireFault(.malformed, at: entry.start) }
        return score
    }

    private mutating func packedExpiry(_ window: borrowing ByteBuffer, _ at: inout Int) throws(WireFault) -> Int64? {
        let start = at
        let entry = try packedEntry(window, &at)
        guard entry.isInteger, entry.integer >= 0 else { throw WireFault(.malformed, at: start) }
        return entry.integer == 0 ? nil : entry.integer
    }
}

extension PackedState.Shape {
    /// How many entries an item takes.
    var entryCount: Int {
        switch self {
        case .element, .member: 1
        case .scoredMember, .field: 2
        case .expiringField: 3
        }
    }
}
