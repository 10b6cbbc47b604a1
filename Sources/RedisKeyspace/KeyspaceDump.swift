// SPDX-License-Identifier: Apache-2.0

import Bytes
public import Changelog
import DurableFiles
public import Faults
import RedisRDB

/// A dump that a server has written to a file.
public struct KeyspaceDump: Sendable {
    /// The path of the file.
    public let path: String
    /// From where the stream of commands goes on behind it; nil when it does not say.
    public let streamStart: ReplicationPoint?
    private let byteCount: Int

    /// Reads what stands before the first key.
    public init(_ path: String) throws(Fault) {
        self.path = path
        byteCount = try Files.byteCount(of: path) ?? 0
        var reader = RDBReader(try PayloadInput(file: path))
        var fields = ReplicationOrigin.Fields()
        do throws(RDBReadError<Fault>) {
            while try Self.note(&reader, &fields) {}
        } catch {
            throw KeyspaceSnapshotReader.fault(error).adding("reading \(path)")
        }
        streamStart = fields.origin.map(ReplicationPoint.init)
    }

    private static func note(
        _ reader: inout RDBReader<PayloadInput>, _ fields: inout ReplicationOrigin.Fields
    ) throws(RDBReadError<Fault>) -> Bool {
        switch try reader.next() {
        case .auxiliary(let name, let value):
            fields.note(name: name, value: value)
            return true
        case .header: return true
        default: return false
        }
    }

    /// All of its keys.
    public var snapshot: KeyspaceSnapshot {
        KeyspaceSnapshot(
            at: Position(rawValue: streamStart?.offset ?? 0), estimatedByteCount: byteCount, label: path
        ) { [path] () throws(Fault) in try PayloadInput(file: path) }
    }

    /// What the source of such an export is called.
    public var identity: SourceIdentity {
        var facts: [String: SourceIdentity.Fact] = ["mode": .text("dump")]
        if let start = streamStart {
            facts["replid"] = .text(start.replicationID)
            if let database = start.database { facts["db"] = .number(Int64(clamping: database)) }
        }
        return SourceIdentity(kind: "redis", facts: facts, notation: .decimal)
    }
}
