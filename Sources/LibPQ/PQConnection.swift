// SPDX-License-Identifier: Apache-2.0

import CLibpq
public import Faults

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One connection to a PostgreSQL server: its owner, and the only way to libpq.
///
/// This is not a general client. It knows simple queries, `COPY … TO STDOUT` and the replication protocol's
/// COPY BOTH mode, on one thread at a time.
@safe
public struct PQConnection: ~Copyable {
    let handle: OpaquePointer
    let notices = Notices()
    /// For how long the server may say nothing while it is waited for. Longer than any answer takes: a connection that
    /// stands and passes nothing would be waited for without an end.
    public var silenceLimit = Duration.seconds(600)

    /// Connects, blocking for as long as libpq's own settings allow.
    ///
    /// `source` goes through untouched: a URI, `key=value` pairs, `service=…`, or nothing at all when the `PG*`
    /// variables say everything. `defaults` give way to it, `overrides` do not.
    /// The corresponding C function is `PQconnectdbParams`.
    public static func connect(
        _ source: Redacted, defaults: [(String, String)], overrides: [(String, String)]
    ) throws(Fault) -> PQConnection {
        var pairs = defaults
        if !source.secret.isEmpty { pairs.append(("dbname", source.secret)) }
        pairs += overrides
        guard let handle = unsafe withCStringPairs(pairs, { unsafe PQconnectdbParams($0, $1, 1) }) else {
            throw Fault(.unexpected, "libpq has no memory for a connection")
        }
        let connection = unsafe PQConnection(handle: handle)
        guard unsafe PQstatus(handle) == CONNECTION_OK else { throw connectionFault(connection.lastWords) }
        unsafe connection.notices.receive(from: handle)
        return connection
    }

    /// Why libpq cannot read `source` as a connection string, in its words and without what it quotes; nil when it can.
    /// A text without `=` and without a scheme is the name of a database, which is always well.
    /// The corresponding C function is `PQconninfoParse`.
    public static func problem(inConnectionString source: Redacted) -> String? {
        let isURI = source.secret.hasPrefix("postgresql://") || source.secret.hasPrefix("postgres://")
        guard isURI || source.secret.contains("=") else { return nil }
        var words: UnsafeMutablePointer<CChar>?
        let options = unsafe PQconninfoParse(source.secret, &words)
        defer {
            unsafe PQconninfoFree(options)
            unsafe PQfreemem(words)
        }
        guard unsafe options == nil else { return nil }
        return unsafe withoutQuotedSource(words.map { unsafe String(cString: $0).trimmed } ?? "libpq has no memory")
    }

    private init(handle: OpaquePointer) {
        unsafe self.handle = handle
    }

    deinit {
        unsafe PQfinish(handle)
    }

    /// The server's version as libpq counts it: 150020 is 15.20.
    /// The corresponding C function is `PQserverVersion`.
    public var serverVersion: Int { Int(unsafe PQserverVersion(handle)) }

    /// The host that answered, or the folder of its socket.
    /// The corresponding C function is `PQhost`.
    public var host: String { unsafe text(PQhost(handle)) }

    /// The port that answered.
    /// The corresponding C function is `PQport`.
    public var port: String { unsafe text(PQport(handle)) }

    /// The database.
    /// The corresponding C function is `PQdb`.
    public var database: String { unsafe text(PQdb(handle)) }

    /// The user.
    /// The corresponding C function is `PQuser`.
    public var user: String { unsafe text(PQuser(handle)) }

    /// Whether the connection is encrypted.
    /// The corresponding C function is `PQsslInUse`.
    public var isEncrypted: Bool { unsafe PQsslInUse(handle) != 0 }

    /// The value of a connection parameter after all defaults, such as `sslmode`.
    /// The corresponding C function is `PQconninfo`.
    public func parameter(_ keyword: String) -> String? {
        guard let options = unsafe PQconninfo(handle) else { return nil }
        defer { unsafe PQconninfoFree(options) }
        var option = unsafe options
        while let key = unsafe option.pointee.keyword {
            if unsafe String(cString: key) == keyword {
                return unsafe option.pointee.val.map { unsafe String(cString: $0) }
            }
            unsafe option += 1
        }
        return nil
    }

