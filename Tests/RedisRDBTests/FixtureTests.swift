// SPDX-License-Identifier: Apache-2.0

import Foundation
import RedisRDB
import Testing

/// Dumps that others made, with what others found in them.
@Suite("Dumps of librdb")
struct FixtureTests {
    static let dumps = FixtureFiles.names(in: "librdb", ending: ".rdb")
    /// Refused, each for its reason.
    static let refusals: [String: RDBFault] = [
        "future_v19.rdb": RDBFault(.unknownVersion(RDBHeader(.redis, version: 99)), at: 0),
        "invalid_chksum_v8.rdb": RDBFault(
            .checksum(stored: 0xb477_e446_e98e_5402, computed: 0xa609_bb64_6599_0fe1), at: 201),
    ]
    static let outputs: [(dump: String, outputs: [String])] = [
        ("cluster_slot_info", ["cluster_slot_info"]), ("function2", ["function2"]),
        ("hash_lp_v11", ["hash_lp_v11_data", "hash_lp_v11_raw", "hash_lp_v11_struct"]),
        ("hash_lp_with_hexpire_v12", ["hash_lp_ex_v12_data"]), ("hash_with_expire_v12", ["hash_ex_v12_data"]),
        ("hash_v3", ["hash_data", "hash_raw", "hash_struct", "plain_hash_data", "plain_hash_struct"]),
        ("hash_zl_v6", ["hash_zl_v6_data", "hash_zl_v6_raw", "hash_zl_v6_struct"]),
        ("hash_zm_v2", ["hash_zm_v2_data", "hash_zm_v2_raw", "hash_zm_v2_struct"]),
        ("mem_policy_lfu", ["mem_policy_lfu"]), ("mem_policy_lru", ["mem_policy_lru"]),
        ("module", ["module_data", "module_raw"]), ("module_aux", ["module_aux_data"]),
        ("multiple_dbs", ["multiple_dbs_data"]),
        (
            "multiple_lists_strings",
            [
                "multiple_lists_strings_data", "multiple_lists_strings_raw", "multiple_lists_strings_struct",
                "multiple_lists_strings_no_aux", "multiple_lists_strings_2filters",
                "multiple_lists_strings_subset_list", "multiple_lists_strings_subset_str",
            ]
        ),
        ("plain_list_v6", ["plain_list_v6_data", "plain_list_v6_raw"]),
        ("plain_set_v6", ["plain_set_v6_data", "plain_set_v6_raw", "plain_set_v6_struct"]),
        ("plain_zset_2_v11", ["plain_zset_2_v11_data", "plain_zset_2_v11_raw", "plain_zset_2_v11_struct"]),
        ("plain_zset_v6", ["plain_zset_v6_data", "plain_zset_v6_raw", "plain_zset_v6_struct"]),
        ("quicklist", ["quicklist_data", "quicklist_raw", "quicklist_struct"]),
        ("set_expired_v11", ["set_expired"]), ("set_not_expired_v11", ["set_not_expired"]),
        ("set_is_v11", ["set_is_v11_data", "set_is_v11_raw", "set_is_v11_struct"]),
        ("set_lp_v11", ["set_lp_v11_data", "set_lp_v11_raw", "set_lp_v11_struct"]),
        ("single_key", ["single_key_data", "single_key_raw", "single_key_struct"]),
        ("stream_v11", ["stream_data", "stream_data_with_meta"]),
        ("string_int_encoded", ["string_int_encoded"]),
        ("ziplist_v3", ["ziplist_data", "ziplist_raw", "ziplist_struct"]),
        ("zset_lp_v11", ["zset_lp_v11_data", "zset_lp_v11_raw", "zset_lp_v11_struct"]),
        ("zset_zl_v6", ["zset_zl_v6_data", "zset_zl_v6_raw", "zset_zl_v6_struct"]),
    ]

    @Test("all of them are here")
    func areHere() {
        let listed = Set(Self.outputs.flatMap(\.outputs).map { $0 + ".json" })
        #expect(Self.dumps.count == 42 && listed.count == 68)
        #expect(Set(FixtureFiles.names(in: "librdb", ending: ".json")) == listed)
    }

