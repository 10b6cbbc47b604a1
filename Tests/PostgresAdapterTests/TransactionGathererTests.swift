// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Faults
import TestSupport
import Testing

@testable import PostgresAdapter

@Suite struct TransactionGathererTests {
    private static let table = Wire.relation(1, "t", [Wire.Column(name: "a")])
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func `a transaction between BEGIN and COMMIT comes out whole`() throws {
        var gathering = Gathering(folder)
        try gathering.take(Wire.begin(7), Self.table, insert("1"), insert("2"), Wire.commit(50, time: 3))
        #expect(gathering.transactions == ["7 @50 R 1 2"])
    }

    @Test func `blocks of streamed transactions interleave with each other and with whole ones`() throws {
        var gathering = Gathering(folder)
        try gathering.take(
            Wire.streamStart(10), streamed(10, "a1"), Wire.streamStop,
            Wire.streamStart(20), streamed(20, "b1"), Wire.streamStop,
            Wire.begin(30), insert("c1"), Wire.commit(60),
            Wire.streamStart(10, isFirst: false), streamed(10, "a2"), Wire.streamStop,
            Wire.streamStart(20, isFirst: false), streamed(20, "b2"), Wire.streamStop,
            Wire.streamCommit(20, 70), Wire.streamCommit(10, 80))
        #expect(gathering.transactions == ["30 @60 c1", "20 @70 b1 b2", "10 @80 a1 a2"])
    }

    @Test func `what belongs to an aborted subtransaction is left out, descriptions are not`() throws {
        var gathering = Gathering(folder)
        try gathering.take(
            Wire.streamStart(10), streamed(10, "1"), Wire.streamed(11, Self.table), streamed(11, "2"),
            streamed(12, "3"), Wire.streamStop, Wire.streamAbort(10, 11),
            Wire.streamStart(10, isFirst: false), streamed(13, "4"), Wire.streamStop, Wire.streamAbort(10, 13),
            Wire.streamCommit(10, 80))
        #expect(gathering.transactions == ["10 @80 1 R 3"])
    }

    @Test func `an aborted transaction is forgotten, and so is its file`() throws {
        var gathering = Gathering(folder)
        let long = String(repeating: "x", count: 300 << 10)
        try gathering.take(Wire.streamStart(10), streamed(10, long), streamed(10, long), Wire.streamStop)
        #expect(try folder.files().count == 1)
        try gathering.take(Wire.streamAbort(10, 10))
        #expect(try folder.files().isEmpty)
        try gathering.take(Wire.begin(30), insert("c1"), Wire.commit(60))
        #expect(gathering.transactions == ["30 @60 c1"])
    }

    @Test func `an abort of what was never streamed means nothing`() throws {
        var gathering = Gathering(folder)
        try gathering.take(
            Wire.streamAbort(5, 5), Wire.begin(30), Wire.streamAbort(5, 6), insert("c1"), Wire.commit(60))
        #expect(gathering.transactions == ["30 @60 c1"])
    }

