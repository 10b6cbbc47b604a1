// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import RedisState
public import RedisURI

/// How the values of touched keys are read beside the stream of commands.
public struct StateOptions: Sendable {
    /// The server that is followed.
    public let address: RedisAddress
    /// How long touched keys may wait for their values.
    public let interval: Duration
    /// How many transactions may.
    public let transactionCount: Int
    /// How many bytes of the stream may.
    public let byteCount: Int
    /// Beyond how many bytes of memory a key is not read.
    public let keyByteLimit: Int
    /// Whether an anchor is wanted as soon as may be: somebody has asked for the end.
    public let isUrgent: @Sendable () -> Bool

    /// Makes options.
    public init(
        address: RedisAddress, interval: Duration, transactionCount: Int, byteCount: Int, keyByteLimit: Int,
        isUrgent: @escaping @Sendable () -> Bool
    ) {
        self.address = address
        self.interval = interval
        self.transactionCount = transactionCount
        self.byteCount = byteCount
        self.keyByteLimit = keyByteLimit
        self.isUrgent = isUrgent
    }
}

/// Decides when the values of touched keys are read, and reads them.
struct StateStage: ~Copyable {
    /// Nil where nobody asks.
    private let options: StateOptions?
    private var round: StateRecorder?
    private var lastRound = ContinuousClock.now
    /// How many transactions, and which offset, the last round has seen.
    private var transactionCount = 0
    private var lastOffset: UInt64

    init(_ options: StateOptions?, at offset: UInt64) {
        self.options = options
        lastOffset = offset
    }

    /// Whether values are being read.
    private(set) var isReading = false

    /// Notes that a transaction has been taken in.
    mutating func countTransaction() { transactionCount += 1 }

    /// Whether the values of `touched` should be read before anything else is.
    func isDue(_ touched: borrowing TouchedKeys, at offset: UInt64) -> Bool {
        guard let options, !touched.isEmpty else { return false }
        return touched.isFull || transactionCount >= options.transactionCount
            || offset > lastOffset && offset - lastOffset >= UInt64(options.byteCount)
            || ContinuousClock.now - lastRound >= options.interval
            || options.isUrgent()
    }

    /// Begins to read; no value may be older than `offset`, nor of another history.
    mutating func begin(_ touched: TouchedKeys, of id: String, notBefore offset: UInt64) throws(Fault) {
        guard let options else { return }
        var limits = StateRecorder.Limits()
        limits.byteCount = options.keyByteLimit
        limits.unsettledByteCount = options.keyByteLimit
        round = StateRecorder(try StateReader.open(options.address), KeyQueue(touched), limits: limits) {
            stamp throws(Fault) in
            guard stamp.replicationID == id, let found = stamp.offset, found >= offset else {
                throw Fault(
                    .redisNotReady, "the server that was asked for values is not where its stream of commands is",
                    detail: stamp.replicationID == id
                        ? "it stands at \(stamp.offset ?? 0), and the stream at \(offset)" : "it has another history")
            }
        }
        isReading = true
        transactionCount = 0
        lastOffset = offset
    }

    /// Goes on in another batch.
    mutating func continueRound(in batch: inout ChangeBatch) { round?.rows.begin(&batch) }

    /// Reads on, behind the record of the number `ordinal`; false when the round is over.
    mutating func step(_ ordinal: inout UInt64, into batch: inout ChangeBatch) throws(Fault) -> Bool {
        guard var current = round.take() else { return false }
        current.rows.ordinal = ordinal + 1
        let goesOn = try current.step(into: &batch)
        ordinal = current.rows.ordinal - 1
        isReading = goesOn
        if goesOn { round = consume current } else { lastRound = .now }
        return goesOn
    }
}