    @Test("each reads as its golden text, however the bytes arrive, or is refused for its reason", arguments: dumps)
    func golden(dump: String) throws {
        let bytes = try FixtureFiles.bytes("librdb/\(dump)")
        let lines = EventPrinter.lines(bytes)
        if let fault = Self.refusals[dump] {
            #expect(lines.last == "fault: \(fault)")
            #expect(throws: fault) { try walk(bytes) }
        } else {
            #expect(lines.last == "\(bytes.count) bytes")
        }
        // One of them is long and says little.
        if dump != "100_lists.rdb" { #expect(try FixtureFiles.golden("golden/\(dump).txt", is: lines)) }
        for portion in bytes.count < 2000 ? [1, 2, 7, 31] : [97] {
            #expect(EventPrinter.lines(bytes, portion: portion) == lines)
        }
    }

    @Test("a hundred lists have the elements that they say")
    func lists() throws {
        let keys = try Collected(try FixtureFiles.bytes("librdb/100_lists.rdb")).keys
        #expect(keys.count == 100 && keys.allSatisfy { $0.type == .list && !$0.items.isEmpty })
    }

    @Test(
        "each holds what its expected outputs say",
        arguments: outputs.flatMap { pair in pair.outputs.map { (pair.dump, $0) } })
    func output(dump: String, output: String) throws {
        let bytes = try FixtureFiles.bytes("librdb/\(dump).rdb")
        let collected = try Collected(bytes)
        let expected = try ExpectedDump(try FixtureFiles.text("librdb/\(output).json"))
        expectExtras(expected.extras, collected)
        if ["2filters", "subset_list", "subset_str", "set_expired"].contains(where: output.hasSuffix) {
            // What a filter of theirs left over.
            #expect(expected.databases[0].count < collected.keys.count)
        } else {
            #expect(expected.databases.reduce(0) { $0 + $1.count } == collected.keys.count)
        }
        let databases = Dictionary(grouping: collected.keys, by: \.database).sorted { $0.key < $1.key }.map(\.value)
        for (found, members) in zip(databases, expected.databases) {
            for (name, value) in members {
                let key = try #require(found.first { $0.name == name })
                if output.hasSuffix("_raw") || output.hasSuffix("_subset_str") {
                    expectPayload(value, key, bytes)
                } else if output.hasSuffix("_struct"), case .array(let forms) = value, key.encoding > 7 {
                    try expectForms(forms, key)
                } else {
                    #expect(matches(key.value, value, of: key.type))
                }
            }
        }
    }

    private func expectExtras(_ extras: [String: DumpValue], _ collected: Collected) {
        if let fields = extras["__aux__"] { #expect(fields == .object(collected.auxiliary)) }
        if case .object(let functions)? = extras["__func__"] {
            #expect(Set(functions.values.map { "\($0)" }) == Set(collected.functions.map { "\(DumpValue.text($0))" }))
        }
        if case .object(let slot)? = extras["__slotinfo__"] {
            let numbers = collected.slots[0].map(DumpValue.spelled)
            #expect(slot[Array("slotId".utf8)] == numbers[0] && slot[Array("slotSize".utf8)] == numbers[1])
        }
    }

    /// The payload is the byte for type and encoding, and the bytes up to where the key was found to end.
    private func expectPayload(_ value: DumpValue, _ key: Collected.Key, _ bytes: [UInt8]) {
        guard case .text(let payload) = value else {
            // Of an intset and a set's listpack the file has the form where the payload should be.
            if case .array(let forms) = value { try? expectForms(forms, key) }
            return
        }
        #expect(payload.first == key.encoding)
        #expect(Array(bytes[(Int(key.end) - payload.count + 1)..<Int(key.end)]) == Array(payload.dropFirst()))
    }

    /// The packed forms by themselves, put into a payload of their own, hold the same items.
    private func expectForms(_ forms: [DumpValue], _ key: Collected.Key) throws {
        var items: [[UInt8]] = []
        for case .text(let form) in forms {
            let value: [UInt8] =
                switch key.encoding {
                case 14: [10] + RDBText.string([]) + RDBText.string(form)
                case 18: [18] + RDBText.string([]) + [1, 2] + RDBText.string(form)
                default: [key.encoding] + RDBText.string([]) + RDBText.string(form)
                }
            items += try Collected(RDBText.payload("REDIS0011", value)).keys[0].items
        }
        #expect(items == key.items)
    }

    private func matches(_ found: DumpValue, _ expected: DumpValue, of type: RDBValueType) -> Bool {
        switch (found, expected) {
        case (.text(let one), .text(let two)):
            guard type == .sortedSet else { return one == two }
            let (first, second) = (String(decoding: one, as: UTF8.self), String(decoding: two, as: UTF8.self))
            return Double(first) == Double(second)
        case (.array(let one), .array(let two)):
            return one.count == two.count && zip(one, two).allSatisfy { matches($0, $1, of: type) }
        case (.object(let one), .object(let two)):
            // Some of the outputs say of a stream only which entries it has.
            let isBrief = type == .stream && two.count == 1 && two[Array("entries".utf8)] != nil
            return (isBrief ? two.keys : one.keys).allSatisfy { name in
                guard let first = one[name], let second = two[name] else { return false }
                return matches(first, second, of: type)
            }
        default: return false
        }
    }
}
