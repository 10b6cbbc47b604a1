// SPDX-License-Identifier: Apache-2.0

import CLibpq
public import Faults

/// What the server itself said when it refused a statement. Never the DETAIL or CONTEXT fields: they quote rows.
public struct ServerError: Error, Sendable, Equatable {
    /// The five characters of the SQLSTATE.
    public let state: String
    /// The primary message.
    public let message: String

    /// How it stands in a fault.
    public var detail: String { "ERROR: \(message) (SQLSTATE \(state))" }

    /// The fault that this error is when nothing special is known of the statement.
    public var fault: Fault {
        switch state.prefix(2) {
        case "08": return Fault(.postgresUnreachable, "the connection to PostgreSQL broke", detail: detail)
        case "28": return Fault(.postgresRefused, "PostgreSQL refused the role", detail: detail)
        default: break
        }
        switch state {
        case "57P01", "57P02", "57P03", "57P05", "25P03", "53300", "40001", "57014":
            return Fault(.postgresUnreachable, "PostgreSQL ended the statement", detail: detail)
        // The server's words quote bytes of the value.
        case "22021", "22P05":
            return Fault(.postgresEncoding, "a value is no text in UTF-8", detail: "SQLSTATE \(state)")
        case "42501": return Fault(.postgresPermission, "the role lacks a privilege", detail: detail)
        case "55006": return Fault(.postgresSlotActive, "the replication slot is in use", detail: detail)
        case "53400": return Fault(.postgresSlotNoRoom, "the server has no free replication slot", detail: detail)
        default: return Fault(.postgresQuery, "PostgreSQL refused a statement", detail: detail)
        }
    }
}

extension Result where Failure == ServerError {
    /// What the server answered; its refusal as a fault.
    public func orFault() throws(Fault) -> Success {
        switch self {
        case .success(let value): return value
        case .failure(let error): throw error.fault
        }
    }
}

/// The rows of one answer, as text.
public struct QueryResult: Sendable {
    /// The names of the columns.
    public let columns: [String]
    /// The rows; a null is nil.
    public let rows: [[String?]]

    /// The values of the first row by column name; empty when there is no row.
    public var first: [String: String] {
        var result: [String: String] = [:]
        guard let row = rows.first else { return result }
        for (name, value) in zip(columns, row) { result[name] = value }
        return result
    }

    /// All rows, their values by column name; a null has no entry.
    public var records: [[String: String]] {
        rows.map { row in
            var record: [String: String] = [:]
            for (name, value) in zip(columns, row) { record[name] = value }
            return record
        }
    }

    /// The first value of the first row.
    public var scalar: String? { rows.first?.first ?? nil }
}

extension PQConnection {
    /// Runs one or more statements and returns the rows of the last. A server that says nothing for
    /// ``silenceLimit`` is a broken connection.
    /// The corresponding C function is `PQexec`, but for that limit.
    @discardableResult
    public func query(_ sql: String) throws(Fault) -> QueryResult {
        try attempt(sql).orFault()
    }

    /// Runs statements like ``query(_:)``; what the server refuses is a value, a broken connection a fault.
    public func attempt(_ sql: String) throws(Fault) -> Result<QueryResult, ServerError> {
        try send(sql)
        return try rows(of: lastResult())
    }

    /// Sends a statement without waiting; take its answer with ``answer(until:)``.
    /// The corresponding C function is `PQsendQuery`.
    public func send(_ sql: String) throws(Fault) {
        guard unsafe PQsendQuery(handle, sql) == 1 else { throw lost("sending a statement") }
    }

    /// The answer to what ``send(_:)`` sent, or nil when it did not come before the deadline.
    /// The corresponding C functions are `PQconsumeInput`, `PQisBusy` and `PQgetResult`.
    public func answer(
        until deadline: ContinuousClock.Instant
    ) throws(Fault) -> Result<QueryResult, ServerError>? {
        while unsafe PQisBusy(handle) == 1 {
            guard .now < deadline else { return nil }
            _ = wait(for: .reading, until: deadline)
            guard unsafe PQconsumeInput(handle) == 1 else { throw lost("waiting for an answer") }
        }
        let outcome = try rows(of: unsafe PQResult(PQgetResult(handle)))
        while let more = unsafe PQgetResult(handle) { unsafe PQclear(more) }
        return outcome
    }

