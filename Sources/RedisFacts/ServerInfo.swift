// SPDX-License-Identifier: Apache-2.0

public import Faults
public import Hiredis

/// What a server says of itself: the fields of `INFO` by name.
public struct ServerInfo: Sendable, Equatable {
    private let fields: [String: String]

    /// Reads the text of `INFO`: a line for each field, `name:value`, and headings that begin with `#`.
    public init(_ text: String) {
        var fields: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) where line.first != "#" {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
        self.fields = fields
    }

    /// Asks a server. Servers before 7.0 take one section a call, and are asked for all.
    public static func read(_ connection: inout RedisConnection) throws(Fault) -> ServerInfo {
        try doing("asking Redis for INFO") { () throws(Fault) -> ServerInfo in
            ServerInfo(try connection.run("INFO", "all").orFault().text ?? "")
        }
    }

    /// The text of a field.
    public subscript(name: String) -> String? { fields[name] }

    /// The number of a field.
    public func number(_ name: String) -> Int64? { fields[name].flatMap { Int64($0) } }

    /// The names and values of the fields whose names begin with `prefix`, the prefix left out.
    public func fields(beginningWith prefix: String) -> [(name: Substring, value: String)] {
        fields.compactMap { name, value in
            name.hasPrefix(prefix) ? (name.dropFirst(prefix.count), value) : nil
        }
    }
}

extension ServerInfo {
    /// The version of the server: `7.0.15`. Of a server that only resembles Redis it is the version of Redis that it
    /// says it resembles.
    public var version: String { self["redis_version"] ?? "?" }

    /// Whether the server is at least of this version.
    public func isAtLeast(_ major: Int, _ minor: Int) -> Bool {
        let parts = version.split(separator: ".").map { Int($0) ?? 0 }
        return (parts.first ?? 0, parts.dropFirst().first ?? 0) >= (major, minor)
    }

    /// The identifier of the running server; another one after each start.
    public var runID: String? { self["run_id"] }

    /// The identifier of the history of replication.
    public var replicationID: String? { self["master_replid"] }

    /// Whether it is no replica of another server.
    public var isMaster: Bool { self["role"] == "master" }
}
