// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Glibc
import Hiredis
import RedisURI
import Testing

extension IntegrationSuites {
    /// Redis servers that are not there, say no, or are not what they should be.
    @Suite("Refusals of Redis", .serialized)
    struct RedisRefusalTests {
        @Test("user and password are right, or the connection is refused", arguments: RedisPrograms.all)
        func credentials(programs: RedisPrograms) throws {
            let server = try RedisServer(
                programs,
                settings: [
                    "requirepass default-canary", "user reader on >reader-canary ~* +@read +select +client",
                    "user open on nopass ~* +@all", "user retired off >retired-canary ~* +@all",
                ])
            let host = "127.0.0.1:\(server.port)"
            let good = [
                "redis://:default-canary@\(host)", "redis://reader:reader-canary@\(host)/3", "redis://open:@\(host)",
                "redis://default:default-canary@\(host)", "redis://\(host)?user=reader&password=reader-canary",
                "unix://:default-canary@\(server.socketPath)",
            ]
            for source in good {
                var connection = try Self.connect(source)
                let count = try connection.run("DBSIZE")
                #expect(count == .integer(0), "\(Redacted(source))")
            }
            let bad = [
                "redis://\(host)", "redis://\(host)/1", "redis://:wrong-canary@\(host)",
                "redis://reader:wrong-canary@\(host)/1", "redis://nobody:reader-canary@\(host)",
                "redis://retired:retired-canary@\(host)",
            ]
            for source in bad {
                let fault = try Self.refusal(source)
                #expect(fault.code == .redisRefused && !"\(fault)".contains("canary"), "\(fault)")
                #expect(fault.context == ["connecting to Redis at \(host)"])
            }
        }

        @Test("a password where none is set is refused, not left out", arguments: RedisPrograms.all)
        func needlessPassword(programs: RedisPrograms) throws {
            let server = try RedisServer.shared(programs)
            for identity in [":canary", "somebody:canary"] {
                let fault = try Self.refusal("redis://\(identity)@127.0.0.1:\(server.port)")
                #expect(fault.code == .redisRefused && !"\(fault)".contains("canary"), "\(fault)")
            }
        }

        @Test("what a user may not do, and a database that is not there, are named")
        func permission() throws {
            let server = try RedisServer(settings: ["user poor on >canary ~* +ping", "databases 2"])
            var connection = try Self.connect("redis://poor:canary@127.0.0.1:\(server.port)")
            let pong = try connection.run("PING")
            #expect(pong == .status("PONG"))
            let denied = try connection.run("GET", "k")
            let fault = try #require(throws: Fault.self) { _ = try denied.orFault() }
            #expect(fault.code == .redisPermission && fault.detail?.contains("get") == true)
            let select = try Self.refusal("redis://poor:canary@127.0.0.1:\(server.port)/1")
            #expect(select.code == .redisPermission, "\(select)")
            let missing = try Self.refusal("redis://127.0.0.1:\(server.port)/2")
            #expect(missing.code == .settingInvalid && missing.message.contains("no database 2"), "\(missing)")
        }

