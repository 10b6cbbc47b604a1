// SPDX-License-Identifier: Apache-2.0

import Bytes

extension RDBDecoder {
    /// Nine bytes: `REDIS` and four digits, or `VALKEY` and three.
    mutating func readHeader(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        guard window.count - position >= 9 else { throw .short(9) }
        let bytes = window.bytes.extracting(first: 9)
        let magic: RDBHeader.Magic
        if bytes.extracting(first: 6).isEqual(to: "VALKEY") {
            magic = .valkey
        } else if bytes.extracting(first: 5).isEqual(to: "REDIS") {
            magic = .redis
        } else {
            throw fault(.notRDB)
        }
        var version = 0
        for index in (magic == .valkey ? 6 : 5)..<9 {
            guard (0x30...0x39).contains(bytes[index]) else { throw fault(.notRDB) }
            version = version * 10 + Int(bytes[index] - 0x30)
        }
        found.header = RDBHeader(magic, version: version)
        guard found.header.isKnown else { throw fault(.unknownVersion(found.header)) }
        position = 9
        found.kind = .header
        phase = .records
        return true
    }

    mutating func readRecord(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        guard window.count > position else { throw .short(1) }
        let type = window.bytes[position]
        if let layout = TypeByte.layout(type, in: found.header) { return try readKey(window, type, layout) }
        var scan = Scan(window.bytes, from: position, base: base)
        scan.at += 1
        switch type {
        case Opcode.expiryMilliseconds:
            found.facts.expiresAt = Int64(bitPattern: try scan.littleEndianWord())
            found.facts.known.insert(.expiry)
        case Opcode.expirySeconds:
            found.facts.expiresAt = Int64(Int32(bitPattern: try scan.littleEndianHalfWord())) * 1000
            found.facts.known.insert(.expiry)
        case Opcode.idle:
            found.facts.idleSeconds = try scan.length()
            found.facts.known.insert(.idle)
        case Opcode.frequency:
            found.facts.frequency = try scan.byte()
            found.facts.known.insert(.frequency)
        case Opcode.enterpriseRecency where found.header.magic == .redis: _ = try scan.length()
        default: return try readRareRecord(window, type)
        }
        position = scan.at
        return false
    }

    private mutating func readRareRecord(_ window: borrowing ByteBuffer, _ type: UInt8) throws(Stop) -> Bool {
        var scan = Scan(window.bytes, from: position, base: base)
        scan.at += 1
        switch type {
        case Opcode.selectDatabase:
            found.a = try scan.length()
            found.kind = .selectDatabase
        case Opcode.resizeDatabase:
            (found.a, found.b) = (try scan.length(), try scan.length())
            found.kind = .resizeDatabase
        case Opcode.slotInfo:
            (found.a, found.b, found.c) = (try scan.length(), try scan.length(), try scan.length())
            found.kind = .slotInfo
        case Opcode.auxiliary:
            found.first = try scan.heldString(limits, &text)
            found.second = try scan.heldString(limits, &text)
            found.kind = .auxiliary
        case Opcode.function:
            found.first = try scan.heldString(limits, &text)
            found.kind = .functionLibrary
        case Opcode.slotImport where found.header.magic == .valkey:
            found.first = try scan.heldString(limits, &text)
            found.a = try scan.length()
            found.kind = .slotImport
            phase = .slotRanges
        case Opcode.moduleAuxiliary: return try beginModuleAuxiliary(window)
        case Opcode.end: return try readEnd(window)
        case Opcode.prereleaseFunction: throw fault(.prereleaseType(type))
        default: throw fault(.unknownType(type, in: found.header))
        }
        position = scan.at
        return true
    }

    mutating func readSlotRange(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        guard found.a > 0 else {
            phase = .records
            return false
        }
        var scan = Scan(window.bytes, from: position, base: base)
        (found.b, found.c) = (try scan.length(), try scan.length())
        position = scan.at
        found.a -= 1
        found.kind = .slotRange
        return true
    }

    /// The checksum of everything up to the opcode and with it.
    private mutating func readEnd(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        var scan = Scan(window.bytes, from: position, base: base)
        scan.at += 1
        found.checksum = .absent
        if found.header.hasChecksum {
            let stored = try scan.littleEndianWord()
            sum(window, upTo: position + 1)
            guard stored == 0 || stored == checksum.value else {
                throw scan.fault(.checksum(stored: stored, computed: checksum.value), at: position + 1)
            }
            found.checksum = stored == 0 ? .disabled : .verified(stored)
        }
        position = scan.at
        found.kind = .end
        phase = .finished
        return true
    }

    /// The key's name and what stands before its items.
    private mutating func readKey(
        _ window: borrowing ByteBuffer, _ type: UInt8, _ layout: TypeByte.Layout
    ) throws(Stop) -> Bool {
        if case .prerelease = layout { throw fault(.prereleaseType(type)) }
        var scan = Scan(window.bytes, from: position, base: base)
        scan.at += 1
        found.first = try scan.heldString(limits, &text)
        items = ItemState()
        let next = try beginValue(layout, &scan)
        found.facts.encoding = type
        position = scan.at
        phase = next
        found.kind = .beginKey
        return true
    }

    /// What stands before the items of a value, and what is read then.
    @_lifetime(scan: copy scan)
    private mutating func beginValue(_ layout: TypeByte.Layout, _ scan: inout Scan) throws(Stop) -> Phase {
        switch layout {
        case .items(let type, let shape):
            found.facts.type = type
            items.shape = shape
            if shape == .relativeExpiry { items.earliestExpiry = try scan.earliestExpiry() }
            items.left = shape == .string ? 1 : try scan.length()
            return .items
        case .packed(let type, let form, let shape):
            found.facts.type = type
            (packed.form, packed.shape) = (form, shape)
            return .packedValue
        case .expiringListpack:
            found.facts.type = .hash
            _ = try scan.earliestExpiry()
            (packed.form, packed.shape) = (.listpack, .expiringField)
            return .packedValue
        case .nodes:
            found.facts.type = .list
            items.left = try scan.length()
            return .listNodes
        case .stream(let version):
            found.facts.type = .stream
            stream.begin(version: version, nodes: try scan.length())
            return .streamNodes
        case .module, .prerelease:
            let start = scan.at
            found.facts.type = .module
            found.facts.module = RDBModule(id: try scan.length())
            module.begin(found.facts.module, event: .moduleValue, idByteCount: scan.at - start)
            return .module
        }
    }
}

extension Scan {
    /// The earliest expiry of the fields of a hash, eight bytes.
    @_lifetime(self: copy self)
    mutating func earliestExpiry() throws(Stop) -> Int64 {
        let start = at
        let time = Int64(bitPattern: try littleEndianWord())
        guard time >= 0 else { throw fault(.malformed(.expiry), at: start) }
        return time
    }
}
