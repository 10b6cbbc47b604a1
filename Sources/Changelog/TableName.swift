// SPDX-License-Identifier: Apache-2.0

/// The name of one table, stream or other thing whose changes are kept in order in a folder of their own.
public struct TableName: Hashable, Sendable {
    /// The schema or other namespace, nil where the source has none.
    public let namespace: String?
    /// The name inside its namespace.
    public let name: String

    /// Names a thing inside a namespace, or a thing where the source has no namespaces.
    public init(namespace: String?, name: String) {
        self.namespace = namespace
        self.name = name
    }
}

extension TableName: CustomStringConvertible {
    /// `namespace.name`, unquoted: for people and for the `table` field of anchors.
    public var description: String {
        namespace.map { "\($0).\(name)" } ?? name
    }
}

extension TableName: Comparable {
    /// Whether `lhs` comes before `rhs` in a listing.
    public static func < (lhs: TableName, rhs: TableName) -> Bool {
        (lhs.namespace ?? "", lhs.name) < (rhs.namespace ?? "", rhs.name)
    }
}

extension TableName {
    /// What the name of a table ends with that holds quarantined records of another.
    public static let quarantineSuffix = "__quarantine"

    /// The table that holds the quarantined records of this one.
    public var quarantine: TableName {
        TableName(namespace: namespace, name: name + Self.quarantineSuffix)
    }

    /// Whether it is called like a table that holds quarantined records.
    public var isQuarantine: Bool { name.hasSuffix(Self.quarantineSuffix) }
}