    @Test func `large streamed transactions go to disk and come back in order`() throws {
        var gathering = Gathering(folder)
        let values = (0..<40).map { String(repeating: "\($0 % 10)", count: 20_000 + $0) }
        for (index, value) in values.enumerated() {
            try gathering.take(
                Wire.streamStart(10, isFirst: index == 0), streamed(10, value), Wire.streamStop,
                Wire.streamStart(20, isFirst: index == 0), streamed(20, value), Wire.streamStop)
        }
        #expect(try folder.files().count == 2)
        try gathering.take(Wire.streamCommit(20, 70), Wire.begin(30), insert("c"), Wire.commit(75))
        #expect(try folder.files().count == 1)
        try gathering.take(Wire.streamCommit(10, 80))
        #expect(
            gathering.transactions == [
                "20 @70 " + values.joined(separator: " "), "30 @75 c",
                "10 @80 " + values.joined(separator: " "),
            ])
        #expect(gathering.large == [true, false, true])
        #expect(try folder.files().isEmpty)
    }

    @Test func `a logical message outside of transactions stands alone, and one in a block in its transaction`() throws
    {
        var gathering = Gathering(folder)
        try gathering.take(
            Wire.message("p", [1], isTransactional: false), Wire.streamStart(10),
            Wire.streamed(10, Wire.message("p", [2])), Wire.streamStop, Wire.streamCommit(10, 80))
        #expect(gathering.transactions == ["- @9 M", "10 @80 M"])
    }

    @Test(arguments: [
        TransactionGatherer.Limit.time(Timestamp(postgres: 5)), .before(Position(rawValue: 60)),
    ])
    func `nothing behind the limit is taken, however it comes`(limit: TransactionGatherer.Limit) throws {
        for messages in [
            [Wire.begin(1, commit: 60, time: 6)], [Wire.beginPrepare(1, 61, "g", time: 6)],
            [Wire.streamStart(1), Wire.streamStop, Wire.streamCommit(1, 61, time: 6)],
        ] {
            var gathering = Gathering(folder, keep: folder("keep"), limit: limit)
            try gathering.take(Wire.begin(30, commit: 59, time: 5), insert("c1"), Wire.commit(60))
            for message in messages { try gathering.take(message) }
            #expect(gathering.transactions == ["30 @60 c1"] && gathering.isBeyondLimit)
        }
    }

    @Test func `borders out of order are faults`() throws {
        for messages in [
            [Wire.commit(5)], [Wire.begin(1), Wire.begin(2)], [Wire.begin(1), Wire.streamStart(3)],
            [Wire.streamStart(3, isFirst: false)], [Wire.streamCommit(3, 5)], [Wire.streamStop],
            [Wire.streamStart(3), Wire.streamStop, Wire.streamAbort(3, 3), Wire.streamCommit(3, 9)],
        ] {
            var gathering = Gathering(folder)
            let fault = faultCode { () throws(Fault) in
                for message in messages { try gathering.take(message) }
            }
            #expect(fault == .postgresProtocol)
        }
    }

    @Test func `a prepared transaction comes when it is committed, from another run if need be`() throws {
        let keep = folder("keep")
        do {
            var gathering = Gathering(folder, keep: keep)
            try gathering.take(
                Wire.begin(1), Self.table, insert("first"), Wire.commit(5),
                Wire.beginPrepare(7, 20, "g"), insert("a"), Wire.prepare(7, 20, "g"),
                Wire.streamStart(8), streamed(8, "s"), streamed(9, "no"), Wire.streamStop, Wire.streamAbort(8, 9),
                Wire.streamPrepare(8, 30, "h"), Wire.begin(2), insert("b"), Wire.commit(40))
            #expect(
                gathering.transactions == ["1 @5 R first", "7 @20 R g prepared", "8 @30 R h prepared", "2 @40 b"])
        }
        var gathering = Gathering(folder, keep: keep)
        try gathering.take(Wire.commitPrepared(8, 50, "h"), Wire.commitPrepared(7, 60, "g"))
        #expect(gathering.transactions == ["8 @50 R s h committed", "7 @60 R a g committed"])
        try gathering.acknowledge(50)
        #expect(try folder.files() == ["keep/7"])
        try gathering.acknowledge(60)
        #expect(try folder.files().isEmpty)
    }

    @Test func `a prepared transaction that is rolled back leaves a word and no file`() throws {
        var gathering = Gathering(folder, keep: folder("keep"))
        try gathering.take(
            Wire.beginPrepare(7, 20, "g"), insert("a"), Wire.prepare(7, 20, "g"), Wire.rollbackPrepared(7, 30, "g"))
        #expect(gathering.transactions == ["7 @20 g prepared", "7 @30 g rolled back"])
        try gathering.acknowledge(30)
        #expect(try folder.files().isEmpty)
    }

    @Test func `one that was prepared before what is complete has its word when it ends`() throws {
        var gathering = Gathering(folder, keep: folder("keep"), complete: 25)
        try gathering.take(
            Wire.beginPrepare(7, 20, "g"), Self.table, insert("a"), Wire.prepare(7, 20, "g"),
            Wire.commitPrepared(7, 30, "g"))
        #expect(gathering.transactions == ["7 @30 R a g committed"])
    }

    @Test func `a commit of what was never sent is a fault, and files of ended transactions go`() throws {
        var gathering = Gathering(folder, keep: folder("keep"))
        #expect(
            faultCode { () throws(Fault) in try gathering.take(Wire.commitPrepared(7, 30, "g")) }
                == .postgresPreparedMissing)
        var other = Gathering(folder, keep: folder("keep"))
        for xid: Int32 in [7, 8] {
            try other.take(Wire.beginPrepare(xid, 20, "g"), insert("a"), Wire.prepare(xid, 20, "g"))
        }
        try other.settle(allBut: [8], at: 40)
        try other.acknowledge(39)
        #expect(try folder.files() == ["keep/7", "keep/8"])
        try other.acknowledge(40)
        #expect(try folder.files() == ["keep/8"])
    }

    private func insert(_ value: String) -> [UInt8] { Wire.insert(1, [.text(value)]) }
    private func streamed(_ subxid: Int32, _ value: String) -> [UInt8] { Wire.streamed(subxid, insert(value)) }
}

/// A gatherer, and the transactions that came out of it: `xid @end value value`, where `R` is a description.
private struct Gathering: ~Copyable {
    private var gatherer: TransactionGatherer
    private(set) var transactions: [String] = []
    private(set) var large: [Bool] = []
    private(set) var isBeyondLimit = false

    private let complete: Position

    init(
        _ folder: TemporaryFolder, keep: String? = nil, limit: TransactionGatherer.Limit = .none, complete: UInt64 = 0
    ) {
        self.complete = Position(rawValue: complete)
        gatherer = TransactionGatherer(folder: folder.path, keep: keep, limit: limit, crash: .none)
    }

    mutating func take(_ messages: [UInt8]...) throws(Fault) {
        for bytes in messages {
            switch try bytes.withRawSpan({ (span) throws(Fault) in try gatherer.take(span, after: complete) }) {
            case .nothing: break
            case .whole(let transaction): try read(transaction)
            case .beyondLimit: isBeyondLimit = true
            }
        }
    }

    mutating func acknowledge(_ position: UInt64) throws(Fault) {
        try gatherer.acknowledge(Position(rawValue: position))
    }

    mutating func settle(allBut pending: Set<UInt32>, at position: UInt64) throws(Fault) {
        try gatherer.settle(allBut: pending, at: Position(rawValue: position))
    }

    private mutating func read(_ transaction: Transaction) throws(Fault) {
        var words = [transaction.identifier.map(String.init) ?? "-", "@\(transaction.position.rawValue)"]
        while try gatherer.advance() {
            let bytes = gatherer.current.copiedBytes()
            let text = String(decoding: bytes.drop { $0 != UInt8(ascii: "N") }.dropFirst(8), as: UTF8.self)
            words.append(bytes[0] == UInt8(ascii: "I") ? text : String(decoding: bytes.prefix(1), as: UTF8.self))
        }
        if let event = gatherer.event { words += [event.gid, event.outcome.rawValue] }
        transactions.append(words.joined(separator: " "))
        large.append(transaction.isLarge)
        try gatherer.finish()
    }
}
