// SPDX-License-Identifier: Apache-2.0

public import Faults
import Hiredis
import RedisFacts
public import RedisURI

/// How much a server holds, by its own count.
public struct KeyspaceHoldings: Sendable, Hashable {
    /// How many keys each database has that has any, by its number.
    public let keyCounts: [Int: Int64]
    /// How many bytes of memory the data takes; nil where the server does not tell.
    public let memoryByteCount: Int64?

    /// Asks the server.
    public static func read(_ address: RedisAddress, at endpoint: Endpoint) throws(Fault) -> KeyspaceHoldings {
        try doing("asking \(endpoint) what it holds") { () throws(Fault) -> KeyspaceHoldings in
            var connection = try RedisConnection.connect(to: endpoint, as: address)
            return KeyspaceHoldings(try ServerInfo.read(&connection))
        }
    }

    /// Reads the fields of `INFO` that are called after databases: `db0:keys=3,expires=1,avg_ttl=0`.
    init(_ info: ServerInfo) {
        var counts: [Int: Int64] = [:]
        for (name, value) in info.fields(beginningWith: "db") {
            guard let number = Int(name), let first = value.split(separator: ",").first, first.hasPrefix("keys="),
                let count = Int64(first.dropFirst("keys=".count))
            else { continue }
            counts[number] = count
        }
        keyCounts = counts
        memoryByteCount = info.number("used_memory_dataset") ?? info.number("used_memory")
    }
}
