// SPDX-License-Identifier: Apache-2.0

import Testing

/// Fails with one message that lists every place where a rule does not hold.
func expectNone(
    _ violations: [String], _ rule: Comment, sourceLocation: SourceLocation = #_sourceLocation
) {
    guard !violations.isEmpty else { return }
    let list = violations.joined(separator: "\n  ")
    Issue.record("\(rule):\n  \(list)", sourceLocation: sourceLocation)
}
