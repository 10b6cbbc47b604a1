// SPDX-License-Identifier: Apache-2.0

import Bytes

extension RDBDecoder {
    /// Nine bytes: `REDIS` and four digits, or `VALKEY` and three.
    mutating func readHeader(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        guard (window.count - position) >= 9 else { throw .short(9) }
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
        header = RDBHeader(magic, version: version)
        guard header.isKnown else { throw fault(.unknownVersion(header)) }
        position = 9
        kind = .header
        phase = .records
        return true
    }

    mutating func readRecord(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        guard (window.count - position) > 0 else { throw .short(1) }
        let type = window.bytes[position]
        if let layout = TypeByte.layout(type, in: header) { return try readKey(window, type, layout) }
        var scan = Scan(window.bytes, from: position, base: base)
        scan.at += 1
        switch type {
        case Opcode.expiryMilliseconds: facts.expiresAt = Int64(bitPattern: try scan.littleEndianWord())
        case Opcode.expirySeconds:
            facts.expiresAt = Int64(Int32(bitPattern: try scan.littleEndianHalfWord())) * 1000
        case Opcode.idle: facts.idleSeconds = try scan.length()
        case Opcode.frequency: facts.frequency = try scan.byte()
        case Opcode.enterpriseRecency where header.magic == .redis: _ = try scan.length()
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
            numbers.a = try scan.length()
            kind = .selectDatabase
        case Opcode.resizeDatabase:
            (numbers.a, numbers.b) = (try scan.length(), try scan.length())
            kind = .resizeDatabase
        case Opcode.slotInfo:
            (numbers.a, numbers.b, numbers.c) = (try scan.length(), try scan.length(), try scan.length())
            kind = .slotInfo
        case Opcode.auxiliary:
            first = try scan.heldString(limits, &text)
            second = try scan.heldString(limits, &text)
            kind = .auxiliary
        case Opcode.function:
            first = try scan.heldString(limits, &text)
            kind = .functionLibrary
        case Opcode.slotImport where header.magic == .valkey:
            first = try scan.heldString(limits, &text)
            numbers.a = try scan.length()
            kind = .slotImport
            phase = .slotRanges
        case Opcode.moduleAuxiliary: return try beginModuleAuxiliary(window)
        case Opcode.end: return try readEnd(window)
        case Opcode.prereleaseFunction: throw fault(.prereleaseType(type))
        default: throw fault(.unknownType(type, in: header))
        }
        position = scan.at
        return true
    }

    mutating func readSlotRange(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        guard numbers.a > 0 else {
            phase = .records
            return false
        }
        var scan = Scan(window.bytes, from: position, base: base)
        (numbers.b, numbers.c) = (try scan.length(), try scan.length())
        position = scan.at
        numbers.a -= 1
        kind = .slotRange
        return true
    }

    /// The checksum of everything up to the opcode and with it.
    private mutating func readEnd(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        var scan = Scan(window.bytes, from: position, base: base)
        scan.at += 1
        numbers.checksum = .absent
        if header.hasChecksum {
            let stored = try scan.littleEndianWord()
            sum(window, upTo: position + 1)
            guard stored == 0 || stored == checksum.value else {
                throw scan.fault(.checksum(stored: stored, computed: checksum.value), at: position + 1)
            }
            numbers.checksum = stored == 0 ? .disabled : .verified(stored)
        }
        position = scan.at
        kind = .end
        phase = .finished
        return true
    }

    /// The key's name and what stands before its items.
    private mutating func readKey(_ window: borrowing ByteBuffer, _ type: UInt8, _ layout: TypeByte.Layout) throws(Stop)
        -> Bool
    {
        if case .prerelease = layout { throw fault(.prereleaseType(type)) }
        var scan = Scan(window.bytes, from: position, base: base)
        scan.at += 1
        let name = try scan.heldString(limits, &text)
        var state = ItemState()
        var moduleType: RDBModule?
        let valueType: RDBValueType
        let next: Phase
        switch layout {
        case .items(let value, let shape):
            (valueType, next) = (value, .items)
            state.shape = shape
            if shape == .relativeExpiry { state.earliestExpiry = try scan.earliestExpiry() }
            state.left = shape == .string ? 1 : try scan.length()
        case .packed(let value, let form, let shape):
            (valueType, next) = (value, .packedValue)
            packed.form = form
            packed.shape = shape
        case .expiringListpack:
            (valueType, next) = (.hash, .packedValue)
            _ = try scan.earliestExpiry()
            packed.form = .listpack
            packed.shape = .expiringField
        case .nodes:
            (valueType, next) = (.list, .listNodes)
            state.left = try scan.length()
        case .stream(let version):
            (valueType, next) = (.stream, .streamNodes)
            stream.begin(version: version, nodes: try scan.length())
        case .module, .prerelease:
            (valueType, next) = (.module, .module)
            let start = scan.at
            moduleType = RDBModule(id: try scan.length())
            module.begin(moduleType, event: .moduleValue, idByteCount: scan.at - start)
        }
        facts.type = valueType
        facts.encoding = type
        facts.module = moduleType
        items = state
        first = name
        position = scan.at
        phase = next
        kind = .beginKey
        return true
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
