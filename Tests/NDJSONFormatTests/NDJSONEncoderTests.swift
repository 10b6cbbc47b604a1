// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Export
import Faults
import Foundation
import NDJSONFormat
import Testing

@Suite("Records as NDJSON")
struct NDJSONEncoderTests {
    private static let types: [(String, ColumnType)] = [
        ("id", .integer(bits: 64)), ("amount", .decimal(precision: nil, scale: nil)), ("ok", .boolean),
        ("na\"me", .text), ("doc", .json), ("raw", .binary), ("at", .timestampWithZone),
        ("list", .list(.integer(bits: 32))),
        (
            "rec",
            .record([
                ColumnType.Field(name: "a", type: .boolean), ColumnType.Field(name: "b", type: .list(.text)),
            ])
        ), ("map", .map),
    ]
    private static let schema = TableSchema(
        table: TableName(namespace: "public", name: "things"),
        columns: types.map { TableSchema.Column(name: $0.0, type: $0.1, sourceType: "") }, key: ["id"])

    @Test("the records of a transaction are those of the golden file")
    func golden() throws {
        var batch = ChangeBatch(byteLimit: 1 << 16)
        let transaction = Transaction(
            position: Position(rawValue: 0x16B3748), identifier: 731,
            commitTime: Timestamp(microseconds: 1_700_000_000_123_456))
        batch.begin(transaction)
        let schema = batch.index(of: Self.schema)
        batch.beginChange(.create, schema: schema, ordinal: 1)
        appendRow(to: &batch)
        batch.endChange()
        batch.beginChange(.update, schema: schema, ordinal: 2)
        appendRow(to: &batch)
        batch.beginOldRow()
        for value in ["1", "NaN", nil, "old"] { append(value, to: &batch) }
        for _ in 4..<10 { batch.appendUnset() }
        batch.endChange()
        batch.beginChange(.delete, schema: schema, ordinal: 3)
        append("7", to: &batch)
        for _ in 1..<10 { batch.appendUnset() }
        batch.endChange()
        batch.beginChange(.truncate, schema: schema, ordinal: 16)
        for _ in 0..<10 { batch.appendUnset() }
        batch.endChange()
        batch.end()
        try expectGolden("changes.ndjson", encoded(batch, transaction))
    }

