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
