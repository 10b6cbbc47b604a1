// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import Foundation
import Glibc
import Hiredis
import RedisCluster
import RedisStreams
import RedisURI
import TestSupport
import Testing

extension ClusterSuites {
    /// Streams of a cluster, while its slots move.
    @Suite("Streams of a cluster", .serialized)
    struct ClusterStreamTests {
        /// Enough names to fall on every shard.
        static let names = (1...9).map { "s:\($0)" }

        /// Adds entries to streams, wherever they are.
        static func add(
            _ count: Int, to streams: [String], from first: Int = 1, of cluster: RedisClusterServers
        ) throws {
            let client = ClusterClient(cluster)
            for number in first..<first + count {
                for stream in streams {
                    _ = try client.run(["XADD", stream, "*", "n", "\(number)", "text", "entry-\(number)"]).orFault()
                }
            }
        }

        /// Moves the slot of a stream from the master that owns it to another one.
        static func move(
            _ stream: String, of cluster: RedisClusterServers, between: () throws -> Void = {}
        ) throws {
            let owner = try cluster.owner(of: stream)
            let others = cluster.masters.filter { $0.port != owner.port && $0.isRunning }
            guard let target = others.randomElement() else { throw TestFailure("there is one master alone") }
            try cluster.move(KeySlot(of: Array(stream.utf8)).number, from: owner, to: target, between: between)
        }

        /// Fails where the chain says that anything is missing, or may be.
        static func expectWhole(_ scene: StreamScene, at place: SourceLocation = #_sourceLocation) throws {
            let odd = try scene.export.anchors().filter { anchor in
                let number = anchor["anchor"] as? Int ?? 0
                return anchor["kind"] as? String != "changes" && number > 1
            }
            #expect(odd.isEmpty, "\(odd.map { $0["reason"] ?? "" })", sourceLocation: place)
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
                try Self.expectWhole(scene)
            }
        }

        @Test("a run that follows takes up new streams of all shards", arguments: RedisPrograms.all)
        func follows(programs: RedisPrograms) throws {
            let cluster = try RedisClusterServers(programs, masterCount: 2)
            defer { cluster.remove() }
            let scene = try StreamScene(cluster, streams: "s:*,late")
            try Self.add(3, to: ["s:1"], of: cluster)
            let process = try KedgeProcess(scene.run(anchors: "100ms"))
            try scene.waitForRecords(3, of: "s:1", while: process)
            try Self.add(4, to: Self.names + ["late"], from: 4, of: cluster)
            for name in ["late"] + Self.names { try scene.waitForRecords(4, of: name, while: process) }
            process.terminate()
            #expect(try process.wait().status == 0)
            try scene.expectEqual(Self.names + ["late"])
            try Self.expectWhole(scene)
        }

        @Test(
            "slots move under load while kedge runs: nothing is lost, nothing comes twice", arguments: RedisPrograms.all
        )
        func movesWhileRunning(programs: RedisPrograms) throws {
            let cluster = try RedisClusterServers(programs, masterCount: 3)
            defer { cluster.remove() }
            let scene = try StreamScene(cluster, streams: "s:*")
            try Self.add(5, to: Self.names, of: cluster)
            let load = try StreamClients(cluster, streams: Self.names)
            let process = try KedgeProcess(scene.run(anchors: "100ms"))
            try scene.waitForAnchors(2, while: process)
            for _ in 0..<Count.of("KEDGE_TEST_MOVES", default: 8) {
                try Self.move(Self.names.randomElement() ?? "", of: cluster)
                Thread.sleep(forTimeInterval: .random(in: 0...0.3))
                #expect(process.isRunning, "\(process.errors.suffix(2000))")
            }
            try load.end()
            for name in Self.names {
                try scene.waitForRecords(try scene.entries(of: name).count, of: name, while: process)
            }
            process.terminate()
            let outcome = try process.wait()
            #expect(outcome.status == 0 && !outcome.errors.contains("trying again"), "\(outcome.errors.suffix(3000))")
            try scene.expectEqual(Self.names)
            try Self.expectWhole(scene)
            #expect(try scene.exported("s:1").count > 30)
        }

