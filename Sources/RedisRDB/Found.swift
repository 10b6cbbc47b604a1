// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// What a step found.
enum EventKind: UInt8 {
    case header, auxiliary, selectDatabase, resizeDatabase, slotInfo, slotImport, slotRange, functionLibrary
    case moduleAuxiliary, beginKey, string, element, member, scoredMember, field, piece, endItem, moduleValue
    case streamEntry, streamField, streamState, streamHistory, streamGroup, pendingEntry, streamConsumer
    case consumerPending, endKey, end
}

/// Where bytes of an event are.
struct Place {
    enum Source: UInt8 { case window, text, expansion }

    var source = Source.window
    var start = 0
    var count = 0

    @inline(__always)
    @_lifetime(borrow window, borrow text, borrow expansion)
    func bytes(
        _ window: borrowing ByteBuffer, _ text: borrowing ByteBuffer, _ expansion: borrowing ByteBuffer
    ) -> RawSpan {
        let range = start..<start + count
        return switch source {
        case .window: window.bytes.extracting(range)
        case .text: text.bytes.extracting(range)
        case .expansion: expansion.bytes.extracting(range)
        }
    }
}

/// What the last step found: everything of an event but the bytes, which stay where they are.
@usableFromInline
struct Found {
    var kind = EventKind.end
    var part = RDBPart.string
    /// Whether a piece is the last, or an item has a score.
    var flag = false
    var first = Place()
    var second = Place()
    var a: UInt64 = 0
    var b: UInt64 = 0
    var c: UInt64 = 0
    var id = StreamEntryID(milliseconds: 0, sequence: 0)
    var time: Int64?
    var facts = KeyFacts()
    var checksum = RDBChecksum.absent
    var header = RDBHeader(.redis, version: 0)
}

extension Found {
    // Not mutating in truth: a value of this size is copied when it is lent and not when it is lent to be changed.
    @usableFromInline
    @_lifetime(borrow window, borrow text, borrow expansion)
    mutating func event(
        _ window: borrowing ByteBuffer, _ text: borrowing ByteBuffer, _ expansion: borrowing ByteBuffer
    ) -> RDBEvent {
        switch kind {
        case .string: return .string(first.bytes(window, text, expansion))
        case .element: return .element(first.bytes(window, text, expansion))
        case .member: return .member(first.bytes(window, text, expansion))
        case .beginKey: return .beginKey(RDBKey(name: first.bytes(window, text, expansion), facts))
        case .endKey: return .endKey(itemCount: a)
        case .scoredMember:
            return .scoredMember(first.bytes(window, text, expansion), score: second.bytes(window, text, expansion))
        case .field:
            return .field(
                first.bytes(window, text, expansion), value: second.bytes(window, text, expansion), expiresAt: time)
        case .streamField:
            return .streamField(first.bytes(window, text, expansion), value: second.bytes(window, text, expansion))
        case .auxiliary:
            return .auxiliary(
                name: first.bytes(window, text, expansion), value: second.bytes(window, text, expansion))
        case .piece, .functionLibrary, .slotImport, .streamGroup, .streamConsumer:
            return namedEvent(first.bytes(window, text, expansion))
        case .endItem:
            return .endItem(score: flag ? first.bytes(window, text, expansion) : nil, expiresAt: time)
        default: return plainEvent()
        }
    }

    @_lifetime(copy bytes)
    private mutating func namedEvent(_ bytes: RawSpan) -> RDBEvent {
        switch kind {
        case .piece: .piece(part, bytes, isLast: flag)
        case .functionLibrary: .functionLibrary(bytes)
        case .slotImport: .slotImport(job: bytes, rangeCount: a)
        case .streamGroup:
            .streamGroup(RDBStreamGroup(name: bytes, lastID: id, pendingCount: a, entriesRead: time))
        default:
            .streamConsumer(
                RDBStreamConsumer(name: bytes, seenAt: Int64(bitPattern: b), pendingCount: a, activeAt: time))
        }
    }

    /// An event without bytes.
    @_lifetime(immortal)
    private mutating func plainEvent() -> RDBEvent {
        switch kind {
        case .header: .header(header)
        case .selectDatabase: .selectDatabase(a)
        case .resizeDatabase: .resizeDatabase(keys: a, expiring: b)
        case .slotInfo: .slotInfo(slot: a, keys: b, expiring: c)
        case .slotRange: .slotRange(first: b, last: c)
        case .moduleAuxiliary: .moduleAuxiliary(facts.module, byteCount: a)
        case .moduleValue: .moduleValue(facts.module, byteCount: a)
        case .streamEntry: .streamEntry(id, fieldCount: Int(a))
        case .streamState: .streamState(RDBStreamState(length: a, lastID: id))
        case .streamHistory:
            .streamHistory(
                RDBStreamHistory(
                    firstID: id, maxDeletedID: StreamEntryID(milliseconds: b, sequence: c), entriesAdded: a))
        case .pendingEntry: .pendingEntry(id, deliveredAt: time ?? 0, deliveryCount: a)
        case .consumerPending: .consumerPending(id)
        default: .end(checksum)
        }
    }
}
