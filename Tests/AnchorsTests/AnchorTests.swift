// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Digests
import Faults
import TestSupport
import Testing

private func exampleSegment() -> SegmentRecord {
    var changes = OperationCounts()
    changes[.create] = 90
    changes[.update] = 8
    return SegmentRecord(
        table: "public.orders", path: "public.orders/data/0001.ndjson.zst", rows: 98, bytes: 8123,
        sha256: Digest(of: [1]), schema: "sha256:" + Digest(of: [2]).hexadecimal,
        seqMin: SequenceKey(epoch: 1, position: Position(rawValue: 0x16_0001), ordinal: 1),
        seqMax: SequenceKey(epoch: 1, position: Position(rawValue: 0x16_0100), ordinal: 7), changes: changes)
}

private func exampleAnchor() -> Anchor {
    var changes = OperationCounts()
    changes += exampleSegment().changes
    return Anchor(
        number: 42, kind: .changes, export: Anchor.exampleExport, epoch: 1, source: .example,
        from: Position(rawValue: 0x16B_3748), to: Position(rawValue: 0x16B_9A10),
        commitTimeFirst: Timestamp("2026-11-22T10:00:00.123456Z"), commitTimeLast: Timestamp("2026-11-22T10:00:09.5Z"),
        transactions: 12, changes: changes, segments: [exampleSegment()],
        previous: Anchor.Link(number: 41, sha256: Digest(of: [3])), run: .example, reason: nil)
}

