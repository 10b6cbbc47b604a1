// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import DurableFiles
internal import Faults

/// Small files of one folder, each named by the digest of its bytes: written once, proved when they are read.
struct DigestNamedFiles {
    private static let byteLimit = 1 << 26
    static let prefix = "sha256:"

    /// Where the files lie.
    let folder: String
    /// Where they are written first.
    let temporary: String
    /// What a person calls one of them: `schema`.
    let noun: String
    /// What their names end with.
    var fileExtension = "json"

    /// What anchors call a file with these bytes.
    static func id(of bytes: [UInt8]) -> String { prefix + Digest(of: bytes).hexadecimal }

    /// Makes `bytes` durable, unless they are already, and returns what anchors call them.
    func save(_ bytes: [UInt8]) throws(Fault) -> String {
        let digest = Digest(of: bytes)
        let path = path(digest)
        let draft = "\(temporary)/\(noun)-\(digest.hexadecimal).part"
        guard try Files.exists(path) else {
            _ = try AtomicFile.create(path, by: draft, bytes)
            return Self.prefix + digest.hexadecimal
        }
        if try Files.contents(of: path, limit: Self.byteLimit) != bytes {
            try AtomicFile.replace(path, by: draft, bytes)
        }
        return Self.prefix + digest.hexadecimal
    }

    /// The bytes that anchors call `id`, proved to be them.
    func bytes(_ id: String) throws(Fault) -> [UInt8] {
        guard id.hasPrefix(Self.prefix), let digest = Digest(hexadecimal: String(id.dropFirst(Self.prefix.count)))
        else { throw Fault(.exportBroken, "\"\(id)\" is not the name of a \(noun)") }
        let path = path(digest)
        guard try Files.exists(path) else { throw Fault(.exportBroken, "the \(noun) \(id) is missing") }
        let bytes = try Files.contents(of: path, limit: Self.byteLimit)
        guard Digest(of: bytes) == digest else { throw Fault(.exportBroken, "the \(noun) \(id) is damaged") }
        return bytes
    }

    private func path(_ digest: Digest) -> String { "\(folder)/\(digest.hexadecimal).\(fileExtension)" }
}
