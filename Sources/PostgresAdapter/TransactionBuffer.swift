// SPDX-License-Identifier: Apache-2.0

import Bytes
import DurableFiles
import Faults

/// The messages of one transaction until its commit is known: in memory while they are few, on disk beyond a bound.
struct TransactionBuffer: ~Copyable {
    /// How many bytes of a transaction that is sent whole stay in memory.
    static let memoryLimit = 4 << 20

    private let path: String
    private let memoryLimit: Int
    private let crash: CrashPlan
    private var memory = ByteBuffer(capacity: 64 << 10)
    private var readOffset = 0
    private var currentInMemory = 0..<0
    private var spool: SpoolFile?
    private var reader: SpoolReader?
    private var frame = ByteBuffer(capacity: 4 << 10)
    private var serial = 0
    private var isReadingKept = false

    /// Makes an empty buffer that spools into files whose names begin with `path` what is more than `memoryLimit` bytes.
    init(path: String, memoryLimit: Int = TransactionBuffer.memoryLimit, crash: CrashPlan) {
        self.path = path
        self.memoryLimit = memoryLimit
        self.crash = crash
    }

    /// How many bytes the messages take.
    private(set) var byteCount = 0

    /// Whether the messages are more than memory holds.
    var isSpooled: Bool { spool != nil }

    /// Adds a message.
    mutating func append(_ message: RawSpan) throws(Fault) {
        byteCount += message.byteCount + 4
        if spool == nil, memory.count + message.byteCount + 4 > memoryLimit { try beginSpool() }
        if spool == nil {
            memory.appendLittleEndian(UInt32(truncatingIfNeeded: message.byteCount))
            memory.append(message)
        } else {
            try spool?.append(message)
        }
    }

    private mutating func beginSpool() throws(Fault) {
        serial += 1
        var file = try SpoolFile(creating: "\(path)-\(serial)")
        while let message = nextInMemory() { try Self.append(message, of: memory, to: &file) }
        memory.removeAll(keepingAtMost: 64 << 10)
        readOffset = 0
        spool = consume file
        try crash.reach(.duringSpool)
    }

    private static func append(
        _ message: Range<Int>, of memory: borrowing ByteBuffer, to file: inout SpoolFile
    ) throws(Fault) {
        try file.append(memory.bytes.extracting(message))
    }

    /// Reads from a file that was kept, instead of what was added.
    mutating func read(from kept: consuming SpoolReader) {
        reader = consume kept
        isReadingKept = true
    }

    /// Moves on to the next message; returns false when there is none left.
    mutating func advance() throws(Fault) -> Bool {
        guard isInMemory else { return try readSpool() }
        guard let message = nextInMemory() else { return false }
        currentInMemory = message
        return true
    }

    /// The message that ``advance()`` moved to.
    var current: RawSpan {
        @_lifetime(borrow self)
        borrowing get {
            if isInMemory { memory.bytes.extracting(currentInMemory) } else { frame.bytes }
        }
    }

    private var isInMemory: Bool { spool == nil && !isReadingKept }

    private mutating func nextInMemory() -> Range<Int>? {
        guard readOffset < memory.count else { return nil }
        let length = Int(memory.bytes.littleEndianHalfWord(at: readOffset))
        let start = readOffset + 4
        readOffset = start + length
        return start..<readOffset
    }

    private mutating func readSpool() throws(Fault) -> Bool {
        if reader == nil { reader = try spool?.makeReader() }
        frame.removeAll()
        return try reader?.next(into: &frame) ?? false
    }

    /// Forgets the messages.
    mutating func removeAll() throws(Fault) {
        memory.removeAll(keepingAtMost: 256 << 10)
        frame.removeAll(keepingAtMost: 256 << 10)
        readOffset = 0
        byteCount = 0
        reader = nil
        isReadingKept = false
        guard let file = spool.take() else { return }
        try file.remove()
    }
}
