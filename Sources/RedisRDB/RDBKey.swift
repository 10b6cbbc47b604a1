// SPDX-License-Identifier: Apache-2.0

/// A key and what is known of it before its items.
public struct RDBKey: ~Escapable {
    /// Its name.
    public let name: RawSpan
    private let facts: KeyFacts

    @_lifetime(copy name)
    init(name: RawSpan, _ facts: KeyFacts) {
        self.name = name
        self.facts = facts
    }

    /// The type of its value.
    public var type: RDBValueType { facts.type }
    /// The byte by which the payload names type and encoding.
    public var encoding: UInt8 { facts.encoding }
    /// When it expires, in milliseconds since 1970; may have passed.
    public var expiresAt: Int64? { facts.known.contains(.expiry) ? facts.expiresAt : nil }
    /// For how many seconds nobody had used it.
    public var idleSeconds: UInt64? { facts.known.contains(.idle) ? facts.idleSeconds : nil }
    /// How often it is used, on the server's logarithmic scale.
    public var frequency: UInt8? { facts.known.contains(.frequency) ? facts.frequency : nil }
    /// The module whose value it is.
    public var module: RDBModule? { facts.type == .module ? facts.module : nil }
}

/// What is known of a key before its items; small, because it is copied with every event.
struct KeyFacts {
    struct Known: OptionSet {
        let rawValue: UInt8
        static let expiry = Known(rawValue: 1)
        static let idle = Known(rawValue: 2)
        static let frequency = Known(rawValue: 4)
    }

    var expiresAt: Int64 = 0
    var idleSeconds: UInt64 = 0
    var module = RDBModule(id: 0)
    var type = RDBValueType.string
    var encoding: UInt8 = 0
    var frequency: UInt8 = 0
    var known: Known = []
}
