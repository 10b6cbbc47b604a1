// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

@Suite("Buffers as windows")
struct ByteBufferWindowTests {
    @Test("what is removed at the front is gone, and the rest stays", arguments: [0, 1, 7, 100])
    func removal(count: Int) {
        let bytes = (0..<100).map { UInt8($0) }
        var buffer = ByteBuffer()
        buffer.append(contentsOf: bytes)
        buffer.removeFirst(count)
        #expect(buffer.bytes.copiedBytes() == Array(bytes[count...]))
        buffer.append(contentsOf: [200])
        #expect(buffer.bytes.copiedBytes() == Array(bytes[count...]) + [200])
    }

    @Test("a repetition may reach into what it appends", arguments: 1...40)
    func repetition(distance: Int) {
        for length in [0, 1, 7, 8, 9, 31, 264] {
            var expected = (0..<40).map { UInt8($0) }
            var buffer = ByteBuffer()
            buffer.append(contentsOf: expected)
            buffer.appendRepetition(length, distance: distance)
            for _ in 0..<length { expected.append(expected[expected.count - distance]) }
            #expect(buffer.bytes.copiedBytes() == expected)
        }
    }

    @Test("short runs are copied from anywhere", arguments: 0...32)
    func runs(length: Int) {
        let source = (0..<70).map { UInt8($0) }
        for start in [0, 1, 37, 38, 39, 70 - length] where start + length <= 70 {
            var buffer = ByteBuffer()
            source.withRawSpan { buffer.appendRun(of: $0, from: start, length: length) }
            #expect(buffer.bytes.copiedBytes() == Array(source[start..<start + length]))
        }
    }
}