    @Test("bytes are a string where they are UTF-8, else Base64, also inside lists")
    func bytes() throws {
        let schema = TableSchema(
            table: TableName(namespace: nil, name: "s"),
            columns: [
                TableSchema.Column(name: "key", type: .bytes, sourceType: "bytes"),
                TableSchema.Column(name: "fields", type: .list(.list(.bytes)), sourceType: "pairs"),
            ], key: [])
        let cases: [([UInt8], String)] = [
            (Array("M\u{fc}ller \u{1F600}".utf8), "\"M\u{fc}ller \u{1F600}\""), ([], #""""#),
            ([0x1a, 0x22], #""\u001a\"""#),
            ([0x80], #"{"b64":"gA=="}"#), ([0xc0, 0xaf], #"{"b64":"wK8="}"#), ([0xff, 0, 0x10], #"{"b64":"/wAQ"}"#),
            (Array(0...255), "{\"b64\":\"\(Data(0...255).base64EncodedString())\"}"),
        ]
        for (value, text) in cases {
            var batch = ChangeBatch(byteLimit: 1 << 16)
            let transaction = Transaction(position: Position(rawValue: 1))
            batch.begin(transaction)
            batch.beginChange(.create, schema: batch.index(of: schema), ordinal: 0)
            value.withRawSpan { batch.append($0) }
            batch.append { buffer in
                buffer.beginNestedList()
                buffer.beginNestedList()
                value.withRawSpan { buffer.appendNestedScalar($0) }
                value.withRawSpan { buffer.appendNestedScalar($0) }
                buffer.endNested()
                buffer.endNested()
            }
            batch.endChange()
            var encoder = NDJSONEncoder(schema: schema, layout: RecordLayout(epoch: 1))
            var output = ByteBuffer()
            try encoder.encode(batch.change(at: 0), of: transaction, ordinal: 0, into: &output)
            let line = String(decoding: output.bytes.copiedBytes(), as: UTF8.self)
            #expect(line.hasSuffix(",\"key\":\(text),\"fields\":[[\(text),\(text)]]}\n"))
        }
    }

    @Test("a snapshot's records have neither transaction number nor time, and the prefix is the layout's")
    func snapshot() throws {
        var batch = ChangeBatch(byteLimit: 1 << 16)
        let transaction = Transaction(position: Position(rawValue: 0x10))
        batch.begin(transaction)
        batch.beginChange(.read, schema: batch.index(of: Self.schema), ordinal: 1)
        for _ in 0..<10 { batch.appendNull() }
        batch.endChange()
        try expectGolden("snapshot.ndjson", encoded(batch, transaction, prefix: "_x_", ordinal: 255))
    }

    @Test(
        "text is escaped as the server escapes it, and stays text whatever its bytes are",
        arguments: [
            ("", #""""#), ("plain text, longer than a word", #""plain text, longer than a word""#),
            ("a\"b\\c/", #""a\"b\\c/""#),
            ("\u{8}\t\n\u{b}\u{c}\r\u{1f}\u{7f}", "\"\\b\\t\\n\\u000b\\f\\r\\u001f\u{7f}\""),
            ("Größe 東京 👍 \u{10FFFF}", "\"Größe 東京 👍 \u{10FFFF}\""),
        ])
    func strings(text: String, expected: String) throws {
        #expect(try value(Array(text.utf8), .text) == expected)
    }

    @Test(
        "bytes that are not UTF-8 become U+FFFD",
        arguments: [
            [0x80], [0xc3], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff, 0x41],
            [0x41, 0xe2, 0x82],
        ] as [[UInt8]])
    func invalidText(bytes: [UInt8]) throws {
        for type in [ColumnType.text, .json] {
            let printed = try value(bytes, type)
            #expect(String(validating: printed.utf8, as: UTF8.self) != nil)
            #expect(printed.unicodeScalars.contains("\u{FFFD}"))
        }
    }

    @Test("every length around a word is escaped in every place")
    func lengths() throws {
        for length in 0...24 {
            for place in 0...length {
                let before = String(repeating: "a", count: place)
                let after = String(repeating: "b", count: length - place)
                #expect(try value(Array("\(before)\n\(after)".utf8), .text) == "\"\(before)\\n\(after)\"")
                #expect(try value(Array("\(before)é\(after)".utf8), .text) == "\"\(before)é\(after)\"")
            }
        }
    }

    @Test("numbers in JSON are bare", arguments: ["0", "-0", "12.50", "1e+300", "-1.5E-7", "9999999999999999999999"])
    func numbers(text: String) throws {
        #expect(try value(Array(text.utf8), .float(bits: 64)) == text)
    }

    @Test(
        "what is no number in JSON is quoted",
        arguments: ["", "-", "NaN", "Infinity", "01", "1.", ".5", "1e", "1x", "+1"])
    func notNumbers(text: String) throws {
        #expect(try value(Array(text.utf8), .integer(bits: 64)) == "\"\(text)\"")
    }

    @Test("JSON is embedded on one line")
    func json() throws {
        #expect(try value(Array("{\n\t\"a\" : 1 }\r".utf8), .json) == "{  \"a\" : 1 } ")
    }

    @Test("a nested value that ends early is a fault and not a record")
    func brokenNesting() {
        for bytes: [UInt8] in [[], [2], [2, 0], [3, 5], [5], [1, 9, 0, 0, 0], [4, 0, 0, 5], [9], [0, 0]] {
            #expect(throws: Fault.self) { try value(bytes, .list(.text)) }
        }
        #expect(throws: Fault.self) { try value([UInt8](repeating: 2, count: 100_000), .list(.text)) }
    }

    // MARK: Helpers

    private func appendRow(to batch: inout ChangeBatch) {
        for value in ["42", "12.50", "t", "line\n\"one\" é", "{\"k\": [1, null]}", "00ff", "2024-01-02T03:04:05+00:00"]
        {
            append(value, to: &batch)
        }
        batch.append { (output: inout ByteBuffer) in
            output.beginNestedList()
            for _ in 0..<2 {
                output.beginNestedList()
                scalar("1", to: &output)
                output.appendNestedNull()
                output.endNested()
            }
            output.endNested()
        }
        batch.append { (output: inout ByteBuffer) in
            output.beginNestedRecord()
            scalar("f", to: &output)
            output.beginNestedList()
            scalar("x\ty", to: &output)
            output.endNested()
            output.endNested()
        }
        batch.append { (output: inout ByteBuffer) in
            output.beginNestedMap()
            scalar("a b", to: &output)
            scalar("1", to: &output)
            scalar("n", to: &output)
            output.appendNestedNull()
            output.endNested()
        }
    }

    private func scalar(_ text: String, to output: inout ByteBuffer) {
        Array(text.utf8).withRawSpan { output.appendNestedScalar($0) }
    }

    private func append(_ value: String?, to batch: inout ChangeBatch) {
        guard let value else { return batch.appendNull() }
        Array(value.utf8).withRawSpan { batch.append($0) }
    }

    private func encoded(
        _ batch: borrowing ChangeBatch, _ transaction: Transaction, prefix: String = "_cdc_", ordinal: UInt64? = nil
    ) throws -> [UInt8] {
        let layout = RecordLayout(columnPrefix: prefix, epoch: 1)
        var encoder = NDJSONEncoder(schema: batch.schemas[0], layout: layout)
        var output = ByteBuffer()
        for index in 0..<batch.count {
            let change = batch.change(at: index)
            try encoder.encode(change, of: transaction, ordinal: ordinal ?? change.ordinal, into: &output)
        }
        try encoder.end(into: &output)
        return output.bytes.copiedBytes()
    }

    /// What one value of one type is printed as.
    private func value(_ bytes: [UInt8], _ type: ColumnType) throws -> String {
        let column = TableSchema.Column(name: "v", type: type, sourceType: "")
        let schema = TableSchema(table: TableName(namespace: nil, name: "t"), columns: [column], key: [])
        var batch = ChangeBatch(byteLimit: 1 << 16)
        batch.begin(Transaction(position: .zero))
        batch.beginChange(.read, schema: batch.index(of: schema), ordinal: 1)
        bytes.withRawSpan { batch.append($0) }
        batch.endChange()
        let line = String(decoding: try encoded(batch, Transaction(position: .zero)), as: UTF8.self)
        let start = try #require(line.range(of: ",\"v\":"))
        #expect(line.hasSuffix("}\n"))
        return String(line[start.upperBound...].dropLast(2))
    }

    private func expectGolden(_ name: String, _ bytes: [UInt8]) throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden/\(name)")
        if ProcessInfo.processInfo.environment["KEDGE_GOLDEN"] == "rewrite" { try Data(bytes).write(to: file) }
        let golden = try Data(contentsOf: file)
        #expect(String(decoding: bytes, as: UTF8.self) == String(decoding: golden, as: UTF8.self))
    }
}
