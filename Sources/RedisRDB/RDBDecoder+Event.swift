// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// What a step found.
enum EventKind: UInt8 {
    case header, auxiliary, selectDatabase, resizeDatabase, slotInfo, slotImport, slotRange, functionLibrary
    case moduleAuxiliary, beginKey, string, element, member, scoredMember, field, piece, endItem, moduleValue
    case streamEntry, streamField, streamState, streamGroup, pendingEntry, streamConsumer, consumerPending, endKey, end
}

extension RDBDecoder {
    /// What the last step found, in place.
    @usableFromInline
    @_lifetime(borrow self, borrow window)
    func event(_ window: borrowing ByteBuffer) -> RDBEvent {
        switch kind {
        case .string: .string(bytes(first, window))
        case .element: .element(bytes(first, window))
        case .member: .member(bytes(first, window))
        case .scoredMember: .scoredMember(bytes(first, window), score: bytes(second, window))
        case .field: .field(bytes(first, window), value: bytes(second, window), expiresAt: numbers.time)
        case .streamEntry, .streamField, .streamState, .streamGroup, .pendingEntry, .streamConsumer,
            .consumerPending:
            streamEvent(window)
        case .beginKey: .beginKey(RDBKey(name: bytes(first, window), facts))
        case .endKey: .endKey(itemCount: numbers.a)
        case .piece: .piece(numbers.part, bytes(first, window), isLast: numbers.flag)
        case .endItem: .endItem(score: numbers.flag ? bytes(first, window) : nil, expiresAt: numbers.time)
        case .moduleValue: .moduleValue(module.id, byteCount: module.byteCount)
        default: recordEvent(window)
        }
    }

    @_lifetime(borrow self, borrow window)
    private func recordEvent(_ window: borrowing ByteBuffer) -> RDBEvent {
        switch kind {
        case .header: .header(header)
        case .auxiliary: .auxiliary(name: bytes(first, window), value: bytes(second, window))
        case .selectDatabase: .selectDatabase(numbers.a)
        case .resizeDatabase: .resizeDatabase(keys: numbers.a, expiring: numbers.b)
        case .slotInfo: .slotInfo(slot: numbers.a, keys: numbers.b, expiring: numbers.c)
        case .slotImport: .slotImport(job: bytes(first, window), rangeCount: numbers.a)
        case .slotRange: .slotRange(first: numbers.b, last: numbers.c)
        case .functionLibrary: .functionLibrary(bytes(first, window))
        case .moduleAuxiliary: .moduleAuxiliary(module.id, byteCount: module.byteCount)
        default: .end(numbers.checksum)
        }
    }

    @_lifetime(borrow self, borrow window)
    private func streamEvent(_ window: borrowing ByteBuffer) -> RDBEvent {
        switch kind {
        case .streamEntry: .streamEntry(numbers.id, fieldCount: stream.fieldsLeft)
        case .streamField: .streamField(bytes(first, window), value: bytes(second, window))
        case .pendingEntry:
            .pendingEntry(numbers.id, deliveredAt: numbers.time ?? 0, deliveryCount: numbers.a)
        case .consumerPending: .consumerPending(numbers.id)
        case .streamGroup:
            .streamGroup(
                RDBStreamGroup(
                    name: bytes(first, window), lastID: numbers.id, entriesRead: numbers.time, pendingCount: numbers.a))
        case .streamConsumer:
            .streamConsumer(
                RDBStreamConsumer(
                    name: bytes(first, window), seenAt: Int64(bitPattern: numbers.b), activeAt: numbers.time,
                    pendingCount: numbers.a))
        default: .streamState(stream.state)
        }
    }

    @inline(__always)
    @_lifetime(borrow self, borrow window)
    func bytes(_ place: Place, _ window: borrowing ByteBuffer) -> RawSpan {
        switch place.source {
        case .window: window.bytes.extracting(place.start..<place.start + place.count)
        case .text: text.bytes.extracting(place.start..<place.start + place.count)
        case .expansion: expansion.bytes.extracting(place.start..<place.start + place.count)
        }
    }
}
