// SPDX-License-Identifier: Apache-2.0

/// Forms of text that the standard names and that can be told from the text alone.
public enum TextFormat: String, Sendable, CaseIterable {
    /// `name@host`, as far as it can be told without sending anything.
    case email
    /// 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
    case uuid
    /// A scheme, a colon, and no blank (RFC 3986).
    case uri
    /// Labels of letters, digits and hyphens (RFC 1123).
    case hostname
    /// Four numbers.
    case ipv4
    /// Groups of hexadecimal digits (RFC 4291).
    case ipv6
    /// Base64 (RFC 4648).
    case byte

    /// Whether `text` is of this form.
    func holds(_ text: String) -> Bool {
        switch self {
        case .email:
            let parts = text.split(separator: "@", omittingEmptySubsequences: false)
            return parts.count == 2 && !parts[0].isEmpty && !text.contains(where: \.isWhitespace)
                && parts[0].utf8.count <= 64 && Self.isHost(parts[1])
        case .uuid:
            let groups = text.split(separator: "-", omittingEmptySubsequences: false)
            return groups.map(\.utf8.count) == [8, 4, 4, 4, 12] && groups.allSatisfy { $0.utf8.allSatisfy(\.isHex) }
        case .uri:
            guard let colon = text.firstIndex(of: ":"), let first = text.utf8.first, first.isLetter else {
                return false
            }
            return text[..<colon].utf8.allSatisfy { $0.isLetter || $0.isDigit || [0x2b, 0x2d, 0x2e].contains($0) }
                && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f }
        case .hostname: return Self.isHost(text[...])
        case .ipv4: return Self.isIPv4(text[...])
        case .ipv6: return Self.isIPv6(text[...])
        case .byte:
            let digits = text.utf8.count
            let padding = text.utf8.reversed().prefix { $0 == UInt8(ascii: "=") }.count
            return digits % 4 == 0 && padding <= 2
                && text.utf8.dropLast(padding).allSatisfy { $0.isLetter || $0.isDigit || $0 == 0x2b || $0 == 0x2f }
        }
    }

    private static func isHost(_ text: Substring) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return (1...253).contains(text.utf8.count)
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") }
            }
    }

    private static func isIPv4(_ text: Substring) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.utf8.count) && part.utf8.allSatisfy(\.isDigit) && UInt8(part) != nil
                    && (part.utf8.count == 1 || part.first != "0")
            }
    }

    private static func isIPv6(_ text: Substring) -> Bool {
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return false }
        var count = 0
        for (index, half) in halves.enumerated() where !half.isEmpty {
            let groups = half.split(separator: ":", omittingEmptySubsequences: false)
            for (place, group) in groups.enumerated() {
                let isLast = index == halves.count - 1 && place == groups.count - 1
                if isLast, group.contains("."), isIPv4(group) {
                    count += 2
                } else {
                    guard (1...4).contains(group.utf8.count), group.utf8.allSatisfy(\.isHex) else { return false }
                    count += 1
                }
            }
        }
        return halves.count == 2 ? count <= 7 : count == 8
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { 0x30...0x39 ~= self }
    fileprivate var isLetter: Bool { 0x61...0x7a ~= self | 0x20 }
    fileprivate var isHex: Bool { isDigit || 0x61...0x66 ~= self | 0x20 }
}
