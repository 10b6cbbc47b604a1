// SPDX-License-Identifier: Apache-2.0

import Faults

/// The fault of an address; it never quotes the address.
func mistake(_ what: String, hint: String? = nil) -> Fault {
    Fault(
        .settingInvalid, "the address of the server cannot be understood: \(what)",
        hint: hint ?? "it is redis://[user:password@]host[:port][/db], and special characters are written as %XX")
}

/// `text` with every `%XX` replaced by its byte.
func percentDecoded(_ text: ArraySlice<UInt8>) throws(Fault) -> String {
    var bytes: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard let high = rest.popFirst().flatMap(nibble), let low = rest.popFirst().flatMap(nibble) else {
            throw mistake("a % is not followed by two hexadecimal digits", hint: "write a % itself as %25")
        }
        bytes.append(high << 4 | low)
    }
    guard !bytes.contains(0) else { throw mistake("there is a zero byte in it") }
    guard let decoded = String(validating: bytes, as: UTF8.self) else {
        throw mistake("what the %XX stand for is not UTF-8")
    }
    return decoded
}

/// The value of one to eighteen decimal digits and nothing else.
func decimal(_ digits: some Collection<UInt8>) -> Int? {
    guard !digits.isEmpty, digits.count <= 18, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
}

private func nibble(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x41...0x46: digit - 0x41 + 10
    case 0x61...0x66: digit - 0x61 + 10
    default: nil
    }
}
