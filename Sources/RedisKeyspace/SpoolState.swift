// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Where every byte of a ``ByteSpool`` is; what its lock guards.
struct SpoolState: ~Copyable {
    /// Bytes that do not change any more.
    final class Chunk: Sendable {
        private let bytes: ByteBuffer

        init(_ bytes: consuming ByteBuffer) { self.bytes = bytes }

        /// Lends `body` the bytes.
        func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
            try Self.lend(bytes, body)
        }

        private static func lend<R, E: Error>(
            _ bytes: borrowing ByteBuffer, _ body: (RawSpan) throws(E) -> R
        ) throws(E) -> R {
            try body(bytes.bytes)
        }
    }

    struct FilePlace: Sendable {
        let file: Int
        let offset: Int
    }

    private enum Slot {
        case memory(Chunk)
        case file(FilePlace)
    }

    /// Where the byte at an offset is, and how many bytes follow it there.
    enum Place {
        case chunk(Chunk, from: Int)
        case file(FilePlace, from: Int)
        /// In the chunk that is being filled.
        case tail
        /// Not there yet.
        case ahead
        /// Nothing follows.
        case end(ByteSpool.End)
    }

    private let chunkByteCount: Int
    /// The whole chunks that are not released; those before `first` of the array are gone already.
    private var slots: [Slot?] = []
    private var firstSlot = 0
    /// The number of `slots[0]`, counted from the first chunk ever.
    private var base: UInt64 = 0
    private var tail: ByteBuffer
    private(set) var appended: UInt64 = 0
    private(set) var released: UInt64 = 0
    private(set) var memoryByteCount = 0
    private(set) var fileByteCount = 0
    var end: ByteSpool.End?
    var isAbandoned = false
    /// How many chunks that are not released each file holds.
    private var files: [Int: Int] = [:]
    /// The file that is being written.
    private var newestFile = -1

    init(chunkByteCount: Int) {
        self.chunkByteCount = chunkByteCount
        tail = ByteBuffer(capacity: chunkByteCount)
    }

    var waitingByteCount: Int { Int(appended - released) }

    mutating func append(_ bytes: RawSpan) {
        var offset = 0
        while offset < bytes.byteCount {
            let count = min(chunkByteCount - tail.count, bytes.byteCount - offset)
            tail.append(bytes.extracting(offset..<offset + count))
            offset += count
            if tail.count == chunkByteCount { seal() }
        }
        appended += UInt64(bytes.byteCount)
    }

    private mutating func seal() {
        var full = ByteBuffer(capacity: chunkByteCount)
        swap(&full, &tail)
        slots.append(.memory(Chunk(full)))
        memoryByteCount += chunkByteCount
    }

    /// The newest chunk in memory, when memory holds more than `limit`: it is read last.
    func newestInMemory(beyond limit: Int) -> (UInt64, Chunk)? {
        guard memoryByteCount > limit else { return nil }
        for index in slots.indices.reversed() {
            if case .memory(let chunk)? = slots[index] { return (base + UInt64(index), chunk) }
        }
        return nil
    }

    /// A chunk is in a file now.
    mutating func moved(_ number: UInt64, to place: FilePlace) {
        newestFile = max(newestFile, place.file)
        guard number >= base + UInt64(firstSlot) else {
            files[place.file, default: 0] += 0
            return
        }
        files[place.file, default: 0] += 1
        slots[Int(number - base)] = .file(place)
        memoryByteCount -= chunkByteCount
        fileByteCount += chunkByteCount
    }

    func place(of offset: UInt64) -> Place {
        let number = offset / UInt64(chunkByteCount)
        let start = Int(offset % UInt64(chunkByteCount))
        let index = Int(number - base)
        if index < slots.count {
            switch slots[index] {
            case .memory(let chunk)?: return .chunk(chunk, from: start)
            case .file(let place)?: return .file(place, from: start)
            case nil: preconditionFailure("released bytes cannot be read")
            }
        }
        if offset < appended { return .tail }
        return end.map(Place.end) ?? .ahead
    }

    func copyTail(from offset: UInt64, limit: Int, into buffer: inout ByteBuffer) -> Int {
        let start = Int(offset % UInt64(chunkByteCount))
        guard Int(offset / UInt64(chunkByteCount) - base) == slots.count, start < tail.count else { return 0 }
        let count = min(limit, tail.count - start)
        buffer.append(tail.bytes.extracting(start..<start + count))
        return count
    }

    /// Forgets the chunks that lie before `offset`; returns the files that nothing is left of.
    mutating func release(before offset: UInt64) -> [Int] {
        released = max(released, min(offset, appended))
        let whole = Int(released / UInt64(chunkByteCount) - base)
        while firstSlot < min(whole, slots.count) {
            switch slots[firstSlot] {
            case .memory?: memoryByteCount -= chunkByteCount
            case .file(let place)?:
                fileByteCount -= chunkByteCount
                files[place.file, default: 1] -= 1
            case nil: break
            }
            slots[firstSlot] = nil
            firstSlot += 1
        }
        if firstSlot > 1024 {
            slots.removeFirst(firstSlot)
            base += UInt64(firstSlot)
            firstSlot = 0
        }
        return takeFiles(all: false)
    }

    /// The files that nobody will read again. The newest is still being written.
    mutating func takeFiles(all: Bool) -> [Int] {
        let gone = files.filter { all || ($0.value == 0 && $0.key < newestFile) }.map(\.key)
        for file in gone { files[file] = nil }
        return gone
    }
}