        @Test(
            "a stream that is on its way back to where kedge saw it last is not taken for deleted",
            arguments: RedisPrograms.all)
        func comesBack(programs: RedisPrograms) throws {
            let cluster = try RedisClusterServers(programs, masterCount: 2)
            defer { cluster.remove() }
            let scene = try StreamScene(cluster, streams: "s:*")
            try Self.add(5, to: ["s:1"], of: cluster)
            let slot = KeySlot(of: Array("s:1".utf8)).number
            let home = try cluster.owner(of: "s:1")
            let other = try #require(cluster.masters.first { $0.port != home.port })
            let process = try KedgeProcess(scene.run(anchors: "100ms"))
            try scene.waitForRecords(5, of: "s:1", while: process)
            process.pause()
            try cluster.move(slot, from: home, to: other)
            var isHalfway = true
            try cluster.move(slot, from: other, to: home) {
                // The node that kedge asks takes the slot in, and has nothing of it yet.
                guard isHalfway else { return }
                isHalfway = false
                try Self.add(5, to: ["s:1"], from: 6, of: cluster)
                process.resume()
                try scene.waitForRecords(10, of: "s:1", while: process)
            }
            try Self.add(5, to: ["s:1"], from: 11, of: cluster)
            try scene.waitForRecords(15, of: "s:1", while: process)
            process.terminate()
            let outcome = try process.wait()
            #expect(outcome.status == 0 && !outcome.errors.contains("deleted"), "\(outcome.errors.suffix(2000))")
            try scene.expectEqual(["s:1"])
            try Self.expectWhole(scene)
        }

        @Test("slots move while kedge is stopped, and kedge is killed under load", arguments: RedisPrograms.all)
        func movesWhileStopped(programs: RedisPrograms) throws {
            let cluster = try RedisClusterServers(programs, masterCount: 2)
            defer { cluster.remove() }
            let scene = try StreamScene(cluster, streams: "s:*")
            try Self.add(5, to: Self.names, of: cluster)
            let load = try StreamClients(cluster, streams: Self.names)
            for _ in 0..<Count.of("KEDGE_TEST_KILLS", default: 5) {
                let process = try KedgeProcess(scene.run(anchors: "100ms,500tx,64KiB"))
                if Bool.random() { try Self.move(Self.names.randomElement() ?? "", of: cluster) }
                Thread.sleep(forTimeInterval: .random(in: 0.1...0.8))
                #expect(process.isRunning, "\(process.errors.suffix(2000))")
                process.killNow()
                _ = try process.wait(deadline: .seconds(10))
                for name in Self.names.shuffled().prefix(3) { try Self.move(name, of: cluster) }
            }
            try load.end()
            try scene.catchUp()
            try scene.expectEqual(Self.names)
            try Self.expectWhole(scene)
        }

        @Test("a stream whose slot is half moved is read where it is", arguments: RedisPrograms.all)
        func halfMoved(programs: RedisPrograms) throws {
            let cluster = try RedisClusterServers(programs, masterCount: 2)
            defer { cluster.remove() }
            let scene = try StreamScene(cluster, streams: "s:*")
            let hereAndThere = ["s:{tag}1", "s:{tag}2"]
            let other = try StreamScene(cluster, streams: "s:*")
            try Self.add(5, to: hereAndThere + Self.names, of: cluster)
            try scene.catchUp()
            var number = 6
            try Self.move("s:{tag}", of: cluster) {
                // Once with the keys at the old node, once with them at the new one, and the slot still open.
                try Self.add(5, to: hereAndThere, from: number, of: cluster)
                number += 5
                try scene.catchUp()
                #expect(try scene.exported(hereAndThere[0]).count == number - 1)
                // An export that begins now.
                try? FileManager.default.removeItem(at: other.export.url)
                try other.catchUp()
                #expect(try other.exported(hereAndThere[1]).count == number - 1)
            }
            #expect(number == 16)
            try scene.catchUp()
            for scene in [scene, other] {
                try scene.expectEqual(Self.names + hereAndThere)
                try Self.expectWhole(scene)
            }
        }

