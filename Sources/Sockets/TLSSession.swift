// SPDX-License-Identifier: Apache-2.0

import Bytes
internal import CLibssl
import Faults
import RedisURI

/// One side of a TLS connection, without a socket: ciphertext is fed and taken, plaintext goes in and comes out.
@safe
struct TLSSession: ~Copyable {
    private let session: OpaquePointer
    /// What the peer has sent; owned by the session.
    private let input: OpaquePointer
    /// What is to be sent to the peer; owned by the session.
    private let output: OpaquePointer
    private let serverName: String
    private var hasHeardPeer = false

    /// A client that asks for the certificate of the endpoint's host, or of the name in the settings.
    static func make(_ settings: TLSSettings, endpoint: Endpoint) throws(Fault) -> TLSSession {
        let context = try TLSContext.make(settings)
        guard let handle = unsafe SSL_new(context.handle), let input = unsafe BIO_new(BIO_s_mem()),
            let output = unsafe BIO_new(BIO_s_mem())
        else { throw Fault(.unexpected, "OpenSSL has no memory for a session") }
        // From here on the session owns both ends, and keeps the context.
        unsafe SSL_set_bio(handle, input, output)
        unsafe SSL_set_connect_state(handle)
        let session = unsafe TLSSession(
            session: handle, input: input, output: output, serverName: settings.serverName ?? endpoint.host)
        try session.expect(session.serverName)
        return session
    }

    private init(session: OpaquePointer, input: OpaquePointer, output: OpaquePointer, serverName: String) {
        unsafe self.session = session
        unsafe self.input = input
        unsafe self.output = output
        self.serverName = serverName
    }

    deinit {
        unsafe SSL_free(session)
    }

    /// Lets nobody pass whose certificate does not hold `name`, and says to the peer whom we want.
    /// The corresponding C functions are `SSL_set1_host` and `X509_VERIFY_PARAM_set1_ip_asc`.
    private func expect(_ name: String) throws(Fault) {
        let parameters = unsafe SSL_get0_param(session)
        guard unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, name) != 1 else { return }
        unsafe kedge_refuse_partial_wildcards(parameters)
        guard !name.isEmpty, unsafe SSL_set1_host(session, name) == 1, unsafe kedge_announce_server(session, name) == 1
        else { throw Fault(.settingInvalid, "\"\(name)\" cannot be the name of a server") }
    }

    /// Whether plaintext, or ciphertext that may become some, waits inside.
    var hasPendingBytes: Bool { unsafe SSL_pending(session) > 0 || kedge_pending_bytes(input) > 0 }

    /// Whether there is ciphertext to send.
    var hasOutput: Bool { unsafe kedge_pending_bytes(output) > 0 }

    /// Takes ciphertext in.
    /// The corresponding C function is `BIO_write`.
    mutating func feed(_ ciphertext: RawSpan) {
        unsafe ciphertext.withUnsafeBytes { buffer in
            // SAFETY: the library copies the bytes. Memory takes all of them.
            _ = unsafe BIO_write(input, buffer.baseAddress, Int32(clamping: buffer.count))
        }
    }

    /// Appends all ciphertext that is to be sent.
    /// The corresponding C function is `BIO_read`.
    mutating func takeOutput(into buffer: inout ByteBuffer) {
        let count = Int(unsafe kedge_pending_bytes(output))
        guard count > 0 else { return }
        unsafe buffer.append(upTo: count) { room in
            // SAFETY: the library writes at most as many bytes as the room has.
            max(0, Int(unsafe BIO_read(output, room.baseAddress, Int32(clamping: room.count))))
        }
    }

    /// Goes on with the handshake; returns whether it is done.
    /// The corresponding C function is `SSL_do_handshake`.
    mutating func shakeHands() throws(Fault) -> Bool {
        ERR_clear_error()
        let status = unsafe SSL_do_handshake(session)
        if status == 1 { return true }
        guard unsafe SSL_get_error(session, status) == SSL_ERROR_WANT_READ else { throw handshakeFault() }
        return false
    }

    /// Takes plaintext, which becomes ciphertext.
    /// The corresponding C function is `SSL_write`.
    mutating func encrypt(_ plaintext: RawSpan) throws(Fault) {
        guard plaintext.byteCount > 0 else { return }
        ERR_clear_error()
        let isTaken = unsafe plaintext.withUnsafeBytes { buffer in
            var count = 0
            // SAFETY: the library reads `count` bytes from where they begin. Memory takes all of them.
            return unsafe SSL_write_ex(session, buffer.baseAddress, buffer.count, &count) == 1 && count == buffer.count
        }
        guard isTaken else { throw Fault(.redisUnreachable, "the TLS connection broke", detail: TLSError.words()) }
    }

    /// Appends plaintext, up to `limit` bytes.
    /// The corresponding C function is `SSL_read`.
    mutating func decrypt(into buffer: inout ByteBuffer, upTo limit: Int) throws(Fault) -> Arrival {
        ERR_clear_error()
        var total = 0
        var status: Int32 = 0
        unsafe buffer.append(upTo: limit) { room in
            repeat {
                // SAFETY: the library writes at most as many bytes as the room has behind those already written.
                status = unsafe SSL_read(
                    session, room.baseAddress?.advanced(by: total), Int32(clamping: room.count - total))
                if status > 0 { total += Int(status) }
            } while status > 0 && total < limit
            return total
        }
        guard total == 0 else {
            hasHeardPeer = true
            return .bytes(total)
        }
        switch unsafe SSL_get_error(session, status) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .nothing
        case SSL_ERROR_ZERO_RETURN: return .end
        default: throw readingFault()
        }
    }
}

