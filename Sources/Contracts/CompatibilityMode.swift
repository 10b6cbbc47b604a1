// SPDX-License-Identifier: Apache-2.0

/// Which readers a new version of a contract must not disappoint.
public enum CompatibilityMode: String, Sendable, CaseIterable {
    /// None.
    case none = "NONE"
    /// Those of the new version, who read records of the version before.
    case backward = "BACKWARD"
    /// The same, and records of all versions before.
    case backwardTransitive = "BACKWARD_TRANSITIVE"
    /// Those of the version before, who read new records.
    case forward = "FORWARD"
    /// The same, and those of all versions before.
    case forwardTransitive = "FORWARD_TRANSITIVE"
    /// Both.
    case full = "FULL"
    /// Both, of all versions before.
    case fullTransitive = "FULL_TRANSITIVE"

    /// What holds where nobody says otherwise.
    public static let standard = CompatibilityMode.backwardTransitive

    /// Whether all older versions count, and not only the last.
    public var isTransitive: Bool {
        switch self {
        case .backwardTransitive, .forwardTransitive, .fullTransitive: true
        case .none, .backward, .forward, .full: false
        }
    }

    /// Whether new readers must be able to read old records.
    var looksBack: Bool {
        switch self {
        case .backward, .backwardTransitive, .full, .fullTransitive: true
        case .none, .forward, .forwardTransitive: false
        }
    }

    /// Whether old readers must be able to read new records.
    var looksForward: Bool {
        switch self {
        case .forward, .forwardTransitive, .full, .fullTransitive: true
        case .none, .backward, .backwardTransitive: false
        }
    }
}
