// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Digests
import Faults
import TestSupport
import Testing

@Suite struct AnchorStoreTests {
    let temporary: TemporaryFolder
    let folder: ExportFolder

    init() throws {
        temporary = try TemporaryFolder()
        folder = ExportFolder(temporary.path + "/")
        try folder.create()
    }

    @Test func `the store in memory keeps the contract`() throws {
        try checkAnchorStoreContract { MemoryAnchorStore() }
    }

    @Test func `the store in a folder keeps the contract`() throws {
        var exports = 0
        try checkAnchorStoreContract {
            exports += 1
            let folder = ExportFolder(temporary("export\(exports)"))
            try folder.create()
            return DirectoryAnchorStore(exportPath: folder.path)
        }
    }

    @Test func `an anchor leaves no draft behind`() throws {
        let store = DirectoryAnchorStore(exportPath: folder.path)
        let stored = try store.append(.example())
        #expect(try temporary.files() == ["_kedge/anchors/00000000000000000001.json"])
        #expect(try temporary.read("_kedge/anchors/00000000000000000001.json") == stored.anchor.fileBytes)
        #expect(stored.digest == Digest(of: stored.anchor.fileBytes))
    }

    @Test(arguments: [
        (CrashPoint.afterAnchorWrite, [Int]()), (.afterAnchorLink, [1]), (.afterAnchorSync, [1]),
    ])
    func `a crash leaves the whole anchor or none`(point: CrashPoint, numbers: [Int]) throws {
        let crash = CrashPlan(point: point, effect: .throwFault)
        let store = DirectoryAnchorStore(exportPath: folder.path, crash: crash)
        #expect(faultCode { _ = try store.append(.example()) } == .crashPoint)
        let after = DirectoryAnchorStore(exportPath: folder.path)
        #expect(try after.numbers() == numbers)
        if numbers.isEmpty { _ = try after.append(.example()) }
        #expect(try after.latest()?.anchor == .example())
        _ = try after.append(.example(after: try after.latest()))
    }

    @Test func `names that are not anchors are passed over`() throws {
        let store = DirectoryAnchorStore(exportPath: folder.path)
        _ = try store.append(.example())
        for name in ["1.json", "0000000000000000000x.json", "00000000000000000002.json~", "readme"] {
            try temporary.write([], to: "_kedge/anchors/" + name)
        }
        #expect(try store.numbers() == [1])
    }

    @Test func `an anchor under another number is refused`() throws {
        let store = DirectoryAnchorStore(exportPath: folder.path)
        let first = try store.append(.example())
        try temporary.write(first.anchor.fileBytes, to: "_kedge/anchors/00000000000000000002.json")
        #expect(faultCode { _ = try store.anchor(2) } == .exportBroken)
    }

    @Test func `an export begins once and reads back`() throws {
        let record = ExportRecord(
            id: "e", source: .example, columnPrefix: "_cdc_", fileFormat: "ndjson", created: .example)
        #expect(try ExportRecord.read(in: folder) == nil)
        try record.create(in: folder)
        #expect(try ExportRecord.read(in: folder) == record)
        #expect(faultCode { try record.create(in: folder) } == .exportExists)
        #expect(try temporary.files() == ["_kedge/export.json"])
    }

    @Test func `every changed byte of the export's record is found`() throws {
        let record = ExportRecord(
            id: "e", source: .example, columnPrefix: "_cdc_", fileFormat: "ndjson", created: .example)
        for index in record.fileBytes.indices {
            var damaged = record.fileBytes
            damaged[index] ^= 0x20
            #expect(throws: Fault.self) { try ExportRecord(fileBytes: damaged) }
        }
    }
}
