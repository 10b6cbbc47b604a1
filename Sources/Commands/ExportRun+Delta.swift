// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import DeltaLake
import Export
import Faults
import Logging

extension ExportRun {
    /// What keeps the Delta tables of the export; nil where there are to be none.
    func deltaPublisher(of record: ExportRecord) -> DeltaPublisher? {
        guard let options = settings.delta else { return nil }
        if let delta { return delta }
        let made = DeltaPublisher(
            workspace.folder, exportID: record.id, version: Version.number, options: options, crash: crash)
        delta = made
        return made
    }

    /// Brings the Delta tables up to the newest anchor: what a crash has kept a run from, or what was lost since.
    func mendDelta() throws(Fault) {
        guard last != nil, let record = try ExportRecord.read(in: workspace.folder),
            record.fileFormat == RecordFormat.parquet.rawValue
        else { return }
        try deltaPublisher(of: record)?.mend(workspace.chain)
    }

    /// Refuses to begin with tables whose records would be refused, or whose columns the Delta tables of the folders cannot
    /// take in, into which their records would go.
    func admit(_ schemas: [TableSchema]) throws(Fault) {
        let layout = layout(epoch: 1, settings.columnar)
        let (gate, admission) = (schemaGate(layout.columnar), admission(of: layout))
        for schema in schemas {
            switch try gate.verdict(on: schema) {
            case .keep, .judge: try admission(schema)
            case .redirect(let table, _):
                try admission(TableSchema(table: table, columns: schema.columns, key: schema.key))
            case .quarantine: break
            }
        }
    }

    /// Refuses a table whose columns its Delta table cannot take in, before anything of it is published.
    func admission(of layout: RecordLayout) -> @Sendable (TableSchema) throws(Fault) -> Void {
        let (delta, log) = (delta, console.log)
        return { schema throws(Fault) in
            let leftOut = try delta?.admit(schema, layout: layout) ?? []
            guard !leftOut.isEmpty else { return }
            log.warning(
                "the Delta table of \(schema.table) is without \(leftOut.joined(separator: ", ")): Delta has no such type"
            )
        }
    }
}
