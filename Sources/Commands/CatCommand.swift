// SPDX-License-Identifier: Apache-2.0

import Anchors
import ArgumentParser
import Bytes
import Changelog
import Contracts
import DurableFiles
import Faults
import Logging
import Verification

/// `kedge cat`: see `docs/manual/cat.md`.
struct CatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat", abstract: "Print the records of one table in order, one JSON object a line.")

    @OptionGroup var export: ExportOptions
    @OptionGroup var outputs: OutputOptions
    @Option(help: ArgumentHelp("The table, as anchors name it: public.orders.", valueName: "table"))
    var table: String
    @Option(help: ArgumentHelp("Only these anchors: 3, 3..7, 3.. or ..7.", valueName: "range"))
    var anchors: String?
    @Option(help: ArgumentHelp("Hold what is printed to this data contract (ODCS 3.1).", valueName: "file"))
    var contract: String?

    func run() throws {
        let settings = try outputs.settings(
            present([.contract: contract]).merging(export.flags) { first, _ in first })
        let console = try Console(settings)
        let folder = try ExportFolder.existing(settings.required(.to))
        let range = try Self.range(anchors)
        let store = DirectoryAnchorStore(exportPath: folder.path)
        var isKnown = false
        var others: Set<String> = []
        var buffer = ByteBuffer(capacity: 256 << 10)
        var scan = try settings.text(.contract).map { (path) throws(Fault) in
            ContractScan(
                try DataContract.read(path).0, columnPrefix: try ExportRecord.read(in: folder)?.columnPrefix ?? "_cdc_")
        }
        let schemas = SchemaStore(folder)
        for number in try store.unbrokenNumbers() {
            guard number <= range.upperBound, let anchor = try store.anchor(number)?.anchor else { break }
            // A snapshot's segments are in the order of its rows; a table's segments follow each other everywhere.
            others.formUnion(anchor.segments.map(\.table))
            // Records that go on in another folder follow those in the folder of their table.
            for segment in anchor.segments where segment.table == table || segment.origin == table {
                isKnown = true
                guard range.contains(number) else { continue }
                try segment.prove(in: folder)
                let schema = scan == nil ? nil : try schemas.schema(segment.schema)
                try print(segment, of: schema, in: folder, heldTo: &scan, through: &buffer)
            }
        }
        guard isKnown else { throw Fault.missing(table, among: others.sorted()) }
        if let scan { try settle(scan.findings, console) }
    }

    /// Tells where what was printed is not what the contract promises.
    private func settle(_ findings: [ContractFinding], _ console: Console) throws(Fault) {
        let breaches = findings.filter { $0.weight == .breach }
        guard !breaches.isEmpty else { return }
        for breach in breaches { console.log.error("\(breach.description)") }
        throw Fault(
            .contractViolated, "\(table) is not what the contract promises: \(breaches.count) findings, see above",
            hint: "bring the source or the contract back to each other")
    }

    private func print(
        _ segment: SegmentRecord, of schema: TableSchema?, in folder: ExportFolder, heldTo scan: inout ContractScan?,
        through buffer: inout ByteBuffer
    ) throws(Fault) {
        if let schema { _ = scan?.begin(segment, of: schema) }
        var reader = try SegmentReader(path: folder.file(segment.path))
        while try reader.advance() {
            let start = buffer.count
            reader.appendLine(to: &buffer)
            _ = try scan?.look(at: buffer.bytes.extracting(start..<buffer.count))
            buffer.append(UInt8(ascii: "\n"))
            if buffer.count >= 192 << 10 { try flush(&buffer) }
        }
        try flush(&buffer)
    }

    private func flush(_ buffer: inout ByteBuffer) throws(Fault) {
        try StandardStream.output.write(buffer.bytes)
        buffer.removeAll()
    }

    /// Reads `3`, `3..7`, `3..` or `..7`; nothing means all anchors.
    static func range(_ text: String?) throws(Fault) -> ClosedRange<Int> {
        guard let text else { return 1...Int.max }
        let parts = text.split(separator: "..", maxSplits: 1, omittingEmptySubsequences: false)
        let bounds = parts.map { Int($0) }
        let isSound = zip(parts, bounds).allSatisfy { $0.isEmpty && parts.count == 2 || $1 != nil }
        guard isSound, let first = bounds.first, let last = bounds.last else {
            throw Fault(.usage, "--anchors: \"\(text)\" is not a range such as 3..7")
        }
        let lower = first ?? 1
        let upper = last ?? Int.max
        guard lower <= upper, lower >= 1 else { throw Fault(.usage, "--anchors: \"\(text)\" is an empty range") }
        return lower...upper
    }
}

extension Fault {
    /// The export holds no records of a table; of `others` it does.
    static func missing(_ table: String, among others: [String]) -> Fault {
        let meant = Spelling.nearest(to: table, among: others)
        return Fault(
            .tableMissing, "the export holds no records of table \"\(table)\"",
            hint: meant.map { "did you mean \($0)?" }
                ?? "it holds records of \(others.prefix(10).joined(separator: ", "))")
    }
}