    /// The last of the results of what ``send(_:)`` sent, or the first that is an error or begins a COPY.
    /// The corresponding C function is `PQexec`, as to which result it is.
    func lastResult() throws(Fault) -> PQResult {
        var last = unsafe PQResult(nil)
        while true {
            try waitForResult()
            guard let next = unsafe PQgetResult(handle) else { return last }
            unsafe last = PQResult(next)
            if last.status == PGRES_COPY_OUT || last.status == PGRES_COPY_BOTH { return last }
        }
    }

    private func waitForResult() throws(Fault) {
        while unsafe PQisBusy(handle) == 1 {
            guard wait(for: .reading, until: .now + silenceLimit) else { throw silent("waiting for an answer") }
            guard unsafe PQconsumeInput(handle) == 1 else { throw lost("waiting for an answer") }
        }
    }

    /// Asks the server to give up what it is doing for this connection.
    /// The corresponding C function is `PQcancel`.
    public func cancel() {
        guard let cancel = unsafe PQgetCancel(handle) else { return }
        defer { unsafe PQfreeCancel(cancel) }
        var words = [CChar](repeating: 0, count: 256)
        _ = unsafe words.withUnsafeMutableBufferPointer { buffer in
            unsafe PQcancel(cancel, buffer.baseAddress, Int32(buffer.count))
        }
    }

    /// `name` as an identifier of SQL.
    public static func quoted(identifier name: String) -> String {
        "\"" + doubling(["\""], in: name) + "\""
    }

    /// `text` as a literal of SQL, whatever `standard_conforming_strings` says.
    public static func quoted(literal text: String) -> String {
        (text.unicodeScalars.contains("\\") ? " E'" : "'") + doubling(["'", "\\"], in: text) + "'"
    }

    /// By scalars, not by characters: a combining mark behind a quote makes another character of it for us, but not
    /// for the server.
    private static func doubling(_ special: Set<Unicode.Scalar>, in text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if special.contains(scalar) { result.append(scalar) }
            result.append(scalar)
        }
        return String(result)
    }

    func rows(of result: borrowing PQResult) throws(Fault) -> Result<QueryResult, ServerError> {
        switch result.status {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_COPY_OUT, PGRES_COPY_BOTH, PGRES_SINGLE_TUPLE:
            return .success(result.table)
        case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE:
            guard let error = result.serverError else { throw lost("running a statement") }
            return .failure(error)
        default: throw lost("running a statement")
        }
    }
}

/// One result of libpq, owned.
@safe
struct PQResult: ~Copyable {
    let handle: OpaquePointer?

    init(_ handle: OpaquePointer?) {
        unsafe self.handle = handle
    }

    deinit {
        unsafe PQclear(handle)
    }

    var status: ExecStatusType { unsafe PQresultStatus(handle) }

    var serverError: ServerError? {
        guard let state = unsafe PQresultErrorField(handle, Int32(UInt8(ascii: "C"))) else { return nil }
        let message = unsafe PQresultErrorField(handle, Int32(UInt8(ascii: "M")))
        return unsafe ServerError(
            state: String(cString: state), message: message.map { unsafe String(cString: $0) } ?? "")
    }

    var table: QueryResult {
        let columnCount = unsafe PQnfields(handle)
        let columns = (0..<columnCount).map { unsafe String(cString: PQfname(handle, $0)) }
        let rows = (0..<(unsafe PQntuples(handle))).map { row in
            (0..<columnCount).map { column -> String? in
                guard unsafe PQgetisnull(handle, row, column) == 0 else { return nil }
                return unsafe String(cString: PQgetvalue(handle, row, column))
            }
        }
        return QueryResult(columns: columns, rows: rows)
    }
}
