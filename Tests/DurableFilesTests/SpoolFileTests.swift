// SPDX-License-Identifier: Apache-2.0

import Bytes
import DurableFiles
import Faults
import TestSupport
import Testing

@Suite struct SpoolFileTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func `frames of every size come back in order`() throws {
        let sizes = [0, 1, 5, 262_139, 262_140, 262_144, 3, 700_000, 0, 2]
        var spool = try SpoolFile(creating: folder("s"))
        for (index, size) in sizes.enumerated() {
            let frame = [UInt8](repeating: UInt8(index), count: size)
            try spool.append(unsafe frame.span.bytes)
        }
        #expect(spool.byteCount == sizes.reduce(0) { $0 + $1 + 4 })
        var reader = try spool.makeReader()
        var frame = ByteBuffer()
        for (index, size) in sizes.enumerated() {
            #expect(try reader.next(into: &frame))
            #expect(frame.bytes.copiedBytes() == [UInt8](repeating: UInt8(index), count: size))
        }
        #expect(try !reader.next(into: &frame))
        #expect(try !reader.next(into: &frame))
    }

    @Test func `a reader sees what was appended before it, and two readers do not mind each other`() throws {
        var spool = try SpoolFile(creating: folder("s"))
        try spool.append(unsafe ([1] as [UInt8]).span.bytes)
        var first = try spool.makeReader()
        try spool.append(unsafe ([2] as [UInt8]).span.bytes)
        var second = try spool.makeReader()
        var frame = ByteBuffer()
        #expect(try first.next(into: &frame))
        #expect(try !first.next(into: &frame))
        #expect(try second.next(into: &frame))
        #expect(try second.next(into: &frame))
        #expect(frame.bytes.copiedBytes() == [2])
    }

    @Test func `a spool that is removed is gone, also when something is still buffered`() throws {
        var spool = try SpoolFile(creating: folder("s"))
        try spool.append(unsafe ([1] as [UInt8]).span.bytes)
        try spool.remove()
        #expect(try folder.files() == [])
    }

    @Test func `a spool that lost bytes is a fault at every cut`() throws {
        var spool = try SpoolFile(creating: folder("s"))
        try spool.append(unsafe ([1, 2, 3] as [UInt8]).span.bytes)
        try spool.append(unsafe ([4, 5] as [UInt8]).span.bytes)
        try spool.flush()
        let bytes = try folder.read("s")
        for count in 0..<bytes.count {
            try folder.write(Array(bytes.prefix(count)), to: "s")
            #expect(throws: Fault.self) {
                var reader = try spool.makeReader()
                var frame = ByteBuffer()
                while try reader.next(into: &frame) {}
            }
        }
    }

    @Test func `a million small frames are cheap`() throws {
        var spool = try SpoolFile(creating: folder("s"))
        for _ in 0..<1_000_000 { try spool.append(unsafe ([1, 2, 3, 4] as [UInt8]).span.bytes) }
        var reader = try spool.makeReader()
        var frame = ByteBuffer()
        var count = 0
        while try reader.next(into: &frame) { count += 1 }
        #expect(count == 1_000_000)
    }
}
