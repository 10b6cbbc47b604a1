// SPDX-License-Identifier: Apache-2.0

import Bytes
import PgOutput
import Testing

@Suite("Messages of pgoutput")
struct PgOutputMessageTests {
    @Test("a begin carries the commit record, the time and the transaction number")
    func begin() throws {
        try Samples.begin.withRawSpan { bytes in
            guard case .begin(let begin) = try PgOutputMessage(bytes) else { throw Unexpected.other }
            #expect(begin.finalLSN == 0x16B3748 && begin.commitTime == 123_456_789 && begin.xid == 731)
        }
    }

    @Test("a commit carries where it begins and where it ends")
    func commit() throws {
        try Samples.commit.withRawSpan { bytes in
            guard case .commit(let commit) = try PgOutputMessage(bytes) else { throw Unexpected.other }
            #expect(commit.commitLSN == 0x16B3748 && commit.endLSN == 0x16B3778 && commit.commitTime == -5)
        }
    }

    @Test("a commit with flags that nobody knows is refused")
    func commitFlags() {
        var bytes = Samples.commit
        bytes[1] = 1
        #expect(throws: WireFault(.malformed, at: 1)) { try bytes.withRawSpan { _ = try PgOutputMessage($0) } }
    }

    @Test("an origin carries its name")
    func origin() throws {
        try Samples.origin.withRawSpan { bytes in
            guard case .origin(let origin) = try PgOutputMessage(bytes) else { throw Unexpected.other }
            #expect(origin.commitLSN == 77)
            #expect(origin.name.decodedString() == "upstream")
        }
    }

    @Test("a relation carries its columns in order")
    func relation() throws {
        try Samples.relation.withRawSpan { bytes in
            guard case .relation(var relation) = try PgOutputMessage(bytes) else { throw Unexpected.other }
            #expect(relation.oid == 16384 && relation.identity == .full && relation.columnCount == 2)
            #expect(relation.namespace.decodedString() == "public")
            #expect(relation.name.decodedString() == "orders")
            let id = try relation.nextColumn()
            #expect(id.isKey && id.typeOID == 20 && id.typeModifier == -1)
            #expect(id.name.decodedString() == "id")
            let amount = try relation.nextColumn()
            #expect(!amount.isKey && amount.typeOID == 1700 && amount.typeModifier == 786438)
            #expect(amount.name.decodedString() == "amount")
        }
    }

    @Test("a type carries its name")
    func type() throws {
        try Samples.type.withRawSpan { bytes in
            guard case .type(let type) = try PgOutputMessage(bytes) else { throw Unexpected.other }
            #expect(type.oid == 16999)
            #expect(type.namespace.decodedString() == "")
            #expect(type.name.decodedString() == "mood")
        }
    }

    @Test("an insert carries text, null and unchanged values apart")
    func insert() throws {
        try Samples.insert.withRawSpan { bytes in
            guard case .insert(let insert) = try PgOutputMessage(bytes) else { throw Unexpected.other }
            #expect(insert.relation == 16384)
            #expect(try describe(insert.new) == ["t:42", "n", "u", "b:\u{1}\u{2}", "t:"])
        }
    }

    @Test("an update without an old row has none")
    func updateWithoutOld() throws {
        try Samples.update.withRawSpan { bytes in
            guard case .update(let update) = try PgOutputMessage(bytes) else { throw Unexpected.other }
            if case .some = update.old { Issue.record("there is an old row") }
            #expect(try describe(update.new) == ["t:1", "u"])
        }
    }

    @Test("an update of the key carries the old key")
    func updateOfKey() throws {
        try Samples.updateOfKey.withRawSpan { bytes in
            guard case .update(let update) = try PgOutputMessage(bytes) else { throw Unexpected.other }
            guard case .key(let old)? = update.old else { throw Unexpected.other }
            #expect(try describe(old) == ["t:1", "n"])
            #expect(try describe(update.new) == ["t:2", "u"])
        }
    }

    @Test("a delete under full identity carries the old row")
    func deleteOfRow() throws {
        try Samples.deleteOfRow.withRawSpan { bytes in
            guard case .delete(let delete) = try PgOutputMessage(bytes) else { throw Unexpected.other }
            guard case .row(let old) = delete.old else { throw Unexpected.other }
            #expect(try describe(old) == ["t:1", "t:x"])
        }
    }

    @Test("a truncate names all relations and how they were emptied")
    func truncate() throws {
        try Samples.truncate.withRawSpan { bytes in
            guard case .truncate(var truncate) = try PgOutputMessage(bytes) else { throw Unexpected.other }
            #expect(truncate.options == [.cascade, .restartIdentity] && truncate.relationCount == 2)
            #expect(try truncate.nextRelation() == 16384)
            #expect(try truncate.nextRelation() == 16390)
            #expect(throws: WireFault.self) { _ = try truncate.nextRelation() }
        }
    }

