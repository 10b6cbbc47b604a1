// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Digests
import DurableFiles
import Faults
import TestSupport
import Testing
import Verification

@Suite struct DamageTests {
    private func verify(_ export: ExampleExport) throws -> VerificationReport {
        try Verifier(exportPath: export.path).verify()
    }

    @Test func `an export that nobody touched is sound`() throws {
        let report = try verify(try ExampleExport.small())
        #expect(report.findings == [])
        #expect(report.notes == [])
        #expect(report.anchors == 1...3)
        #expect(report.segmentCount == 5)
        #expect(report.recordCount == 7)
        #expect(report.changes[.read] == 3)
        #expect(report.reached == "0/300")
        #expect(report.exportID == Anchor.exampleExport)
    }

    @Test func `every single changed byte of every file is found`() throws {
        let export = try ExampleExport.small()
        for name in try export.temporary.files() {
            let bytes = try export.temporary.read(name)
            for index in bytes.indices {
                var damaged = bytes
                damaged[index] ^= 1 << UInt8(index % 8)
                try export.temporary.write(damaged, to: name)
                let report = try verify(export)
                #expect(report.findings.contains { $0.path == name }, "\(name) byte \(index)")
            }
            try export.temporary.write(bytes, to: name)
        }
        #expect(try verify(export).isSound)
    }

    @Test func `every cut of every file is found`() throws {
        let export = try ExampleExport.small()
        for name in try export.temporary.files() {
            let bytes = try export.temporary.read(name)
            for count in Set([0, 1, bytes.count / 3, bytes.count / 2, bytes.count - 2, bytes.count - 1]) {
                try export.temporary.write(Array(bytes.prefix(count)), to: name)
                #expect(try verify(export).findings.contains { $0.path == name }, "\(name) cut to \(count)")
            }
            try export.temporary.write(bytes + [10], to: name)
            #expect(try verify(export).findings.contains { $0.path == name }, "\(name) with one byte more")
            try export.temporary.write(bytes, to: name)
        }
    }

    @Test func `every file that is gone is found`() throws {
        let export = try ExampleExport.small()
        let newest = "_kedge/anchors/00000000000000000003.json"
        for name in try export.temporary.files() where name != newest {
            let bytes = try export.temporary.read(name)
            try Files.remove(export.temporary(name))
            #expect(try verify(export).findings.contains { $0.path == name }, "\(name)")
            try export.temporary.write(bytes, to: name)
        }
        #expect(try verify(export).isSound)
    }

    @Test func `the newest anchor is missed by the catalog and by its segments`() throws {
        let export = try ExampleExport.small()
        let digests = try (1...3).map { try #require(try export.store.anchor($0)).digest }
        let catalog = CatalogView(lastNumber: 3) { digests[$0 - 1] }
        #expect(try Verifier(exportPath: export.path, catalog: catalog).verify().isSound)
        try Files.remove(export.folder.anchor(3))
        #expect(try verify(export).notes.count == 1)
        let report = try Verifier(exportPath: export.path, catalog: catalog).verify()
        #expect(report.findings.map(\.what) == ["it knows anchor 3, and the chain ends at 2"])
    }

    @Test func `a catalog that knows another anchor contradicts the chain`() throws {
        let export = try ExampleExport.small()
        let catalog = CatalogView(lastNumber: 3) { _ in Digest(of: []) }
        let report = try Verifier(exportPath: export.path, catalog: catalog).verify()
        #expect(report.findings.map(\.what) == ["it knows another anchor 3"])
    }

    @Test func `two segments that changed places are found`() throws {
        let export = try ExampleExport.small()
        let names = try export.temporary.files(below: "public.orders/data")
        let (a, b) = (try export.temporary.read(names[0]), try export.temporary.read(names[1]))
        try export.temporary.write(b, to: names[0])
        try export.temporary.write(a, to: names[1])
        #expect(Set(try verify(export).findings.map(\.path)) == Set(names[0...1]))
    }

    @Test func `a file that no anchor names is a note`() throws {
        let export = try ExampleExport.small()
        try export.temporary.write([1], to: "public.orders/data/stray.ndjson")
        try export.temporary.write([1], to: "public.orders/readme")
        let report = try verify(export)
        #expect(report.isSound)
        #expect(report.notes.map(\.path) == ["public.orders/data/stray.ndjson"])
    }

    @Test func `verifying from an anchor on leaves what lies before it alone`() throws {
        let export = try ExampleExport.small()
        let first = try #require(try export.temporary.files(below: "public.people/data").first)
        try export.temporary.write([1], to: first)
        #expect(try !verify(export).isSound)
        let report = try Verifier(exportPath: export.path).verify(fromAnchor: 2)
        #expect(report.isSound)
        #expect(report.anchors == 2...3)
        #expect(faultCode { _ = try Verifier(exportPath: export.path).verify(fromAnchor: 4) } == .anchorMissing)
    }

    @Test func `an export that has only begun is sound, and nothing at all is no export`() throws {
        #expect(try verify(try ExampleExport()).isSound)
        let folder = try TemporaryFolder()
        #expect(faultCode { _ = try Verifier(exportPath: folder.path).verify() } == .exportMissing)
        #expect(faultCode { _ = try Verifier(exportPath: folder("x")).verify() } == .exportMissing)
    }
}
