// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Testing

@Suite struct NestedValueTests {
    @Test func `tokens come back as they were written`() throws {
        var buffer = ByteBuffer()
        buffer.beginNestedList()
        buffer.appendNestedNull()
        buffer.beginNestedRecord()
        [UInt8]("a".utf8).withRawSpan { buffer.appendNestedScalar($0) }
        buffer.endNested()
        buffer.beginNestedMap()
        let start = buffer.beginNestedScalar()
        buffer.append("key")
        buffer.endNestedScalar(start)
        buffer.appendNestedNull()
        buffer.endNested()
        [UInt8]().withRawSpan { buffer.appendNestedScalar($0) }
        buffer.endNested()
        #expect(
            try tokens(buffer.bytes.copiedBytes()) == [
                "[", "null", "(", "'a", "end", "{", "'key", "null", "end", "'", "end",
            ])
    }

    @Test func `nothing has no token`() throws {
        #expect(try tokens([]).isEmpty)
    }

    @Test(arguments: [
        ([6], WireFault(.unknownTag(6), at: 0)), ([0, 255], WireFault(.unknownTag(255), at: 1)),
        ([1], WireFault(.truncated, at: 1)), ([1, 0, 0, 0], WireFault(.truncated, at: 1)),
        ([1, 1, 0, 0, 0], WireFault(.truncated, at: 5)), ([1, 255, 255, 255, 255, 1], WireFault(.truncated, at: 5)),
    ])
    func `bytes that are no tokens are refused`(bytes: [UInt8], fault: WireFault) {
        #expect(throws: fault) { try tokens(bytes) }
    }

    @Test func `no bytes trap`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<5000 {
            let bytes = (0..<Int.random(in: 0..<24, using: &random)).map { _ in UInt8.random(in: 0...6, using: &random)
            }
            _ = try? tokens(bytes)
        }
    }

    private func tokens(_ bytes: [UInt8]) throws(WireFault) -> [String] {
        try bytes.withRawSpan { (span) throws(WireFault) in
            var reader = NestedReader(span)
            var result: [String] = []
            while true {
                guard let token = try reader.next() else { return result }
                switch token {
                case .null: result.append("null")
                case .scalar(let bytes): result.append("'" + bytes.decodedString())
                case .beginList: result.append("[")
                case .beginRecord: result.append("(")
                case .beginMap: result.append("{")
                case .end: result.append("end")
                }
            }
        }
    }
}
