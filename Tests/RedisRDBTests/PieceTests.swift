// SPDX-License-Identifier: Apache-2.0

import Bytes
import RedisRDB
import Testing

/// Strings that are too long to be handed out whole.
@Suite("Pieces of long strings")
struct PieceTests {
    private static let limits = RDBLimits(pieceByteCount: 1024, heldByteCount: 4096, readByteCount: 700)
    private static let varied = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
    private static let uniform = [UInt8](repeating: 9, count: 100_000)
    private static let score: [UInt8] = [0, 0, 0, 0, 0, 0, 0xf8, 0x3f]

    /// Each shape with a long string in each of its places.
    static let values: [(name: String, bytes: [UInt8], items: [[UInt8]])] = {
        var values: [(String, [UInt8], [[UInt8]])] = []
        for (name, long, form) in [
            ("raw", varied, RDBText.string(varied)), ("literals", varied, RDBText.compressed(varied)),
            ("repetition", uniform, RDBText.compressed(uniform)),
        ] {
            let small = RDBText.string("s")
            let (s, number) = (Array("s".utf8), Array("-2".utf8))
            values.append(("string \(name)", [0] + small + form, [long]))
            values.append(("list \(name)", [1] + small + [3] + small + form + [0xc0, 254], [s, long, number]))
            values.append(("quicklist \(name)", [18] + small + [2, 1] + form + [1] + small, [long, s]))
            values.append(("set \(name)", [2] + small + [2] + form + small, [long, s]))
            values.append(("zset \(name)", [5] + small + [1] + form + score, [long, Array("1.5".utf8)]))
            values.append(("old zset \(name)", [3] + small + [1] + form + [2, 0x2d, 0x30], [long, Array("-0".utf8)]))
            values.append(("field \(name)", [4] + small + [2] + form + small + small + form, [long, s, s, long]))
            values.append(("both \(name)", [4] + small + [1] + form + form, [long, long]))
            values.append(("number \(name)", [4] + small + [1] + [0xc0, 254] + form, [number, long]))
        }
        return values
    }()

    @Test("put together they are the string, and none is longer than the limit", arguments: values.map(\.name))
    func pieces(name: String) throws {
        let value = try #require(Self.values.first { $0.name == name })
        let payload = RDBText.payload("REDIS0011", value.bytes)
        #expect(try Collected(payload, limits: Self.limits).keys[0].items == value.items)
        #expect(try Collected(payload).keys[0].items == value.items)
        let lines = EventPrinter.lines(payload, limits: Self.limits)
        for portion in [1, 333] {
            #expect(EventPrinter.lines(payload, portion: portion, limits: Self.limits) == lines)
        }
        try walk(payload, limits: Self.limits) { event in
            if case .piece(_, let bytes, _) = event { #expect(bytes.byteCount <= 1024) }
        }
    }

    @Test("field expiry arrives with the end of an item, from before the field and from behind the value")
    func expiry() {
        let long = RDBText.string(Self.varied)
        let valkey = [22] + RDBText.string("h") + [1] + RDBText.string("f") + long + [1, 0, 0, 0, 0, 0, 0, 0]
        let redis = [24] + RDBText.string("h") + [100, 0, 0, 0, 0, 0, 0, 0, 1, 3] + RDBText.string("f") + long
        for (header, value, time) in [("VALKEY080", valkey, 1), ("REDIS0012", redis, 102)] {
            let lines = EventPrinter.lines(RDBText.payload(header, value), limits: Self.limits)
            #expect(lines.contains("  end-item expires=\(time)") && lines.contains("  piece field 1 last"))
            #expect(lines.contains("  piece value 1024") && lines.contains("  piece value 904 last"))
        }
    }

    @Test("what has to be held whole is bounded")
    func bounds() {
        let long = RDBText.string(Self.varied)
        let fault = RDBFault(.tooLarge(byteCount: 5000, bound: 4096), at: 10)
        #expect(throws: fault) { try walk(RDBText.payload("REDIS0011", [0] + long), limits: Self.limits) }
        #expect(throws: fault) { try walk(RDBText.payload("REDIS0011", [245] + long), limits: Self.limits) }
        let zipped = RDBFault(.tooLarge(byteCount: 100_000, bound: 4096), at: 12)
        #expect(throws: zipped) {
            try walk(
                RDBText.payload("REDIS0011", [16, 1, 65] + RDBText.compressed(Self.uniform)), limits: Self.limits)
        }
    }

    @Test("a length that is only claimed costs no memory", arguments: [0, 1, 2, 4, 5, 10, 16, 18, 21, 250, 245])
    func claims(type: UInt8) {
        let huge: [UInt8] = [0x81, 0, 0, 0x7f, 255, 255, 255, 255, 255]
        for claim in [huge, [0xc3] + huge + huge, [0x80, 3, 255, 255, 255]] {
            let payload = Array("REDIS0011".utf8) + [type, 1, 65] + claim + claim + claim
            #expect(throws: RDBFault.self) { try walk(payload) }
        }
    }

    @Test(
        "damaged compression is a fault",
        arguments: [
            [0xc3, 3, 5, 0x20, 0, 1], [0xc3, 2, 5, 0, 65], [0xc3, 2, 1, 1, 65], [0xc3, 3, 1, 1, 65, 66],
            [0xc3, 1, 1, 0xe0], [0xc3, 4, 2, 0, 65, 0x20, 0x10], [0xc3, 0, 1],
        ] as [[UInt8]])
    func damagedCompression(form: [UInt8]) {
        #expect(throws: RDBFault.self) { try walk(RDBText.payload("REDIS0011", [0, 1, 65] + form)) }
    }

    @Test("damaged compression of a long string is a fault")
    func damagedLongCompression() {
        var form = RDBText.compressed(Self.uniform)
        for index in [20, 100, 400] {
            var damaged = form
            damaged[index] = 0x3f
            #expect(throws: RDBFault.self) {
                try walk(RDBText.payload("REDIS0011", [0, 1, 65] + damaged), limits: Self.limits)
            }
        }
        form[6] = 0xff
        #expect(throws: RDBFault.self) {
            try walk(RDBText.payload("REDIS0011", [0, 1, 65] + form), limits: Self.limits)
        }
    }
}
