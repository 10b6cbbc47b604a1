// SPDX-License-Identifier: Apache-2.0

/// The schemes of addresses.
enum AddressScheme: String, CaseIterable {
    case plain = "redis"
    case secure = "rediss"
    case unix = "unix"
    case cluster = "redis+cluster"
    case secureCluster = "rediss+cluster"
    case sentinel = "redis+sentinel"
    case secureSentinel = "rediss+sentinel"

    /// What stands before `://`, in lower case; nil when that is no scheme at all.
    static func spelling(in text: [UInt8]) -> String? {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), text[colon...].starts(with: "://".utf8) else {
            return nil
        }
        let scheme = text[..<colon]
        let isWord = scheme.allSatisfy { byte in
            (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte) || "+-.".utf8.contains(byte)
        }
        guard isWord, !scheme.isEmpty else { return nil }
        return String(decoding: scheme, as: UTF8.self).lowercased()
    }

    /// Whether connections go over TLS.
    var isSecure: Bool { rawValue.hasPrefix("rediss") }

    /// The port where none is given.
    var standardPort: UInt16 {
        switch self {
        case .sentinel, .secureSentinel: 26379
        default: 6379
        }
    }

    /// Whether several hosts may stand in the address.
    var takesSeveralHosts: Bool {
        switch self {
        case .plain, .secure, .unix: false
        case .cluster, .secureCluster, .sentinel, .secureSentinel: true
        }
    }
}
