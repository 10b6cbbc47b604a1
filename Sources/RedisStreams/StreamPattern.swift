// SPDX-License-Identifier: Apache-2.0

/// Which keys are meant: a key, or a pattern in which `*` stands for any bytes and `?` for one, and `\` takes their
/// meaning from `*`, `?` and itself.
public struct StreamPattern: Hashable, Sendable {
    private enum Part: Hashable {
        case byte(UInt8)
        case one
        case any
    }

    /// The pattern as it was written.
    public let text: String
    private let parts: [Part]

    /// Reads a pattern; nil when there is nothing in it.
    public init?(_ text: String) {
        guard !text.isEmpty else { return nil }
        self.text = text
        var parts: [Part] = []
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "*"): if parts.last != .any { parts.append(.any) }
            case UInt8(ascii: "?"): parts.append(.one)
            case UInt8(ascii: "\\"): parts.append(.byte(bytes.popFirst() ?? byte))
            default: parts.append(.byte(byte))
            }
        }
        self.parts = parts
    }

    /// The one key that is meant, or nil when there may be several.
    public var key: [UInt8]? {
        let bytes = prefix
        return bytes.count == parts.count ? bytes : nil
    }

    /// What all keys that are meant begin with.
    public var prefix: [UInt8] {
        var bytes: [UInt8] = []
        for part in parts {
            guard case .byte(let byte) = part else { break }
            bytes.append(byte)
        }
        return bytes
    }

    /// Whether `key` is meant.
    public func matches(_ key: [UInt8]) -> Bool {
        var part = 0
        var index = 0
        // Where the last `*` stands, and how far it reaches so far.
        var retry: (part: Int, index: Int)?
        while index < key.count {
            if part < parts.count, parts[part] == .any {
                part += 1
                retry = (part, index)
            } else if part < parts.count, parts[part] == .one || parts[part] == .byte(key[index]) {
                part += 1
                index += 1
            } else if let last = retry {
                part = last.part
                index = last.index + 1
                retry = (part, index)
            } else {
                return false
            }
        }
        return parts[part...].allSatisfy { $0 == .any }
    }
}

/// The streams of an export.
public struct StreamSelection: Hashable, Sendable {
    /// The patterns, of which one must mean the key.
    public let patterns: [StreamPattern]

    /// Selects what one of the patterns means.
    public init(_ patterns: [StreamPattern]) {
        self.patterns = patterns
    }

    /// Whether `key` is meant.
    public func contains(_ key: [UInt8]) -> Bool { patterns.contains { $0.matches(key) } }

    /// The keys that are named one by one.
    public var keys: [[UInt8]] { patterns.compactMap(\.key) }

    /// What the server is asked to look for, as it writes patterns, with its own special characters taken out of the
    /// literal beginning; none when every key is named.
    public var searches: [[UInt8]] {
        var found: [[UInt8]] = []
        for pattern in patterns where pattern.key == nil {
            let search = pattern.prefix.flatMap { byte in
                "*?[]\\^-".utf8.contains(byte) ? [UInt8(ascii: "\\"), byte] : [byte]
            }
            found.append(search + [UInt8(ascii: "*")])
        }
        return found
    }
}
