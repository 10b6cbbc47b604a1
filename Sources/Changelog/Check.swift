// SPDX-License-Identifier: Apache-2.0

public import Faults

/// One thing that was looked at, and what to do about it.
public struct Check: Sendable {
    /// How it stands.
    public enum Verdict: String, Sendable {
        /// As it should be.
        case good = "ok"
        /// It works, and may hurt later.
        case warning
        /// A run would fail.
        case failure
    }

    /// What was looked at.
    public let name: String
    /// How it stands.
    public let verdict: Verdict
    /// What was seen.
    public let finding: String
    /// What to do; nil when nothing is to be done.
    public let remedy: String?
    /// The fault with which a run would end, where the verdict is a failure and one is known.
    public let code: Fault.Code?

    /// Makes a check.
    public init(
        _ name: String, _ verdict: Verdict, _ finding: String, remedy: String? = nil,
        code: Fault.Code? = nil
    ) {
        self.name = name
        self.verdict = verdict
        self.finding = finding
        self.remedy = remedy
        self.code = verdict == .failure ? code : nil
    }

    /// The check that `fault` fails.
    public init(_ name: String, failing fault: Fault) {
        self.init(
            name, .failure, fault.detail.map { "\(fault.message) (\($0))" } ?? fault.message,
            remedy: fault.hint ?? fault.code.hint, code: fault.code)
    }
}
