// SPDX-License-Identifier: Apache-2.0

import Bytes
import RedisRDB
import Testing

/// Payloads put together byte by byte, for what no dump at hand has.
@Suite("Records of a payload")
struct PayloadTests {
    private static let redis12 = RDBHeader(.redis, version: 12)
    private static let hash2: [UInt8] =
        [22] + RDBText.string("h") + [2] + RDBText.string("f") + RDBText.string("v") + [UInt8](repeating: 255, count: 8)
        + RDBText.string("g") + RDBText.string("w") + [232, 3, 0, 0, 0, 0, 0, 0]

    private func lines(_ header: String, _ records: [UInt8]...) -> [String] {
        EventPrinter.lines(RDBText.payload(header, records.flatMap { $0 })).dropLast().map { String($0) }
    }

    @Test("the reader stops right behind the payload and gives back what it read beyond")
    func end() throws {
        let payload = RDBText.payload("REDIS0011", [0] + RDBText.string("k") + RDBText.string("v"))
        var reader = RDBReader(MemoryInput(payload + [1, 2, 3]))
        while try reader.next() != nil {}
        #expect(reader.consumedByteCount == UInt64(payload.count))
        #expect(reader.unread.copiedBytes() == [1, 2, 3])
        #expect(try reader.next() == nil)
    }

    @Test("a payload before version 5 ends with its opcode")
    func withoutChecksum() throws {
        let payload = Array("REDIS0004".utf8) + [0] + RDBText.string("k") + RDBText.string("v") + [255]
        #expect(EventPrinter.lines(payload).suffix(2) == ["end absent", "\(payload.count) bytes"])
    }

    @Test("a failure of the input is told apart from a fault, and the next call goes on")
    func failingInput() throws {
        let payload = RDBText.payload("REDIS0011", [0] + RDBText.string("key") + RDBText.string("value"))
        for place in 0..<payload.count {
            var reader = RDBReader(MemoryInput(payload, portion: 1, failingOnceAt: place))
            var (failures, events) = (0, 0)
            while true {
                do throws(RDBReadError<MemoryInput.Failure>) {
                    if try reader.next() == nil { break }
                    events += 1
                } catch {
                    #expect(error == .input(.cut))
                    failures += 1
                }
            }
            #expect(failures == 1 && events == 5)
        }
    }

    @Test("a fault in the bytes stays")
    func faultStays() {
        var reader = RDBReader(MemoryInput(Array("REDIS0011".utf8) + [99]))
        #expect(throws: Never.self) { _ = try reader.next() }
        let fault = RDBFault(.unknownType(99, in: RDBHeader(.redis, version: 11)), at: 9)
        for _ in 0..<2 { #expect(throws: RDBReadError<MemoryInput.Failure>.bytes(fault)) { _ = try reader.next() } }
    }

    @Test(
        "types and opcodes mean what the header says, and the others are named with their place",
        arguments: [
            ("REDIS0011", 22), ("REDIS0011", 25), ("REDIS0012", 26), ("REDIS0012", 8), ("REDIS0012", 243),
            ("REDIS0012", 242), ("VALKEY080", 23), ("VALKEY080", 24), ("VALKEY080", 242), ("VALKEY080", 107),
            ("REDIS0011", 200),
        ])
    func unknownTypes(header: String, type: Int) throws {
        let payload = RDBText.payload(header, [0, 1, 65, 1, 66], [UInt8(type)])
        let magic: RDBHeader.Magic = header.hasPrefix("VALKEY") ? .valkey : .redis
        let version = try #require(Int(header.drop { $0.isLetter }))
        #expect(throws: RDBFault(.unknownType(UInt8(type), in: RDBHeader(magic, version: version)), at: 14)) {
            try walk(payload)
        }
    }

    @Test("what was never released is refused by name", arguments: [6, 246])
    func prerelease(type: UInt8) {
        #expect(throws: RDBFault(.prereleaseType(type), at: 9)) { try walk(RDBText.payload("REDIS0010", [type])) }
    }

