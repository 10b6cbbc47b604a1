// SPDX-License-Identifier: Apache-2.0

public import Faults
import Hiredis
import RedisFacts
public import RedisURI
import Threads

/// How a server stands to an export of its keyspace, looked at for a second.
public struct KeyspaceSituation: Sendable {
    /// Where the server is.
    public let offset: UInt64
    /// How many bytes it is ahead of the export; nil where the export is not of its history.
    public let lagByteCount: UInt64?
    /// Why the next run cannot go on; nil when it can.
    public let obstacle: String?
    /// How much of its history it keeps at most.
    public let backlogByteCount: UInt64
    /// How many bytes it may still write before what follows the export is overwritten; nil when it cannot go on.
    public let reachByteCount: UInt64?
    /// How many bytes it has written in the second.
    public let byteRate: UInt64
    /// Its replicas that name no port, as kedge does not.
    public let listeners: [ListeningReplica]

    /// Asks the server twice.
    public static func read(
        _ address: RedisAddress, at endpoint: Endpoint, behind point: ReplicationPoint
    ) throws(Fault) -> KeyspaceSituation {
        let before = try KeyspaceServer.read(address, at: endpoint).state
        pause(.seconds(1))
        let now = try KeyspaceServer.read(address, at: endpoint).state
        return KeyspaceSituation(
            behind: point, before, now, try ListeningReplica.read(address, at: endpoint))
    }

    init(
        behind point: ReplicationPoint, _ before: ReplicationState, _ now: ReplicationState,
        _ listeners: [ListeningReplica]
    ) {
        offset = now.offset
        backlogByteCount = now.backlogByteCount
        byteRate = now.offset - min(before.offset, now.offset)
        self.listeners = listeners
        switch ResumeVerdict(point, at: now) {
        case .goesOn:
            let lag = now.offset - min(point.offset, now.offset)
            lagByteCount = lag
            obstacle = nil
            reachByteCount = now.backlogByteCount - min(lag, now.backlogByteCount)
        case .lost(let reason), .fork(_, let reason):
            lagByteCount = now.replicationID == point.replicationID ? now.offset - min(point.offset, now.offset) : nil
            obstacle = reason
            reachByteCount = nil
        }
    }
}

/// A replica that names no port: one that nobody can be sent to.
public struct ListeningReplica: Sendable, Hashable {
    /// From where it is connected.
    public let address: String
    /// `online`, or what the server waits for.
    public let state: String
    /// Up to where it has said to have everything.
    public let offset: UInt64
    /// How long ago it has said something.
    public let silentSeconds: Int64?
    /// How many bytes the server holds back for it; nil where it does not tell.
    public let outputByteCount: UInt64?

    static func read(_ address: RedisAddress, at endpoint: Endpoint) throws(Fault) -> [ListeningReplica] {
        var connection = try RedisConnection.connect(to: endpoint, as: address)
        let info = try ServerInfo.read(&connection)
        let clients = try connection.run("CLIENT", "LIST", "TYPE", "replica").text ?? ""
        return replicas(info, clients)
    }

    /// Reads what `INFO` and `CLIENT LIST` say. The two have nothing in common but their order, which is that of arrival.
    static func replicas(_ info: ServerInfo, _ clients: String) -> [ListeningReplica] {
        let lines = clients.split(whereSeparator: \.isNewline)
        let buffers = lines.map { number("omem", of: $0) }
        var slaves: [String] = []
        while let text = info["slave\(slaves.count)"] { slaves.append(text) }
        return slaves.enumerated().compactMap { index, text in
            var fields: [Substring: Substring] = [:]
            for field in text.split(separator: ",") {
                guard let sign = field.firstIndex(of: "=") else { continue }
                fields[field[..<sign]] = field[field.index(after: sign)...]
            }
            guard fields["port"] == "0" else { return nil }
            return ListeningReplica(
                address: String(fields["ip"] ?? "?"), state: String(fields["state"] ?? "?"),
                offset: fields["offset"].flatMap { UInt64($0) } ?? 0,
                silentSeconds: fields["lag"].flatMap { Int64($0) },
                outputByteCount: buffers.count == slaves.count ? buffers[index] : nil)
        }
    }

    private static func number(_ name: Substring, of line: Substring) -> UInt64? {
        for field in line.split(separator: " ") {
            guard let sign = field.firstIndex(of: "="), field[..<sign] == name else { continue }
            return UInt64(field[field.index(after: sign)...])
        }
        return nil
    }
}
