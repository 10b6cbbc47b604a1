// SPDX-License-Identifier: Apache-2.0

public import Faults
public import RedisURI

/// Which server of those that sentinels watch is meant.
public enum ServerPreference: Sendable, Hashable {
    /// The master.
    case master
    /// A replica that is in step with the master; the master where there is none.
    case replica
}

extension RedisAddress {
    /// The address of the one server that is meant now.
    ///
    /// Sentinels are asked one after the other until one knows, each time anew: after a failover the answer is another.
    /// What they name is asked for its own role, for a sentinel may be behind the times. A cluster has no one server.
    public func located(_ preference: ServerPreference = .master) throws(Fault) -> RedisAddress {
        switch topology {
        case .single: return server(at: endpoints[0])
        case .sentinel(let master): return try ask(for: master, preference)
        case .cluster:
            throw Fault(
                .redisCluster, "the address names a cluster, and one server is meant here",
                hint: "name one of its servers: redis://host:port")
        }
    }

    private func ask(for master: String, _ preference: ServerPreference) throws(Fault) -> RedisAddress {
        var last = Fault(.redisUnreachable, "no sentinel was asked")
        for sentinel in endpoints {
            do throws(Fault) {
                return try doing("asking the sentinel at \(sentinel)") { () throws(Fault) in
                    server(at: try answer(of: sentinel, for: master, preference))
                }
            } catch {
                last = error
            }
        }
        throw last
    }

    private func answer(
        of sentinel: Endpoint, for master: String, _ preference: ServerPreference
    ) throws(Fault) -> Endpoint {
        let asSentinel = RedisAddress(
            endpoints: [sentinel], credentials: sentinelCredentials, tls: tls, timeout: timeout)
        var connection = try RedisConnection.connect(to: sentinel, as: asSentinel)
        if preference == .replica, let replica = try replica(of: master, by: &connection) { return replica }
        let reply = try connection.run("SENTINEL", "get-master-addr-by-name", master).orFault()
        guard let parts = reply.elements else { throw Self.unknown(master) }
        guard parts.count == 2, let endpoint = Endpoint(host: parts[0].text, port: parts[1].text) else {
            throw Fault(.redisProtocol, "the sentinel does not say where the master is")
        }
        try expect("master", of: endpoint)
        return endpoint
    }

    private static func unknown(_ master: String) -> Fault {
        Fault(.redisMasterUnknown, "the sentinel watches no master called \"\(master)\"")
    }

    /// A replica that is up and linked, the first by its address so that each run takes the same.
    private func replica(of master: String, by connection: inout RedisConnection) throws(Fault) -> Endpoint? {
        let reply = try connection.run("SENTINEL", "replicas", master)
        if case .error(let error) = reply, error.message.contains("No such master") { throw Self.unknown(master) }
        let replicas = try reply.orFault().elements ?? []
        let fit = replicas.compactMap { replica -> Endpoint? in
            let fields = Self.fields(replica)
            guard fields["flags"] == "slave", fields["master-link-status"] == "ok" else { return nil }
            return Endpoint(host: fields["ip"], port: fields["port"])
        }
        for endpoint in fit.sorted(by: { $0.description < $1.description }) {
            do throws(Fault) {
                try expect("slave", of: endpoint)
                return endpoint
            } catch {
                continue
            }
        }
        return nil
    }

    private static func fields(_ reply: Reply) -> [String: String] {
        let words = (reply.elements ?? []).map { $0.text ?? "" }
        var fields: [String: String] = [:]
        for index in stride(from: 0, to: words.count - 1, by: 2) { fields[words[index]] = words[index + 1] }
        return fields
    }

    /// A server of another role than the sentinel believes is one from before or in the middle of a failover.
    private func expect(_ role: String, of endpoint: Endpoint) throws(Fault) {
        var connection = try RedisConnection.connect(to: endpoint, as: self)
        let found = try connection.run("ROLE").orFault().elements?.first?.text
        guard found == role else {
            throw Fault(
                .redisNotReady, "the server at \(endpoint) is not the \(role) that the sentinel takes it for",
                detail: "its role is \(found ?? "not told"); a failover may be going on")
        }
    }
}

extension Endpoint {
    fileprivate init?(host: String?, port: String?) {
        guard let host, !host.isEmpty, let port = port.flatMap({ UInt16($0) }), port > 0 else { return nil }
        self = .tcp(host: host, port: port)
    }
}
