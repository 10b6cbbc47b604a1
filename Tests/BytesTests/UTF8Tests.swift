// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

/// What is UTF-8, against the standard library.
@Suite struct UTF8Tests {
    private static let texts = [
        "", "a", "abcdefg", "abcdefgh", "Größe naïve 東京 and more", "🙂🙂🙂",
        "\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10ffff}",
    ]

    @Test(arguments: texts, [0, 1, 7, 8, 9])
    func `every byte of a text is looked at`(text: String, padding: Int) {
        let bytes = Array(text.utf8) + [UInt8](repeating: 0x20, count: padding)
        #expect(bytes.withRawSpan { $0.isUTF8 })
        for place in bytes.indices {
            for byte: UInt8 in [0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0xf5, 0xff] {
                var changed = bytes
                changed[place] = byte
                let expected = String(validating: changed, as: UTF8.self) != nil
                #expect(changed.withRawSpan { $0.isUTF8 } == expected, "\(changed)")
            }
            let cut = Array(bytes[..<place])
            #expect(cut.withRawSpan { $0.isUTF8 } == (String(validating: cut, as: UTF8.self) != nil), "\(cut)")
        }
    }
}
