// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Contracts

/// Any bytes as a record that is held to a contract with every kind of rule.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    _ = bytes.withRawSpan { rules.verdict(onLine: $0, columnPrefix: "_cdc_") }
    return 0
}

private nonisolated(unsafe) let rules: TableRules = {
    let types: [(String, ColumnType)] = [
        ("n", .decimal(precision: nil, scale: nil)), ("t", .text), ("d", .timestampWithZone), ("j", .json),
        ("b", .boolean),
    ]
    let bounds: [ValueRule] = [
        .required, .minimum(.init("0.5")), .maximum(.init("2024-01-01T00:00:00Z")), .oneOf(["a", "1"]), .minLength(2),
        .maxLength(5), .pattern("a+"),
    ]
    let columns = types.map { name, _ in
        ContractColumn(name: name, rules: bounds + TextFormat.allCases.map(ValueRule.format))
    }
    let schema = TableSchema(
        table: TableName(namespace: nil, name: "t"),
        columns: types.map { TableSchema.Column(name: $0.0, type: $0.1, sourceType: "") }, key: [])
    return TableRules(ContractTable(name: "t", columns: columns), for: schema)
}()
