// SPDX-License-Identifier: Apache-2.0

import Anchors
import ArgumentParser
import Changelog
import Digests
import DurableFiles
import Faults

/// `kedge anchors`: see `docs/manual/anchors.md`.
struct AnchorsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "anchors", abstract: "Show the chain of anchors.",
        subcommands: [ListCommand.self, ShowCommand.self])

    /// `kedge anchors list`.
    struct ListCommand: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "One line for each anchor.")

        @OptionGroup var export: ExportOptions
        @OptionGroup var outputs: OutputOptions

        private struct Line: Encodable {
            let anchor: Int
            let kind: String
            let epoch: UInt16
            let from: String
            let to: String
            let transactions: Int
            let rows: Int
            let segments: Int
            let notices: Int
            let publishedAt: String
            let sha256: String
        }

        func run() throws {
            let settings = try outputs.settings(export.flags)
            let console = try Console(settings)
            let store = DirectoryAnchorStore(exportPath: try ExportFolder.existing(settings.required(.to)).path)
            for number in try store.unbrokenNumbers() {
                guard let stored = try store.anchor(number) else { continue }
                let line = line(stored)
                try console.print(text(line), or: line)
            }
        }

        private func line(_ stored: StoredAnchor) -> Line {
            let anchor = stored.anchor
            return Line(
                anchor: anchor.number, kind: anchor.kind.rawValue, epoch: anchor.epoch,
                from: anchor.source.notation.text(anchor.from), to: anchor.source.notation.text(anchor.to),
                transactions: anchor.transactions, rows: anchor.changes.total, segments: anchor.segments.count,
                notices: anchor.notices.count,
                publishedAt: anchor.run.publishedAt.description, sha256: stored.digest.hexadecimal)
        }

        private func text(_ line: Line) -> String {
            "\(line.anchor)\t\(line.kind)\tepoch \(line.epoch)\t\(line.from) to \(line.to)\t\(line.rows) rows\t"
                + "\(line.transactions) transactions\t\(line.segments) segments\t\(line.publishedAt)\t\(line.sha256.prefix(12))"
                + (line.notices > 0 ? "\t\(line.notices) notices" : "")
        }
    }

    /// `kedge anchors show`.
    struct ShowCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "One anchor, as its file has it.")

        @OptionGroup var export: ExportOptions
        @OptionGroup var outputs: OutputOptions
        @Argument(help: "The number of the anchor.")
        var number: Int

        func run() throws {
            let settings = try outputs.settings(export.flags)
            let console = try Console(settings)
            let folder = try ExportFolder.existing(settings.required(.to))
            guard try DirectoryAnchorStore(exportPath: folder.path).anchor(number) != nil else {
                throw Fault(.anchorMissing, "the export has no anchor \(number)")
            }
            let bytes = try Files.contents(of: folder.anchor(number), limit: 1 << 30)
            try console.print(String(decoding: bytes, as: UTF8.self).trimming())
        }
    }
}
