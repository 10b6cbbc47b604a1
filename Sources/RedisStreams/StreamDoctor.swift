// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults
import Hiredis
import RedisCluster
import RedisFacts
import RedisURI

/// Looks at everything that a run of streams needs of a server. Changes nothing.
public struct StreamDoctor: Sendable {
    private let options: StreamOptions
    private let group: GroupOptions?
    private let marks: [LaneMark]

    /// Makes a doctor for the run that the options describe, through a group if there is one; `marks` say where an export
    /// by identifier stands that is there already.
    public init(_ options: StreamOptions, group: GroupOptions? = nil, marks: [LaneMark]) {
        self.options = options
        self.group = group
        self.marks = group == nil ? marks : []
    }

    /// All checks; the first is whether the server can be reached, and without it there are no others.
    public func examine() throws(Fault) -> [Check] {
        guard options.address.topology != .cluster else { return examineCluster() }
        let checks = examine(options, node: nil)
        return checks.first?.verdict == .failure ? checks : checks + examineStreams()
    }

    /// What is asked of one server.
    private func examine(_ options: StreamOptions, node: String?) -> [Check] {
        let suffix = node.map { " at \($0)" } ?? ""
        var checks: [Check] = []
        do throws(Fault) {
            var session = try StreamSession.open(options)
            let info = try session.info()
            checks.append(
                Check("server\(suffix)", .good, "Redis \(info.version), \(info.isMaster ? "a master" : "a replica")"))
            checks.append(counting(info))
            checks.append(memory(info))
            checks.append(try permissions(&session, node: node))
        } catch {
            checks.append(Check("\(checks.isEmpty ? "server" : "commands")\(suffix)", failing: error))
        }
        return checks
    }

    private func examineCluster() -> [Check] {
        let topology: ClusterTopology
        do throws(Fault) {
            topology = try ClusterTopology.read(options.address)
        } catch {
            return [Check("cluster", failing: error)]
        }
        var checks = [Check("cluster", .good, "\(topology.shards.count) masters own all slots")]
        for shard in topology.shards {
            checks += examine(options.reading(from: shard.endpoint), node: shard.endpoint.description)
        }
        return checks.contains { $0.verdict == .failure } ? checks : checks + examineStreams()
    }

    private func examineStreams() -> [Check] {
        do throws(Fault) {
            return try streams()
        } catch {
            return [Check("streams", failing: error)]
        }
    }

    private func counting(_ info: ServerInfo) -> Check {
        guard info.isAtLeast(7, 0) else {
            return Check(
                "counters", .warning, "Redis \(info.version) does not count what is added to a stream",
                remedy: "entries that are trimmed unread are noticed, and cannot be counted; use Redis 7.0 or later")
        }
        return Check("counters", .good, "what is trimmed unread can be counted")
    }

    /// Whether the server may do away with streams by itself.
    private func memory(_ info: ServerInfo) -> Check {
        let policy = info["maxmemory_policy"] ?? "noeviction"
        guard info.number("maxmemory") ?? 0 > 0, policy.hasPrefix("allkeys") else {
            return Check("eviction", .good, "maxmemory_policy \(policy) leaves streams alone")
        }
        return Check(
            "eviction", .warning, "maxmemory_policy \(policy) may remove a whole stream when memory is short",
            remedy: "use noeviction or a volatile policy where streams matter")
    }

    /// Each command is tried in a way that does nothing.
    private func permissions(_ session: inout StreamSession, node: String?) throws(Fault) -> Check {
        let name = options.selection.keys.first ?? (options.selection.patterns.first?.prefix ?? [])
        let key = name.isEmpty ? Array("kedge".utf8) : name
        let text = { (words: [String]) in words.map { Array($0.utf8) } }
        var trials: [[[UInt8]]] = group == nil ? readings(key, text) : groupings(key, text)
        if node != nil { trials.append(text(["ASKING"])) }
        for words in trials {
            guard case .error(let error) = try session.run(words), error.kind == .denied else { continue }
            return Check("permissions", failing: error.fault)
        }
        return Check("permissions", .good, "all commands that a run needs are allowed")
    }

