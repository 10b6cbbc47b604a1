// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// Which columns the server sends of a row before a change.
public enum ReplicaIdentity: UInt8, Sendable, CaseIterable {
    /// `d`: those of the primary key.
    case primaryKey = 0x64
    /// `n`: none.
    case nothing = 0x6e
    /// `f`: all.
    case full = 0x66
    /// `i`: those of a unique index.
    case index = 0x69
}

/// `R`: the columns of a relation from here on, seen in place.
public struct Relation: ~Escapable {
    /// The relation's number in the catalog.
    public let oid: UInt32
    /// Its schema; empty for `pg_catalog`.
    public let namespace: RawSpan
    /// Its name.
    public let name: RawSpan
    /// What the server sends of old rows.
    public let identity: ReplicaIdentity
    /// How many columns it has.
    public let columnCount: Int
    private var reader: ByteReader

    @usableFromInline
    @_lifetime(copy reader)
    init(reading reader: inout ByteReader) throws(WireFault) {
        oid = try reader.readInteger()
        namespace = try reader.readCString()
        name = try reader.readCString()
        let start = reader.offset
        let letter = try reader.readByte()
        guard let identity = ReplicaIdentity(rawValue: letter) else {
            throw WireFault(.unknownTag(letter), at: start)
        }
        self.identity = identity
        columnCount = try reader.readCount(Int16.self, minimumItemSize: 10)
        self.reader = reader
        for _ in 0..<columnCount { _ = try RelationColumn(reading: &reader) }
    }

    /// The next column. Throws when there is none left.
    @_lifetime(self: copy self)
    @_lifetime(copy self)
    public mutating func nextColumn() throws(WireFault) -> RelationColumn {
        try RelationColumn(reading: &reader)
    }
}

/// One column of a relation, seen in place.
public struct RelationColumn: ~Escapable {
    /// Whether it belongs to what the server sends of old rows.
    public let isKey: Bool
    /// Its name.
    public let name: RawSpan
    /// Its type's number in the catalog.
    public let typeOID: UInt32
    /// Its type's modifier, -1 for none.
    public let typeModifier: Int32

    @_lifetime(copy reader)
    init(reading reader: inout ByteReader) throws(WireFault) {
        isKey = try reader.readByte() & 1 != 0
        name = try reader.readCString()
        typeOID = try reader.readInteger()
        typeModifier = try reader.readInteger()
    }
}

/// `Y`: the name of a type that is not built in, seen in place.
public struct TypeMessage: ~Escapable {
    /// The type's number in the catalog.
    public let oid: UInt32
    /// Its schema; empty for `pg_catalog`.
    public let namespace: RawSpan
    /// Its name.
    public let name: RawSpan

    @usableFromInline
    @_lifetime(copy reader)
    init(reading reader: inout ByteReader) throws(WireFault) {
        oid = try reader.readInteger()
        namespace = try reader.readCString()
        name = try reader.readCString()
    }
}