        @Test("what was trimmed unread is counted, wherever the stream is now")
        func trimmed() throws {
            let cluster = try RedisClusterServers(masterCount: 2)
            defer { cluster.remove() }
            let scene = try StreamScene(cluster, streams: "s:*")
            let client = ClusterClient(cluster)
            try Self.add(10, to: Self.names, of: cluster)
            try scene.catchUp()
            try Self.add(10, to: Self.names, from: 11, of: cluster)
            // Nothing is left that was read, and no stream has come to the node: it is the same by the node's counts.
            _ = try client.run(["XTRIM", "s:2", "MAXLEN", "3"])
            try scene.catchUp()
            #expect(try scene.breaks(of: "s:2").map { $0["missing"] as? Int } == [7])
            try Self.add(10, to: Self.names, from: 21, of: cluster)
            // The entry that was read last stays, and shows that the moved stream is the same.
            let unread = try scene.entries(of: "s:1").suffix(10).map(\.id)
            _ = try client.run(["XDEL", "s:1"] + unread.prefix(4))
            try Self.move("s:1", of: cluster)
            // Nothing is left that was read, and the stream has moved: nobody can tell whether it is the same.
            _ = try client.run(["XTRIM", "s:3", "MAXLEN", "3"])
            try Self.move("s:3", of: cluster)
            try scene.catchUp()
            #expect(try scene.breaks(of: "s:1").map { $0["missing"] as? Int } == [4])
            #expect(try scene.breaks(of: "s:2").count == 1)
            #expect(try scene.breaks(of: "s:3").map { $0["kind"] as? String } == ["unknown"])
            for name in Self.names.dropFirst(3) { #expect(try scene.breaks(of: name).isEmpty) }
            try scene.verify()
            try Self.add(3, to: Self.names, from: 31, of: cluster)
            try scene.catchUp()
            #expect(try scene.breaks(of: "s:3").count == 1)
            try scene.verify()
        }

        @Test("a master that joins while kedge runs is read too")
        func joins() throws {
            let cluster = try RedisClusterServers(masterCount: 2)
            defer { cluster.remove() }
            let scene = try StreamScene(cluster, streams: "s:*")
            try Self.add(5, to: Self.names, of: cluster)
            let process = try KedgeProcess(scene.run(anchors: "100ms"))
            try scene.waitForRecords(5, of: "s:1", while: process)
            let newcomer = try cluster.addMaster()
            try cluster.move(KeySlot(of: Array("s:1".utf8)).number, from: cluster.owner(of: "s:1"), to: newcomer)
            try Self.add(5, to: Self.names, from: 6, of: cluster)
            for name in Self.names { try scene.waitForRecords(10, of: name, while: process) }
            process.terminate()
            #expect(try process.wait().status == 0)
            #expect(try cluster.owner(of: "s:1").port == newcomer.port)
            try scene.expectEqual(Self.names)
            try Self.expectWhole(scene)
        }

        @Test("a stream that comes from a node that does not count to one that does is judged by what is left of it")
        func upgrade() throws {
            let old = try #require(RedisPrograms.all.first { !$0.isAtLeast(7, 0) })
            let cluster = try RedisClusterServers(old, masterCount: 2)
            defer { cluster.remove() }
            let scene = try StreamScene(cluster, streams: "s:*")
            let client = ClusterClient(cluster)
            try Self.add(10, to: Self.names, of: cluster)
            try scene.catchUp()
            try Self.add(10, to: Self.names, from: 11, of: cluster)
            _ = try client.run(["XTRIM", "s:2", "MAXLEN", "3"])
            let newcomer = try cluster.addMaster(.standard)
            for name in Self.names.prefix(2) {
                let slot = KeySlot(of: Array(name.utf8)).number
                try cluster.move(slot, from: cluster.owner(of: name), to: newcomer)
            }
            try scene.catchUp()
            #expect(try scene.breaks(of: "s:2").map { $0["kind"] as? String } == ["unknown"])
            for name in Self.names where name != "s:2" { #expect(try scene.breaks(of: name).isEmpty) }
            // From now on it is counted.
            try Self.add(10, to: ["s:1"], from: 21, of: cluster)
            _ = try client.run(["XTRIM", "s:1", "MAXLEN", "4"])
            try scene.catchUp()
            #expect(try scene.breaks(of: "s:1").map { $0["missing"] as? Int } == [6])
            try scene.verify()
        }

        @Test("streams of a cluster are a source like any other", arguments: RedisPrograms.all)
        func contract(programs: RedisPrograms) throws {
            let cluster = try RedisClusterServers(programs, masterCount: 2)
            defer { cluster.remove() }
            let client = ClusterClient(cluster)
            for number in 1...60 {
                let text = String(repeating: "x", count: number)
                _ = try client.run(["XADD", "s", "\(number)-\(number % 3)", "n", text]).orFault()
            }
            var options = StreamOptions(
                address: try RedisAddress(parsing: Redacted(cluster.address)), clientName: "contract",
                selection: StreamSelection([try #require(StreamPattern("s"))])
            ) { _ in }
            options.target = .now
            let beginning = try StreamBeginning.look(options, at: .first)
            let lane = try #require(beginning.streams.first).mark.lane
            try checkSourceContract { position in
                let point = LanePoint(position: position, ordinal: position.rawValue % 3)
                return try ClusterStreamSource.open(
                    options, from: [LaneMark(lane: lane, point: point, facts: [:])], identity: beginning.identity)
            }
        }

        @Test(
            "what is said to be missing is missing, and nothing else is, while slots move", arguments: RedisPrograms.all
        )
        func torture(programs: RedisPrograms) throws {
            let rounds = Count.of("KEDGE_TEST_ROUNDS", default: 15)
            let seed = UInt64(Count.of("KEDGE_TEST_SEED", default: Int.random(in: 0...1_000_000_000)))
            print("Redis \(programs.version): seed \(seed), \(rounds) rounds")
            let cluster = try RedisClusterServers(programs, masterCount: 2)
            defer { cluster.remove() }
            let torture = try StreamTorture(cluster, programs, seed: seed) { random in
                guard Double.random(in: 0..<1, using: &random) < 0.2 else { return }
                try Self.move(["a", "b", "c"].randomElement(using: &random) ?? "a", of: cluster)
            }
            for round in 0..<rounds { try torture.play(round) }
            try torture.scene.verify()
            print("Redis \(programs.version): \(torture.tally)")
        }
    }
}

/// Clients that add entries to streams of a cluster, each by itself, until they are told to end.
final class StreamClients {
    private let clients: [ShellCommand]
    private let stop: URL

    init(_ cluster: RedisClusterServers, streams: [String]) throws {
        let stop = FileManager.default.temporaryDirectory.appendingPathComponent("kedge-load-\(UUID().uuidString)")
        self.stop = stop
        let port = cluster.masters[0].port
        clients = try streams.map { stream in
            let script = """
                i=0
                while [ ! -e \(stop.path) ] && kill -0 \(getpid()); do
                    i=$((i + 1)); echo "XADD \(stream) * load $i"; sleep 0.03
                done
                """
            return try ShellCommand(["bash", "-c", "{ \(script)\n} | redis-cli -c -p \(port) > /dev/null"])
        }
    }

    /// Waits for the last entries.
    func end() throws {
        try Data().write(to: stop)
        defer { try? FileManager.default.removeItem(at: stop) }
        for client in clients {
            guard try client.wait(deadline: .seconds(30)).status == 0 else { throw TestFailure("a client has failed") }
        }
    }
}