    private func readings(_ key: [UInt8], _ text: ([String]) -> [[UInt8]]) -> [[[UInt8]]] {
        [
            text(["XRANGE"]) + [key] + text(["1-1", "0-1", "COUNT", "1"]), text(["XINFO", "STREAM"]) + [key],
            text(["XREAD", "COUNT", "1", "STREAMS"]) + [key] + text(["18446744073709551615-18446744073709551615"]),
            text(["SCAN", "0", "COUNT", "1", "TYPE", "stream"]), text(["MULTI"]), text(["EXEC"]), text(["TIME"]),
        ]
    }

    /// About a group that nobody has: the server refuses that, unless it refuses the command before.
    private func groupings(_ key: [UInt8], _ text: ([String]) -> [[UInt8]]) -> [[[UInt8]]] {
        let nobody = ["kedge doctor: no group", "nobody"]
        return [
            text(["XREADGROUP", "GROUP"] + nobody + ["COUNT", "1", "STREAMS"]) + [key] + text([">"]),
            text(["XAUTOCLAIM"]) + [key] + text(nobody + ["3600000", "0-0", "COUNT", "1"]),
            text(["XACK"]) + [key] + text([nobody[0], "0-1"]), text(["XINFO", "GROUPS"]) + [key],
            text(["SCAN", "0", "COUNT", "1", "TYPE", "stream"]),
        ]
    }

    private func streams() throws(Fault) -> [Check] {
        let beginning = try StreamBeginning.look(options, at: .first)
        let known = Set(beginning.streams.map(\.name.key))
        let waitedFor = group == nil ? options.selection.keys.filter { !known.contains($0) } : []
        var checks = waitedFor.map { key in
            Check(
                "stream \(StreamName(key: key).text)", .warning, "it is not there", remedy: "it is waited for")
        }
        let selected = marks.filter { mark in (try? FollowedStream(mark)).map { known.contains($0.name.key) } ?? false }
        for mark in selected {
            let stream = try FollowedStream(mark)
            guard let state = beginning.streams.first(where: { $0.name == stream.name })?.state else { continue }
            checks.append(lifetime(of: stream, state))
        }
        if let group {
            let missing = options.selection.keys.filter { !known.contains($0) }.map(StreamName.init(key:))
            var session = try StreamSession.open(options)
            checks += try groups(group, of: beginning.streams.map(\.name) + missing, &session)
        }
        let count = beginning.streams.count
        checks.append(Check("streams", count > 0 ? .good : .warning, "\(count) match --streams", remedy: nil))
        return checks
    }

    /// Whether the streams have the group: one that is named must, of those that a pattern finds one must.
    private func groups(
        _ group: GroupOptions, of names: [StreamName], _ session: inout StreamSession
    ) throws(Fault) -> [Check] {
        var checks: [Check] = []
        var with = 0
        let named = Set(options.selection.keys)
        for name in names {
            if try session.hasGroup(group.group, at: name) {
                with += 1
            } else if named.contains(name.key), group.creation == .forbidden {
                let fault = Fault(.redisGroupMissing, "stream \(name.text) has no group \"\(group.group)\"")
                checks.append(Check("group", failing: fault))
            }
        }
        guard checks.isEmpty else { return checks }
        guard with == 0, group.creation == .forbidden else {
            let rest = group.creation == .allowed ? "created in the others" : "the others are left out"
            let finding = "\(with) of \(names.count) streams have the group \"\(group.group)\""
            return [Check("group", .good, with == names.count ? finding : "\(finding); \(rest)")]
        }
        let fault = Fault(
            .redisGroupMissing, "no stream that --streams selects has the group \"\(group.group)\"")
        return [Check("group", failing: fault)]
    }

    /// Whether what the export has not read is still there.
    private func lifetime(of stream: FollowedStream, _ state: StreamState) -> Check {
        let name = "stream \(stream.name.text)"
        let behind = state.added.flatMap { added in stream.memory.accounted.map { added - $0 } }
        guard let behind, behind > state.length else {
            return Check(name, .good, "\(state.length) entries are there\(behind.map { ", \($0) to be read" } ?? "")")
        }
        return Check(
            name, .warning, "\(behind) entries are to be read, and \(state.length) are there: some are gone",
            remedy: "run more often, or let producers keep more (XADD MAXLEN)")
    }
}
