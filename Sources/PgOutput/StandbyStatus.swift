// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// `r`: how far we are, for the server's slot.
public struct StandbyStatus: Equatable, Sendable {
    /// Whether the server should answer with a keepalive at once.
    public enum Reply: UInt8, Sendable {
        /// No answer is wanted.
        case none = 0
        /// An answer is wanted.
        case requested = 1
    }

    /// Up to where the stream was received.
    public let write: UInt64
    /// Up to where it is durable; the slot moves here.
    public let flush: UInt64
    /// Up to where it is visible to readers.
    public let apply: UInt64
    /// Our clock, in microseconds since 2000-01-01.
    public let clock: Int64
    /// Whether the server should answer.
    public let reply: Reply

    /// Makes a status.
    public init(write: UInt64, flush: UInt64, apply: UInt64, clock: Int64, reply: Reply = .none) {
        self.write = write
        self.flush = flush
        self.apply = apply
        self.clock = clock
        self.reply = reply
    }

    /// Appends the 34 bytes of the message.
    public func append(to output: inout ByteBuffer) {
        output.append(UInt8(ascii: "r"))
        output.appendBigEndian(write)
        output.appendBigEndian(flush)
        output.appendBigEndian(apply)
        output.appendBigEndian(UInt64(bitPattern: clock))
        output.append(reply.rawValue)
    }
}

extension ByteBuffer {
    fileprivate mutating func appendBigEndian(_ value: UInt64) {
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
