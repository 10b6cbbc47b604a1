// SPDX-License-Identifier: Apache-2.0

internal import CLibssl
import Faults
import RedisURI

/// Whom a client believes and who it is, owned.
@safe
struct TLSContext: ~Copyable {
    let handle: OpaquePointer

    /// Certificates are always verified, and nothing older than TLS 1.2 is spoken.
    static func make(_ settings: TLSSettings) throws(Fault) -> TLSContext {
        ERR_clear_error()
        guard let handle = unsafe SSL_CTX_new(TLS_client_method()) else {
            throw Fault(.unexpected, "OpenSSL has no memory for a context")
        }
        let context = unsafe TLSContext(handle: handle)
        guard unsafe kedge_require_tls12(handle) == 1 else {
            throw Fault(.redisTLS, "OpenSSL does not know TLS 1.2", detail: TLSError.words())
        }
        unsafe SSL_CTX_set_verify(handle, SSL_VERIFY_PEER, nil)
        try context.loadAuthorities(settings.authorityFile)
        try context.loadIdentity(certificate: settings.certificateFile, key: settings.keyFile)
        return context
    }

    private init(handle: OpaquePointer) {
        unsafe self.handle = handle
    }

    deinit {
        unsafe SSL_CTX_free(handle)
    }

    /// The corresponding C functions are `SSL_CTX_load_verify_file` and `SSL_CTX_set_default_verify_paths`.
    private func loadAuthorities(_ file: String?) throws(Fault) {
        guard let file else {
            guard unsafe SSL_CTX_set_default_verify_paths(handle) == 1 else {
                throw Fault(.redisTLS, "the authorities of the system cannot be read", detail: TLSError.words())
            }
            return
        }
        guard unsafe SSL_CTX_load_verify_file(handle, file) == 1 else {
            throw unusable("the file of the authority, \(file), cannot be used", hint: "cafile= names a file in PEM")
        }
    }

    /// The corresponding C functions are `SSL_CTX_use_certificate_chain_file` and `SSL_CTX_use_PrivateKey_file`.
    private func loadIdentity(certificate: String?, key: String?) throws(Fault) {
        guard let certificate, let key else { return }
        unsafe kedge_ask_no_password(handle)
        guard unsafe SSL_CTX_use_certificate_chain_file(handle, certificate) == 1 else {
            throw unusable("the certificate in \(certificate) cannot be used", hint: "cert= names a file in PEM")
        }
        guard unsafe SSL_CTX_use_PrivateKey_file(handle, key, SSL_FILETYPE_PEM) == 1 else {
            throw unusable(
                "the key in \(key) cannot be used",
                hint: "key= names a file in PEM that needs no password and belongs to the certificate")
        }
    }

    private func unusable(_ what: String, hint: String) -> Fault {
        Fault(.settingInvalid, what, detail: TLSError.words(), hint: hint)
    }
}
