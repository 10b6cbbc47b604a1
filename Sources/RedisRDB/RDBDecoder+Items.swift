// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Where in the items of a key the decoder is.
struct ItemState {
    /// What an item is made of.
    enum Shape: UInt8 {
        case string, element, member
        /// A score follows as text with a length, or as eight bytes.
        case textScore, binaryScore
        case field
        /// The expiry stands before the field, counted from the earliest one, or absolute.
        case relativeExpiry, absoluteExpiry
        /// The expiry stands behind the value.
        case trailingExpiry
    }

    var shape = Shape.string
    /// How many items or nodes are still to come.
    var left: UInt64 = 0
    /// How many items there were.
    var count: UInt64 = 0
    /// The earliest expiry of a field.
    var earliestExpiry: Int64 = 0
}

extension ItemState.Shape {
    /// Whether an item has a second string.
    var hasValues: Bool { rawValue >= Self.field.rawValue }
    /// Whether an item ends with a score.
    var hasScores: Bool { self == .textScore || self == .binaryScore }

    /// Which string of an item is read in pieces.
    func part(_ stage: PieceState.Stage) -> RDBPart {
        switch self {
        case .string: .string
        case .element: .element
        case .member, .textScore, .binaryScore: .member
        default: stage == .firstPart ? .field : .value
        }
    }

    /// How a whole item is handed out.
    var event: EventKind {
        switch self {
        case .string: .string
        case .element: .element
        case .member: .member
        case .textScore, .binaryScore: .scoredMember
        default: .field
        }
    }
}

extension ItemState {
    /// The expiry that stands before the field.
    @inline(__always)
    @_lifetime(scan: copy scan)
    func leadingExpiry(_ scan: inout Scan) throws(Stop) -> Int64? {
        guard shape == .relativeExpiry || shape == .absoluteExpiry else { return nil }
        return try leadingTime(&scan)
    }

    @_lifetime(scan: copy scan)
    private func leadingTime(_ scan: inout Scan) throws(Stop) -> Int64? {
        let start = scan.at
        let time = try scan.length()
        guard time > 0 else { return nil }
        let (sum, isBeyond) = earliestExpiry.addingReportingOverflow(Int64(clamping: time))
        guard time <= Int64.max, !isBeyond else { throw scan.fault(.malformed(.expiry), at: start) }
        return shape == .relativeExpiry ? sum - 1 : Int64(time)
    }

    /// The expiry that stands behind the value.
    @inline(__always)
    @_lifetime(scan: copy scan)
    func trailingExpiry(_ scan: inout Scan) throws(Stop) -> Int64? {
        guard shape == .trailingExpiry else { return nil }
        let time = Int64(bitPattern: try scan.littleEndianWord())
        return time == -1 ? nil : time
    }

    /// The score that stands behind the member, as text.
    @inline(__always)
    @_lifetime(scan: copy scan)
    func trailingScore(_ scan: inout Scan, _ text: inout ByteBuffer) throws(Stop) -> Place? {
        guard shape.hasScores else { return nil }
        let score = shape == .binaryScore ? try scan.littleEndianWord() : try textScore(&scan).bitPattern
        let start = text.count
        Score.append(Double(bitPattern: score), to: &text)
        return Place(source: .text, start: start, count: text.count - start)
    }

    @_lifetime(scan: copy scan)
    private func textScore(_ scan: inout Scan) throws(Stop) -> Double {
        let start = scan.at
        let length = Int(try scan.byte())
        switch length {
        case 253: return .nan
        case 254: return .infinity
        case 255: return -.infinity
        default:
            try scan.need(length)
            guard let score = Score.parse(scan.bytes.extracting(scan.at..<scan.at + length)) else {
                throw scan.fault(.malformed(.score), at: start)
            }
            scan.at += length
            return score
        }
    }
}

extension RDBDecoder {
    mutating func readItem(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        guard items.left > 0 else {
            phase = .keyEnd
            return false
        }
        let limit = limits.pieceByteCount
        var scan = Scan(window.bytes, from: position, base: base)
        let expiry = try items.leadingExpiry(&scan)
        guard let one = try scan.string(upTo: limit, &text) else {
            beginPieces(after: .items)
            return false
        }
        found.first = one
        if items.shape.hasValues {
            guard let two = try scan.string(upTo: limit, &text) else {
                text.removeAll()
                beginPieces(after: .items)
                return false
            }
            found.second = two
            found.time = try items.trailingExpiry(&scan) ?? expiry
        } else if let score = try items.trailingScore(&scan, &text) {
            found.second = score
        }
        position = scan.at
        found.kind = items.shape.event
        items.left -= 1
        items.count += 1
        return true
    }

    /// A node of a quicklist: a packed form, or in newer ones an element by itself.
    mutating func readListNode(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        guard items.left > 0 else {
            phase = .keyEnd
            return false
        }
        guard found.facts.encoding == TypeByte.quicklist2 else {
            return try openNode(window, .ziplist, behind: 0)
        }
        var scan = Scan(window.bytes, from: position, base: base)
        switch try scan.length() {
        case 1: return try readPlainNode(window, headByteCount: scan.at - position)
        case 2: return try openNode(window, .listpack, behind: scan.at - position)
        default: throw fault(.malformed(.quicklist))
        }
    }

    private mutating func openNode(_ window: borrowing ByteBuffer, _ form: PackedForm, behind skipped: Int) throws(Stop)
        -> Bool
    {
        let hasEvent = try openPacked(window, form, .element, after: .listNodes, behind: skipped)
        items.left -= 1
        return hasEvent
    }

    private mutating func readPlainNode(_ window: borrowing ByteBuffer, headByteCount: Int) throws(Stop) -> Bool {
        var scan = Scan(window.bytes, from: position, base: base)
        scan.at += headByteCount
        guard let place = try scan.string(upTo: limits.pieceByteCount, &text) else {
            position += headByteCount
            items.shape = .element
            beginPieces(after: .listNodes)
            return false
        }
        position = scan.at
        found.first = place
        found.kind = .element
        items.left -= 1
        items.count += 1
        return true
    }
}
