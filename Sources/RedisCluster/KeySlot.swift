// SPDX-License-Identifier: Apache-2.0

/// The slot of a cluster that a key belongs to, of 16384 (the cluster's specification, "Key distribution model").
public struct KeySlot: Hashable, Sendable {
    /// How many there are.
    public static let count = 16_384

    /// Its number.
    public let number: Int

    /// The slot of `key`: of what stands between the first `{` and the next `}`, if that is anything, else of all of it.
    public init(of key: some Collection<UInt8>) {
        var hashed = key[...]
        if let open = key.firstIndex(of: UInt8(ascii: "{")) {
            let behind = key[key.index(after: open)...]
            if let close = behind.firstIndex(of: UInt8(ascii: "}")), close != behind.startIndex {
                hashed = behind[..<close]
            }
        }
        number = Int(Self.checksum(hashed)) % Self.count
    }

    /// CRC-16 as XMODEM computes it: polynomial 0x1021, from zero, the highest bit first.
    private static func checksum(_ bytes: some Sequence<UInt8>) -> UInt16 {
        var sum: UInt16 = 0
        for byte in bytes {
            sum ^= UInt16(byte) << 8
            for _ in 0..<8 { sum = sum & 0x8000 != 0 ? sum << 1 ^ 0x1021 : sum << 1 }
        }
        return sum
    }
}
