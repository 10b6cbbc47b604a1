// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hiredis
import Testing

extension IntegrationSuites {
    /// Records of Redis, written as lines and as columns.
    @Suite("Redis as lines and as columns", .serialized)
    struct RedisTwinTests {
        private let forms = [
            ["--format", "ndjson"], ["--format", "parquet"], ["--format", "parquet", "--profile", "rich"],
        ]

        @Test("streams are the same, whatever bytes")
        func streams() throws {
            let server = try RedisServer(.standard)
            let scenes = try forms.map { _ in try StreamScene(server: server) }
            let scene = scenes[0]
            let all = Array(UInt8.min...UInt8.max)
            // No argument of a program holds a zero.
            let key = Array(1...UInt8.max)
            let odd: [[[UInt8]]] = [
                [all, all], [[], []], [Array("a".utf8), Array("1".utf8), Array("a".utf8), []],
                [Array("Müller\u{1f600}".utf8), Array("\"\\\n\u{1a}".utf8)], [[0x80], [0xc0, 0xaf]],
            ]
            for round in 0..<3 {
                for fields in odd { try server.command([Array("XADD".utf8), key, Array("*".utf8)] + fields) }
                for number in 0..<300 { try scene.add("plain:\(number % 2)", "n", "\(number)", "round", "\(round)") }
                for (scene, form) in zip(scenes, forms) {
                    try KedgeProcess.expect(0, scene.run("--until", "now") + form)
                }
            }
            let tables = Set(try scene.export.segments().map(\.table)).sorted()
            #expect(tables.count == 3)
            try compare(scenes.map(\.export), tables) { $0 }
        }

        @Test("a keyspace is the same, its snapshot and every command")
        func keyspace() throws {
            let scene = try KeyspaceScene()
            let exports = try [scene.export] + forms.dropFirst().map { _ in try ExportFolder() }
            defer { for export in exports.dropFirst() { export.remove() } }
            var load = KeyspaceLoad(seed: KeyspaceCount.seed)
            var connection = try scene.server.connect()
            for _ in 0..<2 {
                try load.write(600, over: &connection)
                try scene.settle()
                for (export, form) in zip(exports, forms) {
                    let arguments = [
                        "run", "--source", scene.source, "--to", export.path, "--anchor-every", "1s,200tx,1MiB",
                        "--min-free", "1MiB", "--until", "now",
                    ]
                    try KedgeProcess.expect(0, arguments + form)
                }
            }
            let tables = Set(try exports[0].segments().map(\.table)).sorted()
            #expect(!tables.isEmpty)
            // The snapshots were taken at moments of their own.
            try compare(exports, tables) { line in
                guard line.contains(#""_cdc_op":"r""#), let slash = line.firstIndex(of: "/") else { return line }
                return String(line[...slash]) + line[slash...].dropFirst(17)
            }
        }

        /// Compares what `kedge cat` prints of each table.
        private func compare(_ exports: [ExportFolder], _ tables: [String], _ form: (String) -> String) throws {
            var count = 0
            for table in tables {
                let printed = try exports.map { export in
                    try KedgeProcess.expect(0, ["cat", "--to", export.path, "--table", table]).output
                        .split(separator: "\n").map { form(String($0)) }
                }
                for (index, lines) in printed.enumerated().dropFirst() {
                    #expect(lines.count == printed[0].count, "\(table) in \(forms[index])")
                    for (line, other) in zip(lines, printed[0]) where line != other {
                        Issue.record("\(table) in \(forms[index]): \(line.prefix(1000)) is not \(other.prefix(1000))")
                        break
                    }
                }
                count += printed[0].count
            }
            for export in exports { try KedgeProcess.expect(0, ["verify", "--to", export.path]) }
            print("twins of Redis: \(tables.count) tables, \(count) records in \(exports.count) forms")
            #expect(count > 500)
        }
    }
}
