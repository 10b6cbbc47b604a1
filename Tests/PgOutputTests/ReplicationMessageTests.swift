// SPDX-License-Identifier: Apache-2.0

import Bytes
import PgOutput
import Testing

@Suite("Messages inside COPY BOTH")
struct ReplicationMessageTests {
    static let data: [UInt8] =
        Samples.ascii("w") + Samples.int64(0x10) + Samples.int64(0x20) + Samples.int64(-3) + Samples.begin
    static let keepalive: [UInt8] = Samples.ascii("k") + Samples.int64(0x30) + Samples.int64(4) + [1]

    @Test("a piece of the stream carries its place and its payload")
    func pieceOfStream() throws {
        try Self.data.withRawSpan { bytes in
            guard case .data(let data) = try ReplicationMessage(bytes) else { throw Unexpected.other }
            #expect(data.startLSN == 0x10 && data.endLSN == 0x20 && data.clock == -3)
            #expect(data.payload.copiedBytes() == Samples.begin)
        }
    }

    @Test("a keepalive says where the server is and whether it wants a reply")
    func signOfLife() throws {
        try Self.keepalive.withRawSpan { bytes in
            guard case .keepalive(let keepalive) = try ReplicationMessage(bytes) else {
                throw Unexpected.other
            }
            #expect(keepalive.serverPosition == 0x30 && keepalive.clock == 4 && keepalive.replyRequested)
        }
    }

    @Test("a status is 34 bytes, integers big-endian")
    func status() {
        var output = ByteBuffer()
        StandbyStatus(write: 0x0102, flush: 3, apply: 4, clock: -1, reply: .requested).append(to: &output)
        let expected =
            Samples.ascii("r") + Samples.int64(0x0102) + Samples.int64(3) + Samples.int64(4) + Samples.int64(-1) + [1]
        #expect(output.bytes.copiedBytes() == expected)
    }

    @Test("a message cut short is refused, except inside its payload")
    func truncations() {
        for length in 0..<25 { #expect(throws: WireFault.self) { try read(Array(Self.data[..<length])) } }
        for length in 0..<Self.keepalive.count {
            #expect(throws: WireFault.self) { try read(Array(Self.keepalive[..<length])) }
        }
    }

    @Test("bytes behind a keepalive and unknown messages are refused")
    func refusals() {
        #expect(throws: WireFault(.trailingBytes(1), at: 18)) { try read(Self.keepalive + [0]) }
        #expect(throws: WireFault(.unknownTag(0x7a), at: 0)) { try read([0x7a]) }
    }

    private func read(_ bytes: [UInt8]) throws(WireFault) {
        try bytes.withRawSpan { (span: RawSpan) throws(WireFault) in _ = try ReplicationMessage(span) }
    }
}
