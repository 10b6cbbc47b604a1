// SPDX-License-Identifier: Apache-2.0

import Anchors
import Export
import Faults
import Sinks
import TestSupport
import Testing

@Suite struct DirectorySinkTests {
    let temporary: TemporaryFolder
    let folder: ExportFolder

    init() throws {
        temporary = try TemporaryFolder()
        folder = ExportFolder(temporary("export"))
        try folder.create()
    }

    @Test func `the sink in memory keeps the contract`() throws {
        try checkSinkContract(make: { MemorySink() }, files: { $0.files })
    }

    @Test func `the sink in a folder keeps the contract`() throws {
        var exports = 0
        try checkSinkContract(
            make: {
                exports += 1
                let folder = ExportFolder(temporary("contract\(exports)"))
                try folder.create()
                return try DirectorySink(folder, runID: "run")
            },
            files: { _ in
                let root = "contract\(exports)/"
                let paths = try temporary.files(below: "contract\(exports)").filter { !$0.hasPrefix(root + "_kedge/") }
                return Dictionary(
                    uniqueKeysWithValues: try paths.map { (String($0.dropFirst(root.count)), try temporary.read($0)) })
            })
    }

    @Test(arguments: [
        (CrashPoint.duringSegment, ["_kedge/tmp/run-1.part"]), (.afterSegmentWrite, ["_kedge/tmp/run-1.part"]),
        (.afterSegmentSync, ["_kedge/tmp/run-1.part"]), (.afterSegmentRename, ["t/data/x"]),
        (.afterFolderSync, ["t/data/x"]),
    ])
    func `what a crash leaves is swept`(point: CrashPoint, left: [String]) throws {
        let crash = CrashPlan(point: point, effect: .throwFault)
        let sink = try DirectorySink(folder, runID: "run", crash: crash)
        let code = faultCode {
            try sink.put([1], at: "t/data/x")
            try sink.settle()
        }
        #expect(code == .crashPoint)
        #expect(try temporary.files(below: "export").map { $0.dropFirst("export/".count) }.map(String.init) == left)
        let next = try DirectorySink(folder, runID: "next")
        #expect(try next.sweep { _ in false } == 1)
        #expect(try temporary.files(below: "export") == [])
    }

    @Test func `sweeping leaves alone what is not a segment or a draft`() throws {
        let kept = [
            "_kedge/export.json", "_kedge/anchors/1.json", "readme", "t/readme", "t/data/deep/file", "t/_delta_log/0",
        ]
        for name in kept { try temporary.write([1], to: "export/" + name) }
        for name in ["_kedge/spool/a", "_kedge/tmp/b", "_kedge/tmp/c/d", "t/data/e"] {
            try temporary.write([1], to: "export/" + name)
        }
        #expect(try DirectorySink(folder, runID: "run").sweep { _ in false } == 4)
        #expect(try temporary.files(below: "export") == kept.map { "export/" + $0 }.sorted())
    }

    @Test func `kedge's own folder is no table`() throws {
        let sink = try DirectorySink(folder, runID: "run")
        #expect(faultCode { try sink.put([1], at: "_kedge/data/x") } == .bug)
        #expect(faultCode { _ = try DirectorySink(folder, runID: "../x") } == .bug)
    }

    @Test func `the folder tells how much room there is`() throws {
        #expect(try DirectorySink(folder, runID: "run").freeByteCount() ?? 0 > 0)
    }
}