    /// What the server reports of itself, such as `server_version`.
    /// The corresponding C function is `PQparameterStatus`.
    public func status(_ name: String) -> String? {
        unsafe PQparameterStatus(handle, name).map { unsafe String(cString: $0) }
    }

    private func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
        unsafe pointer.map { unsafe String(cString: $0) } ?? ""
    }
}

// SAFETY: libpq connections may be used on any thread, one at a time; the owner is moved, never shared.
extension PQConnection: @unchecked Sendable {}

extension PQConnection {
    /// A fault for a server that was waited for too long.
    func silent(_ doing: String) -> Fault {
        Fault(
            .postgresUnreachable, "the server has said nothing for \(silenceLimit.components.seconds) s",
            detail: "the connection stands, and nothing comes through it"
        ).adding(doing)
    }

    /// The words of libpq about the last failure of the connection itself.
    var lastWords: String { unsafe String(cString: PQerrorMessage(handle)).trimmed }

    /// A fault for a connection that broke.
    func lost(_ doing: String) -> Fault {
        Fault(.postgresUnreachable, "the connection to PostgreSQL broke", detail: lastWords).adding(doing)
    }
}

/// Tells a server that refuses from one that cannot be reached: only the latter is worth another try.
func connectionFault(_ words: String) -> Fault {
    let words = withoutQuotedSource(words)
    if words.contains("number of requested standby connections exceeds") {
        return Fault(.postgresSlotNoRoom, "the server has no free WAL sender", detail: words)
    }
    if words.contains("replication role to start walsender") || words.contains("permission denied to start WAL sender")
    {
        return Fault(
            .postgresPermission, "the role may not replicate", detail: words, hint: "ALTER ROLE … REPLICATION")
    }
    let passing = [
        "starting up", "shutting down", "recovery mode", "not yet accepting", "too many clients", "57P03",
        "too many connections", "remaining connection slots", "terminating connection",
    ]
    let isRefusal =
        (words.contains("FATAL:") || words.contains("certificate") || words.contains("SSL")
            || words.contains("no password supplied") || words.contains("invalid ")
            || words.contains("definition of service"))
        && !passing.contains(where: words.contains) && !words.contains("Connection refused")
    return isRefusal
        ? Fault(.postgresRefused, "PostgreSQL refused the connection", detail: words)
        : Fault(.postgresUnreachable, "PostgreSQL cannot be reached", detail: words)
}

/// Where libpq cannot make sense of a connection string it quotes what it stumbled over, which may well be a part of the
/// password: all between the first and the last quotation mark is left out.
private func withoutQuotedSource(_ words: String) -> String {
    let complaints = [" URI", "percent-encoded", "in connection info string", "connection option", "invalid integer"]
    let isComplaint =
        complaints.contains(where: words.contains) || words.contains("host name \"") && words.contains("@")
    guard isComplaint, let first = words.firstIndex(of: "\""), let last = words.lastIndex(of: "\""), first < last else {
        return words
    }
    return words[...first] + "***" + words[last...]
}

/// Lends null-terminated arrays of keywords and values to `body`.
private func withCStringPairs<R>(
    _ pairs: [(String, String)],
    _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> R
) -> R {
    let keywords = unsafe pairs.map { unsafe strdup($0.0) }
    let values = unsafe pairs.map { unsafe strdup($0.1) }
    defer {
        unsafe keywords.forEach { unsafe free($0) }
        unsafe values.forEach { unsafe free($0) }
    }
    let keywordPointers = unsafe keywords.map { unsafe UnsafePointer($0) } + [nil]
    let valuePointers = unsafe values.map { unsafe UnsafePointer($0) } + [nil]
    return unsafe keywordPointers.withUnsafeBufferPointer { keywords in
        unsafe valuePointers.withUnsafeBufferPointer { values in
            // SAFETY: both arrays hold at least their terminator, so their buffers have a base.
            unsafe body(keywords.baseAddress.unsafelyUnwrapped, values.baseAddress.unsafelyUnwrapped)
        }
    }
}

extension String {
    /// Without white space at either end.
    var trimmed: String {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        return String(text)
    }
}
