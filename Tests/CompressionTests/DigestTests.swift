// SPDX-License-Identifier: Apache-2.0

import Digests
import Testing

@Suite struct DigestTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `the digests of the standard's examples are the standard's`(text: String, expected: String) {
        #expect(Digest(of: Array(text.utf8)).hexadecimal == expected)
    }

    @Test func `how the bytes are cut does not matter`() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for size in [1, 3, 63, 64, 65, 999] {
            var hash = SHA256()
            for start in stride(from: 0, to: bytes.count, by: size) {
                let piece = Array(bytes[start..<min(start + size, bytes.count)])
                hash.update(unsafe piece.span.bytes)
            }
            #expect(hash.finalize() == Digest(of: bytes))
        }
    }

    @Test func `a digest reads back from its digits and has one spelling only`() {
        let digest = Digest(of: [1, 2, 3])
        #expect(Digest(hexadecimal: digest.hexadecimal) == digest)
        #expect(Digest(hexadecimal: digest.hexadecimal.uppercased()) == nil)
        #expect(Digest(hexadecimal: String(digest.hexadecimal.dropLast())) == nil)
        #expect(Digest(hexadecimal: digest.hexadecimal + "0") == nil)
        #expect(Digest(hexadecimal: "g" + digest.hexadecimal.dropFirst()) == nil)
    }
}
