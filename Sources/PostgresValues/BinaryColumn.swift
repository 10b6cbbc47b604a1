// SPDX-License-Identifier: Apache-2.0

import Bytes
internal import Changelog

/// How the server's binary form of one column's values becomes what a ``ChangeBatch`` holds: numbers where they are
/// numbers, else the same text that the server would have sent.
///
/// The forms are those of the types' send functions, which do not change between releases.
public struct BinaryColumn: Sendable {
    enum Form: UInt8, Sendable {
        case boolean
        case int16
        case int32
        case int64
        case float32
        case float64
        case numeric
        case text
        /// A version of one byte before the text.
        case jsonb
        case binary
        case date
        case timestamp
        case timestampWithZone
        case uuid
    }

    let form: Form
    /// How many digits stand behind the point of a decimal that fits into a number; -1 where it may not.
    let scale: Int

    /// Nil for types whose binary form is not understood here.
    public init?(for oid: UInt32, typeModifier: Int32, in dictionary: TypeDictionary) {
        let (resolved, modifier) = dictionary.resolved(oid, typeModifier: typeModifier)
        guard let resolved else { return nil }
        switch resolved.kind {
        case .enumeration: form = .text
        case .base:
            guard let form = Form(base: resolved.oid) else { return nil }
            self.form = form
        default: return nil
        }
        let type = dictionary.baseType(of: resolved.oid, modifier)
        guard case .decimal(_, let scale) = type, type.hasNumbers else {
            self.scale = -1
            return
        }
        self.scale = scale ?? 0
    }

    /// Appends the value that `bytes` are to the change that `batch` is at.
    @inline(__always)
    func convert(_ bytes: RawSpan, into batch: inout ChangeBatch) throws(WireFault) {
        switch form {
        case .text: batch.append(bytes)
        case .int32: batch.append(number: Int64(try bytes.fixed(Int32.self)))
        case .int64: batch.append(number: try bytes.fixed(Int64.self))
        case .timestampWithZone, .timestamp: try appendMoment(try bytes.fixed(Int64.self), to: &batch)
        default: try convertOther(bytes, into: &batch)
        }
    }

    @inline(never)
    private func convertOther(_ bytes: RawSpan, into batch: inout ChangeBatch) throws(WireFault) {
        switch form {
        case .boolean:
            guard bytes.byteCount == 1 else { throw WireFault(.invalidLength(bytes.byteCount), at: 0) }
            batch.append(literal: bytes[0] == 0 ? "f" : "t")
        case .int16: batch.append(number: Int64(try bytes.fixed(Int16.self)))
        case .float32:
            let value = Float(bitPattern: try bytes.fixed(UInt32.self))
            batch.append(number: Int64((value.isNaN ? Float.nan : value).bitPattern))
        case .float64:
            let value = Double(bitPattern: try bytes.fixed(UInt64.self))
            batch.append(number: Int64(bitPattern: (value.isNaN ? Double.nan : value).bitPattern))
        case .numeric: try appendNumeric(try NumericParts(bytes), to: &batch)
        case .jsonb:
            guard bytes.byteCount > 0, bytes[0] == 1 else { throw WireFault(.malformed, at: 0) }
            batch.append(bytes.extracting(1..<bytes.byteCount))
        case .binary: batch.append { $0.appendHexadecimal(bytes: bytes) }
        case .date: try appendDay(try bytes.fixed(Int32.self), to: &batch)
        case .uuid: try appendUUID(bytes, to: &batch)
        case .text, .int32, .int64, .timestamp, .timestampWithZone: break
        }
    }

    @inline(__always)
    private func appendMoment(_ distance: Int64, to batch: inout ChangeBatch) throws(WireFault) {
        let (microseconds, isOver) = distance.addingReportingOverflow(Era.beginMicroseconds)
        guard !isOver, Era.plainMicroseconds.contains(microseconds) else {
            return batch.append { $0.append(unusualMoment: distance, hasZone: form == .timestampWithZone) }
        }
        batch.append(number: microseconds)
    }

