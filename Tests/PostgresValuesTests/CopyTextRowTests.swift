// SPDX-License-Identifier: Apache-2.0

import Bytes
import PostgresValues
import Testing

@Suite("Lines of COPY text")
struct CopyTextRowTests {
    @Test("columns are parted by tabs, nulls are told from text, escapes are taken back")
    func columns() throws {
        let line = #"1"# + "\t" + #"\N"# + "\t" + #"a\tb\nc\\N\r\b\f\v"# + "\t\t" + #"{"x\\"y"}"# + "\n"
        let values = try decoded(Array(line.utf8), [23, 25, 25, 25, 1009])
        #expect(values == ["1", "NULL", "a\tb\nc\\N\r\u{8}\u{c}\u{b}", "", "['x\"y' ] "])
    }

    @Test("a line feed at the end may be missing")
    func withoutLineFeed() throws {
        #expect(try decoded(Array("1\t2".utf8), [23, 23]) == ["1", "2"])
        #expect(try decoded(Array("1\t2\n".utf8), [23, 23]) == ["1", "2"])
    }

    @Test("an empty line is one empty column, or none")
    func empty() throws {
        #expect(try decoded([10], [25]) == [""])
        #expect(try decoded([], []) == [])
    }

    @Test("bytes are unescaped before they are read", arguments: [(#"\\x00ff"#, "00ff"), (#"\\x"#, "")])
    func bytea(text: String, expected: String) throws {
        #expect(try decoded(Array(text.utf8), [17]) == [expected])
    }

    @Test("values of every length around a word come out whole")
    func lengths() throws {
        for length in 0...40 {
            for escape in 0...length {
                let plain = String(repeating: "x", count: escape)
                let rest = String(repeating: "y", count: length - escape)
                let line = Array("\(plain)\\n\(rest)\t\(rest)".utf8)
                #expect(try decoded(line, [25, 25]) == ["\(plain)\n\(rest)", rest])
            }
        }
    }

    @Test(
        "too few columns, too many, and unknown escapes are refused",
        arguments: ["1", "1\t2\t3", "1\t\\", "1\t\\q", "1\t\\N2", "\\Nx\t1", "1\t2\\"])
    func refusals(text: String) {
        #expect(throws: WireFault.self) { try decoded(Array(text.utf8), [25, 25]) }
    }

    @Test("no change of one byte and no truncation does harm")
    func changes() {
        let line = Array((#"12"# + "\t" + #"\N"# + "\t" + #"a\tb\\"# + "\t" + #"{"x\\"y",NULL}"# + "\n").utf8)
        for index in line.indices {
            _ = try? decoded(Array(line[..<index]), [23, 25, 25, 1009])
            for value in UInt8.min...UInt8.max {
                var changed = line
                changed[index] = value
                _ = try? decoded(changed, [23, 25, 25, 1009])
            }
        }
    }
}
