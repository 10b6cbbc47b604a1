// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Changelog
import Compression
import Digests
import Export
import Faults
import ParquetReading
import Verification

/// `kedge inspect`: see `docs/manual/inspect.md`.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show what one segment file holds.")

    @OptionGroup var outputs: OutputOptions
    @Argument(help: "The file.")
    var file: String

    private struct Report: Encodable {
        let file: String
        let format: String
        let compression: String
        let rows: Int
        let changes: [String: Int]
        let profile: String?
        let rowGroups: [Int]?
        let chunks: [Chunk]?
        let seqMin: String?
        let seqMax: String?
        let bytes: Int
        let uncompressedBytes: Int
        let sha256: String
        let anchor: Int?
        let table: String?
        let schema: String?
        let columns: [[String: String]]?
        let digestMatches: Bool?
    }

    /// One column of a file of columns, over all groups of rows.
    private struct Chunk: Encodable {
        let path: String
        let encodings: [String]
        let bytes: Int
        let uncompressedBytes: Int
        let nulls: Int
    }

    func run() throws {
        let console = try Console(outputs.settings())
        let report = report(try SegmentInspection(path: file))
        try console.print(text(report), or: report)
    }

    private func report(_ segment: SegmentInspection) -> Report {
        var changes: [String: Int] = [:]
        for operation in Changelog.Operation.allCases where segment.changes[operation] > 0 {
            changes[operation.letter] = segment.changes[operation]
        }
        return Report(
            file: file, format: segment.format.rawValue, compression: compression(segment), rows: segment.rows,
            changes: changes, profile: segment.columns?.profile.rawValue, rowGroups: segment.columns?.rowGroups,
            chunks: segment.columns?.columns.map {
                Chunk(
                    path: $0.path, encodings: $0.encodings, bytes: $0.byteCount,
                    uncompressedBytes: $0.uncompressedByteCount, nulls: $0.nullCount)
            },
            seqMin: segment.seqMin?.description, seqMax: segment.seqMax?.description, bytes: segment.bytes,
            uncompressedBytes: segment.uncompressedBytes, sha256: segment.sha256.hexadecimal,
            anchor: segment.published?.anchor, table: segment.published?.table, schema: segment.published?.schemaID,
            columns: segment.published?.schema?.columns.map {
                ["name": $0.name, "type": $0.type.description, "source": $0.sourceType]
            },
            digestMatches: segment.published.map { $0.sha256 == segment.sha256 })
    }

    /// What compresses the file, or the pages inside it.
    private func compression(_ segment: SegmentInspection) -> String {
        guard let columns = segment.columns else { return segment.codec.rawValue }
        let codecs = Set(columns.columns.flatMap(\.codecs)).sorted()
        return codecs.isEmpty ? segment.codec.rawValue : codecs.joined(separator: ", ")
    }

    private func text(_ report: Report) -> String {
        var lines = ["file      \(report.file)", "format    \(report.format), \(report.compression)"]
        let changes = report.changes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        lines.append("rows      \(report.rows) (\(changes))")
        if let first = report.seqMin, let last = report.seqMax { lines.append("sequence  \(first) to \(last)") }
        lines.append("bytes     \(report.bytes), \(report.uncompressedBytes) before compression")
        lines.append("sha256    \(report.sha256)")
        if let anchor = report.anchor, let table = report.table {
            let match = report.digestMatches == true ? "the digest is the anchor's" : "THE DIGEST IS NOT THE ANCHOR'S"
            lines.append("anchor    \(anchor), table \(table), \(match)")
        }
        if let profile = report.profile, let groups = report.rowGroups {
            lines.append("profile   \(profile); groups of rows: \(groups.map(String.init).joined(separator: ", "))")
        }
        for chunk in report.chunks ?? [] {
            let encodings = chunk.encodings.joined(separator: ", ")
            lines.append("chunk     \(chunk.path)  \(encodings)  \(chunk.bytes) bytes, \(chunk.nulls) nulls")
        }
        for column in report.columns ?? [] {
            lines.append("column    \(column["name"] ?? "")  \(column["source"] ?? "") as \(column["type"] ?? "")")
        }
        return lines.joined(separator: "\n")
    }
}
