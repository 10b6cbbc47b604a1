// SPDX-License-Identifier: Apache-2.0

import Bytes
import DurableFiles
import Faults
import TestSupport
import Testing

@testable import DeltaLake

/// A log in a folder of its own, written by hand.
struct ExampleLog {
    let folder: TemporaryFolder
    let log: DeltaLogFolder

    init() throws {
        folder = try TemporaryFolder()
        log = DeltaLogFolder(table: folder.path)
        try Files.createFolder(log.path)
    }

    static func add(_ path: String, stats: String = #"{"numRecords":1}"#) -> JSON {
        .object([
            "add": .object([
                "path": .text(path), "partitionValues": .object([:]), "size": .number(7),
                "modificationTime": .number(1),
                "dataChange": .bool(true), "stats": .text(stats), "tags": .object(["kedge.anchor": .text("1")]),
            ])
        ])
    }

    static func remove(_ path: String, at time: Int64) -> JSON {
        .object([
            "remove": .object([
                "path": .text(path), "deletionTimestamp": .number(time), "dataChange": .bool(false),
                "extendedFileMetadata": .bool(true), "partitionValues": .object([:]), "size": .number(7),
            ])
        ])
    }

    static func transaction(_ application: String, _ version: Int64) -> JSON {
        .object(["txn": .object(["appId": .text(application), "version": .number(version)])])
    }

    static let table: [JSON] = [
        .object([
            "protocol": .object([
                "minReaderVersion": .number(3), "minWriterVersion": .number(7),
                "readerFeatures": .array([.text("timestampNtz")]), "writerFeatures": .array([.text("timestampNtz")]),
            ])
        ]),
        .object([
            "metaData": .object([
                "id": .text("i"), "format": .object(["provider": .text("parquet"), "options": .object([:])]),
                "schemaString": .text(#"{"type":"struct","fields":[]}"#), "partitionColumns": .array([]),
                "configuration": .object(["delta.appendOnly": .text("true"), "ü": .text("\"\\\n")]),
                "createdTime": .number(5),
            ])
        ]),
    ]

    func commit(_ version: Int, _ actions: [JSON]) throws {
        try folder.write(
            actions.flatMap { $0.bytes + [0x0a] }, to: String(log.commit(version).dropFirst(folder.path.utf8.count + 1))
        )
    }
}

@Suite("Logs of Delta tables")
struct DeltaLogTests {
    /// What a log of four versions comes to.
    private func example() throws -> ExampleLog {
        let example = try ExampleLog()
        try example.commit(0, ExampleLog.table + [ExampleLog.transaction("a", 1), ExampleLog.add("one")])
        try example.commit(1, [ExampleLog.transaction("a", 2), ExampleLog.add("two", stats: "\"ü\u{1}")])
        try example.commit(
            2,
            [
                .object(["commitInfo": .object(["share": .text("x")])]), ExampleLog.remove("one", at: 1000),
                ExampleLog.remove("two", at: 2000), ExampleLog.add("both"),
                .object([
                    "domainMetadata": .object([
                        "domain": .text("d"), "configuration": .text("{}"), "removed": .bool(false),
                    ])
                ]),
            ])
        try example.commit(3, [ExampleLog.transaction("b", 9), ExampleLog.transaction("a", 3), ExampleLog.add("four")])
        return example
    }

    @Test("a replay holds what is, and what was removed")
    func replay() throws {
        let example = try example()
        let state = try DeltaState.replay(example.log, .files)
        #expect(state.version == 3)
        #expect(state.files.keys.sorted() == ["both", "four"])
        #expect(state.tombstones.keys.sorted() == ["one", "two"])
        #expect(state.transaction(of: "a") == 3 && state.transaction(of: "b") == 9 && state.transaction(of: "c") == nil)
        #expect(state.domains.keys.sorted() == ["d"])
        let writing = try DeltaState.replay(example.log, .writing)
        #expect(writing.files.isEmpty && writing.transaction(of: "a") == 3 && writing.metaData == state.metaData)
    }

    @Test("a checkpoint reads back as what was written, without what was removed long ago")
    func checkpoint() throws {
        let example = try example()
        let state = try DeltaState.replay(example.log, .files)
        let pointer = try DeltaCheckpoint.write(state, to: example.log.checkpoint(3), horizon: 1500)
        #expect(pointer["version"] == .number(3) && pointer["numOfAddFiles"] == .number(2))
        // Seven rows: protocol, table, two transactions, a domain, one removal, two files.
        #expect(pointer["size"] == .number(8))
        for version in 0...3 { try Files.remove(example.log.commit(version)) }
        let read = try DeltaState.replay(example.log, .files)
        #expect(read.version == 3 && read.checkpoint == 3)
        #expect(read.files.keys.sorted() == ["both", "four"])
        #expect(read.files["four"]?["tags"]?["kedge.anchor"] == .text("1"))
        #expect(read.tombstones.keys.sorted() == ["two"])
        #expect(read.protocolRule == state.protocolRule && read.metaData == state.metaData)
        #expect(read.transactions == state.transactions && read.domains == state.domains)
        try example.commit(4, [ExampleLog.add("five")])
        #expect(try DeltaState.replay(example.log, .files).files.count == 3)
    }

