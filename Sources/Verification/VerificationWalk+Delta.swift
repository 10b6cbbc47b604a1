// SPDX-License-Identifier: Apache-2.0

internal import DeltaLake
internal import Faults

extension VerificationWalk {
    /// Begins to take notice of segments, for the Delta tables.
    mutating func beginDelta(lastAnchor: Int) {
        guard let exportID = report.exportID else { return }
        delta = DeltaAudit(folder, exportID: exportID, lastAnchor: lastAnchor)
    }

    /// Compares the Delta tables, where there are some, with the segments of the whole chain.
    mutating func compareDelta() throws(Fault) {
        guard var audit = delta else { return }
        delta = nil
        try audit.compare()
        report.deltaTableCount = audit.tableCount
        for remark in audit.findings { find(remark.path, remark.what) }
        for remark in audit.notes { report.notes.append(Finding(path: remark.path, what: remark.what)) }
    }
}
