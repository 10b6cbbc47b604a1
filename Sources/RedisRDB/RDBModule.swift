// SPDX-License-Identifier: Apache-2.0

/// The type of a module: nine characters and a version, in one number.
public struct RDBModule: Hashable, Sendable {
    /// The number.
    public let id: UInt64

    /// The module type behind a number.
    public init(id: UInt64) {
        self.id = id
    }

    /// The name of the type, nine characters.
    public var name: String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        return String((0..<9).map { alphabet[Int(id >> UInt64(58 - 6 * $0) & 63)] })
    }
    /// The version of its encoding.
    public var encodingVersion: Int { Int(id & 1023) }
}
