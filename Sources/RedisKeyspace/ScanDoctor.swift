// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults
import Hiredis
import RedisState
public import RedisURI

/// Looks at everything that a pass over the keys of a server needs. Changes nothing.
public struct ScanDoctor: Sendable {
    private let address: RedisAddress

    /// Makes a doctor for the first endpoint of an address.
    public init(_ address: RedisAddress) {
        self.address = address
    }

    /// All checks; the first is whether the server can be reached, and without it there are no others.
    public func examine() throws(Fault) -> [Check] {
        do throws(Fault) {
            let scan = try KeyspaceScan(address)
            let permission = try permissions()
            return [Check("server", .good, "Redis \(scan.version)"), stamps(scan.first), permission]
        } catch {
            return [Check("server", failing: error)]
        }
    }

    private func stamps(_ stamp: StateStamp) -> Check {
        switch stamp.motion {
        case .moving: Check("stamps", .good, "each key gets the offset as of which it is exact")
        case .standing:
            Check(
                "stamps", .warning, "the server has never had a replica and does not count its writes",
                remedy: "stamps then say nothing of order; a replica makes it count")
        case .none: Check("stamps", .warning, "the server tells no offset of replication: keys get no stamps")
        }
    }

    /// Each command is tried on a key that nobody has, or with no effect.
    private func permissions() throws(Fault) -> Check {
        guard let endpoint = address.endpoints.first else { throw Fault(.bug, "an address without an endpoint") }
        var connection = try RedisConnection.connect(to: endpoint, as: address)
        let key = "kedge:no such key"
        let trials = [
            ["SCAN", "0", "COUNT", "1"], ["MEMORY", "USAGE", key], ["TYPE", key], ["DUMP", key], ["PTTL", key],
            ["TIME"],
            ["STRLEN", key], ["GETRANGE", key, "0", "0"], ["LLEN", key], ["LRANGE", key, "0", "0"], ["SCARD", key],
            ["SSCAN", key, "0"], ["HLEN", key], ["HSCAN", key, "0"], ["ZCARD", key], ["ZSCAN", key, "0"],
            ["XRANGE", key, "-", "+", "COUNT", "1"], ["XINFO", "STREAM", key], ["SELECT", "\(address.database)"],
            ["WATCH", key], ["UNWATCH"], ["MULTI"], ["EXEC"],
        ]
        for words in trials {
            guard case .error(let error) = try connection.run(RedisCommand(words: words)), error.kind == .denied else {
                continue
            }
            return Check("permissions", failing: error.fault)
        }
        return Check("permissions", .good, "all commands that a pass needs are allowed")
    }
}
