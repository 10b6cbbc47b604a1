// SPDX-License-Identifier: Apache-2.0

import Foundation

/// An expected output that lies beside a dump. Its texts spell one byte as one scalar.
struct ExpectedDump {
    /// One object for each database.
    let databases: [[[UInt8]: DumpValue]]
    /// What stands beside the keys, by its name.
    let extras: [String: DumpValue]

    init(_ text: String) throws {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        let whole = trimmed.hasPrefix("[{") ? trimmed : "[{\(trimmed)}]"
        let parsed = try JSONSerialization.jsonObject(with: Data(whole.utf8))
        var databases: [[[UInt8]: DumpValue]] = []
        var extras: [String: DumpValue] = [:]
        for case .object(var members) in Self.elements(parsed) {
            for (name, value) in members {
                let text = String(decoding: name, as: UTF8.self)
                guard text.hasPrefix("__") else { continue }
                extras[text] = value
                members[name] = nil
            }
            databases.append(members)
        }
        self.databases = databases
        self.extras = extras
    }

    private static func elements(_ parsed: Any) -> [DumpValue] {
        if case .array(let elements) = value(parsed) { elements } else { [] }
    }

    private static func value(_ parsed: Any) -> DumpValue {
        switch parsed {
        case let text as String: .text(bytes(text))
        case let array as [Any]: .array(array.map(value))
        case let object as [String: Any]:
            .object(Dictionary(uniqueKeysWithValues: object.map { (bytes($0.key), value($0.value)) }))
        default: .text(Array("\(parsed)".utf8))
        }
    }

    private static func bytes(_ text: String) -> [UInt8] {
        text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    }
}
