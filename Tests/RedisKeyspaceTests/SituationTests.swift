// SPDX-License-Identifier: Apache-2.0

import RedisFacts
import Testing

@testable import RedisKeyspace

@Suite("How a server stands to an export")
struct SituationTests {
    private static let id = String(repeating: "a", count: 40)

    private func state(_ offset: UInt64, start: UInt64 = 101) throws -> ReplicationState {
        try #require(
            ReplicationState(
                ServerInfo(
                    """
                    role:master\nmaster_replid:\(Self.id)\nmaster_repl_offset:\(offset)\nrepl_backlog_active:1
                    repl_backlog_size:1000\nrepl_backlog_first_byte_offset:\(start)
                    """)))
    }

    private func situation(_ point: UInt64, _ before: UInt64, _ now: UInt64, start: UInt64 = 101) throws
        -> KeyspaceSituation
    {
        KeyspaceSituation(
            behind: ReplicationPoint(replicationID: Self.id, offset: point, database: 0), try state(before),
            try state(now, start: start), [])
    }

    @Test("what lies between takes away from how far the backlog reaches")
    func reach() throws {
        let found = try situation(400, 500, 700)
        #expect(found.lagByteCount == 300 && found.reachByteCount == 700 && found.byteRate == 200)
        #expect(found.obstacle == nil && found.backlogByteCount == 1000)
        let level = try situation(700, 700, 700)
        #expect(level.lagByteCount == 0 && level.reachByteCount == 1000 && level.byteRate == 0)
    }

    @Test("what is overwritten, or was lost by the server, has no reach")
    func obstacle() throws {
        let late = try situation(400, 2000, 2100, start: 1101)
        #expect(
            late.lagByteCount == 1700 && late.reachByteCount == nil && late.obstacle?.contains("overwritten") == true)
        let restarted = try situation(400, 500, 300)
        #expect(restarted.byteRate == 0 && restarted.reachByteCount == nil && restarted.obstacle != nil)
    }

    @Test("of the replicas those count that name no port, with what waits for them")
    func listeners() {
        let info = ServerInfo(
            """
            connected_slaves:2
            slave0:ip=10.0.0.7,port=6379,state=online,offset=900,lag=0
            slave1:ip=10.0.0.8,port=0,state=online,offset=0,lag=3
            """)
        let clients = "id=3 addr=10.0.0.7:1 omem=0 cmd=psync\nid=9 addr=10.0.0.8:2 omem=20512 cmd=psync\n"
        let listener = ListeningReplica(
            address: "10.0.0.8", state: "online", offset: 0, silentSeconds: 3, outputByteCount: 20512)
        #expect(ListeningReplica.replicas(info, clients) == [listener])
        #expect(ListeningReplica.replicas(info, "").map(\.outputByteCount) == [nil])
        #expect(ListeningReplica.replicas(ServerInfo("slave0:=,,x\nslave2:port=0"), clients).isEmpty)
    }
}
