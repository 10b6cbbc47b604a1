// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Digests
internal import Faults

/// An object whose last member, `check`, is the SHA-256 of all bytes before it, so that one changed byte is found
/// without any other file (`docs/format.md`, Anchor file).
enum SealedJSON {
    private static let mark = Array(#","check":""#.utf8)
    private static let end = Array("\"}\n".utf8)
    private static let sealByteCount = mark.count + 64 + end.count

    /// The bytes of the file that holds `members`.
    static func seal(_ members: [String: JSON]) -> [UInt8] {
        let body = Array(JSON.object(members).bytes.dropLast())
        return body + mark + Array(Digest(of: body).hexadecimal.utf8) + end
    }

    /// The members of the file with these bytes; any change since it was sealed is a fault.
    static func open(_ bytes: [UInt8], _ place: String) throws(Fault) -> JSONObject {
        guard bytes.count > sealByteCount else { throw Fault(.exportBroken, "\(place) ends early") }
        let body = Array(bytes.dropLast(sealByteCount))
        guard bytes == body + mark + Array(Digest(of: body).hexadecimal.utf8) + end else {
            throw Fault(.exportBroken, "\(place) does not match its own checksum")
        }
        guard let json = JSON(parsing: bytes) else { throw Fault(.exportBroken, "\(place) is not JSON") }
        return try JSONObject(json, place)
    }

    /// Refuses a format that this version does not know.
    static func expectFormat(_ object: JSONObject, _ place: String) throws(Fault) {
        let format = try object.count("format")
        guard format == 1 else {
            throw Fault(.exportFormat, "\(place) has format \(format); this version of kedge knows format 1")
        }
    }
}
