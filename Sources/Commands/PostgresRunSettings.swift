// SPDX-License-Identifier: Apache-2.0

import Export
import Faults
import PostgresAdapter
import Threads

/// What one run was asked to do with a PostgreSQL database.
struct PostgresRunSettings {
    let run: RunSettings
    let source: Redacted
    let slot: String
    let publication: String
    let selection: TableSelection
    let mode: ExportMode
    let target: StopTarget
    let jobs: Int
    let toast: PostgresOptions.ToastPolicy
    let onRewrite: PostgresOptions.RewritePolicy
    let messages: PostgresOptions.MessagePolicy
    let streaming: PostgresOptions.Streaming
    let creation: PostgresOptions.Creation
    let slotTimeout: Duration
    let transactions: TransactionsChoice

    init(_ settings: Settings, snapshotOnly: Bool = false) throws(Fault) {
        source = try settings.source()
        run = try RunSettings(settings)
        slot =
            try settings.text(.slot) == nil
            ? Self.defaultSlot(run.path)
            : settings.parsed(.slot, "a slot name: a-z, 0-9 and _, at most 63 of them", Self.slotName)
        publication = try settings.text(.publication) ?? slot
        selection = try settings.selection()
        mode = snapshotOnly ? .snapshotOnly : try settings.choice(.snapshot, ExportMode.self)
        target = try settings.stopTarget()
        if mode == .snapshotOnly, let until = try settings.entry(.until), target != .now {
            throw settings.invalid(
                .until, until, "a snapshot alone has no end of its own to choose", hint: "leave out --until")
        }
        let jobs = try settings.number(.jobs, 0...256)
        self.jobs = jobs == 0 ? processorCount() : jobs
        toast = try settings.choice(.toast, PostgresOptions.ToastPolicy.self)
        onRewrite = try settings.choice(.onRewrite, PostgresOptions.RewritePolicy.self)
        messages = try settings.choice(.messages, PostgresOptions.MessagePolicy.self)
        streaming = try settings.streaming()
        creation = try settings.flag(.noCreate) ? .forbidden : .allowed
        slotTimeout = try settings.duration(.slotTimeout)
        transactions = try Self.transactions(settings, run.format)
    }

    /// `kedge_` and the letters and digits of the folder's own name.
    static func defaultSlot(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        let letters = name.lowercased().unicodeScalars.map { scalar -> Character in
            scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                ? Character(scalar) : "_"
        }
        let stem = String(letters).split(separator: "_").joined(separator: "_")
        return stem.isEmpty ? "kedge" : String("kedge_\(stem)".prefix(63))
    }

    private enum Transactions: String, CaseIterable {
        case auto
        case on
        case off
    }

    /// What engines read has a table of transactions, unless somebody says otherwise.
    private static func transactions(_ settings: Settings, _ format: RecordFormat) throws(Fault) -> TransactionsChoice {
        switch try settings.choice(.transactionsTable, Transactions.self) {
        case .auto: format == .parquet ? .on : .off
        case .on: .on
        case .off: .off
        }
    }

    private static func slotName(_ name: String) -> String? {
        let isValid =
            (1...63).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f
            }
        return isValid ? name : nil
    }
}
