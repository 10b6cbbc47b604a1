// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hiredis

/// Applies an export to an empty server, as a reader who knows nothing but `docs/format.md` would.
final class KeyspaceReplay {
    private let server: RedisServer
    private var connection: RedisConnection
    private var database = 0
    private var key = KeyState()
    private var command: [[UInt8]] = []
    /// What the server has refused.
    private(set) var refusals: [String] = []
    private(set) var recordCount = 0

    /// What is known of the key whose records are read.
    private struct KeyState {
        var name: [UInt8] = []
        var type = ""
        var expiresAt: Int?
        var items: [[[UInt8]]] = []
        var group: [UInt8] = []
        var consumer: [UInt8] = []
        var pending: [[UInt8]: [[UInt8]]] = [:]
    }

    init(into server: RedisServer) throws {
        self.server = server
        connection = try server.connect()
        try server.command("DEBUG", "SET-ACTIVE-EXPIRE", "0")
        try server.command("FLUSHALL")
        if server.programs.isAtLeast(7, 0) { try server.command("FUNCTION", "FLUSH") }
    }

    /// Applies the newest history of the export.
    func apply(_ export: ExportFolder) throws {
        let epoch = try export.lastEpoch()
        try apply(export, export.segments().filter { $0.epoch == epoch }) { Int($0.dropFirst(2)) ?? 0 }
    }

    /// Applies the newest history of one shard of a cluster.
    func apply(_ export: ExportFolder, lane: String, epoch: Int) throws {
        let segments = try export.segments().filter {
            $0.table == "\(lane).db0" && $0.path.contains(String(format: "/%04x-", epoch))
        }
        try apply(export, segments) { _ in 0 }
    }

    private func apply(
        _ export: ExportFolder, _ segments: [ExportFolder.Segment], database: (String) -> Int
    ) throws {
        var records: [(seq: String, database: Int, line: Data)] = []
        for segment in segments {
            let text = try ShellCommand.run(["sh", "-e"], input: ExportFolder.printing([segment], of: export))
            let number = database(segment.table)
            for line in Data(text.utf8).split(separator: 10) {
                let head = line.dropFirst(13).prefix(38)
                records.append((String(decoding: head, as: UTF8.self), number, Data(line)))
            }
        }
        records.sort { $0.seq < $1.seq }
        for record in records { try apply(record.line, database: record.database) }
        try sendCommand()
        try settle()
        recordCount = records.count
    }

    private func apply(_ line: Data, database number: Int) throws {
        guard let record = try JSONSerialization.jsonObject(with: line) as? [String: Any],
            let op = record["op"] as? String
        else { throw TestFailure("a record has no op") }
        if op != "argv" { try sendCommand() }
        if number != database {
            try send("SELECT", number)
            database = number
        }
        if record["_cdc_op"] as? String == "r" { return try restore(op, record) }
        if op == "argv" {
            collect(Self.list(record["argv"]), record)
        } else if let argv = record["argv"] as? [Any] {
            try connection.enqueue(RedisCommand(words: argv.map(Self.bytes)))
            if connection.pendingCount > 200 { try settle() }
        }
    }

    // MARK: Commands in pieces

    private func collect(_ words: [[UInt8]], _ record: [String: Any]) {
        guard record["continues"] as? String == "string", let first = words.first, !command.isEmpty else {
            command += words
            return
        }
        command[command.count - 1] += first
        command += words.dropFirst()
    }

    private func sendCommand() throws {
        guard !command.isEmpty else { return }
        try connection.enqueue(RedisCommand(words: command))
        command = []
        try settle()
    }

    // MARK: The snapshot

    private func restore(_ op: String, _ record: [String: Any]) throws {
        let meta = record["meta"] as? [String: String] ?? [:]
        let items = (record["items"] as? [Any] ?? []).map(Self.list)
        switch op {
        case "function": try send("FUNCTION", "LOAD", Self.bytes(record["value"] as Any))
        case "row", "row_begin":
            key = KeyState(name: Self.bytes(record["key"] as Any), type: record["type"] as? String ?? "")
            key.expiresAt = record["expire_at_ms"] as? Int
            if key.type == "string" {
                try send("SET", key.name, op == "row" ? Self.bytes(record["value"] as Any) : [UInt8]())
            }
            take(items, record)
            if op == "row" { try endKey() }
        case "row_items":
            if key.type == "string" {
                try send("APPEND", key.name, Self.bytes(record["value"] as Any))
            } else {
                take(items, record)
                try sendItems(keepingLast: true)
            }
        case "row_end": try endKey()
        default: try restoreStream(op, items, meta)
        }
    }

