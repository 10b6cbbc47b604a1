// SPDX-License-Identifier: Apache-2.0

import DurableFiles
import Faults
import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Prints a fault where people and wrappers look for it: on standard error.
enum FaultReport {
    private struct JSON: Encodable {
        let error: String
        let code: String
        let status: Int32
        let context: [String]
        let detail: String?
        let hint: String
    }

    static func print(_ fault: Fault, asJSON: Bool) {
        let text = asJSON ? json(fault) : "kedge: error: \(fault)"
        try? StandardStream.error.write(Redacted.redact(text) + "\n")
    }

    private static func json(_ fault: Fault) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let value = JSON(
            error: fault.message, code: fault.code.rawValue, status: fault.code.exitStatus, context: fault.context,
            detail: fault.detail, hint: fault.hint ?? fault.code.hint)
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? fault.message
    }
}

/// Ends the process.
func exit(status: Int32) -> Never {
    Glibc.exit(status)
}
