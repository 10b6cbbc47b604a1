// SPDX-License-Identifier: Apache-2.0

package import Changelog

/// How the values of one type lie in a file: a leaf, or a group of nodes. Immutable and shared.
package final class Node: Sendable {
    /// What a node is.
    package enum Kind: Sendable {
        /// A column of the file, by its number.
        case leaf(Int)
        /// Any number of values of one node.
        case list(Node)
        /// A value for each field.
        case structure([Node])
        /// Text keys, which are one leaf, with text values or nulls, which are the next.
        case map
        /// Months, days and microseconds: three leaves.
        case interval
    }

    /// What it is.
    package let kind: Kind
    /// The leaves below it.
    package let leaves: Range<Int>
    /// The definition level at which it is there.
    package let definition: UInt8
    /// In how many lists its parts lie: for a list or map one more than for itself.
    package let repetition: UInt8
    /// What its values mean.
    package let type: ColumnType
    /// The names of the fields of a structure.
    package let names: [String]

    init(
        _ kind: Kind, leaves: Range<Int>, definition: UInt8, repetition: UInt8, type: ColumnType, names: [String] = []
    ) {
        self.kind = kind
        self.leaves = leaves
        self.definition = definition
        self.repetition = repetition
        self.type = type
        self.names = names
    }
}
