// SPDX-License-Identifier: Apache-2.0

import Bytes
public import Changelog

/// The key of a stream, which is bytes, and the text by which anchors and people know it.
public struct StreamName: Hashable, Sendable {
    /// The key.
    public let key: [UInt8]
    /// The key as text, with `\xNN` for every byte that is no part of UTF-8.
    public let text: String

    /// Names the stream under `key`.
    public init(key: [UInt8]) {
        self.key = key
        text = String(validating: key, as: UTF8.self) ?? Self.escaped(key)
    }

    /// Names a stream whose key is text.
    public init(_ text: String) {
        key = Array(text.utf8)
        self.text = text
    }

    /// Whether the text says less than the key, for another key may have the same.
    public var isEscaped: Bool { !text.utf8.elementsEqual(key) }

    /// The table of the stream.
    public var table: TableName { TableName(namespace: nil, name: text) }

    private static func escaped(_ key: [UInt8]) -> String {
        key.withRawSpan { bytes in
            var text = ""
            var index = 0
            while index < bytes.byteCount {
                let length = bytes.wellFormedLength(at: index)
                if length == 0 {
                    text += "\\x" + hexadecimal(UInt64(bytes[index]), digits: 2)
                } else {
                    text += bytes.extracting(index..<index + length).decodedString()
                }
                index += max(length, 1)
            }
            return text
        }
    }
}

extension StreamName {
    /// The fact under which an anchor keeps the key of a name that says less than it.
    var keyFact: SourceIdentity.Fact? {
        isEscaped ? .text(key.map { hexadecimal(UInt64($0), digits: 2) }.joined()) : nil
    }

    /// The name of a lane, whose key is the fact when there is one; nil when that is none.
    init?(lane: String, keyFact: SourceIdentity.Fact?) {
        guard let keyFact else {
            self.init(lane)
            return
        }
        guard case .text(let digits) = keyFact, digits.utf8.count.isMultiple(of: 2) else { return nil }
        var key: [UInt8] = []
        var rest = digits[...]
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            key.append(byte)
            rest = rest.dropFirst(2)
        }
        self.init(key: key)
        guard text == lane else { return nil }
    }
}
