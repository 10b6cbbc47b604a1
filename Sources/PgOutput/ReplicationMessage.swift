// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// What the server sends inside COPY BOTH, seen in place: the payload of one CopyData message.
public enum ReplicationMessage: ~Escapable {
    /// `w`: a piece of the stream.
    case data(XLogData)
    /// `k`: a sign of life.
    case keepalive(Keepalive)

    /// A piece of the stream with its place in the log.
    public struct XLogData: ~Escapable {
        /// Where the piece begins in the log; 0 for messages that stand nowhere in it.
        public let startLSN: UInt64
        /// Where the server's log ends now.
        public let endLSN: UInt64
        /// The server's clock, in microseconds since 2000-01-01.
        public let clock: Int64
        /// The message of the output plugin.
        public let payload: RawSpan

        @inlinable
        @_lifetime(copy payload)
        init(startLSN: UInt64, endLSN: UInt64, clock: Int64, payload: RawSpan) {
            self.startLSN = startLSN
            self.endLSN = endLSN
            self.clock = clock
            self.payload = payload
        }
    }

    /// Where the server is, and whether it wants to hear from us.
    public struct Keepalive: Equatable, Sendable {
        /// Where the server's log ends now.
        public let serverPosition: UInt64
        /// The server's clock, in microseconds since 2000-01-01.
        public let clock: Int64
        /// Whether the server wants a ``StandbyStatus`` at once.
        public let replyRequested: Bool

        @inlinable
        init(serverPosition: UInt64, clock: Int64, replyRequested: Bool) {
            self.serverPosition = serverPosition
            self.clock = clock
            self.replyRequested = replyRequested
        }
    }

    /// Reads one message; bytes left over after a keepalive are refused.
    @inlinable
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) throws(WireFault) {
        var reader = ByteReader(bytes)
        switch try reader.readByte() {
        case UInt8(ascii: "w"):
            self = .data(
                XLogData(
                    startLSN: try reader.readInteger(), endLSN: try reader.readInteger(),
                    clock: try reader.readInteger(), payload: try reader.readBytes(reader.remaining)))
        case UInt8(ascii: "k"):
            self = .keepalive(
                Keepalive(
                    serverPosition: try reader.readInteger(), clock: try reader.readInteger(),
                    replyRequested: try reader.readByte() != 0))
            try reader.expectEnd()
        case let tag: throw WireFault(.unknownTag(tag), at: 0)
        }
    }
}
