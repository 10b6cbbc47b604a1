// SPDX-License-Identifier: Apache-2.0

public import Bytes
public import Faults
internal import Glibc

/// A file that is read from any point on.
public struct ReadableFile: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// Opens the file; a missing one is a fault.
    public init(_ path: String) throws(Fault) {
        descriptor = try Descriptor(opening: path, O_RDONLY, for: .open)
    }

    /// The path under which the file was opened.
    public var path: String { descriptor.path }

    /// How many bytes the file has now.
    public func byteCount() throws(Fault) -> Int {
        try descriptor.byteCount()
    }

    /// Goes to the byte at `offset`.
    public mutating func seek(to offset: Int) throws(Fault) {
        try descriptor.seek(to: offset)
    }

    /// Appends up to `limit` bytes to `output` and returns how many; 0 only at the end of the file.
    public mutating func read(upTo limit: Int, into output: inout ByteBuffer) throws(Fault) -> Int {
        try descriptor.read(upTo: limit, into: &output)
    }

    /// Appends exactly `count` bytes to `output`; returns false, having appended what was left, when there are fewer.
    public mutating func readAll(_ count: Int, into output: inout ByteBuffer) throws(Fault) -> Bool {
        var rest = count
        while rest > 0 {
            // A length from a damaged file must not reserve memory that the file cannot fill.
            let length = try read(upTo: min(rest, 1 << 22), into: &output)
            guard length > 0 else { return false }
            rest -= length
        }
        return true
    }
}
