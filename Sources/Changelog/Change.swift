// SPDX-License-Identifier: Apache-2.0

import Bytes

/// One change, seen in place in its batch.
public struct Change: ~Escapable {
    /// A value of one column.
    public enum Field: ~Escapable {
        /// No value.
        case null
        /// The source did not send this column: unknown, which is not null.
        case unset
        /// The value in the form of its ``ColumnType``.
        case value(RawSpan)
        /// The value of a column that ``ColumnType/hasNumbers``, as a number: the integer; the bits of a float; a
        /// decimal without its point; days since 1970-01-01; microseconds since that day began, in the years 1 to 9999.
        /// ``Bytes/ByteBuffer/append(number:as:)`` has the text.
        case number(Int64)
    }

    /// What the change did.
    public let operation: Operation
    /// The change inside its transaction, from 1, counted before any filter.
    public let ordinal: UInt64
    /// The index of its schema in ``ChangeBatch/schemas``.
    public let schemaIndex: Int
    /// How many columns its schema has.
    public let columnCount: Int
    /// Whether the source sent an old key or an old row.
    public let hasOldRow: Bool

    @usableFromInline let slots: Span<ChangeBatch.FieldSlot>
    @usableFromInline let arena: RawSpan

    @_lifetime(copy slots, copy arena)
    init(_ entry: ChangeBatch.Entry, columnCount: Int, slots: Span<ChangeBatch.FieldSlot>, arena: RawSpan) {
        operation = entry.operation
        ordinal = entry.ordinal
        schemaIndex = Int(entry.schema)
        hasOldRow = entry.hasOldRow
        self.columnCount = columnCount
        self.slots = slots
        self.arena = arena
    }

    /// The value of column `index` after the change; of a deleted row, as far as the source sent it.
    @inlinable
    @_lifetime(copy self)
    public func field(_ index: Int) -> Field {
        slot(slots[index])
    }

    /// The value of column `index` before the change. Ask only when ``hasOldRow``.
    @inlinable
    @_lifetime(copy self)
    public func oldField(_ index: Int) -> Field {
        slot(slots[columnCount + index])
    }

    @inlinable
    @_lifetime(copy self)
    func slot(_ slot: ChangeBatch.FieldSlot) -> Field {
        switch slot.length {
        case ChangeBatch.FieldSlot.null: return .null
        case ChangeBatch.FieldSlot.unset: return .unset
        case ChangeBatch.FieldSlot.number: return .number(Int64(slot.offset))
        default: return .value(arena.extracting(slot.offset..<slot.offset + slot.length))
        }
    }
}
