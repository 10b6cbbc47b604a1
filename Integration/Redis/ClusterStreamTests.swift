// SPDX-License-Identifier: Apache-2.0

import Foundation
import RedisCluster
import Testing

extension IntegrationSuites {
    /// Streams of a cluster, while its slots move and its masters change.
    @Suite("Streams of a cluster", .serialized)
    struct ClusterStreamTests {
        /// Enough names to fall on every shard.
        static let names = (1...9).map { "s:\($0)" }

        /// Adds entries to streams by a client that follows redirections, all in one go.
        static func add(_ count: Int, to streams: [String], from first: Int = 1, of cluster: RedisClusterServers) throws
        {
            let commands = (first..<first + count).flatMap { number in
                streams.map { "XADD \($0) * n \(number) text entry-\(number)" }
            }
            let port = cluster.servers.first { $0.isRunning }?.port ?? 0
            try ShellCommand.run(
                ["redis-cli", "-c", "-p", "\(port)"], input: commands.joined(separator: "\n") + "\n")
        }

        @Test("streams of all shards are exported, entry by entry, and gone on with", arguments: [2, 3])
        func allShards(shards: Int) throws {
            for programs in RedisPrograms.all {
                let cluster = try RedisClusterServers(programs, masterCount: shards)
                defer { cluster.remove() }
                let scene = try StreamScene(cluster, streams: "s:*,late")
                try Self.add(200, to: Self.names, of: cluster)
                let owners = Set(try Self.names.map { try cluster.owner(of: $0).port })
                #expect(owners.count == shards)
                try scene.catchUp()
                try scene.expectEqual(Self.names)
                try Self.add(50, to: Self.names + ["late", "s:new"], from: 201, of: cluster)
                try scene.catchUp()
                try scene.expectEqual(Self.names + ["late", "s:new"])
                let odd = try scene.export.anchors().filter { !["changes", "reset"].contains($0["kind"] as? String) }
                #expect(odd.isEmpty, "\(odd)")
            }
        }
    }
}