    @Test("a logical message carries its prefix and its bytes")
    func message() throws {
        try Samples.message.withRawSpan { bytes in
            guard case .message(let message) = try PgOutputMessage(bytes) else { throw Unexpected.other }
            #expect(message.isTransactional && message.lsn == 9)
            #expect(message.prefix.decodedString() == "app")
            #expect(message.content.copiedBytes() == [0, 255, 10])
        }
    }

    @Test("the borders of streamed blocks and transactions carry their numbers")
    func streamBorders() throws {
        try Samples.streamStart.withRawSpan { bytes in
            guard case .streamStart(let start) = try PgOutputMessage(bytes) else { throw Unexpected.other }
            #expect(start.xid == 740 && start.isFirst)
        }
        try Samples.streamStop.withRawSpan { bytes in
            guard case .streamStop = try PgOutputMessage(bytes) else { throw Unexpected.other }
        }
        try Samples.streamCommit.withRawSpan { bytes in
            guard case .streamCommit(let commit) = try PgOutputMessage(bytes) else { throw Unexpected.other }
            #expect(commit.xid == 740 && commit.commit.commitLSN == 5 && commit.commit.endLSN == 6)
        }
    }

    @Test(
        "an abort names the transaction and what of it was aborted",
        arguments: [
            Samples.streamAbort, Samples.parallelAbort,
        ])
    func streamAbort(sample: [UInt8]) throws {
        try sample.withRawSpan { bytes in
            guard case .streamAbort(let abort) = try PgOutputMessage(bytes) else { throw Unexpected.other }
            #expect(abort.xid == 740 && abort.subxid == 742)
        }
    }

    @Test(
        "what becomes of a prepared transaction carries its global identifier",
        arguments: [
            Samples.beginPrepare, Samples.prepare, Samples.commitPrepared, Samples.streamPrepare,
        ])
    func prepared(sample: [UInt8]) throws {
        try sample.withRawSpan { bytes in
            switch try PgOutputMessage(bytes) {
            case .beginPrepare(let message), .prepare(let message), .commitPrepared(let message),
                .streamPrepare(let message):
                #expect(message.lsn == 1 && message.endLSN == 2 && message.time == 3 && message.xid == 740)
                #expect(message.gid.decodedString() == "gid")
            default: throw Unexpected.other
            }
        }
        try Samples.rollbackPrepared.withRawSpan { bytes in
            guard case .rollbackPrepared(let message) = try PgOutputMessage(bytes) else { throw Unexpected.other }
            #expect(message.prepareEndLSN == 1 && message.endLSN == 2 && message.prepareTime == 3 && message.time == 4)
            #expect(message.xid == 740 && message.gid.decodedString() == "gid")
        }
    }

    @Test(
        "flags that nobody knows are refused",
        arguments: [
            Samples.prepare, Samples.commitPrepared, Samples.streamPrepare, Samples.rollbackPrepared,
        ])
    func unknownFlags(sample: [UInt8]) {
        var bytes = sample
        bytes[1] = 1
        #expect(throws: WireFault(.malformed, at: 1)) { try walk(bytes) }
    }

    @Test("in a streamed block the number of the transaction stands before the rest", arguments: Samples.streamed)
    func streamed(sample: [UInt8]) throws {
        try walk(sample, in: .streamed)
        #expect(throws: WireFault.self) { try walk(sample) }
        for length in 0..<sample.count {
            #expect(throws: WireFault.self) { try walk(Array(sample[..<length]), in: .streamed) }
        }
    }

    @Test("a count that is negative or too large is refused where it is read")
    func counts() {
        var negative = Samples.insert
        negative[6] = 0xff
        #expect(throws: WireFault(.invalidLength(-251), at: 6)) {
            try negative.withRawSpan { _ = try PgOutputMessage($0) }
        }
        var large = Samples.truncate
        large[1] = 0x7f
        #expect(throws: WireFault(.truncated, at: 1)) { try large.withRawSpan { _ = try PgOutputMessage($0) } }
    }

    @Test("the tag of a message is known without decoding it", arguments: PgOutputTag.allCases)
    func peek(tag: PgOutputTag) {
        [tag.rawValue, 1, 2].withRawSpan { #expect(PgOutputTag(peeking: $0) == tag) }
        [UInt8]().withRawSpan { #expect(PgOutputTag(peeking: $0) == nil) }
        [UInt8(ascii: "z")].withRawSpan { #expect(PgOutputTag(peeking: $0) == nil) }
    }

    @Test("no message survives being cut short", arguments: Samples.all)
    func truncations(sample: [UInt8]) {
        for length in 0..<sample.count {
            #expect(throws: WireFault.self) { try walk(Array(sample[..<length])) }
        }
    }

    @Test("no message survives a byte too many", arguments: Samples.all)
    func trailing(sample: [UInt8]) {
        #expect(throws: WireFault.self) { try walk(sample + [0]) }
    }

    @Test("no change of one byte does harm", arguments: Samples.all)
    func changes(sample: [UInt8]) {
        for index in sample.indices {
            for value in UInt8.min...UInt8.max {
                var changed = sample
                changed[index] = value
                try? walk(changed)
            }
        }
    }
}
