// SPDX-License-Identifier: Apache-2.0

import Changelog
import Export
import Testing

@Suite struct SegmentNameTests {
    private static let name = SegmentName(
        epoch: 1, first: Position(rawValue: 0x16B_3748), last: Position(rawValue: .max), part: 10)

    @Test func `a segment is named by what it holds`() {
        #expect(Self.name.description == "0001-00000000016b3748-ffffffffffffffff-000a")
        let table = TableName(namespace: "public", name: "orders")
        #expect(
            Self.name.path(of: table, fileExtension: "ndjson.zst")
                == "public.orders/data/0001-00000000016b3748-ffffffffffffffff-000a.ndjson.zst")
    }

    @Test func `in a lane of entries a name holds the whole identifiers`() {
        let key = { SequenceKey(epoch: 2, position: Position(rawValue: $0), ordinal: $1) }
        let name = SegmentName(first: key(1, 0), last: key(1, 255), notation: .entry, part: 0)
        #expect(name.description == "0002-00000000000000010000000000000000-000000000000000100000000000000ff-0000")
        #expect(SegmentName(path: name.description) == name)
        #expect(name.end == LanePoint(position: Position(rawValue: 1), ordinal: 255))
        let offset = SegmentName(first: key(1, 1), last: key(9, 3), notation: .offset, part: 0)
        #expect(offset.description == "0002-0000000000000001-0000000000000009-0000")
    }

    @Test(arguments: [
        name, SegmentName(epoch: .max, first: .zero, last: .zero, part: 0),
        SegmentName(epoch: 0, first: Position(rawValue: 1), last: Position(rawValue: 2), part: 0x1_0000),
    ])
    func `a name is read back from its path`(name: SegmentName) {
        let table = TableName(namespace: "a.b", name: "c/../d")
        #expect(SegmentName(path: name.path(of: table, fileExtension: "ndjson")) == name)
        #expect(SegmentName(path: name.path(of: table, fileExtension: "ndjson.gz")) == name)
        #expect(SegmentName(path: name.description) == name)
    }

    @Test(arguments: [
        "", "/", "readme.md", "1-2-3-0.ndjson", "0001-0000000000000001-0000000000000002.ndjson",
        "0001-0000000000000001-0000000000000002-0000-0000.ndjson", "+001-0000000000000001-0000000000000002-0000.ndjson",
        "0001-000000000000000A-000000000000000B-0000.ndjson", "0001-0000000000000001-0000000000000002-.ndjson",
        ".0001-0000000000000001-0000000000000002-0000.ndjson ", "0001-0000000000000001-0000000000000002-00000.ndjson",
    ])
    func `a file that is named otherwise is no segment`(path: String) {
        #expect(SegmentName(path: path) == nil || path.hasPrefix("."))
    }
}

@Suite struct FolderNameTests {
    @Test(arguments: [
        ("public", "orders", "public.orders"), (nil, "_messages", "_messages"), ("a.b", "c", "a~2Eb.c"),
        ("a", "b.c", "a.b~2Ec"), ("..", "..", "~2E~2E.~2E~2E"), ("a", "../../etc", "a.~2E~2E~2F~2E~2E~2Fetc"),
        ("a", "b/c", "a.b~2Fc"), ("a", "nul\0byte", "a.nul~00byte"), ("Größe", "漢", "Gr~C3~B6~C3~9Fe.~E6~BC~A2"),
        ("a", "%2E", "a.~252E"), ("a", "x~y z", "a.x~7Ey~20z"), ("", "a", ".a"), ("A-Z_", "09", "A-Z_.09"),
    ])
    func `what is no plain letter is encoded`(namespace: String?, name: String, expected: String) {
        #expect(TableName(namespace: namespace, name: name).folderName == expected)
    }

    @Test func `no two names share a folder`() {
        let parts = [
            "a", "b", "a.b", "b.c", "a.b.c", "c", ".", "..", "%2E", "~2E", "~", "", "A", "a%",
            String(repeating: "x", count: 300),
        ]
        let names = parts.flatMap { name in ([nil] + parts).map { TableName(namespace: $0, name: name) } }
        #expect(Set(names.map(\.folderName)).count == names.count)
    }

    @Test func `a long name is cut, and told from others by its digest`() {
        let long = String(repeating: "é", count: 63)
        let left = TableName(namespace: long, name: long + "1").folderName
        let right = TableName(namespace: long, name: long + "2").folderName
        #expect(left.utf8.count == 198 && right.utf8.count == 198)
        #expect(left != right && left.prefix(182) == right.prefix(182))
        #expect(left.dropFirst(180).first == "~")
    }

    @Test func `a name of two hundred bytes is whole, one more is cut`() {
        #expect(TableName(namespace: nil, name: String(repeating: "x", count: 200)).folderName.utf8.count == 200)
        #expect(TableName(namespace: nil, name: String(repeating: "x", count: 201)).folderName.utf8.count == 197)
    }

    @Test func `no folder is a way out of the export`() {
        for name in [".", "..", "/", "a/b", "\\", "\0"] {
            let folder = TableName(namespace: nil, name: name).folderName
            #expect(!folder.contains("/") && !folder.contains("\0") && folder != "." && folder != "..")
        }
    }
}
