// SPDX-License-Identifier: Apache-2.0

internal import Changelog

/// What becomes of keys and of the rows behind them, a step each.
extension LatestStatement {
    /// Whether a record takes its row to another key.
    private var changesKey: String {
        let terms = keys.map { key -> String in
            let number = key.number
            guard hasText(key) else { return "(o\(number) IS NOT NULL AND c\(number) <> o\(number))" }
            return "((o\(number) IS NOT NULL OR p\(number) IS NOT NULL) AND "
                + "(c\(number) IS DISTINCT FROM o\(number) OR r\(number) IS DISTINCT FROM p\(number)))"
        }
        return "op = 'u' AND coalesce(\(terms.joined(separator: " OR ")), false)"
    }

    /// The columns that go through all steps.
    private var carried: [String] {
        columns.flatMap { column -> [String] in
            if column.isKey, hasText(column) { return ["c\(column.number)", "r\(column.number)"] }
            return column.mayLack && !column.isKey ? ["c\(column.number)", "u\(column.number)"] : ["c\(column.number)"]
        }
    }

    /// The same where a row leaves its key: the old key takes the place of the new one.
    private var leaving: [String] {
        columns.flatMap { column -> [String] in
            let number = column.number
            guard column.isKey else { return column.mayLack ? ["c\(number)", "u\(number)"] : ["c\(number)"] }
            guard hasText(column) else { return ["coalesce(o\(number), c\(number))"] }
            let isTold = "o\(number) IS NOT NULL OR p\(number) IS NOT NULL"
            return [
                "CASE WHEN \(isTold) THEN o\(number) ELSE c\(number) END",
                "CASE WHEN \(isTold) THEN p\(number) ELSE r\(number) END",
            ]
        }
    }

    /// Everything that happened to each key since the table was emptied: `l` is a row that leaves for another key, and
    /// `arrives` tells the record by which it comes there.
    var events: String {
        """
        changes AS (
          SELECT changelog.*, \(changesKey) AS arrives
          FROM changelog CROSS JOIN emptied
          WHERE seq > upto AND op IN ('r', 'c', 'u', 'd')
        ),
        events AS (
          SELECT seq, op, arrives, \(carried.joined(separator: ", ")) FROM changes
          UNION ALL
          SELECT seq, 'l' AS op, false AS arrives, \(leaving.joined(separator: ", ")) FROM changes WHERE changes.arrives
        )
        """
    }

    /// Each event with the beginning of the life it belongs to: a key may live several times.
    var lives: String {
        """
        begun AS (
          SELECT events.*, CASE
            WHEN op IN ('r', 'c') OR arrives THEN seq
            WHEN lag(op, 1, 'd') OVER (PARTITION BY \(partition) ORDER BY seq) IN ('d', 'l') THEN seq
            END AS begins
          FROM events
        ),
        lives AS (
          SELECT begun.*, max(begins) OVER (PARTITION BY \(partition) ORDER BY seq) AS born
          FROM begun
        )
        """
    }

    /// The lives that go on with values of the life before, under another key.
    var moves: String {
        let lacks = lacking.map { "u\($0.number)" }.joined(separator: " OR ")
        return """
            moves AS (
              SELECT born AS parent, seq AS child FROM lives WHERE op = 'l' AND born <> seq AND (\(lacks))
            )
            """
    }

    /// The first life of each such row.
    var roots: String {
        let steps = """
              SELECT moves.child AS child, moves.parent AS root FROM moves LEFT JOIN moves AS earlier ON earlier.child = moves.parent
              WHERE coalesce(earlier.child, '') = ''
              UNION ALL
              SELECT moves.child AS child, roots.root AS root FROM roots JOIN moves ON moves.parent = roots.child
            """
        guard engine == .trino else { return "roots AS (\n\(steps)\n)" }
        // It wants the columns of every query beside a recursive one named, and so there is none beside this one.
        return """
            firsts AS (
              WITH RECURSIVE roots (child, root) AS (
            \(steps)
              )
              SELECT roots.child AS child, roots.root AS root FROM roots
            )
            """
    }

    /// Each event with the row it belongs to.
    var rows: String {
        """
        rows_of AS (
          SELECT lives.*, coalesce(nullif(roots.root, ''), lives.born) AS row_id,
            CASE WHEN op = 'l' THEN 1 ELSE 2 END AS step
          FROM lives LEFT JOIN \(engine == .trino ? "firsts AS roots" : "roots") ON roots.child = lives.born
        )
        """
    }

    private func output(_ value: (Column) -> String) -> String {
        (columns.map { "\(value($0)) AS \(engine.quoted($0.name))" }
            + ["latest.seq AS \(engine.quoted(table.own("seq")))"]).joined(separator: ",\n  ")
    }

    /// The newest event of each key, where every record is whole.
    var newest: String {
        """
        SELECT \(output { "latest.c\($0.number)" })
        FROM (
          SELECT events.*, row_number() OVER (PARTITION BY \(partition) ORDER BY seq DESC) AS place FROM events
        ) AS latest
        WHERE latest.place = 1 AND latest.op NOT IN ('d', 'l')
        """
    }

    /// The newest event of each row, with each value from the newest record that has it.
    var filled: String {
        let values = lacking.map { column -> String in
            let isThere = "CASE WHEN op IN ('d', 'l') OR u\(column.number) THEN 2 ELSE 1 END"
            return "first_value(c\(column.number)) OVER (PARTITION BY row_id ORDER BY \(isThere), seq DESC, step DESC) "
                + "AS v\(column.number)"
        }
        return """
            SELECT \(output { "latest.\($0.mayLack && !$0.isKey ? "v" : "c")\($0.number)" })
            FROM (
              SELECT rows_of.*,
                \(values.joined(separator: ",\n    ")),
                row_number() OVER (PARTITION BY row_id ORDER BY seq DESC, step DESC) AS place
              FROM rows_of
            ) AS latest
            WHERE latest.place = 1 AND latest.op NOT IN ('d', 'l')
            """
    }
}

extension ColumnType {
    /// Whether PostgreSQL may keep values of the type out of line, so that an update may lack them.
    var mayBeLacking: Bool {
        switch self {
        case .text, .json, .binary, .bytes, .list, .record, .map: true
        // Longer than the reference that would stand in their place.
        case .decimal(let precision?, _): precision > 20
        case .decimal: true
        default: false
        }
    }
}

extension TableSchema {
    /// What the columns of `newer` are called here: those of the same number, for a column may have been renamed, and
    /// another may have taken its name; by the same name where the numbers are not known.
    func names(of newer: TableSchema) -> [String: String] {
        let isNumbered = (columns + newer.columns).allSatisfy { $0.attributeNumber != nil }
        var names: [String: String] = [:]
        for column in newer.columns {
            names[column.name] =
                columns.first {
                    isNumbered ? $0.attributeNumber == column.attributeNumber : $0.name == column.name
                }?.name
        }
        return names
    }

    /// Whether the columns of `newer` that are here are called the same, and nothing else is called like one of them.
    func hasNames(of newer: TableSchema) -> Bool {
        let names = names(of: newer)
        return newer.columns.allSatisfy { column in
            names[column.name] == column.name
                || names[column.name] == nil && !columns.contains { $0.name == column.name }
        }
    }
}
