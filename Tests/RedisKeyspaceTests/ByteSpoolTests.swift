// SPDX-License-Identifier: Apache-2.0

import Bytes
import DurableFiles
import Faults
import Testing
import Threads

@testable import RedisKeyspace

@Suite("The spool between link and decoder")
struct ByteSpoolTests {
    let folder = "/tmp/kedge-spool-\(UInt64.random(in: 0...UInt64.max))"

    private func make(_ change: (inout ByteSpool.Limits) -> Void = { _ in }) throws -> ByteSpool {
        try Files.createFolder(folder)
        var limits = ByteSpool.Limits()
        change(&limits)
        return ByteSpool(folder: folder, name: "stream", limits: limits)
    }

    /// Bytes that tell their place.
    private static func pattern(_ count: Int, from start: Int = 0) -> [UInt8] {
        (start..<start + count).map { UInt8(truncatingIfNeeded: ($0 &* 31) ^ ($0 >> 8)) }
    }

    private static func append(_ bytes: [UInt8], to spool: ByteSpool) throws -> ByteSpool.Outcome {
        var buffer = ByteBuffer(capacity: bytes.count)
        buffer.append(contentsOf: bytes)
        return try spool.append(buffer.bytes)
    }

    private static func readAll(_ cursor: inout SpoolCursor, from: UInt64 = 0, step: Int, releasing: Bool) throws
        -> [UInt8]
    {
        var buffer = ByteBuffer()
        var offset = from
        while true {
            switch try cursor.read(from: offset, limit: step, into: &buffer, until: .now + .seconds(20)) {
            case .bytes(let count): offset += UInt64(count)
            case .nothingYet:
                Issue.record("nothing came")
                return []
            case .end: return buffer.bytes.copiedBytes()
            }
            if releasing { try cursor.release(before: offset) }
        }
    }

    @Test("what waits in memory and in files comes back in order, twice, and the files go away")
    func comesBack() throws {
        let spool = try make {
            $0.memoryByteCount = 512 << 10
            $0.fileByteCount = 1 << 20
        }
        defer { try? Files.removeTree(folder) }
        let bytes = Self.pattern(5_000_000)
        var offset = 0
        for size in [1, 70_000, 262_144, 1_000_000, 3, 262_143, 2_000_000] {
            let end = min(offset + size, bytes.count)
            #expect(try Self.append(Array(bytes[offset..<end]), to: spool) == .taken)
            offset = end
        }
        #expect(try Self.append(Array(bytes[offset...]), to: spool) == .taken)
        spool.finish(.complete)
        #expect(spool.fileByteCount > 3_000_000)
        #expect(try Files.names(in: folder).count >= 4)
        var cursor = spool.makeCursor()
        #expect(try Self.readAll(&cursor, step: 100_000, releasing: false) == bytes)
        #expect(try Self.readAll(&cursor, step: 65_536, releasing: true) == bytes)
        #expect(try Files.names(in: folder).count <= 1)
        #expect(spool.waitingByteCount == 0)
    }

    @Test("two threads pass bytes on while both work")
    func passesOn() throws {
        let spool = try make { $0.memoryByteCount = 512 << 10 }
        defer { try? Files.removeTree(folder) }
        let bytes = Self.pattern(8_000_000)
        let writer = WorkerThread {
            var offset = 0
            while offset < bytes.count {
                let end = min(bytes.count, offset + 1 + (offset &* 7) % 90_001)
                guard let outcome = try? Self.append(Array(bytes[offset..<end]), to: spool), outcome == .taken else {
                    break
                }
                offset = end
            }
            spool.finish(.complete)
        }
        var cursor = spool.makeCursor()
        #expect(try Self.readAll(&cursor, step: 33_333, releasing: true) == bytes)
        writer.join()
    }

    @Test("a full spool takes nothing, and waits when it is asked to")
    func isBounded() throws {
        let spool = try make { $0.byteCount = 1 << 20 }
        defer { try? Files.removeTree(folder) }
        let bytes = Self.pattern(1 << 20)
        #expect(try Self.append(bytes, to: spool) == .taken)
        #expect(try Self.append([1], to: spool) == .full)
        let writer = WorkerThread {
            var buffer = ByteBuffer()
            buffer.append(7)
            return (try? spool.append(waiting: buffer.bytes) {}) ?? false
        }
        var cursor = spool.makeCursor()
        try cursor.release(before: 1000)
        #expect(writer.join())
        var out = ByteBuffer()
        guard case .bytes(1) = try cursor.read(from: 1 << 20, limit: 10, into: &out, until: .now) else {
            Issue.record("the byte is not there")
            return
        }
        #expect(out.bytes[0] == 7)
    }

    @Test("nobody is waited for who does not read any more")
    func isAbandoned() throws {
        let spool = try make { $0.byteCount = 1 }
        defer { try? Files.removeTree(folder) }
        var buffer = ByteBuffer()
        buffer.append(contentsOf: [1, 2])
        spool.abandon()
        #expect(try !spool.append(waiting: buffer.bytes) {})
    }

    @Test("a disk without room makes the spool full")
    func disk() throws {
        let spool = try make {
            $0.memoryByteCount = 0
            $0.minimumFreeByteCount = .max
        }
        defer { try? Files.removeTree(folder) }
        #expect(try Self.append(Self.pattern(300_000), to: spool) == .full)
    }

    @Test("the end is told behind the last byte, with its reason")
    func end() throws {
        let spool = try make()
        defer { try? Files.removeTree(folder) }
        #expect(try Self.append([1, 2, 3], to: spool) == .taken)
        spool.finish(.failed(Fault(.bug, "why")))
        spool.finish(.complete)
        var cursor = spool.makeCursor()
        var out = ByteBuffer()
        guard case .bytes(3) = try cursor.read(from: 0, limit: 10, into: &out, until: .now),
            case .end(.failed(let fault)) = try cursor.read(from: 3, limit: 10, into: &out, until: .now)
        else {
            Issue.record("another end")
            return
        }
        #expect(fault.message == "why")
        guard case .nothingYet = try make().firstRead(into: &out) else {
            Issue.record("an empty spool that goes on has no end")
            return
        }
    }
}

extension ByteSpool {
    fileprivate func firstRead(into buffer: inout ByteBuffer) throws -> SpoolCursor.Outcome {
        var cursor = makeCursor()
        return try cursor.read(from: 0, limit: 1, into: &buffer, until: .now + .milliseconds(20))
    }
}
