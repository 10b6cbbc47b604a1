// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Digests
import Faults
import Foundation
import Testing

/// A fuzzer whose seeds are refused at the first byte tries little.
@Suite struct SeedTests {
    @Test(arguments: ["snapshot", "gap", "export"])
    func `the seeds of anchors can be read`(name: String) throws {
        let body = try seed("AnchorFile", name)
        let bytes = body + Array(",\"check\":\"\(Digest(of: body).hexadecimal)\"}\n".utf8)
        if name == "export" {
            #expect(try ExportRecord(fileBytes: bytes).fileBytes == bytes)
        } else {
            #expect(try Anchor(fileBytes: bytes, place: name).fileBytes == bytes)
        }
    }

    @Test(arguments: ["orders", "empty"])
    func `the seeds of schemas can be read`(name: String) throws {
        let bytes = try seed("SchemaFile", name)
        #expect(try TableSchema(canonicalBytes: bytes, place: name).canonicalBytes == bytes)
    }

    private func seed(_ target: String, _ name: String) throws -> [UInt8] {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return Array(try Data(contentsOf: tests.appendingPathComponent("Fuzz/\(target)/Corpus/\(name)")))
    }
}
