// SPDX-License-Identifier: Apache-2.0

import RedisFacts
import Testing

@testable import RedisKeyspace

@Suite("Whether a server can go on behind a point")
struct ResumeVerdictTests {
    private static let id = String(repeating: "a", count: 40)
    private static let other = String(repeating: "b", count: 40)

    private func server(
        _ id: String = id, offset: UInt64 = 500, former: String? = nil, formerEnd: Int64 = -1, start: UInt64? = 101
    ) throws -> ReplicationState {
        var lines = ["role:master", "master_replid:\(id)", "master_repl_offset:\(offset)", "repl_backlog_size:400"]
        lines.append("master_replid2:\(former ?? String(repeating: "0", count: 40))")
        lines.append("second_repl_offset:\(formerEnd)")
        lines.append("repl_backlog_active:\(start == nil ? 0 : 1)")
        lines.append("repl_backlog_first_byte_offset:\(start ?? 0)")
        return try #require(ReplicationState(ServerInfo(lines.joined(separator: "\r\n"))))
    }

    private func point(_ offset: UInt64) -> ReplicationPoint {
        ReplicationPoint(replicationID: Self.id, offset: offset, database: 0)
    }

    @Test(
        "a point inside of what the server keeps, and at both of its ends, goes on",
        arguments: [100, 300, 500] as [UInt64])
    func goesOn(offset: UInt64) throws {
        #expect(ResumeVerdict(point(offset), at: try server()) == .goesOn)
    }

    @Test("what is overwritten is lost")
    func overwritten() throws {
        guard case .lost(let reason) = ResumeVerdict(point(99), at: try server()) else {
            Issue.record("it goes on")
            return
        }
        #expect(reason.contains("1 bytes are overwritten"))
    }

    @Test("without a backlog, and under another identifier, all is lost")
    func lost() throws {
        for state in [try server(start: nil), try server(Self.other)] {
            guard case .lost = ResumeVerdict(point(300), at: state) else {
                Issue.record("it goes on")
                return
            }
        }
    }

    @Test("a promoted server goes on up to where it was promoted, and what lies behind is a fork")
    func promoted() throws {
        let state = try server(Self.other, former: Self.id, formerEnd: 301)
        #expect(ResumeVerdict(point(300), at: state) == .goesOn)
        guard case .fork(let start, _) = ResumeVerdict(point(301), at: state) else {
            Issue.record("no fork")
            return
        }
        #expect(start == 300)
    }

    @Test("a server that stands behind the point has lost what was exported")
    func behind() throws {
        guard case .fork(500, _) = ResumeVerdict(point(501), at: try server()) else {
            Issue.record("no fork")
            return
        }
    }

    @Test("INFO that lacks the identifier is that of no server with replication")
    func incomplete() {
        #expect(ReplicationState(ServerInfo("role:master\r\nmaster_repl_offset:1")) == nil)
    }
}
