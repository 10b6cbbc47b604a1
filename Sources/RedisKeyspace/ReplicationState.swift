// SPDX-License-Identifier: Apache-2.0

public import RedisFacts

/// What a server says of its replication: who it is, how far its history goes, and how much of it can be asked for again.
public struct ReplicationState: Sendable, Hashable {
    /// The identifier of its history.
    public let replicationID: String
    /// The identifier of the history that it had before it was promoted; nil when there is none.
    public let formerID: String?
    /// Behind which offset the former history is another one: the first byte that is not in common.
    public let formerEnd: UInt64
    /// How far the history goes.
    public let offset: UInt64
    /// Whether it is a master.
    public let isMaster: Bool
    /// Whether it is a replica whose link to its master is up.
    public let isFollowing: Bool
    /// The offset of the first byte that can be asked for again; nil when it keeps none.
    public let backlogStart: UInt64?
    /// How many bytes it keeps at most.
    public let backlogByteCount: UInt64

    /// Reads what `INFO` says; nil when it lacks one that is needed.
    public init?(_ fields: ServerInfo) {
        guard let id = fields["master_replid"], id.utf8.count == 40,
            let offset = fields["master_repl_offset"].flatMap({ UInt64($0) })
        else { return nil }
        replicationID = id
        self.offset = offset
        isMaster = fields["role"] == "master"
        isFollowing = !isMaster && fields["master_link_status"] == "up"
        let former = fields["master_replid2"].flatMap { $0.utf8.contains { $0 != 0x30 } ? $0 : nil }
        let end = fields["second_repl_offset"].flatMap { UInt64($0) }
        formerID = end == nil ? nil : former
        formerEnd = end ?? 0
        let isActive = fields["repl_backlog_active"] == "1"
        backlogStart = isActive ? fields["repl_backlog_first_byte_offset"].flatMap { UInt64($0) } : nil
        backlogByteCount = fields["repl_backlog_size"].flatMap { UInt64($0) } ?? 0
    }
}

/// Whether a server can go on behind a point, as far as it can be told before it is asked.
public enum ResumeVerdict: Sendable, Hashable {
    /// It can.
    case goesOn
    /// What follows the point cannot be had any more.
    case lost(String)
    /// What lies behind this offset was exported, and was never in the history that the server has now.
    case fork(from: UInt64, String)

    /// Judges.
    public init(_ point: ReplicationPoint, at server: ReplicationState) {
        let needed = point.offset + 1
        if server.replicationID == point.replicationID {
            guard needed <= server.offset + 1 else {
                self = .fork(
                    from: server.offset,
                    "the server stands at \(server.offset) and has lost what followed it, up to \(point.offset)")
                return
            }
            self = Self.backlog(needed, server)
        } else if server.formerID == point.replicationID {
            guard needed <= server.formerEnd else {
                self = .fork(
                    from: server.formerEnd - 1,
                    "the server was promoted at \(server.formerEnd - 1), and what followed it up to \(point.offset) was on its former master alone"
                )
                return
            }
            self = Self.backlog(needed, server)
        } else {
            self = .lost(
                "the server has another history: it was started anew, went without replicas for too long, or is another server"
            )
        }
    }

    private static func backlog(_ needed: UInt64, _ server: ReplicationState) -> ResumeVerdict {
        guard let start = server.backlogStart else { return .lost("the server keeps nothing of its history") }
        guard needed >= start else {
            return .lost(
                "the server keeps its history from \(start) on, and \(needed) was needed: \(start - needed) bytes are overwritten"
            )
        }
        return .goesOn
    }
}