    private func appendDay(_ distance: Int32, to batch: inout ChangeBatch) throws(WireFault) {
        let days = Int64(distance) + Era.beginDays
        guard Era.plainDays.contains(days) else { return batch.append { $0.append(unusualDay: distance) } }
        batch.append(number: days)
    }

    @inline(__always)
    private func appendNumeric(_ parts: borrowing NumericParts, to batch: inout ChangeBatch) throws(WireFault) {
        if scale >= 0, let number = parts.number(scale: scale) { return batch.append(number: number) }
        batch.append { $0.append(parts) }
    }

    private func appendUUID(_ bytes: RawSpan, to batch: inout ChangeBatch) throws(WireFault) {
        guard bytes.byteCount == 16 else { throw WireFault(.invalidLength(bytes.byteCount), at: 0) }
        batch.append { $0.append(uuid: bytes) }
    }
}

extension BinaryColumn.Form {
    init?(base oid: UInt32) {
        switch oid {
        case StockOID.bool: self = .boolean
        case StockOID.int2: self = .int16
        case StockOID.int4: self = .int32
        case StockOID.int8: self = .int64
        case StockOID.float4: self = .float32
        case StockOID.float8: self = .float64
        case StockOID.numeric: self = .numeric
        case StockOID.text, StockOID.varchar, StockOID.bpchar, StockOID.name, StockOID.json: self = .text
        case StockOID.jsonb: self = .jsonb
        case StockOID.bytea: self = .binary
        case StockOID.date: self = .date
        case StockOID.timestamp: self = .timestamp
        case StockOID.timestamptz: self = .timestampWithZone
        case StockOID.uuid: self = .uuid
        default: return nil
        }
    }
}

/// The server's calendar, which begins in 2000.
private enum Era {
    static let beginDays: Int64 = 10_957
    static let beginMicroseconds = beginDays * 86_400_000_000
    /// 0001-01-01 to 9999-12-31, in days since 1970.
    static let plainDays: ClosedRange<Int64> = -719_162...2_932_896
    /// The same in microseconds.
    static let plainMicroseconds: ClosedRange<Int64> =
        -719_162 * 86_400_000_000...2_932_897 * 86_400_000_000 - 1
}

extension ByteBuffer {
    /// Appends a moment that is infinite, before the year 1 or after the year 9999.
    fileprivate mutating func append(unusualMoment distance: Int64, hasZone: Bool) {
        if distance == .max { return append("infinity") }
        if distance == .min { return append("-infinity") }
        let day = distance.flooredQuotient(86_400_000_000)
        let year = append(civilDay: day + Era.beginDays)
        var clock = ByteBuffer(capacity: 32)
        // Of some other day, which the clock does not depend on. The product may lie below what 64 bits hold.
        clock.append(moment: distance &- day &* 86_400_000_000)
        append(clock.bytes.extracting(10..<clock.count))
        if hasZone { append("+00:00") }
        if year < 1 { append(" BC") }
    }

    /// Appends a day that is infinite, before the year 1 or after the year 9999.
    fileprivate mutating func append(unusualDay distance: Int32) {
        if distance == .max { return append("infinity") }
        if distance == .min { return append("-infinity") }
        if append(civilDay: Int64(distance) + Era.beginDays) < 1 { append(" BC") }
    }
}

extension RawSpan {
    /// The big-endian integer that these bytes are.
    @inline(__always)
    fileprivate func fixed<I: FixedWidthInteger & BitwiseCopyable>(_ type: I.Type) throws(WireFault) -> I {
        guard byteCount == MemoryLayout<I>.size else { throw WireFault(.invalidLength(byteCount), at: 0) }
        var reader = ByteReader(self)
        return try reader.readInteger(type)
    }
}
