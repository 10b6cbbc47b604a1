// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// What OpenSSL offers as macros.

static inline int kedge_require_tls12(SSL_CTX *context) {
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}

static inline int kedge_announce_server(SSL *session, const char *name) {
    return (int)SSL_set_tlsext_host_name(session, name);
}

static inline void kedge_refuse_partial_wildcards(X509_VERIFY_PARAM *parameters) {
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
}

static inline long kedge_pending_bytes(BIO *bio) {
    return BIO_pending(bio);
}

static inline int kedge_error_reason(unsigned long error) {
    return ERR_GET_REASON(error);
}

// Nobody is there to be asked for the password of a key.
static inline int kedge_no_password(char *buffer, int size, int is_writing, void *context) {
    (void)buffer;
    (void)size;
    (void)is_writing;
    (void)context;
    return -1;
}

static inline void kedge_ask_no_password(SSL_CTX *context) {
    SSL_CTX_set_default_passwd_cb(context, kedge_no_password);
}
