// SPDX-License-Identifier: Apache-2.0

import Bytes
import Faults
import TestSupport
import Testing

@testable import PostgresAdapter

@Suite struct TransactionBufferTests {
    private static let limit = 4 << 20
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func `few messages stay in memory, in order`() throws {
        var buffer = TransactionBuffer(path: folder("t"), memoryLimit: Self.limit, crash: .none)
        let messages = [[1, 2, 3], [], [UInt8](repeating: 7, count: 5000)]
        for message in messages { try append(message, to: &buffer) }
        #expect(try folder.files().isEmpty)
        #expect(try drain(&buffer) == messages)
        try buffer.removeAll()
        let count = buffer.byteCount
        #expect(count == 0)
    }

    @Test func `beyond the limit messages go to disk, in the same order, and the file goes`() throws {
        var buffer = TransactionBuffer(path: folder("t"), memoryLimit: Self.limit, crash: .none)
        for round in 0..<2 {
            let messages = (0..<11).map { [UInt8](repeating: UInt8($0 + round), count: 500_000 + $0) } + [[], [9]]
            for message in messages { try append(message, to: &buffer) }
            #expect(try folder.files().count == 1)
            #expect(try drain(&buffer) == messages)
            try buffer.removeAll()
            #expect(try folder.files().isEmpty)
        }
        try append([4], to: &buffer)
        #expect(try drain(&buffer) == [[4]])
    }

    @Test func `one message larger than memory passes`() throws {
        var buffer = TransactionBuffer(path: folder("t"), memoryLimit: Self.limit, crash: .none)
        let message = [UInt8](repeating: 3, count: Self.limit + 1)
        try append(message, to: &buffer)
        #expect(try drain(&buffer) == [message])
    }

    @Test func `the limit is exact`() throws {
        var buffer = TransactionBuffer(path: folder("t"), memoryLimit: Self.limit, crash: .none)
        try append([UInt8](repeating: 3, count: Self.limit - 4), to: &buffer)
        #expect(try folder.files().isEmpty)
        try append([], to: &buffer)
        #expect(try folder.files().count == 1)
    }

    @Test func `a spool that cannot be made is a fault, and the crash point is reached`() throws {
        var lost = TransactionBuffer(path: folder("missing/t"), memoryLimit: Self.limit, crash: .none)
        var crashing = TransactionBuffer(
            path: folder("t"), memoryLimit: Self.limit, crash: CrashPlan(point: .duringSpool, effect: .throwFault))
        let message = [UInt8](repeating: 0, count: Self.limit)
        #expect(faultCode { try append(message, to: &lost) } == .fileCreate)
        #expect(faultCode { try append(message, to: &crashing) } == .crashPoint)
    }

    private func append(_ message: [UInt8], to buffer: inout TransactionBuffer) throws(Fault) {
        try message.withRawSpan { (span) throws(Fault) in try buffer.append(span) }
    }

    private func drain(_ buffer: inout TransactionBuffer) throws(Fault) -> [[UInt8]] {
        var messages: [[UInt8]] = []
        while try buffer.advance() { messages.append(buffer.current.copiedBytes()) }
        return messages
    }
}

@Suite struct SourceIntentTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test(arguments: [
        SourceIntent(epoch: 1, slot: "kedge", publication: nil),
        SourceIntent(epoch: .max, slot: "s", publication: "p=q é"),
        SourceIntent(epoch: 2, slot: "s", publication: nil, isOnStandby: true),
    ])
    func `an intent is read as it was written, until it is forgotten`(intent: SourceIntent) throws {
        let path = folder("intent")
        #expect(try SourceIntent.read(at: path) == nil)
        try SourceIntent(epoch: 7, slot: "before", publication: "x").write(at: path)
        try intent.write(at: path)
        #expect(try SourceIntent.read(at: path) == intent)
        try SourceIntent.remove(at: path)
        try SourceIntent.remove(at: path)
        #expect(try SourceIntent.read(at: path) == nil && folder.files().isEmpty)
    }

    @Test func `a torn intent counts as none`() throws {
        try SourceIntent(epoch: 12, slot: "slot", publication: "publication").write(at: folder("intent"))
        let bytes = try folder.read("intent")
        for length in 0..<bytes.count - 1 {
            try folder.write(Array(bytes.prefix(length)), to: "torn")
            #expect(try SourceIntent.read(at: folder("torn")) == nil, "\(length)")
        }
    }

    @Test(arguments: [
        "", "end=1\n", "epoch=1\nend=1\n", "slot=s\nend=1\n", "epoch=70000\nslot=s\nend=1\n", "epoch=1\nslot=s\n",
    ])
    func `an intent without its parts counts as none`(text: String) throws {
        try folder.write(Array(text.utf8), to: "intent")
        #expect(try SourceIntent.read(at: folder("intent")) == nil)
    }
}
