// SPDX-License-Identifier: Apache-2.0

import RedisKeyspace

/// What `kedge status` tells of a server whose keyspace is exported.
struct KeyspaceStatus: Encodable {
    struct Replica: Encodable {
        let address: String
        let state: String
        let offset: UInt64
        let silentSeconds: Int64?
        let outputBytes: UInt64?
    }

    /// Whether the next run can go on: `goes on`, or why not.
    let history: String
    /// How much of its history the server keeps at most.
    let backlogBytes: UInt64
    /// How many bytes the server may still write before what follows the anchor is overwritten.
    let reachBytes: UInt64?
    /// How long that takes at the present rate.
    let reachSeconds: Int64?
    let bytesPerSecond: UInt64
    /// Those that listen and name no port, as kedge does.
    let replicas: [Replica]

    init(_ situation: KeyspaceSituation) {
        history = situation.obstacle ?? "goes on"
        backlogBytes = situation.backlogByteCount
        reachBytes = situation.reachByteCount
        bytesPerSecond = situation.byteRate
        reachSeconds = situation.reachByteCount.flatMap {
            situation.byteRate > 0 ? Int64(clamping: $0 / situation.byteRate) : nil
        }
        replicas = situation.listeners.map {
            Replica(
                address: $0.address, state: $0.state, offset: $0.offset, silentSeconds: $0.silentSeconds,
                outputBytes: $0.outputByteCount)
        }
    }

    /// The lines for a person.
    var lines: [String] {
        var lines = ["history     \(history); the server keeps \(backlogBytes) bytes of it"]
        if let reachBytes {
            let rest = reachSeconds.map { ": \($0) s" } ?? ""
            lines.append(
                "backlog     the anchor is overwritten after \(reachBytes) more bytes, at \(bytesPerSecond) bytes a second now\(rest)"
            )
        }
        lines += replicas.map { replica in
            let buffer = replica.outputBytes.map { ", \($0) bytes wait for it at the server" } ?? ""
            let silence = replica.silentSeconds.map { ", last heard \($0) s ago" } ?? ""
            return "replica     \(replica.address): \(replica.state), at \(replica.offset)\(silence)\(buffer)"
        }
        if replicas.isEmpty {
            lines.append("replica     nobody listens without a port of its own: no run is connected")
        }
        return lines
    }
}
