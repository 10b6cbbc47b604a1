// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Testing

/// A shop of two tables, an export of it, and contracts for both.
final class ContractScene {
    let faults: FaultScene
    let format: String
    private let folder: URL

    /// Makes the shop, with ten orders.
    init(_ label: String, format: String = "ndjson") throws {
        faults = try FaultScene(label)
        self.format = format
        folder = try TemporaryFolder.make("contracts")
        try faults.sql(
            """
            DROP TABLE orders, items;
            CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'happy');
            CREATE TABLE public.orders (
                id bigint PRIMARY KEY, customer varchar(12) NOT NULL, mail text, amount numeric(12,2), mood mood, day date,
                big text, tags text[], doc jsonb);
            CREATE TABLE public.items (order_id bigint, line int, qty int NOT NULL, PRIMARY KEY (line, order_id));
            INSERT INTO orders SELECT n, 'c' || n, 'a' || n || '@b.example', n, 'ok', '2024-01-01', NULL, '{a}', '{}'
                FROM generate_series(1, 10) n;
            INSERT INTO items SELECT n, 1, n FROM generate_series(1, 10) n;
            """)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    var export: ExportFolder { faults.export }

    /// The arguments of a run that catches up.
    func run(_ more: String...) -> [String] { faults.run("--format", format) + more }

    /// Writes a file beside the export and returns its path.
    func file(_ name: String, _ text: String) throws -> String {
        let url = folder.appendingPathComponent(name)
        try Data(text.utf8).write(to: url)
        return url.path
    }

    /// A contract that promises what the source has now.
    func draft(_ more: String...) throws -> String {
        try KedgeProcess.expect(0, ["contract", "init", "--source", faults.source] + more).output
    }

    /// A contract for orders with rules for values, written by a person.
    func strict(version: String = "1.0.0", maximum: String = "1000", settings: String = "") throws -> String {
        try file(
            "strict-\(version).yaml",
            """
            apiVersion: v3.1.0
            kind: DataContract
            id: shop-orders
            version: \(version)
            status: active
            \(settings)
            schema:
              - name: orders
                physicalName: public.orders
                customProperties: [{property: kedgeKey, value: [id]}]
                properties:
                  - {name: id, logicalType: integer, physicalType: int8, required: true}
                  - {name: customer, logicalType: string, required: true, logicalTypeOptions: {minLength: 2}}
                  - {name: mail, logicalType: string, required: true, logicalTypeOptions: {format: email}}
                  - {name: amount, logicalType: number, logicalTypeOptions: {minimum: 0.01, maximum: \(maximum)}}
                  - name: mood
                    logicalType: string
                    quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: [ok, happy]}}]
                  - {name: day, logicalType: date, logicalTypeOptions: {minimum: "2000-01-01"}}
                  - {name: big, logicalType: string, logicalTypeOptions: {pattern: "^x"}}

            """)
    }

    /// Orders that keep the strict contract and orders that break it, in three transactions; a kept one behind them.
    func write() throws {
        try faults.sql(
            "INSERT INTO orders VALUES (11, 'good', 'g@b.example', 1000.00, 'happy', '2000-01-01', 'x', NULL, NULL)")
        try faults.sql(
            """
            INSERT INTO orders VALUES
                (20, 'kept', 'k@b.example', 0.01, NULL, NULL, NULL, NULL, NULL),
                (21, 'above', 'a@b.example', 1000.01, 'ok', NULL, NULL, NULL, NULL),
                (22, 's', 'no mail', -5, 'sad', '1999-12-31', 'secret', NULL, NULL),
                (23, 'kept', 'k@b.example', 7, NULL, NULL, NULL, NULL, NULL)
            """)
        try faults.sql("UPDATE orders SET mail = NULL WHERE id = 1")
        try faults.sql("DELETE FROM orders WHERE id = 22; INSERT INTO orders VALUES (30, 'last', 'l@b.example')")
    }

    /// The records of a table, as kedge prints them.
    func records(of table: String) throws -> [[String: Any]] {
        let printed = try KedgeProcess.expect(0, ["cat", "--to", export.path, "--table", table])
        return try printed.output.split(separator: "\n").map { line in
            guard let record = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
                throw TestFailure("no record: \(line)")
            }
            return record
        }
    }

    /// What a command prints with `--output json`.
    func report(_ status: Int32, _ arguments: [String]) throws -> [String: Any] {
        let printed = try KedgeProcess.expect(status, arguments + ["--output", "json"]).output
        guard let report = try JSONSerialization.jsonObject(with: Data(printed.utf8)) as? [String: Any] else {
            throw TestFailure("no report: \(printed)")
        }
        return report
    }
}

extension [String: Any] {
    /// `public.orders.amount maximum` of each finding.
    var findingNames: [String] {
        (self["findings"] as? [[String: Any]] ?? []).map { finding in
            [finding["table"], finding["column"]].compactMap { $0 as? String }.joined(separator: ".")
                + " \(finding["rule"] as? String ?? "")"
        }
    }
}
