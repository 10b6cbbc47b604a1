// SPDX-License-Identifier: Apache-2.0

/// The bytes that begin a record: a value's type and encoding, or an opcode. Their meaning depends on the header.
enum TypeByte {
    static let quicklist2: UInt8 = 18

    /// How the value behind a type byte is read.
    enum Layout {
        /// So many items follow; a string is one.
        case items(RDBValueType, ItemState.Shape)
        /// One packed form.
        case packed(RDBValueType, PackedForm, PackedState.Shape)
        /// The earliest expiry, then one packed form of fields with expiry.
        case expiringListpack
        /// Nodes of a list.
        case nodes
        /// A stream; what is stored about groups and history depends on the version of the layout.
        case stream(version: Int)
        /// The value of a module.
        case module
        /// Never released.
        case prerelease
    }

    /// The layout of a value in a payload with this header; nil when the byte is not a type there.
    static func layout(_ type: UInt8, in header: RDBHeader) -> Layout? {
        switch type {
        case 0: .items(.string, .string)
        case 1: .items(.list, .element)
        case 2: .items(.set, .member)
        case 3: .items(.sortedSet, .textScore)
        case 4: .items(.hash, .field)
        case 5: .items(.sortedSet, .binaryScore)
        case 6: .prerelease
        case 7: .module
        case 9: .packed(.hash, .zipmap, .field)
        case 10: .packed(.list, .ziplist, .element)
        case 11: .packed(.set, .intset, .member)
        case 12: .packed(.sortedSet, .ziplist, .scoredMember)
        case 13: .packed(.hash, .ziplist, .field)
        case 14, quicklist2: .nodes
        case 15: .stream(version: 1)
        case 16: .packed(.hash, .listpack, .field)
        case 17: .packed(.sortedSet, .listpack, .scoredMember)
        case 19: .stream(version: 2)
        case 20: .packed(.set, .listpack, .member)
        case 21: .stream(version: 3)
        default: newerLayout(type, in: header)
        }
    }

    /// From 22 on each project counts for itself.
    private static func newerLayout(_ type: UInt8, in header: RDBHeader) -> Layout? {
        switch (header.magic, type) {
        case (.valkey, 22): .items(.hash, .trailingExpiry)
        case (.redis, 22) where header.version >= 12: .items(.hash, .absoluteExpiry)
        case (.redis, 23) where header.version >= 12: .packed(.hash, .listpack, .expiringField)
        case (.redis, 24) where header.version >= 12: .items(.hash, .relativeExpiry)
        case (.redis, 25) where header.version >= 12: .expiringListpack
        default: nil
        }
    }
}

/// The bytes that begin a record which is no key.
enum Opcode {
    /// Redis Enterprise: how recently the key was used.
    static let enterpriseRecency: UInt8 = 107
    /// Valkey: slots that are being taken over.
    static let slotImport: UInt8 = 243
    static let slotInfo: UInt8 = 244
    static let function: UInt8 = 245
    static let prereleaseFunction: UInt8 = 246
    static let moduleAuxiliary: UInt8 = 247
    static let idle: UInt8 = 248
    static let frequency: UInt8 = 249
    static let auxiliary: UInt8 = 250
    static let resizeDatabase: UInt8 = 251
    static let expiryMilliseconds: UInt8 = 252
    static let expirySeconds: UInt8 = 253
    static let selectDatabase: UInt8 = 254
    static let end: UInt8 = 255
}