        @Test("a server that is not there, is killed, stands still or is full may be tried again")
        func unreachable() throws {
            let server = try RedisServer(settings: ["maxclients 2"])
            let source = server.address() + "?timeout=300ms"
            var connection = try Self.connect(source)
            var second = try Self.connect(source)
            let full = try Self.refusal(source)
            #expect(full.code == .redisUnreachable && full.detail?.contains("max number of clients") == true, "\(full)")

            server.pause()
            let silent = Self.fault { () throws(Fault) in _ = try connection.run("PING") }
            #expect(silent?.code == .redisUnreachable && silent?.message.contains("silent") == true)
            let stands = try Self.refusal(source)
            #expect(stands.code == .redisUnreachable && stands.message.contains("silent"), "\(stands)")
            server.resume()
            // The answer was only late.
            try connection.awaitReply()
            let late = Reply(connection.reply)
            #expect(late == .status("PONG"))

            try server.kill9()
            let killed = Self.fault { () throws(Fault) in _ = try second.run("PING") }
            #expect(killed?.code == .redisUnreachable)
            let gone = try Self.refusal(source)
            #expect(gone.code == .redisUnreachable && gone.detail?.contains("refused") == true, "\(gone)")
            for fault in [full, stands, gone] { #expect(fault.code.remedy == .retry) }
            try server.start()
            _ = try Self.connect(source)
        }

        @Test("a server that loads its data, and a replica without its master, will answer later")
        func notReady() throws {
            let server = try RedisServer(settings: ["appendonly yes", "appendfsync always"])
            try server.commands((0..<20_000).map { ["SET", "key:\($0)", "value"] })
            try server.shutdown()
            try server.configure(["key-load-delay 500", "loading-process-events-interval-bytes 1024"])
            try server.launch()
            var seen: Fault?
            try waitUntil("the server says that it loads") {
                seen = Self.fault { () throws(Fault) in
                    var connection = try Self.connection(server.endpoint)
                    _ = try connection.run("GET", "key:1").orFault()
                }
                return seen?.code == .redisNotReady
            }
            #expect(seen?.detail?.hasPrefix("LOADING") == true && seen?.code.remedy == .retry)
            try server.kill9()

            let master = try RedisServer()
            let replica = try master.makeReplica(settings: ["replica-serve-stale-data no"])
            try master.kill9()
            try waitUntil("the replica misses its master") {
                seen = Self.fault { () throws(Fault) in
                    var connection = try Self.connection(replica.endpoint)
                    _ = try connection.run("GET", "k").orFault()
                }
                return seen != nil
            }
            #expect(seen?.code == .redisNotReady && seen?.detail?.hasPrefix("MASTERDOWN") == true)
        }

        @Test("a replica takes no writes, and a command that is refused is told without its arguments")
        func commands() throws {
            let master = try RedisServer()
            let replica = try master.makeReplica()
            var connection = try replica.connect()
            let readOnly = try #require(throws: Fault.self) { _ = try connection.run("SET", "k", "v").orFault() }
            #expect(readOnly.code == .redisReadOnly)
            let unknown = try #require(throws: Fault.self) { _ = try connection.run("NOSUCH", "canary").orFault() }
            #expect(unknown.code == .redisCommand && !"\(unknown)".contains("canary"), "\(unknown)")
            let sound = try connection.run("PING")
            #expect(sound == .status("PONG"))
        }

        @Test("a node of a cluster says where a key is, and a cluster that is down that it is")
        func cluster() throws {
            let nodes = try (0..<2).map { _ in
                try RedisServer(settings: ["cluster-enabled yes", "cluster-node-timeout 2000"])
            }
            var connection = try nodes[1].connect()
            let down = try #require(throws: Fault.self) { _ = try connection.run("GET", "k").orFault() }
            #expect(down.code == .redisNotReady && down.detail?.hasPrefix("CLUSTERDOWN") == true)
            try nodes[0].command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
            try nodes[0].command("CLUSTER", "MEET", "127.0.0.1", "\(nodes[1].port)")
            try waitUntil("the cluster is whole") {
                try nodes[1].command("CLUSTER", "INFO").text?.contains("cluster_state:ok") == true
            }
            let answer = try connection.run("GET", "k")
            guard case .error(let error) = answer, case .moved(let slot, let endpoint) = error.kind else {
                throw TestFailure("\(answer)")
            }
            #expect(slot == 7629 && endpoint == nodes[0].endpoint && error.fault.code == .redisCluster)
            let fault = try Self.refusal(nodes[1].address(database: 1))
            #expect(fault.code == .settingInvalid && fault.message.contains("no database 1"), "\(fault)")
        }

        @Test("a server that talks another language is told apart from one that says nothing")
        func nonsense() throws {
            let port = try FreePort.ofRedis()
            let script = """
                import socket
                door = socket.socket()
                door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                door.bind(('127.0.0.1', \(port)))
                door.listen()
                print('ready', flush=True)
                while True:
                    peer = door.accept()[0]
                    peer.recv(4096)
                    peer.sendall(b'HTTP/1.1 400 Bad Request\\r\\n\\r\\n')
                    peer.close()
                """
            let process = try ShellCommand(["python3", "-c", script])
            defer { process.send(SIGKILL) }
            try waitUntil("somebody listens") { process.output.contains("ready") }
            let fault = try Self.refusal("redis://127.0.0.1:\(port)")
            #expect(fault.code == .redisProtocol && fault.detail?.contains("\"H\"") == true, "\(fault)")
        }

        private static func connect(_ source: String) throws -> RedisConnection {
            let address = try RedisAddress(parsing: Redacted(source))
            return try RedisConnection.connect(to: address.endpoints[0], as: address)
        }

        private static func connection(_ endpoint: Endpoint) throws(Fault) -> RedisConnection {
            try RedisConnection.connect(to: endpoint, as: RedisAddress(endpoints: [endpoint], timeout: .seconds(5)))
        }

        private static func refusal(_ source: String) throws -> Fault {
            let address = try RedisAddress(parsing: Redacted(source))
            let found = fault { () throws(Fault) in
                _ = try RedisConnection.connect(to: address.endpoints[0], as: address)
            }
            guard let found else { throw TestFailure("\(Redacted(source)) was accepted") }
            return found
        }

        private static func fault(_ body: () throws(Fault) -> Void) -> Fault? {
            do throws(Fault) { try body() } catch { return error }
            return nil
        }
    }
}
