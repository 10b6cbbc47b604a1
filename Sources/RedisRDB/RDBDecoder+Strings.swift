// SPDX-License-Identifier: Apache-2.0

import Bytes

extension Scan {
    /// The next string, whole. One that is longer than `limit` is nil when it may come in pieces; see `held(_:_:)`.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func string(upTo limit: Int, _ text: inout ByteBuffer) throws(Stop) -> Place? {
        let start = at
        let head = try stringHead()
        if head.form == .raw, head.byteCount <= limit {
            try need(head.byteCount)
            at += head.byteCount
            return Place(source: .window, start: at - head.byteCount, count: head.byteCount)
        }
        return try specialString(head, upTo: limit, at: start, &text)
    }

    @_lifetime(self: copy self)
    private mutating func specialString(
        _ head: StringHead, upTo limit: Int, at start: Int, _ text: inout ByteBuffer
    ) throws(Stop) -> Place? {
        guard head.byteCount <= limit, head.storedByteCount <= limit else { return nil }
        let textStart = text.count
        if head.form == .integer {
            text.appendDecimal(signed: head.integer)
        } else {
            try need(head.storedByteCount)
            let input = bytes.extracting(at..<at + head.storedByteCount)
            do throws(WireFault) { try LZF.expandWhole(input, byteCount: head.byteCount, into: &text) } catch {
                throw fault(.malformed(.compression), at: at + error.offset)
            }
            at += head.storedByteCount
        }
        return Place(source: .text, start: textStart, count: text.count - textStart)
    }

    /// The next string, which has to be held whole.
    @_lifetime(self: copy self)
    mutating func heldString(_ limits: RDBLimits, _ text: inout ByteBuffer) throws(Stop) -> Place {
        let start = at
        if let place = try string(upTo: limits.heldByteCount, &text) { return place }
        at = start
        let head = try stringHead()
        let byteCount = UInt64(max(head.byteCount, head.storedByteCount))
        throw fault(.tooLarge(byteCount: byteCount, bound: limits.heldByteCount), at: start)
    }
}

/// Where a long string is that comes in pieces.
struct PieceState {
    enum Stage: UInt8 { case head, firstPart, secondPart, tail }

    var stage = Stage.head
    var isOpen = false
    var form = StringHead.Form.raw
    /// How many bytes of the string are still to come.
    var left = 0
    /// How many bytes of the payload that are.
    var storedLeft = 0
    /// Where in the expansion the current piece begins.
    var expansionStart = 0
    var expiresAt: Int64?
    /// What is read after the item.
    var after = RDBDecoder.Phase.items
}

extension RDBDecoder {
    /// Begins to read the next item in pieces.
    mutating func beginPieces(after: Phase) {
        pieces = PieceState()
        pieces.after = after
        phase = .itemPieces
    }

    mutating func readPiece(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        switch pieces.stage {
        case .head:
            var scan = Scan(window.bytes, from: position, base: base)
            pieces.expiresAt = try items.leadingExpiry(&scan)
            position = scan.at
            pieces.stage = .firstPart
            return false
        case .firstPart, .secondPart: return try readPartPiece(window)
        case .tail:
            var scan = Scan(window.bytes, from: position, base: base)
            let score = try items.trailingScore(&scan, &text)
            let expiry = try items.trailingExpiry(&scan)
            position = scan.at
            found.kind = .endItem
            found.first = score ?? Place()
            found.flag = score != nil
            found.time = expiry ?? pieces.expiresAt
            items.left -= 1
            items.count += 1
            phase = pieces.after
            return true
        }
    }

    private mutating func readPartPiece(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        if !pieces.isOpen {
            var scan = Scan(window.bytes, from: position, base: base)
            let head = try scan.stringHead()
            position = scan.at
            pieces.isOpen = true
            pieces.form = head.form
            pieces.left = head.byteCount
            pieces.storedLeft = head.storedByteCount
            pieces.expansionStart = 0
            expansion.removeAll(keepingAtMost: limits.keptByteCount)
            if head.form == .integer { text.appendDecimal(signed: head.integer) }
        }
        switch pieces.form {
        case .raw: try readRawPiece(window)
        case .compressed: try readCompressedPiece(window)
        case .integer: found.first = Place(source: .text, start: 0, count: text.count)
        }
        found.kind = .piece
        found.part = items.shape.part(pieces.stage)
        found.flag = pieces.left == 0
        if pieces.left == 0 {
            pieces.isOpen = false
            pieces.stage = pieces.stage == .firstPart && items.shape.hasValues ? .secondPart : .tail
        }
        return true
    }

    private mutating func readRawPiece(_ window: borrowing ByteBuffer) throws(Stop) {
        let count = min(pieces.left, limits.pieceByteCount)
        guard window.count - position >= count else { throw .short(count) }
        found.first = Place(source: .window, start: position, count: count)
        position += count
        pieces.left -= count
    }

    private mutating func readCompressedPiece(_ window: borrowing ByteBuffer) throws(Stop) {
        if expansion.count - pieces.expansionStart == 0 { forgetOldPieces() }
        let goal = min(pieces.left, limits.pieceByteCount - LZF.stepByteCount)
        while expansion.count - pieces.expansionStart < goal {
            let available = min(window.count - position, pieces.storedLeft)
            let used = try expandAvailable(window, available, until: pieces.expansionStart + goal)
            position += used
            pieces.storedLeft -= used
            guard used == 0 else { continue }
            guard available < pieces.storedLeft else { throw fault(.malformed(.compression)) }
            throw .short(min(window.count - position + 1, pieces.storedLeft))
        }
        let count = expansion.count - pieces.expansionStart
        pieces.left -= count
        guard pieces.left >= 0, pieces.left > 0 || pieces.storedLeft == 0 else {
            throw fault(.malformed(.compression))
        }
        found.first = Place(source: .expansion, start: pieces.expansionStart, count: count)
        pieces.expansionStart = expansion.count
    }

    private mutating func expandAvailable(_ window: borrowing ByteBuffer, _ count: Int, until enough: Int) throws(Stop)
        -> Int
    {
        let input = window.bytes.extracting(position..<position + count)
        do throws(WireFault) { return try LZF.expand(input, into: &expansion, from: 0, until: enough) } catch {
            throw .fault(RDBFault(.malformed(.compression), at: base + UInt64(position + error.offset)))
        }
    }

    private mutating func forgetOldPieces() {
        let excess = expansion.count - LZF.windowByteCount
        guard excess > 0 else { return }
        expansion.removeFirst(excess)
        pieces.expansionStart = expansion.count
    }
}
