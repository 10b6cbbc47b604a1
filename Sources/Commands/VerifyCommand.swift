// SPDX-License-Identifier: Apache-2.0

import Anchors
import ArgumentParser
import DurableFiles
import Faults
import Metastore
import Verification

/// `kedge verify`: see `docs/manual/verify.md`.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Prove offline that the export is what was published: chain, digests, counts, order, no gap.")

    @OptionGroup var export: ExportOptions
    @OptionGroup var outputs: OutputOptions
    @Option(help: ArgumentHelp("Begin with this anchor instead of the first.", valueName: "anchor"))
    var from = 1

    private struct Report: Encodable {
        let sound: Bool
        let export: String?
        let firstAnchor: Int?
        let lastAnchor: Int?
        let reached: String?
        let segments: Int
        let records: Int
        let bytes: Int
        let deltaTables: Int
        let replaced: Int
        let findings: [[String: String]]
        let notes: [[String: String]]
    }

    func run() throws {
        let settings = try outputs.settings(export.flags)
        let console = try Console(settings)
        let path = try settings.required(.to)
        let folder = ExportFolder(path)
        guard try Files.exists(folder.control) else { throw Fault(.exportMissing, "\(path) is no export") }
        let (catalog, damage) = try catalog(folder)
        let result = try Verifier(exportPath: path, catalog: catalog).verify(fromAnchor: from)
        let findings = result.findings + damage
        let report = Report(
            sound: findings.isEmpty, export: result.exportID, firstAnchor: result.anchors?.lowerBound,
            lastAnchor: result.anchors?.upperBound, reached: result.reached, segments: result.segmentCount,
            records: result.recordCount, bytes: result.byteCount,
            deltaTables: result.deltaTableCount, replaced: result.replacedCount,
            findings: findings.map { ["path": $0.path, "what": $0.what] },
            notes: result.notes.map { ["path": $0.path, "what": $0.what] })
        try console.print(text(result, findings), or: report)
        guard findings.isEmpty else {
            throw Fault(.verificationFailed, "the export does not hold: \(findings.count) findings, see above")
        }
    }

    /// What the metadata store says of the chain. It is no part of the proof and can be made anew, but it must be whole
    /// and must not contradict the chain. It is looked at and left as it is.
    private func catalog(_ folder: ExportFolder) throws(Fault) -> (CatalogView?, damage: [Finding]) {
        guard try Files.exists(folder.catalog) else { return (nil, []) }
        let path = "\(ExportFolder.controlName)/catalog.sqlite"
        do throws(Fault) {
            let store = try Metastore(reading: folder.catalog)
            let last = try store.lastRecorded()?.number
            return (CatalogView(lastNumber: last) { number in (try? store.recorded(number))??.digest }, [])
        } catch {
            guard error.code == .exportBroken else { return (nil, []) }
            return (nil, [Finding(path: path, what: error.detail ?? error.message)])
        }
    }

    private func text(_ result: VerificationReport, _ findings: [Finding]) -> String {
        var lines = findings.map { "BROKEN  \($0.path): \($0.what)" }
        lines += result.notes.map { "note    \($0.path): \($0.what)" }
        let range = result.anchors.map { "anchors \($0.lowerBound) to \($0.upperBound)" } ?? "no anchors"
        lines.append(
            "\(findings.isEmpty ? "holds" : "does not hold"): \(range), \(result.segmentCount) segments, "
                + "\(result.recordCount) records, \(result.byteCount) bytes"
                + (result.reached.map { ", reached \($0)" } ?? ""))
        if result.deltaTableCount > 0 {
            lines.append(
                "\(result.deltaTableCount) Delta tables compared"
                    + (result.replacedCount > 0
                        ? "; \(result.replacedCount) segments are gone, replaced there by what others have rewritten"
                        : ""))
        }
        return lines.joined(separator: "\n")
    }
}