// MARK: What went wrong

extension TLSSession {
    private func handshakeFault() -> Fault {
        let verdict = unsafe SSL_get_verify_result(session)
        guard verdict == X509_V_OK else { return unverified(verdict) }
        let error = TLSError.first()
        return Fault(
            .redisTLS, "the TLS handshake failed", detail: error.words,
            hint: error.isForeignProtocol ? "check that the port speaks TLS" : nil)
    }

    private func unverified(_ verdict: Int) -> Fault {
        let detail = unsafe X509_verify_cert_error_string(verdict).map { unsafe String(cString: $0) }
        switch Int32(truncatingIfNeeded: verdict) {
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            return Fault(
                .redisUnverified, "the server's certificate is not for \(serverName)", detail: detail,
                hint: "name the server as its certificate does, in the address or with ?servername=")
        case X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID:
            return Fault(
                .redisUnverified, "the server's certificate has expired or is not valid yet", detail: detail,
                hint: "renew the certificate, or set the clock")
        default:
            return Fault(
                .redisUnverified, "the server's certificate is signed by nobody who is believed", detail: detail,
                hint: "name the file of the authority with ?cafile=")
        }
    }

    /// With TLS 1.3 a server judges our certificate after the handshake: its alert is the first that is read.
    private func readingFault() -> Fault {
        let error = TLSError.first()
        guard !hasHeardPeer else { return Fault(.redisUnreachable, "the TLS connection broke", detail: error.words) }
        return Fault(.redisTLS, "the server ended the TLS connection", detail: error.words)
    }
}

/// An error as OpenSSL keeps it.
struct TLSError {
    let words: String
    let isForeignProtocol: Bool

    /// The oldest error of this thread.
    /// The corresponding C functions are `ERR_get_error` and `ERR_reason_error_string`.
    static func first() -> TLSError {
        let code = ERR_get_error()
        let words = unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) } ?? "the connection ended"
        let reason = kedge_error_reason(code)
        return TLSError(
            words: words, isForeignProtocol: reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_UNKNOWN_PROTOCOL)
    }

    /// Its words.
    static func words() -> String { first().words }
}

extension Endpoint {
    /// The host; empty for a socket of this machine.
    var host: String {
        switch self {
        case .tcp(let host, _): host
        case .unix: ""
        }
    }
}

// SAFETY: a session is owned alone and moved, never shared.
extension TLSSession: @unchecked Sendable {}
