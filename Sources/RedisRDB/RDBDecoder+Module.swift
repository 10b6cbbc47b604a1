// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Where in the value of a module the decoder is.
struct ModuleState {
    /// Which module's value it is.
    var id = RDBModule(id: 0)
    /// What is said when it was skipped.
    var event = EventKind.moduleValue
    /// How many bytes of the payload it took so far, its number and the end mark among them.
    var byteCount: UInt64 = 0
    /// How many bytes of the current string are still to be skipped.
    var skipLeft = 0

    mutating func begin(_ module: RDBModule, event: EventKind, idByteCount: Int) {
        id = module
        self.event = event
        byteCount = UInt64(idByteCount)
        skipLeft = 0
    }
}

extension RDBDecoder {
    /// A module's number, and when it wants to be asked about what it stored.
    mutating func beginModuleAuxiliary(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        var scan = Scan(window.bytes, from: position, base: base)
        scan.at += 1
        let start = scan.at
        let id = RDBModule(id: try scan.length())
        let occasion = scan.at
        guard try scan.length() == 2 else { throw scan.fault(.malformed(.module), at: occasion) }
        _ = try scan.length()
        module.begin(id, event: .moduleAuxiliary, idByteCount: scan.at - start)
        position = scan.at
        phase = .module
        return false
    }

    /// Values, each with its kind before it, until the end mark. Nothing of them is kept.
    mutating func readModule(_ window: borrowing ByteBuffer) throws(Stop) -> Bool {
        while true {
            if module.skipLeft > 0 { try skipModuleString(window) }
            var scan = Scan(window.bytes, from: position, base: base)
            let isAtEnd = try scan.moduleValue(&module.skipLeft)
            module.byteCount += UInt64(scan.at - position)
            position = scan.at
            guard isAtEnd else { continue }
            found.kind = module.event
            found.a = module.byteCount
            found.facts.module = module.id
            if found.kind == .moduleValue {
                items.count += 1
                phase = .keyEnd
            } else {
                phase = .records
            }
            return true
        }
    }

    private mutating func skipModuleString(_ window: borrowing ByteBuffer) throws(Stop) {
        let count = min(module.skipLeft, window.count - position)
        position += count
        module.byteCount += UInt64(count)
        module.skipLeft -= count
        if module.skipLeft > 0 { throw .short(1) }
    }
}

extension Scan {
    /// Passes over one value; of a string only its head, and `skip` says how many bytes are left. True at the end mark.
    @_lifetime(self: copy self)
    fileprivate mutating func moduleValue(_ skip: inout Int) throws(Stop) -> Bool {
        let start = at
        switch try length() {
        case 0: return true
        case 1, 2: _ = try length()
        case 3: _ = try littleEndianHalfWord()
        case 4: _ = try littleEndianWord()
        case 5: skip = try stringHead().storedByteCount
        default: throw fault(.malformed(.module), at: start)
        }
        return false
    }
}
