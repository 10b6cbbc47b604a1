// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Faults
import RedisRDB
import RedisState

/// Reads values and turns them into stamped rows (`docs/format.md`, Stamped rows).
///
/// It goes on in steps of a few round trips each, so that whoever calls can attend to other things between them.
struct StateRecorder: ~Copyable {
    /// How much is read of one key.
    struct Limits: Sendable {
        /// From how many bytes of memory on a key is read in pieces.
        var wholeByteCount = 1 << 20
        /// Up to how many bytes of memory a key is read whole that does not settle.
        var unsettledByteCount = 16 << 20
        /// Beyond how many bytes of memory a key is not read at all.
        var byteCount = Int.max
        /// How many keys are read at once.
        var batchCount = 64
        /// How often a key is read in pieces before it is taken for one that does not settle.
        var attempts = 3
    }

    private var reader: StateReader
    private let limits: Limits
    private var queue: KeyQueue
    var rows = SnapshotRecorder()
    private var portion: KeyQueue.Portion?
    private var sizes: [Int?] = []
    private var index = 0
    private var large: Large?
    /// How many keys did not settle.
    private(set) var unsettledCount = 0
    /// What must hold for every stamp.
    private let check: (StateStamp) throws(Fault) -> Void

    /// A key that is read in pieces.
    private struct Large {
        var key: LargeKey
        let byteCount: Int
        var attempts = 0
        var type: LargeType?
    }

    init(
        _ reader: consuming StateReader, _ queue: KeyQueue, limits: Limits = Limits(),
        check: @escaping (StateStamp) throws(Fault) -> Void = { _ in }
    ) {
        self.reader = reader
        self.queue = queue
        self.limits = limits
        self.check = check
    }

    /// As of which point the server is now.
    mutating func serverStamp() throws(Fault) -> StateStamp { try reader.stamp() }

    /// Reads on; false when nothing is left.
    mutating func step(into batch: inout ChangeBatch) throws(Fault) -> Bool {
        if large != nil {
            try stepLarge(into: &batch)
            return true
        }
        guard let portion, index < portion.names.count else {
            portion = try queue.next(&reader)
            index = 0
            guard let portion else { return false }
            try reader.select(portion.database)
            rows.select(portion.database, in: &batch)
            sizes = try reader.byteCounts(of: portion.names[...])
            return true
        }
        try read(portion, into: &batch)
        return true
    }

    // MARK: Small keys

    private mutating func read(_ portion: KeyQueue.Portion, into batch: inout ChangeBatch) throws(Fault) {
        var names: [[UInt8]] = []
        var byteCount = 0
        while index < portion.names.count, names.count < limits.batchCount {
            let size = sizes[index] ?? 0
            guard size <= limits.wholeByteCount else {
                if names.isEmpty {
                    try begin(portion.names[index], size, into: &batch)
                    index += 1
                    return
                }
                break
            }
            guard names.isEmpty || byteCount + size <= limits.wholeByteCount else { break }
            byteCount += size
            names.append(portion.names[index])
            index += 1
        }
        try append(try reader.dumps(of: names), isNamed: portion.isNamed, into: &batch)
    }

    private mutating func append(
        _ dumped: DumpedKeys, isNamed: Bool, into batch: inout ChangeBatch
    ) throws(Fault) {
        try note(dumped.stamp)
        var values = DumpedValues()
        var count = 0
        do throws(RDBReadError<Never>) {
            for key in dumped.keys {
                guard let dump = key.dump else {
                    if isNamed { rows.appendMark("row_absent", key.name, dumped.stamp, into: &batch) }
                    continue
                }
                try Self.add(key.name, key.expiresAt, dump, to: &values)
                count += 1
            }
            if count > 0 { try Self.record(values, &rows, into: &batch) }
        } catch {
            guard case .bytes(let fault) = error else { return }
            throw Fault(.redisPayload, "a value that DUMP has printed cannot be read", detail: fault.description)
        }
    }

    private static func add(
        _ name: [UInt8], _ expiresAt: Int64?, _ dump: [UInt8], to values: inout DumpedValues
    ) throws(RDBReadError<Never>) {
        do throws(RDBFault) {
            try name.withRawSpan { name throws(RDBFault) in
                try dump.withRawSpan { dump throws(RDBFault) in
                    try values.append(key: name, expiresAt: expiresAt, dump: dump)
                }
            }
        } catch {
            throw .bytes(error)
        }
    }

    private static func record(
        _ values: consuming DumpedValues, _ rows: inout SnapshotRecorder, into batch: inout ChangeBatch
    ) throws(RDBReadError<Never>) {
        do throws(RDBFault) { try values.end() } catch { throw .bytes(error) }
        var reader = RDBReader(values)
        while let event = try reader.next() { rows.take(event, into: &batch) }
    }

    private mutating func note(_ stamp: StateStamp) throws(Fault) {
        try check(stamp)
        rows.stamp = stamp
    }

    // MARK: Large keys

    private mutating func begin(_ name: [UInt8], _ byteCount: Int, into batch: inout ChangeBatch) throws(Fault) {
        guard byteCount <= limits.byteCount else {
            let stamp = try reader.stamp()
            try note(stamp)
            return rows.appendMark("row_skipped", name, stamp, byteCount: byteCount, into: &batch)
        }
        large = Large(key: LargeKey(name, memoryByteCount: byteCount), byteCount: byteCount)
        try beginPieces(into: &batch)
    }

    private mutating func beginPieces(into batch: inout ChangeBatch) throws(Fault) {
        guard var large = large.take() else { return }
        large.attempts += 1
        guard let value = try large.key.begin(&reader), let type = value.type else {
            // Gone, of a module, or with an expiry that cannot be told apart: whole, that is one short answer or none.
            return try readWhole(large, into: &batch)
        }
        if type == .hash, reader.hasFieldExpiry {
            try large.key.leave(&reader)
            return try readWhole(large, into: &batch)
        }
        large.type = type
        rows.stamp = nil
        rows.beginPieces(of: large.key.name, type, expiresAt: value.expiresAt)
        self.large = large
    }

    private mutating func readWhole(_ large: Large, into batch: inout ChangeBatch) throws(Fault) {
        try append(
            try reader.dumps(of: [large.key.name]), isNamed: portion?.isNamed ?? false, into: &batch)
    }

    private mutating func stepLarge(into batch: inout ChangeBatch) throws(Fault) {
        guard var large = large.take() else { return }
        switch try large.key.next(&reader) {
        case .bytes(let bytes, let isLast):
            bytes.withRawSpan { rows.take(.piece(.string, $0, isLast: isLast), into: &batch) }
        case .items(let items): for item in items { rows.appendPiece(item, large.type, into: &batch) }
        case .end(let end):
            try note(end.stamp)
            return rows.endPieces(end, into: &batch)
        case .torn: return try startAgain(large, into: &batch)
        }
        self.large = large
    }

    /// The key has changed under our hands.
    private mutating func startAgain(_ torn: Large, into batch: inout ChangeBatch) throws(Fault) {
        rows.voidPieces(into: &batch)
        guard torn.attempts >= limits.attempts else {
            large = torn
            return try beginPieces(into: &batch)
        }
        guard torn.byteCount > limits.unsettledByteCount else { return try readWhole(torn, into: &batch) }
        unsettledCount += 1
        let stamp = try reader.stamp()
        try note(stamp)
        rows.appendMark("row_unsettled", torn.key.name, stamp, into: &batch)
    }
}
