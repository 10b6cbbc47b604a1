// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Compression
import Digests
import Export
import Faults
import TestSupport
import Testing
import Verification

/// Exports whose files all are what their anchors say, and which are wrong all the same.
@Suite struct RulesTests {
    /// The findings of an export that begins with a snapshot at 0x100 and goes on as `body` says.
    private func findings(_ body: (ExampleExport) throws -> Void) throws -> [String] {
        let export = try ExampleExport()
        try export.append(kind: .snapshot, to: 0x100, [])
        try body(export)
        let report = try Verifier(exportPath: export.path).verify()
        return report.findings.map(\.what)
    }

    private func record(_ position: UInt64, _ ordinal: UInt64 = 1, _ operation: String = "c") -> ExampleRecord {
        ExampleRecord(position: position, ordinal: ordinal, operation: operation)
    }

    // MARK: The chain

    @Test func `positions join`() throws {
        #expect(try findings { try $0.append(from: 0x100, to: 0x200, []) } == [])
        #expect(
            try findings { try $0.append(from: 0x101, to: 0x200, []) } == ["it does not begin where anchor 1 ends"])
        #expect(try findings { try $0.append(from: 0x100, to: 0x80, []) } == ["it ends before it begins"])
    }

    @Test func `a new history says so`() throws {
        #expect(
            try findings { try $0.append(epoch: 2, to: 0x200, []) } == ["a new history begins without saying so"])
        #expect(try findings { try $0.append(kind: .gap, epoch: 2, to: 0x500, [], reason: "lost") } == [])
        #expect(
            try findings { try $0.append(kind: .fork, epoch: 1, to: 0x90, []) }
                == ["a break in the history does not begin a new one"])
        #expect(try findings { try $0.append(kind: .snapshot, epoch: 2, to: 0x50, []) } == [])
        #expect(
            try findings { try $0.append(kind: .snapshot, epoch: 1, to: 0x100, []) }
                == ["a snapshot stands in the middle of a history"])
        #expect(
            try findings {
                try $0.append(kind: .reset, epoch: 2, to: 0x80, [])
                try $0.append(kind: .snapshot, epoch: 2, to: 0x80, [])
                try $0.append(to: 0x90, [])
            } == [])
    }

    @Test func `a pass begins a history, and all of its records stand where it began`() throws {
        func pass(epoch: UInt16, to: UInt64, from: UInt64? = nil, record position: UInt64) throws -> [String] {
            try findings { export in
                let row = ExampleRecord(epoch: epoch, position: position, operation: "r")
                try export.append(
                    kind: .pass, epoch: epoch, from: from ?? to, to: to, [try export.segment("db0", [row])])
            }
        }
        #expect(try pass(epoch: 2, to: 0x50, record: 0x50) == [])
        #expect(try pass(epoch: 1, to: 0x200, record: 0x200) == ["a break in the history does not begin a new one"])
        #expect(try pass(epoch: 2, to: 0x50, record: 0x40) == ["it lies outside of what anchor 2 reaches"])
        #expect(
            try pass(epoch: 2, to: 0x50, from: 0x40, record: 0x50)
                == ["a snapshot reaches from one position to another"])
    }

    @Test func `tables are read again where the anchor before ends, in the same history`() throws {
        func again(epoch: UInt16 = 1, from: UInt64 = 0x200, to: UInt64 = 0x200) throws -> [String] {
            try findings { export in
                try export.append(to: 0x200, [try export.segment("orders", [record(0x180)])])
                let rows = (1...3).map {
                    ExampleRecord(epoch: epoch, position: to, ordinal: $0, operation: $0 == 1 ? "t" : "r")
                }
                try export.append(
                    kind: .tableSnapshot, epoch: epoch, from: from, to: to, [try export.segment("orders", rows)])
                try export.append(to: to + 0x100, [try export.segment("orders", [record(to + 1)])])
            }
        }
        #expect(try again() == [])
        #expect(try again(from: 0x1ff).contains("a snapshot reaches from one position to another"))
        #expect(try again(from: 0x280, to: 0x280).contains("it does not stand where anchor 2 ends"))
        #expect(try again(epoch: 2).contains("it does not stand where anchor 2 ends"))
    }

    @Test func `the tables file that an anchor names is there and whole`() throws {
        let export = try ExampleExport()
        let store = ObservationStore(export.folder)
        let id = try store.save(Array("{}".utf8))
        try export.append(kind: .snapshot, to: 0x100, [], tables: id)
        try export.append(to: 0x200, [], tables: id)
        #expect(try Verifier(exportPath: export.path).verify().findings.isEmpty)
        #expect(try store.observation(id) == Array("{}".utf8))
        let path = "_kedge/tables/\(id.dropFirst(7)).json"
        try export.temporary.write(Array("{ }".utf8), to: path)
        #expect(try Verifier(exportPath: export.path).verify().findings.map(\.path) == [path])
        try store.save(Array("{}".utf8))
        #expect(try Verifier(exportPath: export.path).verify().findings.isEmpty)
    }

    @Test func `the number of the history never goes down`() throws {
        let found = try findings {
            try $0.append(kind: .snapshot, epoch: 3, to: 0x50, [])
            try $0.append(kind: .snapshot, epoch: 2, to: 0x60, [])
        }
        #expect(found == ["the number of the history goes down"])
    }

    @Test func `a snapshot stands at one point`() throws {
        let found = try findings { try $0.append(kind: .snapshot, epoch: 2, from: 0x50, to: 0x60, []) }
        #expect(found == ["a snapshot reaches from one position to another"])
    }

    @Test func `an anchor of another export is found`() throws {
        let export = try ExampleExport()
        let anchor = Anchor(
            number: 1, kind: .snapshot, export: "another", epoch: 1, source: .example, from: .zero, to: .zero,
            transactions: 0, changes: OperationCounts(), segments: [], previous: nil, run: .example)
        _ = try export.store.append(anchor)
        let findings = try Verifier(exportPath: export.path).verify().findings.map(\.what)
        #expect(findings == ["it belongs to another export"])
    }

    @Test func `an anchor counts what its segments count`() throws {
        let export = try ExampleExport()
        let segment = try export.segment("t", [record(0x150)])
        let anchor = Anchor(
            number: 1, kind: .changes, export: Anchor.exampleExport, epoch: 1, source: .example, from: .zero,
            to: Position(rawValue: 0x150), transactions: 1, changes: OperationCounts(), segments: [segment],
            previous: nil, run: .example)
        _ = try export.store.append(anchor)
        let findings = try Verifier(exportPath: export.path).verify().findings.map(\.what)
        #expect(findings == ["its counts are not the sum of its segments' counts"])
    }

    @Test func `columns are called as the export's record says`() throws {
        let export = try ExampleExport(columnPrefix: "_kdg_")
        let lines = record(0x150).line.replacing("_cdc_", with: "_kdg_")
        try export.append(
            kind: .changes, from: 0x100, to: 0x200, [try export.segment("t", [record(0x150)], text: lines)])
        #expect(try Verifier(exportPath: export.path).verify().isSound)
        let path = try #require(try export.store.latest()?.anchor.segments.first?.path)
        #expect(try SegmentInspection(path: export.folder.file(path)).rows == 1)
    }

    @Test func `an anchor that is missing in the middle is found`() throws {
        let export = try ExampleExport.small()
        try export.temporary.removeFile("_kedge/anchors/00000000000000000002.json")
        let findings = try Verifier(exportPath: export.path).verify().findings
        #expect(findings == [Finding(path: "_kedge/anchors/00000000000000000002.json", what: "it is missing")])
    }

    @Test func `an anchor that was written anew breaks the chain behind it`() throws {
        let export = try ExampleExport.small()
        let first = try #require(try export.store.anchor(1)?.anchor)
        let forged = Anchor(
            number: 1, kind: first.kind, export: first.export, epoch: 1, source: first.source, from: first.from,
            to: first.to, transactions: 99, changes: first.changes, segments: first.segments, previous: nil,
            run: first.run)
        try export.temporary.write(forged.fileBytes, to: "_kedge/anchors/00000000000000000001.json")
        let findings = try Verifier(exportPath: export.path).verify().findings
        #expect(findings.map(\.what) == ["anchor 1 is not the one that it follows"])
    }

    // MARK: Segments

    @Test func `records come in order, each once`() throws {
        for records in [
            [record(0x150), record(0x150)], [record(0x150, 2), record(0x150, 1)],
            [record(0x160), record(0x150), record(0x170)],
        ] {
            let found = try findings {
                try $0.append(
                    to: 0x200, [try $0.segment("t", records, seqMin: records[0].key, seqMax: record(0x180).key)])
            }
            #expect(found == ["record 2 does not come after the one before it"])
        }
    }

    @Test func `a table's segments come in order and do not overlap`() throws {
        let within = try findings {
            try $0.append(
                to: 0x300,
                [
                    try $0.segment("t", [record(0x150), record(0x200, 2)]),
                    try $0.segment("t", [record(0x200, 2)], part: 1),
                    try $0.segment("u", [record(0x110)]),
                ])
        }
        #expect(within == ["it does not come after the segment before it"])
        let across = try findings {
            try $0.append(to: 0x200, [try $0.segment("t", [record(0x150)])])
            try $0.append(to: 0x300, [try $0.segment("t", [record(0x150)], codec: .none)])
        }
        #expect(
            Set(across) == [
                "it does not come after the segment before it", "it lies outside of what anchor 3 reaches",
            ])
    }

    @Test(arguments: [0x100, 0x201, 0x90] as [UInt64])
    func `records lie inside of what their anchor reaches`(position: UInt64) throws {
        let found = try findings { try $0.append(to: 0x200, [try $0.segment("t", [record(position)])]) }
        #expect(found == ["it lies outside of what anchor 2 reaches"])
    }

    @Test func `rows of a snapshot stand at its position and records in their history`() throws {
        let snapshot = try findings {
            let rows = [ExampleRecord(epoch: 2, position: 0x101, operation: "r")]
            try $0.append(kind: .snapshot, epoch: 2, to: 0x102, [try $0.segment("t", rows)])
        }
        #expect(snapshot == ["it lies outside of what anchor 2 reaches"])
        let history = try findings {
            try $0.append(to: 0x200, [try $0.segment("t", [ExampleRecord(epoch: 2, position: 0x150)])])
        }
        #expect(history == ["it lies outside of what anchor 2 reaches"])
    }

    @Test func `what an anchor counts is what a segment holds`() throws {
        var updates = OperationCounts()
        updates[.update] = 1
        let operations = try findings {
            try $0.append(to: 0x200, [try $0.segment("t", [record(0x150)], changes: updates)])
        }
        #expect(operations == ["its operations are not those that were counted"])
        let rows = try findings { try $0.append(to: 0x200, [try $0.segment("t", [record(0x150)], rows: 2)]) }
        #expect(rows == ["its counts are not its number of rows", "it has 1 records instead of 2"])
        let ends = try findings {
            try $0.append(
                to: 0x200,
                [
                    try $0.segment("t", [record(0x150)], seqMin: record(0x140).key, seqMax: record(0x150, 2).key)
                ])
        }
        #expect(
            ends == [
                "it does not begin with 0001/0000000000000140/0000000000000001",
                "it does not end with 0001/0000000000000150/0000000000000002",
            ])
    }

    @Test func `a segment's name is what it holds`() throws {
        let wrongPart = try findings { try $0.append(to: 0x200, [try $0.segment("t", [record(0x150)], part: 1)]) }
        #expect(wrongPart.count == 1 && wrongPart[0].hasPrefix("its name is not what it holds"))
        let wrongPosition = try findings {
            let name = SegmentName(
                epoch: 1, first: Position(rawValue: 0x150), last: Position(rawValue: 0x151), part: 0)
            try $0.append(to: 0x200, [try $0.segment("t", [record(0x150)], name: name)])
        }
        #expect(wrongPosition.count == 1 && wrongPosition[0].hasPrefix("its name is not what it holds"))
        let wrongTable = try findings {
            try $0.append(to: 0x200, [try $0.segment("t", [record(0x150)], schemaOf: "other")])
        }
        #expect(wrongTable == ["its schema is that of another table"])
    }

    @Test(arguments: [
        "", "\n", "{}\n", "[1]\n",
        #"{"_cdc_seq":"0001/0000000000000150/0000000000000001","_cdc_op":"c","id":1"# + "\n",
        #"{"_cdc_seq":"0001/0000000000000150/0000000000000001","_cdc_op":"x","id":1}"# + "\n",
        #"{"_cdc_seq":"0001/0000000000000150/0000000000000001","_cdc_op":"cc"}"# + "\n",
        #"{"_cdc_seq":"0001/000000000000015A/0000000000000001","_cdc_op":"c"}"# + "\n",
        #"{"_kdg_seq":"0001/0000000000000150/0000000000000001","_cdc_op":"c"}"# + "\n",
        #" {"_cdc_seq":"0001/0000000000000150/0000000000000001","_cdc_op":"c"}"# + "\n",
        #"{"_cdc_seq":"0001/0000000000000150/0000000000000001","_cdc_op":"c"}"#,
        #"{"_cdc_seq":"0001/0000000000000150/0000000000000001","_cdc_op":"c"}"# + "\r\n",
    ])
    func `a line that is no record is found`(text: String) throws {
        let found = try findings { try $0.append(to: 0x200, [try $0.segment("t", [record(0x150)], text: text)]) }
        #expect(!found.isEmpty)
    }

    @Test(
        arguments: [
            [0xff], [0xc0, 0x80], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82],
            [0x80], [0xf5, 0x80, 0x80, 0x80], [0xf0, 0x80, 0x80, 0x80],
        ] as [[UInt8]])
    func `bytes that are not UTF-8 are found`(bytes: [UInt8]) throws {
        let line = Array(record(0x150).line.utf8.dropLast(2))
        let found = try findings {
            let bytes = line + Array(#","a":""#.utf8) + bytes + Array("\"}\n".utf8)
            try $0.append(to: 0x200, [try $0.segment("t", [record(0x150)], bytes: bytes)])
        }
        #expect(found == ["record 1 is not UTF-8"])
    }

    @Test func `a path that leaves the export is not followed`() throws {
        let export = try ExampleExport()
        let good = try export.segment("t", [record(0x150)])
        let bad = SegmentRecord(
            table: good.table, path: "../../etc/passwd", rows: 1, bytes: 1, sha256: good.sha256, schema: good.schema,
            seqMin: good.seqMin, seqMax: good.seqMax, changes: good.changes)
        try export.append(kind: .changes, from: 0x100, to: 0x200, [bad])
        let found = try Verifier(exportPath: export.path).verify().findings.map(\.what)
        #expect(found == ["it is not called like a segment", "it is missing"])
    }
}