@Suite struct AnchorTests {
    @Test func `the contract in force is read back from the file`() throws {
        let file = ContractStore.id(of: Array("id: c".utf8))
        for policy in [nil, "tag"] {
            let link = ContractLink(id: "c \"1\"", version: "1.0.0", file: file, onViolation: policy)
            let anchor = Anchor.example(contract: link)
            let text = String(decoding: anchor.fileBytes, as: UTF8.self)
            let tail = policy.map { #""onViolation":"\#($0)","# } ?? ""
            #expect(
                text.contains(
                    #""contract":{"id":"c \"1\"",\#(tail)"sha256":"\#(file.dropFirst(7))","version":"1.0.0"}"#))
            #expect(try Anchor(fileBytes: anchor.fileBytes, place: "anchor") == anchor)
        }
        #expect(Anchor.example().contract == nil)
    }

    @Test func `contracts are kept by the digest of their bytes, and proved when they are read`() throws {
        let temporary = try TemporaryFolder()
        let folder = ExportFolder(temporary.path)
        try folder.create()
        let store = ContractStore(folder)
        #expect(try store.kept().isEmpty)
        let id = try store.save(Array("id: c".utf8))
        #expect(try store.save(Array("id: c".utf8)) == id && store.kept() == [id])
        #expect(try store.contract(id) == Array("id: c".utf8))
        try temporary.write(Array("id: d".utf8), to: "_kedge/contracts/\(id.dropFirst(7)).yaml")
        #expect(faultCode { _ = try store.contract(id) } == .exportBroken)
        #expect(faultCode { _ = try store.contract(ContractStore.id(of: [1])) } == .exportBroken)
    }

    @Test func `lanes, their facts and what is missing are read back from the file`() throws {
        let orders = Lane(name: "orders", epoch: 3, notation: .entry, start: .zero)
        let shard = Lane(
            name: "s1", epoch: 1, notation: .offset, start: LanePoint(position: Position(rawValue: 12)))
        let anchor = Anchor(
            number: 1, kind: .gap, export: Anchor.exampleExport, epoch: 1, source: .exampleWithLanes, from: .zero,
            to: .zero, transactions: 0, changes: OperationCounts(), segments: [], previous: nil, run: .example,
            reason: "orders: trimmed",
            lanes: [
                LaneRange(
                    lane: orders, from: LanePoint(position: Position(rawValue: 1), ordinal: 2),
                    to: LanePoint(position: Position(rawValue: .max), ordinal: .max),
                    facts: ["added": .number(7), "witness": .text("1-2")]),
                LaneRange(lane: shard, from: shard.start, to: shard.start, facts: [:]),
            ], missing: 12)
        let text = String(decoding: anchor.fileBytes, as: UTF8.self)
        #expect(
            text.contains(
                #""lanes":[{"epoch":3,"facts":{"added":7,"witness":"1-2"},"from":"1-2","lane":"orders","notation":"entry","#
                    + #""start":"0-0","to":"18446744073709551615-18446744073709551615"},"#
                    + #"{"epoch":1,"from":"12","lane":"s1","notation":"offset","start":"12","to":"12"}],"missing":12"#))
        #expect(try Anchor(fileBytes: anchor.fileBytes, place: "anchor") == anchor)
    }

    @Test func `an anchor's file has exactly these bytes`() {
        let body =
            #"{"anchor":42,"changes":{"c":90,"d":0,"m":0,"r":0,"t":0,"u":8},"#
            + #""commitTime":{"first":"2026-11-22T10:00:00.123456Z","last":"2026-11-22T10:00:09.500000Z"},"#
            + #""epoch":1,"export":"5e1c2b34-0000-4000-8000-000000000042","format":1,"from":"0/16B3748","#
            + #""kind":"changes","previous":{"anchor":41,"#
            + #""sha256":"084fed08b978af4d7d196a7446a86b58009e636b611db16211b65a9aadff29c5"},"#
            + #""run":{"id":"01890000-0000-7000-8000-000000000001","kedge":"0.1.0","#
            + #""publishedAt":"2026-11-22T10:00:10.100000Z"},"#
            + #""segments":[{"bytes":8123,"changes":{"c":90,"u":8},"path":"public.orders/data/0001.ndjson.zst","#
            + #""rows":98,"schema":"sha256:dbc1b4c900ffe48d575b5da5c638040125f65db0fe3e24494b76ea986457d986","#
            + #""seqMax":"0001/0000000000160100/0000000000000007","seqMin":"0001/0000000000160001/0000000000000001","#
            + #""sha256":"4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a","table":"public.orders"}],"#
            + #""source":{"database":"shop","kind":"postgresql","publication":"kedge","serverVersion":"15.20","#
            + #""slot":"kedge","systemIdentifier":"7412000000000000001","timeline":1},"to":"0/16B9A10","#
            + #""transactions":12"#
        let file = body + #","check":""# + Digest(of: Array(body.utf8)).hexadecimal + "\"}\n"
        #expect(String(decoding: exampleAnchor().fileBytes, as: UTF8.self) == file)
    }

    @Test func `an anchor reads back from its file`() throws {
        let anchors = [
            exampleAnchor(), .example(),
            .example(
                kind: .tableSnapshot,
                notices: [SourceNotice(code: "a.b", table: "public.t", message: "was \"rewritten\"")],
                tables: "sha256:" + Digest(of: [4]).hexadecimal),
            .example(kind: .gap, reason: "the slot \"a\\b\" was lost\n\u{1}é"),
        ]
        for anchor in anchors {
            #expect(try Anchor(fileBytes: anchor.fileBytes, place: "anchor") == anchor)
        }
    }

    @Test func `decimal positions read back as such`() throws {
        let source = SourceIdentity(kind: "redis", facts: ["runID": .text("ab")], notation: .decimal)
        let anchor = Anchor(
            number: 1, kind: .reset, export: "e", epoch: 65535, source: source, from: .zero,
            to: Position(rawValue: .max), transactions: 0, changes: OperationCounts(), segments: [], previous: nil,
            run: .example)
        #expect(try Anchor(fileBytes: anchor.fileBytes, place: "anchor") == anchor)
    }

    @Test func `every changed byte and every cut is found`() {
        let bytes = exampleAnchor().fileBytes
        for index in bytes.indices {
            for flip: UInt8 in [1, 0x20, 0x80] {
                var damaged = bytes
                damaged[index] ^= flip
                #expect(throws: Fault.self) { try Anchor(fileBytes: damaged, place: "anchor") }
            }
            #expect(throws: Fault.self) { try Anchor(fileBytes: Array(bytes.prefix(index)), place: "anchor") }
        }
        #expect(throws: Fault.self) { try Anchor(fileBytes: bytes + [10], place: "anchor") }
    }

    @Test(arguments: [
        (#""kind":"changes""#, #""kind":"compaction""#, Fault.Code.exportFormat),
        (#""format":1"#, #""format":2"#, .exportFormat),
        (#""epoch":1"#, #""epoch":0"#, .exportBroken),
        (#""epoch":1"#, #""epoch":65536"#, .exportBroken),
        (#""transactions":12"#, #""transactions":-1"#, .exportBroken),
        (#""transactions":12"#, #""transactions":"12""#, .exportBroken),
        (#""to":"0/16B9A10""#, #""to":"0/16B9A1X""#, .exportBroken),
        (#""segments":["#, #""segments":[1,"#, .exportBroken),
        (#""run":{"#, #""ran":{"#, .exportBroken),
        (#""rows":98"#, #""rows":9223372036854775808"#, .exportBroken),
    ])
    func `what this version does not know or cannot be is refused`(old: String, new: String, code: Fault.Code) {
        let text = String(decoding: exampleAnchor().fileBytes, as: UTF8.self).replacing(old, with: new)
        let body = text.prefix(upTo: text.firstRange(of: ",\"check\":")?.lowerBound ?? text.endIndex)
        let file = body + #","check":""# + Digest(of: Array(body.utf8)).hexadecimal + "\"}\n"
        #expect(faultCode { _ = try Anchor(fileBytes: Array(file.utf8), place: "anchor") } == code)
    }
}
