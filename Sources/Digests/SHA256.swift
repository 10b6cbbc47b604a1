// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// A SHA-256 computation over bytes that come in pieces; how they are cut does not matter.
@safe
public struct SHA256: ~Copyable {
    private let context: OpaquePointer

    /// Begins with no bytes.
    public init() {
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("no memory for a digest") }
        unsafe self.context = context
        let status = unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil)
        precondition(status == 1, "the cryptographic library has no SHA-256")
    }

    deinit {
        unsafe EVP_MD_CTX_free(context)
    }

    /// Takes in `bytes`.
    public mutating func update(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { buffer in
            // SAFETY: the library reads `count` bytes from where they begin and keeps no pointer.
            let status = unsafe EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
            precondition(status == 1, "a digest that was begun takes bytes")
        }
    }

    /// The digest of all bytes taken in.
    public consuming func finalize() -> Digest {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Digest.byteCount) { buffer, count in
            // SAFETY: SHA-256 writes 32 bytes, and the array has room for as many.
            let status = unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
            precondition(status == 1, "a digest that was begun ends")
            count = Digest.byteCount
        }
        return Digest(bytes: bytes)
    }
}

// SAFETY: the context is owned alone and moved, never shared.
extension SHA256: @unchecked Sendable {}
