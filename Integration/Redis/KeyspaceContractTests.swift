// SPDX-License-Identifier: Apache-2.0

import Changelog
import Foundation
import RedisKeyspace
import RedisURI
import TestSupport
import Testing

extension IntegrationSuites {
    @Suite("A keyspace as a source", .serialized)
    struct KeyspaceContractTests {
        @Test("a replication link is a source like any other", arguments: RedisPrograms.all)
        func contract(programs: RedisPrograms) throws {
            let scene = try KeyspaceScene(programs, settings: ["repl-ping-replica-period 3600"])
            try scene.catchUp()
            let id = try #require(try scene.server.info("replication")["master_replid"])
            let start = try scene.server.digest().offset
            // In which database the stream is behind each unit; an anchor remembers it.
            var databases = [Position(rawValue: UInt64(start)): 0]
            for (database, commands) in Self.units {
                try scene.server.commands(commands, database: database)
                databases[Position(rawValue: UInt64(try scene.server.digest().offset))] = database
            }
            let target = Position(rawValue: UInt64(try scene.server.digest().offset))
            let folder = try TemporaryFolder.make("contract")
            defer { try? FileManager.default.removeItem(at: folder) }
            try checkSourceContract { position in
                let from = position == .zero ? Position(rawValue: UInt64(start)) : position
                let database = try #require(databases[from], "no unit ends at \(from)")
                let point = ReplicationPoint(replicationID: id, offset: from.rawValue, database: database)
                let link = try ReplicationLink.open(try options(scene.server, folder), .partial(point))
                guard case .goingOn = link.answer else { throw TestFailure("the server does not go on") }
                return KeyspaceSource(link, from: point, until: target)
            }
            #expect(try scene.fullSyncCount() == 1)
        }

        /// Each with a folder of its own: the one before may not be gone yet.
        private func options(_ server: RedisServer, _ folder: URL) throws -> ReplicationOptions {
            let own = folder.appendingPathComponent(UUID().uuidString)
            try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
            return ReplicationOptions(
                address: RedisAddress(endpoints: [server.endpoint]), endpoint: server.endpoint, spoolFolder: own.path)
        }

        /// Units by the database they are about: bare commands and transactions, small ones and such as memory need not hold.
        private static let units: [(Int, [[String]])] = [
            (0, [["SET", "a", "1"]]), (3, [["MULTI"], ["SET", "b", "1"], ["DEL", "b", "c"], ["EXEC"]]),
            (3, [["RPUSH", "l", "1", "2"]]), (0, [["SET", "groß", String(repeating: "x", count: 2_500_000)]]),
            (1, [["MULTI"]] + (0..<2000).map { ["SET", "k\($0)", String(repeating: "y", count: 1000)] } + [["EXEC"]]),
            (0, [["FLUSHDB"]]), (2, [["INCR", "n"]]), (2, [["INCR", "n"]]),
        ]
    }
}