    private func take(_ items: [[[UInt8]]], _ record: [String: Any]) {
        var items = items
        if let continues = record["continues"] as? String, !items.isEmpty, var last = key.items.popLast() {
            var first = items.removeFirst()
            if continues == "string", !first.isEmpty { last[last.count - 1] += first.removeFirst() }
            key.items.append(last + first)
        }
        key.items += items
    }

    private func endKey() throws {
        try sendItems(keepingLast: false)
        if key.type != "stream" { try expire() }
    }

    private func expire() throws {
        if let time = key.expiresAt { try send("PEXPIREAT", key.name, time) }
    }

    private func sendItems(keepingLast: Bool) throws {
        let last = keepingLast ? key.items.popLast() : nil
        for item in key.items {
            switch key.type {
            case "list": try send("RPUSH", key.name, item)
            case "set": try send("SADD", key.name, item)
            case "zset": try send("ZADD", key.name, item[1], item[0])
            case "hash": try send("HSET", key.name, item[0], item[1])
            case "stream": try send("XADD", key.name, item)
            default: throw TestFailure("items of a \(key.type)")
            }
        }
        key.items = last.map { [$0] } ?? []
    }

    private func restoreStream(_ op: String, _ items: [[[UInt8]]], _ meta: [String: String]) throws {
        switch op {
        case "row_stream":
            let last = meta["last_id"] ?? "0-0"
            if meta["length"] == "0" {
                try send("XADD", key.name, "MAXLEN", "0", last == "0-0" ? "0-1" : last, "x", "y")
            }
            if let added = meta["entries_added"], last != "0-0" {
                try send(
                    "XSETID", key.name, last, "ENTRIESADDED", added, "MAXDELETEDID", meta["max_deleted_id"] ?? "0-0")
            } else if last != "0-0" {
                try send("XSETID", key.name, last)
            }
            try expire()
        case "row_group":
            key.group = items[0][0]
            key.pending = [:]
            let read: [Any] = meta["entries_read"].map { ["ENTRIESREAD", $0] } ?? []
            try send(["XGROUP", "CREATE", key.name, key.group, meta["last_id"] ?? "0-0"] + read)
        case "row_pending": for item in items { key.pending[item[0]] = item }
        case "row_consumer":
            key.consumer = items[0][0]
            try send("XGROUP", "CREATECONSUMER", key.name, key.group, key.consumer)
        case "row_consumer_pending":
            for item in items {
                guard let found = key.pending[item[0]] else { throw TestFailure("a consumer's entry is not pending") }
                try send(
                    "XCLAIM", key.name, key.group, key.consumer, "0", item[0], "TIME", found[1], "RETRYCOUNT", found[2],
                    "FORCE", "JUSTID")
            }
        default: throw TestFailure("a snapshot holds \(op)")
        }
    }

    // MARK: Sending

    private func send(_ words: Any...) throws { try send(words) }

    private func send(_ words: [Any]) throws {
        let flat = words.flatMap { word -> [[UInt8]] in
            switch word {
            case let bytes as [UInt8]: [bytes]
            case let list as [[UInt8]]: list
            default: [Array("\(word)".utf8)]
            }
        }
        try connection.enqueue(RedisCommand(words: flat))
        if connection.pendingCount > 200 { try settle() }
    }

    private func settle() throws {
        try connection.flush()
        while connection.pendingCount > 0 {
            try connection.awaitReply()
            if case .error(let error) = Reply(connection.reply) { refusals.append(error.message) }
        }
    }

    private static func list(_ value: Any?) -> [[UInt8]] { (value as? [Any] ?? []).map(bytes) }

    static func bytes(_ value: Any) -> [UInt8] {
        if let text = value as? String { return Array(text.utf8) }
        if let object = value as? [String: String], let data = object["b64"].flatMap({ Data(base64Encoded: $0) }) {
            return Array(data)
        }
        return []
    }
}

extension RedisServer {
    /// The digest of all data and the offset at which it holds.
    func digest() throws -> (digest: String, offset: Int) {
        var connection = try connect()
        for words in [["MULTI"], ["DEBUG", "DIGEST"], ["INFO", "replication"], ["EXEC"]] {
            try connection.enqueue(RedisCommand(words: words))
        }
        for _ in 0..<3 { try connection.awaitReply() }
        try connection.awaitReply()
        let reply = Reply(connection.reply)
        guard let parts = reply.elements, parts.count == 2, let digest = parts[0].text, let info = parts[1].text,
            let line = info.split(whereSeparator: \.isNewline).first(where: { $0.hasPrefix("master_repl_offset:") }),
            let offset = Int(line.dropFirst("master_repl_offset:".count))
        else { throw TestFailure("no digest: \(reply)") }
        return (digest, offset)
    }
}
