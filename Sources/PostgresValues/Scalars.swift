// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Whether the text of a timestamp ends in an offset.
enum ZoneSuffix {
    case absent
    case present
}

extension ByteBuffer {
    /// Appends `t` or `f`.
    mutating func append(boolean text: RawSpan) throws(WireFault) {
        guard text.byteCount == 1, text[0] == UInt8(ascii: "t") || text[0] == UInt8(ascii: "f") else {
            throw WireFault(.malformed, at: 0)
        }
        append(text[0])
    }

    /// Appends the digits of a `bytea` in hex form, without its `\x`.
    mutating func append(bytea text: RawSpan) throws(WireFault) {
        guard text.byteCount >= 2, text[0] == 0x5c, text[1] == UInt8(ascii: "x") else {
            throw WireFault(.malformed, at: 0)
        }
        try append(hexadecimal: text.extracting(2..<text.byteCount), at: 2)
    }

    /// Appends lower-case hexadecimal digits, two for each byte; `offset` is where they stand in their value.
    mutating func append(hexadecimal digits: RawSpan, at offset: Int) throws(WireFault) {
        guard digits.byteCount & 1 == 0 else { throw WireFault(.malformed, at: offset) }
        for index in 0..<digits.byteCount where !isHexadecimal(digits[index]) {
            throw WireFault(.malformed, at: offset + index)
        }
        append(digits)
    }

    /// Appends a timestamp with `T` between day and time, and with hours and minutes in its offset.
    ///
    /// `2024-01-02 03:04:05.6789+00 BC` becomes `2024-01-02T03:04:05.6789+00:00 BC`; `infinity` stays.
    mutating func append(timestamp text: RawSpan, zone: ZoneSuffix) throws(WireFault) {
        if text.isInfinity { return append(text) }
        let parts = try TimestampParts(text, zone: zone)
        let start = count
        append(text.extracting(0..<parts.end))
        overwrite(UInt8(ascii: "T"), at: start + parts.separator)
        if parts.isZoneShort { append(":00") }
        append(text.extracting(parts.end..<text.byteCount))
    }
}

/// Where the parts of a timestamp lie; their grammar was checked.
private struct TimestampParts {
    /// Offset of the space between day and time.
    let separator: Int
    /// Offset of what follows time and offset: nothing, or ` BC`.
    let end: Int
    /// Whether the offset has hours only.
    let isZoneShort: Bool

    @inline(__always)
    init(_ text: RawSpan, zone: ZoneSuffix) throws(WireFault) {
        var yearLength = 4
        while yearLength < text.byteCount, isDigit(text[yearLength]) { yearLength += 1 }
        let dayEnd = yearLength + 6
        guard dayEnd + 9 <= text.byteCount, yearLength <= 8 else { throw WireFault(.malformed, at: 0) }
        for index in 0..<yearLength - 4 where !isDigit(text[index]) { throw WireFault(.malformed, at: index) }
        guard text.matches(.day, at: yearLength - 4), text.matches(.hour, at: yearLength + 4),
            text[dayEnd + 6] == UInt8(ascii: ":"), isDigit(text[dayEnd + 7]), isDigit(text[dayEnd + 8])
        else { throw WireFault(.malformed, at: 0) }
        separator = dayEnd
        var index = text.endOfFraction(from: dayEnd + 9)
        let zoneStart = index
        if zone == .present { index = try text.endOfZone(from: index) }
        isZoneShort = zone == .present && index - zoneStart == 3
        end = index
        let isBC = text.byteCount - index == 3 && text.extracting(index..<index + 3).isEqual(to: " BC")
        guard index == text.byteCount || isBC else { throw WireFault(.malformed, at: index) }
    }
}

/// Eight bytes of digits and separators, compared at once.
private struct DigitPattern {
    /// The pattern with zeros for digits, the first byte lowest.
    let text: UInt64
    /// For each byte, what it takes to reach 0x80 from the first value that is too large: 0x76 where values up to 9
    /// may differ from the zero, 0x7f where none may.
    let room: UInt64

    /// `0000-00-`
    static let day = DigitPattern(text: 0x2d30_302d_3030_3030, room: 0x7f76_767f_7676_7676)
    /// `00 00:00`
    static let hour = DigitPattern(text: 0x3030_3a30_3020_3030, room: 0x7676_7f76_767f_7676)
}

extension RawSpan {
    fileprivate var isInfinity: Bool {
        guard byteCount == 8 || byteCount == 9 else { return false }
        return isEqual(to: "infinity") || isEqual(to: "-infinity")
    }

    /// Whether the eight bytes at `index` follow `pattern`.
    @inline(__always)
    fileprivate func matches(_ pattern: DigitPattern, at index: Int) -> Bool {
        let word = littleEndianWord(at: index) ^ pattern.text
        return (word | (word &+ pattern.room)) & 0x8080_8080_8080_8080 == 0
    }

    @inline(__always)
    fileprivate func endOfFraction(from start: Int) -> Int {
        guard start < byteCount, self[start] == UInt8(ascii: ".") else { return start }
        var index = start + 1
        while index < byteCount, isDigit(self[index]) { index += 1 }
        return index > start + 1 ? index : start
    }

    /// The end of `+00`, `-03:30` or `+00:19:32`.
    @inline(__always)
    fileprivate func endOfZone(from start: Int) throws(WireFault) -> Int {
        guard start + 3 <= byteCount, self[start] == UInt8(ascii: "+") || self[start] == UInt8(ascii: "-"),
            isDigit(self[start + 1]), isDigit(self[start + 2])
        else { throw WireFault(.malformed, at: start) }
        var index = start + 3
        while index + 3 <= byteCount, self[index] == UInt8(ascii: ":"), isDigit(self[index + 1]),
            isDigit(self[index + 2]), index < start + 9
        {
            index += 3
        }
        return index
    }
}

@inline(__always)
func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

@inline(__always)
func isHexadecimal(_ byte: UInt8) -> Bool { isDigit(byte) || byte &- 0x61 < 6 }
