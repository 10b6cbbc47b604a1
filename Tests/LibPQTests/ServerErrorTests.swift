// SPDX-License-Identifier: Apache-2.0

import Faults
import Testing

@testable import LibPQ

@Suite struct ServerErrorTests {
    @Test(arguments: [
        ("08006", Fault.Code.postgresUnreachable), ("57P01", .postgresUnreachable), ("57014", .postgresUnreachable),
        ("53300", .postgresUnreachable), ("28P01", .postgresRefused), ("28000", .postgresRefused),
        ("42501", .postgresPermission), ("55006", .postgresSlotActive), ("53400", .postgresSlotNoRoom),
        ("42601", .postgresQuery), ("", .postgresQuery), ("XX000", .postgresQuery),
    ])
    func `the state of an error decides which fault it is`(state: String, code: Fault.Code) {
        let fault = ServerError(state: state, message: "no").fault
        #expect(fault.code == code)
        #expect(fault.detail == "ERROR: no (SQLSTATE \(state))")
    }

    @Test func `an answer is passed on, a refusal thrown`() throws {
        #expect(try Result<Int, ServerError>.success(3).orFault() == 3)
        let refusal = Result<Int, ServerError>.failure(ServerError(state: "42501", message: "no"))
        #expect(throws: Fault.self) { try refusal.orFault() }
    }

    @Test func `rows are known by the names of their columns, and a null has no entry`() {
        let result = QueryResult(columns: ["a", "b"], rows: [["1", nil], [nil, "2"]])
        #expect(result.first == ["a": "1"])
        #expect(result.records == [["a": "1"], ["b": "2"]])
        #expect(result.scalar == "1")
        #expect(QueryResult(columns: ["a"], rows: []).first.isEmpty)
        #expect(QueryResult(columns: ["a"], rows: [[nil]]).scalar == nil)
    }

    @Test(arguments: [("", ""), (" \n a b\t\n", "a b"), ("\r\n", ""), ("x", "x")])
    func `words are trimmed at both ends`(text: String, expected: String) {
        #expect(text.trimmed == expected)
    }
}