    @Test("a version that is missing is named, wherever it is")
    func hole() throws {
        for missing in 0...2 {
            let example = try example()
            try Files.remove(example.log.commit(missing))
            let fault = #expect(throws: Fault.self) { try DeltaState.replay(example.log, .writing) }
            #expect(fault?.code == .deltaLog)
        }
    }

    @Test("a checkpoint that cannot be read is passed over while the commits are there")
    func damagedCheckpoint() throws {
        let example = try example()
        try example.folder.write(Array("PAR1 no".utf8), to: "_delta_log/00000000000000000002.checkpoint.parquet")
        #expect(try DeltaState.replay(example.log, .files).files.count == 2)
        try Files.remove(example.log.commit(0))
        let fault = #expect(throws: Fault.self) { try DeltaState.replay(example.log, .files) }
        #expect(fault?.code == .deltaLog)
        #expect(fault?.message.contains("no checkpoint") == true)
    }

    @Test("a checkpoint in parts is one; a part that is missing makes it none")
    func parts() throws {
        let example = try example()
        let state = try DeltaState.replay(example.log, .files)
        let name = { (part: Int) in
            "\(example.log.path)/00000000000000000003.checkpoint.000000000\(part).0000000002.parquet"
        }
        _ = try DeltaCheckpoint.write(state, to: name(1), horizon: 0)
        #expect(try example.log.list().checkpoints.isEmpty)
        var rest = DeltaState(.files)
        rest.apply([ExampleLog.add("six")], version: 3)
        _ = try DeltaCheckpoint.write(rest, to: name(2), horizon: 0)
        for version in 0...2 { try Files.remove(example.log.commit(version)) }
        #expect(try DeltaState.replay(example.log, .files).files.keys.sorted() == ["both", "four", "six"])
    }

    @Test("any damage to a checkpoint is a fault or another checkpoint, never a trap")
    func damage() throws {
        let example = try example()
        let path = example.log.checkpoint(3)
        _ = try DeltaCheckpoint.write(try DeltaState.replay(example.log, .files), to: path, horizon: 0)
        let bytes = try Files.contents(of: path, limit: 1 << 20)
        var refused = 0
        func read(_ spoiled: [UInt8]) throws {
            try example.folder.write(spoiled, to: "spoiled")
            var state = DeltaState(.files)
            do throws(Fault) {
                try state.read(checkpoint: example.folder.path + "/spoiled")
            } catch {
                #expect(error.code == .exportBroken || error.code == .exportFormat, "\(error)")
                refused += 1
            }
        }
        for count in stride(from: 0, to: bytes.count, by: 97) { try read(Array(bytes[..<count])) }
        #expect(refused == (bytes.count + 96) / 97)
        for index in stride(from: 0, to: bytes.count, by: 11) {
            var spoiled = bytes
            spoiled[index] ^= 0x55
            try read(spoiled)
        }
        #expect(refused > bytes.count / 97 + 100)
    }

    @Test("a line of a commit that is no action is named")
    func noAction() throws {
        for text in ["{", "[]", "1", #"{"add":{"size":1.5e}}"#] {
            let example = try ExampleLog()
            try example.folder.write(Array(text.utf8), to: "_delta_log/00000000000000000000.json")
            let fault = #expect(throws: Fault.self) { try DeltaState.replay(example.log, .writing) }
            #expect(fault?.code == .deltaLog, "\(text)")
        }
    }

    @Test(
        "what an append would have to heed is refused",
        arguments: [
            (#"{"protocol":{"minReaderVersion":2,"minWriterVersion":5}}"#, "reader version 2"),
            (#"{"protocol":{"minReaderVersion":1,"minWriterVersion":3}}"#, "writer version 3"),
            (
                #"{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"writerFeatures":["rowTracking"]}}"#,
                "rowTracking"
            ),
            (#"{"metaData":{"schemaString":"{\"fields\":[]}","partitionColumns":["a"]}}"#, "partitions"),
            (
                #"{"metaData":{"schemaString":"{}","configuration":{"delta.columnMapping.mode":"name"}}}"#,
                "column mapping"
            ),
            (#"{"metaData":{"schemaString":"{\"delta.invariants\":1}"}}"#, "invariants"),
        ])
    func refusals(action: String, word: String) throws {
        let example = try example()
        let parsed = try #require(JSON(parsing: Array(action.utf8)))
        try example.commit(4, [parsed])
        let state = try DeltaState.replay(example.log, .writing)
        let fault = #expect(throws: Fault.self) { try DeltaProtocol.requireKnown(state, example.log) }
        #expect(fault?.code == .deltaUnsupported)
        #expect(fault?.message.contains(word) == true, "\(fault?.message ?? "")")
    }

    @Test("what kedge writes itself is not refused")
    func known() throws {
        let example = try example()
        try DeltaProtocol.requireKnown(try DeltaState.replay(example.log, .writing), example.log)
    }
}
