// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The name of a command in capitals, as a number; names longer than sixteen letters are those of nothing that is known.
struct CommandName: Hashable, Sendable {
    let code: UInt128

    /// The name that `bytes` spell, in whatever case.
    @inline(__always)
    init(_ bytes: RawSpan) {
        var code: UInt128 = 0
        if bytes.byteCount <= 16 {
            for index in 0..<bytes.byteCount { code = code << 8 | UInt128(Self.capital(bytes[index])) }
        }
        self.code = code
    }

    init(_ text: StaticString) {
        var buffer = ByteBuffer()
        buffer.append(text)
        self.init(buffer.bytes)
    }

    /// A letter in capitals; all else as it is.
    @inline(__always)
    static func capital(_ byte: UInt8) -> UInt8 { (0x61...0x7a).contains(byte) ? byte & 0xdf : byte }

    static let multi = CommandName("MULTI")
    static let exec = CommandName("EXEC")
    static let select = CommandName("SELECT")
    static let ping = CommandName("PING")
    static let replconf = CommandName("REPLCONF")
    static let restoreAsking = CommandName("RESTORE-ASKING")
    static let del = CommandName("DEL")
    static let unlink = CommandName("UNLINK")

    /// Equal names.
    static func ~= (pattern: CommandName, value: CommandName) -> Bool { pattern.code == value.code }
}