    @Test("other versions and other files are refused")
    func headers() {
        for (text, version) in [("REDIS0013", 13), ("REDIS0000", 0), ("REDIS0080", 80)] {
            #expect(throws: RDBFault(.unknownVersion(RDBHeader(.redis, version: version)), at: 0)) {
                try walk(Array(text.utf8))
            }
        }
        for (text, version) in [("VALKEY081", 81), ("VALKEY011", 11)] {
            #expect(throws: RDBFault(.unknownVersion(RDBHeader(.valkey, version: version)), at: 0)) {
                try walk(Array(text.utf8))
            }
        }
        for text in ["VCS000000", "REDIS00x1", "redis0011", "VALKEY0 1", "         "] {
            #expect(throws: RDBFault(.notRDB, at: 0)) { try walk(Array(text.utf8)) }
        }
        #expect(throws: RDBFault(.truncated, at: 4)) { try walk(Array("REDI".utf8)) }
        #expect(RDBHeader(.valkey, version: 80).description == "VALKEY080")
        #expect(Self.redis12.description == "REDIS0012")
    }

    @Test("a hash of Valkey has its expiry behind each value")
    func valkeyHash() {
        #expect(
            lines("VALKEY080", Self.hash2)[1...] == [
                "key \"h\" hash 22", "  field \"f\" \"v\"", "  field \"g\" \"w\" expires=1000", "end-key 2",
                "end disabled",
            ])
    }

    @Test("hashes of Redis have their expiry before the field, absolute or from the earliest on")
    func redisHashes() {
        let pairs: [UInt8] =
            [2, 0] + RDBText.string("f") + RDBText.string("v") + [5] + RDBText.string("g") + RDBText.string("w")
        let earliest: [UInt8] = [100, 0, 0, 0, 0, 0, 0, 0]
        let listpack: [UInt8] = [19, 0, 0, 0, 3, 0, 0x81, 102, 2, 0x81, 118, 2, 0xc1, 44, 2, 255]
        let form = [UInt8(listpack.count)] + listpack.dropFirst()
        #expect(
            lines(
                "REDIS0012", [22] + RDBText.string("a") + pairs, [24] + RDBText.string("b") + earliest + pairs,
                [23] + RDBText.string("c") + RDBText.string(form),
                [25] + RDBText.string("d") + earliest + RDBText.string(form)
            ).filter { $0.contains("field") } == [
                "  field \"f\" \"v\"", "  field \"g\" \"w\" expires=5", "  field \"f\" \"v\"",
                "  field \"g\" \"w\" expires=104", "  field \"f\" \"v\" expires=300", "  field \"f\" \"v\" expires=300",
            ])
    }

    @Test("expiry, idle time and frequency belong to the next key only")
    func keyFacts() {
        let key: [UInt8] = [0] + RDBText.string("k") + RDBText.string("v")
        let printed = lines(
            "REDIS0009", [253, 1, 0, 0, 0, 248, 0x42, 0], key, [252, 255, 255, 255, 255, 255, 255, 255, 255, 249, 200],
            key,
            key)
        #expect(
            printed.filter { $0.hasPrefix("key") } == [
                "key \"k\" string 0 expires=1000 idle=512", "key \"k\" string 0 expires=-1 frequency=200",
                "key \"k\" string 0",
            ])
    }

    @Test("slots, databases and what Valkey takes over are told")
    func slots() {
        #expect(
            lines(
                "VALKEY080", [254, 0x80, 0, 1, 0, 0], [251, 0x40, 200, 3], [244, 5, 2, 1],
                [243] + RDBText.string("job") + [2, 1, 5, 0x40, 100, 0x80, 0, 0, 0x3f, 0xff], [254, 1]
            ) == [
                "header VALKEY080", "db 65536", "size 200 3", "slot 5 2 1", "import \"job\" 2", "slots 1 5",
                "slots 100 16383", "db 1", "end disabled",
            ])
    }

    @Test("a module's value is passed over by its own marks, long strings too")
    func modules() {
        let id: [UInt8] = [0x81, 0xb5, 0xeb, 0x2d, 0xff, 0xfa, 0xdd, 0x6c, 0x01]
        let long = RDBText.string([UInt8](repeating: 7, count: 300_000))
        let value: [UInt8] = id + [1, 5, 2, 0x40, 99, 3, 1, 2, 3, 4, 4, 1, 2, 3, 4, 5, 6, 7, 8, 5] + long + [0]
        let payload = RDBText.payload(
            "REDIS0011", [247] + id + [2, 1] + [5] + long + [0], [7] + RDBText.string("m") + value)
        let printed = EventPrinter.lines(payload, limits: RDBLimits(heldByteCount: 1024, readByteCount: 4096))
        #expect(
            printed.dropLast(2) == [
                "header REDIS0011", "module-aux test__rdb 1 \(id.count + 4 + long.count)",
                "key \"m\" module 7 module=test__rdb", "  module test__rdb 1 \(value.count)", "end-key 1",
            ])
    }

    @Test("the auxiliary fields say from where the stream goes on")
    func origin() throws {
        var fields = ReplicationOrigin.Fields()
        try walk(try FixtureFiles.bytes("librdb/single_key.rdb")) { event in
            if case .auxiliary(let name, let value) = event { fields.note(name: name, value: value) }
        }
        let origin = try #require(fields.origin)
        #expect(origin.replicationID == "67ebe8f627f436e2630eef8661a697fa33563a8f")
        #expect(origin.offset == 162_341_903 && origin.database == 0)
        #expect(ReplicationOrigin.Fields().origin == nil)
    }

    @Test("streams of older forms say less about groups and consumers", arguments: [15, 19, 21])
    func streamForms(type: UInt8) {
        let word = [UInt8](repeating: 0, count: 7) + [9]
        let id = word + word
        let history: [UInt8] = [1, 2, 3, 4, 5]
        let group: [UInt8] =
            RDBText.string("g") + [7, 8] + (type > 15 ? [0x81] + [UInt8](repeating: 255, count: 8) : []) + [1] + id
            + [1, 0, 0, 0, 0, 0, 0, 0, 2] + [1] + RDBText.string("c") + [2, 0, 0, 0, 0, 0, 0, 0]
            + (type > 19 ? [3, 0, 0, 0, 0, 0, 0, 0] : []) + [1] + id
        let value = [type] + RDBText.string("s") + [0, 0, 5, 6] + (type > 15 ? history : []) + [1] + group
        var expected = [
            "  group \"g\" last=7-8 pending=1" + (type > 15 ? " read=-1" : ""), "    pending 9-9 1 2",
            "    consumer \"c\" seen=2 pending=1" + (type > 19 ? " active=3" : ""), "      9-9", "end-key 0",
        ]
        if type > 15 { expected.insert("  history first=1-2 deleted=3-4 added=5", at: 0) }
        #expect(lines("REDIS0011", value)[2...].dropLast() == ["  state length=0 last=5-6"] + expected)
    }
}
