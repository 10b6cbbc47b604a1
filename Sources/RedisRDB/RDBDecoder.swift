// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// Takes one step at a time through the bytes that have arrived. It never waits: a step that lacks bytes leaves things as
/// they were and says how many it needs.
@usableFromInline
struct RDBDecoder: ~Copyable {
    /// What comes next.
    enum Phase: UInt8 {
        case header, records, slotRanges
        case items, itemPieces, listNodes, packedValue, packedItems
        case streamNodes, streamEntries, streamFields, streamState, streamHistory
        case groups, groupPending, consumers, consumerPending
        case module, keyEnd, finished
    }

    let limits: RDBLimits

    /// The next byte of the window, which holds the bytes that have arrived; those before it were used.
    var position = 0
    /// The offset of the first byte of the window within the payload.
    var base: UInt64 = 0
    /// Texts made for the current step: numbers, scores, small strings that were compressed.
    @usableFromInline var text = ByteBuffer(capacity: 256)
    /// A packed form that was compressed, or the last pieces of a long compressed string.
    @usableFromInline var expansion = ByteBuffer(capacity: 0)
    var checksum = CRC64()
    /// Bytes of the window before this are in the checksum.
    var summed = 0

    var phase = Phase.header
    @usableFromInline var found = Found()
    var items = ItemState()
    var pieces = PieceState()
    var packed = PackedState()
    var stream = StreamState()
    var module = ModuleState()
    var failure: RDBFault?

    init(limits: RDBLimits) {
        self.limits = limits
    }

    /// Takes one step; false when there is none left.
    @usableFromInline
    mutating func step(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        if let failure { throw .fault(failure) }
        if !text.isEmpty { text.removeAll(keepingAtMost: limits.keptByteCount) }
        do throws(Stop) {
            while phase != .finished {
                if try advance(window) { return true }
            }
            return false
        } catch {
            if case .fault(let fault) = error { failure = fault }
            throw error
        }
    }

    /// Goes on by one piece of grammar; true when there is an event.
    @inline(__always)
    private mutating func advance(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        switch phase {
        case .records: try readRecord(window)
        case .items: try readItem(window)
        case .packedItems: try readPackedItem(window)
        case .keyEnd: endKey()
        case .header: try readHeader(window)
        case .slotRanges: try readSlotRange(window)
        case .itemPieces: try readPiece(window)
        case .listNodes: try readListNode(window)
        case .packedValue: try openPacked(window, packed.form, packed.shape, after: .keyEnd, behind: 0)
        case .streamNodes: try readStreamNode(window)
        case .streamEntries: try readStreamEntry(window)
        case .streamFields: try readStreamField(window)
        case .streamState: try readStreamState(window)
        case .streamHistory: try readStreamHistory(window)
        case .groups: try readGroup(window)
        case .groupPending: try readPending(window)
        case .consumers: try readConsumer(window)
        case .consumerPending: try readConsumerPending(window)
        case .module: try readModule(window)
        case .finished: false
        }
    }

    private mutating func endKey() -> Bool {
        found.kind = .endKey
        found.a = items.count
        found.facts = KeyFacts()
        phase = .records
        return true
    }

    /// The offset of the next byte within the payload.
    var offset: UInt64 { base + UInt64(position) }

    /// What went wrong at the next byte.
    func fault(_ kind: RDBFault.Kind) -> Stop { .fault(RDBFault(kind, at: offset)) }

    // MARK: What the reader calls

    /// Puts the used bytes into the checksum and makes room for more.
    @usableFromInline
    mutating func makeRoom(in window: inout ByteBuffer) {
        sum(window, upTo: position)
        window.removeFirst(position)
        base += UInt64(position)
        summed = 0
        position = 0
        let unread = window.count
        guard window.capacity > limits.keptByteCount, unread <= limits.readByteCount else { return }
        var smaller = ByteBuffer(capacity: unread + limits.readByteCount)
        smaller.append(window.bytes)
        swap(&smaller, &window)
    }

    /// Says that nothing will arrive any more although a step needs it.
    @usableFromInline
    mutating func end(_ window: borrowing ByteBuffer) -> RDBFault {
        let fault = RDBFault(.truncated, at: base + UInt64(window.count))
        failure = fault
        return fault
    }

    mutating func sum(_ window: borrowing ByteBuffer, upTo end: Int) {
        checksum.update(window.bytes.extracting(summed..<end))
        summed = end
    }
}
