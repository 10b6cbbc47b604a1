// SPDX-License-Identifier: Apache-2.0

import PostgresValues

/// Reads all types that are not stock types from the server's catalog.
func readTypes(of server: OracleServer) throws -> TypeDictionary {
    var attributes: [UInt32: [PostgresType.Attribute]] = [:]
    for row in try server.rows(of: attributeQuery) {
        attributes[number(row[0]), default: []].append(
            PostgresType.Attribute(name: row[1], typeOID: number(row[2]), typeModifier: Int32(row[3]) ?? -1))
    }
    var dictionary = TypeDictionary()
    for row in try server.rows(of: typeQuery) {
        let oid = number(row[0])
        let kind = kind(row, attributes: attributes[oid] ?? [])
        dictionary.insert(PostgresType(oid: oid, name: row[1], kind: kind))
    }
    return dictionary
}

/// The type of the column `v` of every table of the schema `oracle`.
func readColumns(of server: OracleServer) throws -> [String: (oid: UInt32, typeModifier: Int32)] {
    let rows = try server.rows(
        of: """
            SELECT c.relname, a.atttypid, a.atttypmod FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE c.relnamespace = 'oracle'::regnamespace AND c.relkind = 'r' AND a.attname = 'v';
            """)
    return Dictionary(rows.map { ($0[0], (number($0[1]), Int32($0[2]) ?? -1)) }) { first, _ in first }
}

private let typeQuery = """
    SELECT t.oid, n.nspname || '.' || t.typname,
           CASE WHEN t.typname = 'hstore' THEN 'hstore'
                WHEN t.typelem <> 0 AND t.typsubscript = 'pg_catalog.array_subscript_handler'::regproc THEN 'array'
                ELSE t.typtype::text END,
           t.typelem, (SELECT e.typdelim FROM pg_type e WHERE e.oid = t.typelem), t.typbasetype, t.typtypmod
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.oid >= 16384;
    """

private let attributeQuery = """
    SELECT t.oid, a.attname, a.atttypid, a.atttypmod
    FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid
    WHERE t.oid >= 16384 AND t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY t.oid, a.attnum;
    """

private func kind(_ row: [String], attributes: [PostgresType.Attribute]) -> PostgresType.Kind {
    switch row[2] {
    case "array": .array(element: number(row[3]), delimiter: row[4].utf8.first ?? UInt8(ascii: ","))
    case "c": .composite(attributes)
    case "d": .domain(base: number(row[5]), typeModifier: Int32(row[6]) ?? -1)
    case "e": .enumeration
    case "r": .range
    case "m": .multirange
    case "p": .pseudo
    case "hstore": .hstore
    default: .base
    }
}

private func number(_ text: String) -> UInt32 { UInt32(text) ?? 0 }

extension OracleServer {
    /// The rows that one query returns.
    func rows(of query: String) throws -> [[String]] {
        try run(script: query).split(separator: 0).map { row in
            row.split(separator: 0x1f, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
        }
    }
}
