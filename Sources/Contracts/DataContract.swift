// SPDX-License-Identifier: Apache-2.0

public import Changelog

/// What readers may rely on: the part of a data contract (Open Data Contract Standard 3.1) that kedge knows how to keep.
public struct DataContract: Hashable, Sendable {
    /// Its identifier, the same in all its versions.
    public let id: String
    /// Its version.
    public let version: String
    /// `active`, `draft` and so on.
    public let status: String
    /// What people call it.
    public let name: String?
    /// What it says of tables.
    public let tables: [ContractTable]
    /// Between which versions it must be compatible, where a table does not say otherwise.
    public let compatibility: CompatibilityMode?
    /// What becomes of records that break it, where a table does not say otherwise.
    public let onViolation: ViolationPolicy?

    /// Makes a contract.
    public init(
        id: String, version: String, status: String, name: String? = nil, tables: [ContractTable],
        compatibility: CompatibilityMode? = nil, onViolation: ViolationPolicy? = nil
    ) {
        self.id = id
        self.version = version
        self.status = status
        self.name = name
        self.tables = tables
        self.compatibility = compatibility
        self.onViolation = onViolation
    }

    /// Between which versions what it says of the table must be compatible.
    public func mode(ofTable name: String) -> CompatibilityMode {
        tables.first { $0.sourceName == name }?.compatibility ?? compatibility ?? .standard
    }

    /// What it says of the table whose name is `name`, nil when nothing.
    public func table(_ name: TableName) -> ContractTable? {
        table(called: name.description)
    }

    /// What is said of the table that anchors call so.
    public func table(called name: String) -> ContractTable? {
        tables.first { $0.describes(name) }
    }
}

/// What becomes of records that break a contract.
public enum ViolationPolicy: String, Sendable, CaseIterable {
    /// The run ends.
    case fail
    /// They go to the table's quarantine.
    case quarantine
    /// They bear the names of the rules that they break.
    case tag
}

/// What a contract says of one table.
public struct ContractTable: Hashable, Sendable {
    /// The name in the contract.
    public let name: String
    /// The name at the source, `public.orders`, where it is another one.
    public let physicalName: String?
    /// The columns.
    public let columns: [ContractColumn]
    /// The columns that identify a row, in order; nil when the contract does not say.
    public let key: [String]?
    /// Between which versions it must be compatible.
    public let compatibility: CompatibilityMode?
    /// What becomes of records that break it.
    public let onViolation: ViolationPolicy?
    /// What the contract asks and kedge does not enforce.
    public let unenforced: [String]

    /// Makes a table.
    public init(
        name: String, physicalName: String? = nil, columns: [ContractColumn], key: [String]? = nil,
        compatibility: CompatibilityMode? = nil, onViolation: ViolationPolicy? = nil, unenforced: [String] = []
    ) {
        self.name = name
        self.physicalName = physicalName
        self.columns = columns
        self.key = key
        self.compatibility = compatibility
        self.onViolation = onViolation
        self.unenforced = unenforced
    }

    /// What anchors call the table: a name without a namespace means the one in `public`, too.
    public var sourceName: String { physicalName ?? name }

    /// Whether it speaks of the table that is called `table` at the source.
    public func describes(_ table: TableName) -> Bool {
        describes(table.description)
    }

    /// Whether it speaks of the table that anchors call so.
    func describes(_ table: String) -> Bool {
        sourceName == table || "public.\(sourceName)" == table
    }

    /// The column that is called so at the source.
    func column(_ name: String) -> ContractColumn? {
        columns.first { $0.sourceName == name }
    }
}

/// What a contract says of one column.
public struct ContractColumn: Hashable, Sendable {
    /// The name in the contract.
    public let name: String
    /// The name at the source, where it is another one.
    public let physicalName: String?
    /// What values mean, in the words of the standard.
    public let logicalType: LogicalType?
    /// The source's own name of the type.
    public let physicalType: String?
    /// What each value must be.
    public let rules: [ValueRule]
    /// The name that the column had in an older version of the contract.
    public let renamedFrom: String?

    /// Makes a column.
    public init(
        name: String, physicalName: String? = nil, logicalType: LogicalType? = nil, physicalType: String? = nil,
        rules: [ValueRule] = [], renamedFrom: String? = nil
    ) {
        self.name = name
        self.physicalName = physicalName
        self.logicalType = logicalType
        self.physicalType = physicalType
        self.rules = rules
        self.renamedFrom = renamedFrom
    }

    /// What the source calls it.
    public var sourceName: String { physicalName ?? name }

    /// Whether it may never be null.
    public var isRequired: Bool { rules.contains(.required) }
}

/// What values mean, in the words of the standard.
public enum LogicalType: String, Sendable, CaseIterable {
    /// Text, and whatever has no word of its own.
    case string
    /// A day.
    case date
    /// A day and time.
    case timestamp
    /// A time of day.
    case time
    /// A number.
    case number
    /// A whole number.
    case integer
    /// Values by name.
    case object
    /// Values in order.
    case array
    /// Yes or no.
    case boolean

    /// The word for values of `type`.
    public init(_ type: ColumnType) {
        self =
            switch type {
            case .boolean: .boolean
            case .integer: .integer
            case .float, .decimal: .number
            case .date: .date
            case .time, .timeWithZone: .time
            case .timestamp, .timestampWithZone: .timestamp
            case .list: .array
            case .record, .map: .object
            case .text, .enumeration, .uuid, .json, .binary, .bytes, .interval: .string
            }
    }
}
