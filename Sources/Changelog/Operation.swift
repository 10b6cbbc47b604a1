// SPDX-License-Identifier: Apache-2.0

/// What a change did; the raw value is the letter in `_cdc_op` (`docs/format.md`, Records).
public enum Operation: UInt8, Sendable, CaseIterable {
    /// `r`: a row as the snapshot saw it.
    case read = 0x72
    /// `c`: a row was inserted.
    case create = 0x63
    /// `u`: a row was updated.
    case update = 0x75
    /// `d`: a row was deleted.
    case delete = 0x64
    /// `t`: the table was emptied.
    case truncate = 0x74
    /// `m`: a logical message, which belongs to no table.
    case message = 0x6d

    /// Whether a change of this kind is about one row, which it carries as far as the source sent it.
    public var carriesRow: Bool {
        switch self {
        case .read, .create, .update, .delete: true
        case .truncate, .message: false
        }
    }

    /// The letter.
    public var letter: String { String(UnicodeScalar(rawValue)) }
}

/// How many changes of each kind; what anchors and segments say of themselves.
public struct OperationCounts: Hashable, Sendable {
    private var counts = [Int](repeating: 0, count: Operation.allCases.count)

    /// Nothing counted yet.
    public init() {}

    /// How many changes of one kind.
    public subscript(operation: Operation) -> Int {
        get { counts[operation.index] }
        set { counts[operation.index] = newValue }
    }

    /// How many changes of all kinds.
    public var total: Int { counts.reduce(0, +) }

    /// Adds what `other` counted.
    public static func += (lhs: inout OperationCounts, rhs: OperationCounts) {
        for operation in Operation.allCases { lhs[operation] += rhs[operation] }
    }
}

extension Operation {
    fileprivate var index: Int {
        switch self {
        case .read: 0
        case .create: 1
        case .update: 2
        case .delete: 3
        case .truncate: 4
        case .message: 5
        }
    }
}
