// SPDX-License-Identifier: Apache-2.0

/// The one error that an operator sees: what failed, while doing what, in whose words, and what to do about it.
///
/// No message, context or detail ever holds a row value, a key or a password.
public struct Fault: Error, Sendable {
    /// Which way to fail this is; exit status, remedy and the page of the manual follow from it.
    public let code: Code
    /// What failed, in lower case and without a final stop.
    public let message: String
    /// What was being done, the innermost first; printed as `while …` lines.
    public private(set) var context: [String]
    /// The words of the server, the C library or the kernel.
    public let detail: String?
    /// What to do, when that is more exact than ``Code/hint``.
    public let hint: String?

    /// Makes a fault; `detail` must already be free of row values and secrets.
    public init(_ code: Code, _ message: String, detail: String? = nil, hint: String? = nil) {
        self.code = code
        self.message = message
        self.context = []
        self.detail = detail
        self.hint = hint
    }

    /// The same fault, knowing one step more of what was being done.
    public consuming func adding(_ doing: String) -> Fault {
        context.append(doing)
        return self
    }
}

extension Fault: CustomStringConvertible {
    /// The report that a person reads, in the order message, context, detail, hint; without a final newline.
    public var description: String {
        var lines = ["\(message) [\(code.rawValue)]"]
        lines += context.map { "  while \($0)" }
        if let detail, !detail.isEmpty {
            lines.append("  detail: " + detail.split(separator: "\n").joined(separator: "\n          "))
        }
        lines.append("  hint: \(hint ?? code.hint)")
        return lines.joined(separator: "\n")
    }
}

/// Runs `body` and, should it fail, says in the fault what was being done.
public func doing<R: ~Copyable>(
    _ what: @autoclosure () -> String, _ body: () throws(Fault) -> R
) throws(Fault) -> R {
    do throws(Fault) {
        return try body()
    } catch {
        throw error.adding(what())
    }
}
