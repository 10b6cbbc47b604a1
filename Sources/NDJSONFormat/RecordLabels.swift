// SPDX-License-Identifier: Apache-2.0

/// The texts around the values of a record, the same in every one; for all who print records.
package struct RecordLabels: Sendable {
    /// `{"_cdc_seq":"`
    package let sequence: [UInt8]
    /// `","_cdc_op":"`
    package let operation: [UInt8]
    /// `,"_cdc_xid":`
    package let transaction: [UInt8]
    /// `,"_cdc_commit_ts":`
    package let commitTime: [UInt8]
    /// `,"_cdc_unset":`
    package let unset: [UInt8]
    /// `,"_cdc_old":`
    package let old: [UInt8]
    /// `,"_cdc_violations":`
    package let violations: [UInt8]

    /// Makes the texts for one prefix of kedge's own columns.
    package init(columnPrefix: String) {
        func text(_ before: String, _ name: String, _ after: String = "") -> [UInt8] {
            Array(before.utf8) + label(columnPrefix + name) + Array(after.utf8)
        }
        sequence = text("{", "seq", "\"")
        operation = text("\",", "op", "\"")
        transaction = text(",", "xid")
        commitTime = text(",", "commit_ts")
        unset = text(",", "unset")
        old = text(",", "old")
        violations = text(",", "violations")
    }
}
