// SPDX-License-Identifier: Apache-2.0

/// A type as the server's catalog describes it.
public struct PostgresType: Hashable, Sendable {
    /// What a type is made of.
    public indirect enum Kind: Hashable, Sendable {
        /// A type of its own.
        case base
        /// Elements of one type, parted by `delimiter`.
        case array(element: UInt32, delimiter: UInt8)
        /// A value for each attribute; dropped attributes are left out.
        case composite([Attribute])
        /// One of a set of labels.
        case enumeration
        /// Another type under a name of its own.
        case domain(base: UInt32, typeModifier: Int32)
        /// A range.
        case range
        /// A set of ranges.
        case multirange
        /// The type of the extension hstore.
        case hstore
        /// Elements of one type, parted by spaces: `int2vector`, `oidvector`.
        case spaceSeparatedArray(element: UInt32)
        /// A type that has a cast to json of its own. The server's `row_to_json` would use it; here the value is text.
        case jsonCast
        /// A type that no column has.
        case pseudo
    }

    /// One attribute of a composite type.
    public struct Attribute: Hashable, Sendable {
        /// Its name.
        public let name: String
        /// The number of its type.
        public let typeOID: UInt32
        /// The modifier of its type, -1 for none.
        public let typeModifier: Int32

        /// Makes an attribute.
        public init(name: String, typeOID: UInt32, typeModifier: Int32 = -1) {
            self.name = name
            self.typeOID = typeOID
            self.typeModifier = typeModifier
        }
    }

    /// The type's number in the catalog.
    public let oid: UInt32
    /// Its name with its schema: `pg_catalog.int4`, `public.mood`.
    public let name: String
    /// What it is made of.
    public let kind: Kind

    /// Makes a description.
    public init(oid: UInt32, name: String, kind: Kind) {
        self.oid = oid
        self.name = name
        self.kind = kind
    }
}
