// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Hiredis
import Testing

/// A server of Redis with streams, and an export of them.
final class StreamScene {
    /// An entry: its identifier, and its fields as bytes, names and values in turn.
    struct Entry: Hashable, CustomStringConvertible {
        let id: String
        let fields: [[UInt8]]

        var description: String { "\(id) \(fields.map { String(decoding: $0, as: UTF8.self) })" }

        init(_ id: String, _ fields: [[UInt8]]) {
            self.id = id
            self.fields = fields
        }

        /// An entry as a server hands it out.
        init?(_ reply: Reply) {
            guard let parts = reply.elements, parts.count == 2, let id = parts[0].text,
                let fields = parts[1].elements
            else { return nil }
            self.init(
                id,
                fields.map { field in
                    if case .bulk(let bytes) = field { bytes } else { [] }
                })
        }
    }

    /// A record of the export.
    struct Record {
        let epoch: Int
        let sequence: String
        let entry: Entry
    }

    let server: RedisServer
    let export: ExportFolder
    let pattern: String
    /// What `--source` says.
    let address: String
    private let owner: (String) throws -> RedisServer

    /// A server of its own unless one is given, for what a server counts of commands is part of the proof.
    init(_ programs: RedisPrograms = .standard, server: RedisServer? = nil, streams pattern: String = "*") throws {
        let server = try server ?? RedisServer(programs)
        self.server = server
        self.pattern = pattern
        address = server.address()
        owner = { _ in server }
        export = try ExportFolder()
    }

    /// Streams of a cluster; `server` is its first master.
    init(_ cluster: RedisClusterServers, streams pattern: String = "*") throws {
        server = cluster.masters[0]
        self.pattern = pattern
        address = cluster.address
        owner = { stream in try cluster.owner(of: stream) }
        export = try ExportFolder()
    }

    deinit { export.remove() }

    /// The arguments of `kedge run` for this scene.
    func run(_ more: String..., anchors: String = "1s,200tx,1MiB") -> [String] {
        [
            "run", "--source", address, "--to", export.path, "--streams", pattern, "--anchor-every", anchors,
            "--min-free", "1MiB", "--discover-every", "1s",
        ] + more
    }

    /// Catches up with the server.
    @discardableResult
    func catchUp(_ more: String..., environment: [String: String] = [:]) throws -> ShellCommand.Outcome {
        try KedgeProcess.expect(0, run("--until", "now") + more, environment: environment, deadline: .seconds(300))
    }

    /// Adds an entry.
    @discardableResult
    func add(_ stream: String, _ fields: String..., id: String = "*") throws -> String {
        try owner(stream).command((["XADD", stream, id] + fields).map { Array($0.utf8) }).text ?? ""
    }

    /// Everything that a stream holds.
    func entries(of stream: String) throws -> [Entry] {
        let reply = try owner(stream).command("XRANGE", stream, "-", "+")
        return (reply.elements ?? []).compactMap { Entry($0) }
    }

    /// The records of one stream in chain order.
    func records(of stream: String) throws -> [Record] {
        try export.records(of: stream).map(Self.record)
    }

    /// The records of one stream that the anchors of some numbers publish.
    func records(of stream: String, in numbers: Set<Int>) throws -> [Record] {
        let anchors = try export.anchors().filter { numbers.contains($0["anchor"] as? Int ?? 0) }
        let paths = anchors.flatMap { $0["segments"] as? [[String: Any]] ?? [] }
            .filter { $0["table"] as? String == stream }.compactMap { $0["path"] as? String }
        guard !paths.isEmpty else { return [] }
        let script = paths.map { "zstd -dcq '\(export.path)/\($0)'" }.joined(separator: "\n")
        return try ShellCommand.run(["sh", "-e"], input: script).split(separator: "\n").map(String.init).map(
            Self.record)
    }

    /// The newest history of one stream, as entries.
    func exported(_ stream: String) throws -> [Entry] {
        let records = try records(of: stream)
        let epoch = records.map(\.epoch).max()
        return records.filter { $0.epoch == epoch }.map(\.entry)
    }

    private static func record(_ line: String) throws -> Record {
        guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            let sequence = object["_cdc_seq"] as? String, let id = object["id"] as? String,
            let pairs = object["fields"] as? [[Any]], object["_cdc_op"] as? String == "c"
        else { throw TestFailure("no record of an entry: \(line.prefix(200))") }
        guard let epoch = Int(sequence.prefix(4), radix: 16), pairs.allSatisfy({ $0.count == 2 }) else {
            throw TestFailure("no pairs: \(line.prefix(200))")
        }
        return Record(epoch: epoch, sequence: sequence, entry: Entry(id, try pairs.flatMap { $0 }.map(bytes)))
    }

    private static func bytes(_ value: Any) throws -> [UInt8] {
        if let text = value as? String { return Array(text.utf8) }
        if let object = value as? [String: String], let text = object["b64"], let data = Data(base64Encoded: text) {
            return Array(data)
        }
        throw TestFailure("no bytes: \(value)")
    }

    /// The anchors of some kinds that speak of a stream.
    func breaks(of stream: String, behind number: Int = 1) throws -> [[String: Any]] {
        try export.anchors().filter { anchor in
            (anchor["anchor"] as? Int ?? 0) > number && anchor["kind"] as? String != "changes"
                && (anchor["reason"] as? String ?? "").hasPrefix(stream + ": ")
        }
    }

    /// Fails unless kedge itself finds the export sound.
    func verify(at place: SourceLocation = #_sourceLocation) throws {
        let outcome = try KedgeProcess.run(["verify", "--to", export.path])
        #expect(outcome.status == 0, "\(outcome.errors.suffix(2000))", sourceLocation: place)
    }

    /// Fails unless the newest history of each stream is what the server holds, each entry once.
    func expectEqual(_ streams: [String], at place: SourceLocation = #_sourceLocation) throws {
        for stream in streams {
            let (here, there) = (try exported(stream), try entries(of: stream))
            #expect(
                here == there, "stream \(stream): \(Self.difference(here, there))", sourceLocation: place)
        }
        try verify(at: place)
    }

    private static func difference(_ here: [Entry], _ there: [Entry]) -> String {
        let (left, right) = (Set(here), Set(there))
        return """
            \(here.count) exported, \(there.count) there; not exported \(right.subtracting(left).prefix(3)), \
            not there \(left.subtracting(right).prefix(3)), twice \(here.count - left.count)
            """
    }

    /// Waits until the export has at least `count` anchors.
    func waitForAnchors(_ count: Int, while process: KedgeProcess) throws {
        try waitUntil("\(count) anchors", deadline: .seconds(60)) {
            guard process.isRunning else { throw TestFailure("kedge ended early:\n\(process.errors.suffix(3000))") }
            return try export.anchors().count >= count
        }
    }

    /// Waits until a stream's records in the export are as many.
    func waitForRecords(_ count: Int, of stream: String, while process: KedgeProcess) throws {
        try waitUntil("\(count) records of \(stream)", deadline: .seconds(60)) {
            guard process.isRunning else { throw TestFailure("kedge ended early:\n\(process.errors.suffix(3000))") }
            return try export.segments().filter { $0.table == stream }.map(\.rows).reduce(0, +) >= count
        }
    }
}
