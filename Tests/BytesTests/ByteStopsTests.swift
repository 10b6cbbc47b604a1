// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

@Suite("Runs of bytes")
struct ByteStopsTests {
    @Test("a run ends at the first stop, wherever it stands and whatever surrounds it")
    func everyByteInEveryPlace() {
        check(ZeroByte.self)
        check(CopyStops.self)
        check(QuoteStops.self)
        check(JSONStringStops.self)
        check(JSONTextStops.self)
    }

    @Test("a run is appended up to its end only")
    func appending() {
        for length in 0...20 {
            for stop in 0...length {
                var bytes = [UInt8](repeating: UInt8(ascii: "x"), count: length)
                if stop < length { bytes[stop] = 0x09 }
                for start in 0...stop {
                    var output = ByteBuffer()
                    output.append("<")
                    let end = bytes.withRawSpan { output.appendRun(of: $0, from: start, until: CopyStops.self) }
                    output.append(">")
                    #expect(end == stop)
                    let expected = "<" + String(repeating: "x", count: stop - start) + ">"
                    #expect(output.bytes.copiedBytes() == Array(expected.utf8))
                }
            }
        }
    }

    @Test("a sequence of UTF-8 is well-formed exactly when the standard library thinks so")
    func wellFormed() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                for rest: [UInt8] in [[], [0x80], [0x80, 0xbf], [0xbf, 0x41], [0xc0, 0x80]] {
                    let bytes = [first, second] + rest
                    let length = bytes.withRawSpan { $0.wellFormedLength(at: 0) }
                    let expected = (1...bytes.count).first { String(validating: bytes[..<$0], as: UTF8.self) != nil }
                    if length != expected ?? 0 { Issue.record("\(bytes): \(length)") }
                }
            }
        }
    }

    private func check<Stops: ByteStops>(_ stops: Stops.Type) {
        for neighbour: UInt8 in [0x00, 0x08, 0x1f, 0x20, 0x41, 0x7f, 0x80, 0xff] {
            for byte in UInt8.min...UInt8.max {
                for place in 0..<12 {
                    var bytes = [UInt8](repeating: neighbour, count: 12)
                    bytes[place] = byte
                    let expected = bytes.firstIndex(where: Stops.contains) ?? 12
                    let found = bytes.withRawSpan { $0.firstIndex(of: Stops.self, from: 0) }
                    if found != expected { Issue.record("\(Stops.self) \(neighbour) \(byte) at \(place): \(found)") }
                }
            }
        }
    }
}
