// SPDX-License-Identifier: Apache-2.0

/// Puts payloads together byte by byte.
enum SnapshotText {
    /// A payload of version 12 without a checksum.
    static func payload(_ records: [UInt8]...) -> [UInt8] {
        Array("REDIS0012".utf8) + records.flatMap { $0 } + [255] + [UInt8](repeating: 0, count: 8)
    }

    static func length(_ count: Int) -> [UInt8] {
        if count < 64 { return [UInt8(count)] }
        return [0x80] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }
    }

    static func string(_ bytes: [UInt8]) -> [UInt8] { length(bytes.count) + bytes }
    static func string(_ text: String) -> [UInt8] { string(Array(text.utf8)) }

    /// A key of a type and with so many items, each of them strings.
    static func key(_ type: UInt8, _ name: String, _ strings: String...) -> [UInt8] {
        let width = type == 3 || type == 4 ? 2 : 1
        let values = strings.enumerated().flatMap { index, text in
            // The score of a member as text has one byte for its length.
            type == 3 && index % 2 == 1 ? [UInt8(text.utf8.count)] + Array(text.utf8) : string(text)
        }
        return [type] + string(name) + (type == 0 ? [] : length(strings.count / width)) + values
    }

    static func bytes(_ number: UInt64, littleEndian: Bool = true) -> [UInt8] {
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        return littleEndian ? bytes : bytes.reversed()
    }

    static func id(_ milliseconds: UInt64, _ sequence: UInt64) -> [UInt8] {
        bytes(milliseconds, littleEndian: false) + bytes(sequence, littleEndian: false)
    }

    /// A listpack of small numbers and short texts.
    static func listpack(_ entries: [Any]) -> [UInt8] {
        let body = entries.flatMap { entry -> [UInt8] in
            if let number = entry as? Int { return [UInt8(number), 1] }
            let text = Array("\(entry)".utf8)
            return [0x80 | UInt8(text.count)] + text + [UInt8(text.count + 1)]
        }
        let total = body.count + 7
        return [UInt8(total & 255), UInt8(total >> 8), 0, 0, UInt8(entries.count), 0] + body + [255]
    }

    /// The stream `x` with the entries 5-1 (`f v`, `g w`) and 6-1 (`f u`), in a form of Redis 5, 7.0 or 7.2, and with a
    /// group of one consumer.
    static func stream(type: UInt8, hasGroup: Bool) -> [UInt8] {
        let node = listpack([2, 0, 1, "f", 0, 0, 0, 0, 2, "f", "v", "g", "w", 8, 2, 1, 0, "u", 4])
        var text = [type] + string("x") + [1] + string(id(5, 1)) + string(node) + [2, 6, 1]
        if type > 15 { text += [5, 1, 4, 2, 9] }
        guard hasGroup else { return text + [0] }
        text += [1] + string("gruppe") + [5, 1]
        if type > 15 { text += [1] }
        text += [1] + id(5, 1) + bytes(1000) + [3]
        text += [1] + string("leser") + bytes(2000)
        if type > 19 { text += bytes(3000) }
        return text + [1] + id(5, 1)
    }
}
