// SPDX-License-Identifier: Apache-2.0

/// The first nine bytes: whose format it is and which version of it. All types and opcodes are read by this.
public struct RDBHeader: Hashable, Sendable {
    /// Whose format it is.
    public enum Magic: String, Sendable {
        /// Redis, Valkey before 9, KeyDB.
        case redis = "REDIS"
        /// Valkey from 9 on.
        case valkey = "VALKEY"
    }

    /// Whose format it is.
    public let magic: Magic
    /// The version of the format.
    public let version: Int

    /// Names a format and a version.
    public init(_ magic: Magic, version: Int) {
        self.magic = magic
        self.version = version
    }

    /// Whether payloads like this are read here.
    public var isKnown: Bool {
        switch magic {
        case .redis: (1...12).contains(version)
        case .valkey: version == 80
        }
    }

    /// Whether eight bytes of checksum follow the end.
    var hasChecksum: Bool { version >= 5 }
}

extension RDBHeader: CustomStringConvertible {
    /// As it stands in the payload: `REDIS0011`, `VALKEY080`.
    public var description: String {
        let digits = String(version)
        let width = magic == .redis ? 4 : 3
        return magic.rawValue + String(repeating: "0", count: max(width - digits.count, 0)) + digits
    }
}
