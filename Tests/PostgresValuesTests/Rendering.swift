// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import PostgresValues

/// Stock types, and one of each kind that users make.
enum TestTypes {
    static let mood: UInt32 = 20001
    static let positive: UInt32 = 20002
    static let hstore: UInt32 = 20003
    static let pair: UInt32 = 20004
    static let pairs: UInt32 = 20005
    static let words: UInt32 = 20006
    static let gridOfWords: UInt32 = 20007
    static let empty: UInt32 = 20008
    static let circle: UInt32 = 20009
    static let castable: UInt32 = 20010

    static let dictionary: TypeDictionary = {
        var dictionary = TypeDictionary()
        let attributes = [
            PostgresType.Attribute(name: "a", typeOID: 23), PostgresType.Attribute(name: "b", typeOID: 25),
        ]
        for (oid, name, kind): (UInt32, String, PostgresType.Kind) in [
            (mood, "mood", .enumeration), (positive, "positive", .domain(base: 1700, typeModifier: 786438)),
            (hstore, "hstore", .hstore), (pair, "pair", .composite(attributes)),
            (pairs, "_pair", .array(element: pair, delimiter: UInt8(ascii: ","))),
            (words, "words", .domain(base: 1009, typeModifier: -1)),
            (gridOfWords, "_words", .array(element: words, delimiter: UInt8(ascii: ","))),
            (empty, "empty", .composite([])),
            (circle, "circle", .composite([PostgresType.Attribute(name: "c", typeOID: circle)])),
            (castable, "castable", .jsonCast),
        ] {
            dictionary.insert(PostgresType(oid: oid, name: "public." + name, kind: kind))
        }
        return dictionary
    }()
}

/// Converts one value and says what came out, nested values as `[a,null]`, `(a,b)` and `{k:v}`.
func converted(_ text: [UInt8], _ oid: UInt32) throws(WireFault) -> String {
    let converter = ValueConverter(for: oid, typeModifier: -1, in: TestTypes.dictionary)
    var batch = OneRow(columns: 1)
    try text.withRawSpan { (span: RawSpan) throws(WireFault) in try converter.convert(span, into: &batch.batch) }
    return batch.finish(nested: [converter.type.isNested])[0]
}

func converted(_ text: String, _ oid: UInt32) throws(WireFault) -> String {
    try converted(Array(text.utf8), oid)
}

/// Decodes one line of COPY.
func decoded(_ line: [UInt8], _ oids: [UInt32]) throws(WireFault) -> [String] {
    let converters = oids.map { ValueConverter(for: $0, typeModifier: -1, in: TestTypes.dictionary) }
    var row = OneRow(columns: oids.count)
    var scratch = ByteBuffer()
    try line.withRawSpan { (span: RawSpan) throws(WireFault) in
        try CopyTextRow.decode(span, converters: converters, into: &row.batch, scratch: &scratch)
    }
    return row.finish(nested: converters.map(\.type.isNested))
}

/// Decodes one row of COPY in binary, which begins where a row begins; numbers come out as their text with `#` before it.
func decodedBinary(_ row: [UInt8], _ columns: [(oid: UInt32, typeModifier: Int32)]) throws(WireFault) -> [String] {
    let types = columns.map { column in
        ValueConverter(for: column.oid, typeModifier: column.typeModifier, in: TestTypes.dictionary).type
    }
    let columns = columns.compactMap {
        BinaryColumn(for: $0.oid, typeModifier: $0.typeModifier, in: TestTypes.dictionary)
    }
    var batch = OneRow(columns: columns.count)
    try row.withRawSpan { (span: RawSpan) throws(WireFault) in
        try CopyBinaryRow.decode(span, from: 0, columns: columns, into: &batch.batch)
    }
    return batch.finish(nested: types.map { _ in false }, types)
}

/// A batch with one change that is not ended yet.
private struct OneRow: ~Copyable {
    var batch = ChangeBatch(byteLimit: 1 << 16)

    init(columns: Int) {
        let columns = (0..<columns).map { TableSchema.Column(name: "c\($0)", type: .text, sourceType: "") }
        let schema = TableSchema(table: TableName(namespace: nil, name: "t"), columns: columns, key: [])
        batch.begin(Transaction(position: .zero))
        batch.beginChange(.read, schema: batch.index(of: schema), ordinal: 1)
    }

    consuming func finish(nested: [Bool], _ types: [ColumnType] = []) -> [String] {
        batch.endChange()
        let change = batch.change(at: 0)
        var result: [String] = []
        for index in 0..<change.columnCount {
            switch change.field(index) {
            case .null: result.append("NULL")
            case .unset: result.append("UNSET")
            case .value(let value): result.append(nested[index] ? tokens(value) : value.decodedString())
            case .number(let number):
                var text = ByteBuffer()
                text.append(number: number, as: types[index])
                result.append("#" + text.bytes.decodedString())
            }
        }
        return result
    }
}

private func tokens(_ value: RawSpan) -> String {
    var reader = NestedReader(value)
    var result = ""
    var ends: [String] = []
    while let token = try? reader.next() {
        switch token {
        case .null: result += "null "
        case .scalar(let text): result += "'" + text.decodedString() + "' "
        case .beginList: (result, ends) = (result + "[", ends + ["] "])
        case .beginRecord: (result, ends) = (result + "(", ends + [") "])
        case .beginMap: (result, ends) = (result + "{", ends + ["} "])
        case .end: result += ends.popLast() ?? "?"
        }
    }
    return result
}

extension ColumnType {
    var isNested: Bool {
        switch self {
        case .list, .record, .map: true
        default: false
        }
    }
}
