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
        try? StandardStream.error.write(text(fault, asJSON: asJSON) + "\n")
    }

    /// The report, without passwords.
    static func text(_ fault: Fault, asJSON: Bool) -> String {
        let fault = redacted(fault)
        return asJSON ? json(fault) : "kedge: error: \(fault)"
    }

    /// Its parts are redacted one by one: in the whole, a quote that does not end would hide where the next secret is.
    private static func redacted(_ fault: Fault) -> Fault {
        let result = Fault(
            fault.code, Redacted.redact(fault.message), detail: fault.detail.map(Redacted.redact),
            hint: fault.hint.map(Redacted.redact))
        return fault.context.reduce(result) { $0.adding(Redacted.redact($1)) }
    }

    private static func json(_ fault: Fault) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let value = JSON(
            error: fault.message, code: fault.code.rawValue, status: fault.code.exitStatus, context: fault.context,
            detail: fault.detail, hint: fault.hint ?? fault.code.hint)
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? value.error
    }
}

/// Ends the process.
func exit(status: Int32) -> Never {
    Glibc.exit(status)
}
