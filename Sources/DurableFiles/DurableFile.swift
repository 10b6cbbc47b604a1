// SPDX-License-Identifier: Apache-2.0

public import Faults
internal import Glibc

/// A new file that one owner writes from beginning to end.
///
/// Its bytes are durable after ``synchronize()``, its name after ``Files/synchronizeFolder(_:)`` of its folder.
public struct DurableFile: ~Copyable, Sendable {
    private let descriptor: Descriptor
    /// How many bytes have been written.
    public private(set) var byteCount = 0

    /// Creates the file; one that exists already is a fault.
    public init(creating path: String) throws(Fault) {
        descriptor = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL, for: .create)
    }

    /// Writes to something that exists already: a device.
    init(openingExisting path: String) throws(Fault) {
        descriptor = try Descriptor(opening: path, O_WRONLY, for: .open)
    }

    /// The path under which the file was created.
    public var path: String { descriptor.path }

    /// Appends all of `bytes`.
    public mutating func write(_ bytes: RawSpan) throws(Fault) {
        try descriptor.write(bytes)
        byteCount += bytes.byteCount
    }

    /// Appends all of `bytes`.
    public mutating func write(_ bytes: [UInt8]) throws(Fault) {
        // SAFETY: bytes have no padding.
        try write(unsafe bytes.span.bytes)
    }

    /// Makes the bytes durable. After a fault they may be lost: write the file again, do not ask again.
    public func synchronize() throws(Fault) {
        try descriptor.synchronizeBytes()
    }

    /// Closes the file. Leaving the scope does the same.
    public consuming func close() {}
}
