// SPDX-License-Identifier: Apache-2.0

public import Bytes
import DurableFiles
public import Faults
public import RedisRDB

/// The bytes of an RDB payload, from a link's spool or from a file.
public struct PayloadInput: ByteInput, ~Copyable {
    private var cursor: SpoolCursor?
    private var file: ReadableFile?
    private var offset: UInt64 = 0
    private let isStopped: @Sendable () -> Bool

    /// The payload that a link drains into `spool`; waiting for it ends when `isStopped` says so.
    public init(draining spool: ByteSpool, unless isStopped: @escaping @Sendable () -> Bool) {
        cursor = spool.makeCursor()
        self.isStopped = isStopped
    }

    /// The payload in a file.
    public init(file path: String) throws(Fault) {
        file = try ReadableFile(path)
        isStopped = { false }
    }

    /// Appends what there is, and waits for it where it comes over a link.
    public mutating func read(into buffer: inout ByteBuffer, limit: Int) throws(Fault) {
        if let count = try file?.read(upTo: limit, into: &buffer) {
            offset += UInt64(count)
            return
        }
        while let outcome = try cursor?.read(
            from: offset, limit: limit, into: &buffer, until: .now + .milliseconds(200))
        {
            switch outcome {
            case .bytes(let count):
                offset += UInt64(count)
                try cursor?.release(before: offset)
                return
            case .nothingYet:
                if isStopped() { throw Fault(.stopped, "the snapshot was stopped before its end") }
            case .end(.complete): return
            case .end(.failed(let fault)): throw fault
            }
        }
    }
}
