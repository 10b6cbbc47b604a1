// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults
import Hiredis
import RedisFacts
public import RedisURI
import Threads

/// Looks at everything that following a server as a replica needs of it, and costs it. Changes nothing.
public struct KeyspaceDoctor: Sendable {
    private let address: RedisAddress
    private let endpoint: Endpoint
    private let point: ReplicationPoint?

    /// Makes a doctor; `point` says where an export stands that is there already.
    public init(_ address: RedisAddress, at endpoint: Endpoint, point: ReplicationPoint?) {
        self.address = address
        self.endpoint = endpoint
        self.point = point
    }

    /// All checks; the first is whether the server can be reached, and without it there are no others.
    public func examine() throws(Fault) -> [Check] {
        do throws(Fault) {
            let server = try KeyspaceServer.read(address, at: endpoint)
            pause(.seconds(1))
            let later = try KeyspaceServer.read(address, at: endpoint)
            let rate = Double(later.state.offset &- min(server.state.offset, later.state.offset))
            var checks = [Check("server", .good, "\(later.name), \(later.state.isMaster ? "a master" : "a replica")")]
            checks.append(try permission())
            checks += later.checks(byteRate: rate)
            if let point { checks.append(resumption(point, later)) }
            return checks
        } catch {
            return [Check("server", failing: error)]
        }
    }

    /// Whether replication may be asked for. Who may not ask about permissions learns it from the run.
    private func permission() throws(Fault) -> Check {
        var connection = try RedisConnection.connect(to: endpoint, as: address)
        if case .error(let error) = try connection.run("REPLCONF", "capa", "eof") {
            if case .unknownCommand = error.kind {
                return Check("replication", failing: ReplicationHandshake.noReplication(error.message))
            }
            return Check("replication", failing: error.fault)
        }
        guard let user = try connection.run("ACL", "WHOAMI").text else { return unknownPermission }
        switch try connection.run("ACL", "DRYRUN", user, "PSYNC", "?", "-1") {
        case .error: return unknownPermission
        case let reply where reply.text == "OK":
            return Check("replication", .good, "user \(user) may replicate; key patterns of the user do not limit it")
        case let reply:
            let refusal = reply.text ?? ""
            return Check(
                "replication",
                failing: Fault(
                    .redisPermission, "user \(user) may not replicate", detail: refusal,
                    hint: "ACL SETUSER \(user) +psync +replconf +ping +info"))
        }
    }

    private var unknownPermission: Check {
        Check("replication", .good, "the server takes a replica's words; whether PSYNC is allowed cannot be asked here")
    }

    private func resumption(_ point: ReplicationPoint, _ server: KeyspaceServer) -> Check {
        switch ResumeVerdict(point, at: server.state) {
        case .goesOn:
            let behind = server.state.offset - min(server.state.offset, point.offset)
            return Check(
                "history", .good, "the next run goes on behind \(point.offset), \(behind) bytes behind the server")
        case .lost(let reason), .fork(_, let reason):
            return Check(
                "history", .warning, reason,
                remedy: "the next run records that and takes a new snapshot, unless --on-gap stop is given")
        }
    }
}

extension KeyspaceServer {
    /// What to say of the server at the start of a run, by what it says of its own traffic.
    public var warnings: [String] {
        checks(byteRate: inputByteRate).filter { $0.verdict == .warning }.map { "\($0.name): \($0.finding)" }
    }

    /// What the settings mean at a rate of writing, in bytes a second.
    func checks(byteRate: Double) -> [Check] {
        [role, lifetime(byteRate), timeToLive, outputLimit, minimumReplicas].compactMap { $0 }
    }

    private var role: Check? {
        guard state.isMaster else { return nil }
        return Check(
            "role", .warning,
            "it is a master: a full sync forks it, and it waits up to shutdown-timeout for kedge when it stops",
            remedy: "name one of its replicas")
    }

    /// How long an anchor can be gone on with once nobody follows.
    private func lifetime(_ byteRate: Double) -> Check? {
        let size = state.backlogByteCount
        guard size > 0 else { return nil }
        guard byteRate >= 1 else {
            return Check("anchor lifetime", .good, "\(size) bytes of history are kept, and nobody writes now")
        }
        let seconds = Int(min(Double(size) / byteRate, 1e9))
        let finding = "\(size) bytes of history are kept, which is \(seconds) s at \(Int(byteRate)) bytes a second"
        guard seconds < 3600 else { return Check("anchor lifetime", .good, finding) }
        return Check(
            "anchor lifetime", .warning, finding,
            remedy: "a pause between runs of an hour needs repl-backlog-size \(Int(min(byteRate * 3600, 1e15)))")
    }

    private var timeToLive: Check? {
        guard let text = settings["repl-backlog-ttl"], let seconds = Int(text), seconds > 0, state.isMaster else {
            return nil
        }
        return Check(
            "backlog ttl", .good, "history is forgotten \(seconds) s after the last replica has left (repl-backlog-ttl)"
        )
    }

    private var outputLimit: Check? {
        guard let text = settings["client-output-buffer-limit"] else {
            return Check(
                "output limit", .good, "the server does not tell its settings (CONFIG GET)")
        }
        let words = text.split(separator: " ").map(String.init)
        guard let index = words.firstIndex(where: { $0 == "slave" || $0 == "replica" }), index + 1 < words.count,
            let limit = Int(words[index + 1])
        else { return nil }
        guard limit > 0, limit < 64 << 20 else {
            return Check(
                "output limit", .good,
                limit == 0 ? "a replica is never cut off" : "a replica is cut off at \(limit) bytes")
        }
        return Check(
            "output limit", .warning, "a replica is cut off at \(limit) bytes (client-output-buffer-limit)",
            remedy: "raise it, for a full sync needs room for what is written meanwhile")
    }

    private var minimumReplicas: Check? {
        guard let text = settings["min-replicas-to-write"], let count = Int(text), count > 0 else { return nil }
        return Check(
            "min-replicas-to-write", .warning,
            "kedge counts as one of the \(count) replicas for a moment after each ACK",
            remedy: "name a replica of the server as the source")
    }
}
