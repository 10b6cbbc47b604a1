// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import PostgresAdapter
import Runtime

/// Values of settings, each with an error that names the setting, the value and where it was set.
extension Settings {
    /// The text of a setting that must be there.
    func required(_ key: SettingKey) throws(Fault) -> String {
        guard let entry = try entry(key), !entry.value.isEmpty else {
            throw Fault(.usage, "--\(key.rawValue) is missing", hint: "give --\(key.rawValue), or set \(key.variable)")
        }
        return entry.value
    }

    /// The text of a setting, or nil.
    func text(_ key: SettingKey) throws(Fault) -> String? {
        try entry(key)?.value
    }

    /// Refuses settings that somebody has set although they mean nothing.
    func refuse(_ keys: [SettingKey], _ why: String) throws(Fault) {
        for key in keys {
            guard let entry = try entry(key), entry.origin.isChosen else { continue }
            throw invalid(key, entry, "it \(why)", hint: "leave it out")
        }
    }

    /// One of a closed set.
    func choice<T: RawRepresentable & CaseIterable>(_ key: SettingKey, _ type: T.Type) throws(Fault) -> T
    where T.RawValue == String {
        let known = T.allCases.map(\.rawValue)
        return try parsed(key, "one of \(known.joined(separator: ", "))", among: known) { T(rawValue: $0) }
    }

    /// Where changes come from, as libpq is told; empty when the `PG*` variables say it all. What libpq cannot read, or
    /// would take for the name of a database although an address was meant, is refused before anything is tried.
    func source() throws(Fault) -> Redacted {
        guard let entry = try entry(.source) else { return Redacted("") }
        let source = Redacted(entry.value)
        guard let problem = ConnectionString.problem(in: source) else { return source }
        throw invalid(.source, entry, "no connection string: \(problem)", hint: ConnectionString.hint(for: source))
    }

    /// Yes or no.
    func flag(_ key: SettingKey) throws(Fault) -> Bool {
        try parsed(key, "true or false") {
            ["true": true, "yes": true, "1": true, "false": false, "no": false, "0": false][$0]
        }
    }

    /// A whole number.
    func number(_ key: SettingKey, _ range: ClosedRange<Int>) throws(Fault) -> Int {
        try parsed(key, "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A size in bytes: `64MiB`, `1GB`, `4096`.
    func byteCount(_ key: SettingKey, minimum: Int = 0) throws(Fault) -> Int {
        try parsed(key, "a size such as 64MiB, at least \(minimum) bytes") { text in
            Quantity.byteCount(text).flatMap { $0 >= minimum ? $0 : nil }
        }
    }

    /// A span of time: `10s`, `250ms`, `5m`, `1h`.
    func duration(_ key: SettingKey) throws(Fault) -> Duration {
        try parsed(key, "a time such as 10s, 250ms, 5m or 1h", Quantity.duration)
    }

    /// When anchors are due: `10s,10000tx,64MiB`, in any order, each at most once.
    func anchorPolicy() throws(Fault) -> AnchorPolicy {
        try parsed(.anchorEvery, "a list such as 10s,10000tx,64MiB", Quantity.anchorPolicy)
    }

    /// How the server sends what it decodes.
    func streaming() throws(Fault) -> PostgresOptions.Streaming {
        let version: Int? = try parsed(.streamProtocol, "one of auto, 1, 2, 3, 4") { text -> Int?? in
            if text == "auto" { return .some(nil) }
            return Int(text).flatMap { (1...4).contains($0) ? .some($0) : nil }
        }
        let keepsTwoPhase = try flag(.twoPhase)
        if keepsTwoPhase, let version, version < 3 {
            throw Fault(
                .settingInvalid, "--two-phase needs --protocol 3 or 4, and --protocol is \(version)",
                hint: "leave out --protocol")
        }
        return PostgresOptions.Streaming(
            version: version, keepsTwoPhase: keepsTwoPhase,
            onlyOwnChanges: try choice(.origin, OriginChoice.self) == .none)
    }

    /// Where the run ends.
    func stopTarget() throws(Fault) -> StopTarget {
        guard try text(.until) != nil else { return .none }
        let expected = "now, a position such as 0/16B3748, or a time such as 2026-11-22T10:00:00Z"
        return try parsed(.until, expected, among: ["now"]) { text in
            if text == "now" { return .now }
            if let position = PositionNotation.lsn.position(text) { return .position(position) }
            return Timestamp(text).map(StopTarget.time)
        }
    }

    /// Patterns of tables.
    func selection() throws(Fault) -> TableSelection {
        TableSelection(include: try patterns(.tables), exclude: try patterns(.excludeTables))
    }

    private func patterns(_ key: SettingKey) throws(Fault) -> [TableSelection.Pattern] {
        guard try text(key) != nil else { return [] }
        return try parsed(key, "patterns such as public.orders or sales.*") { text in
            let parts = text.split(separator: ",").map { $0.trimming() }
            let patterns = parts.compactMap(TableSelection.Pattern.init)
            return patterns.count == parts.count ? patterns : nil
        }
    }

    /// What `parse` makes of a setting; nil from it is an error that says what was expected, and where it was set.
    /// Of the words in `known` the nearest is proposed.
    func parsed<T>(
        _ key: SettingKey, _ expected: String, among known: [String] = [], _ parse: (String) -> T?
    ) throws(Fault) -> T {
        guard let entry = try entry(key) else { throw Fault(.usage, "--\(key.rawValue) is missing") }
        guard let value = parse(entry.value) else {
            let meant = Spelling.nearest(to: entry.value, among: known, within: 2)
            throw invalid(
                key, entry, "\"\(Redacted.redact(entry.value))\" is not \(expected)",
                hint: meant.map { "did you mean \($0)?" })
        }
        return value
    }

    /// The fault of a value that cannot be, which says where it was set.
    func invalid(_ key: SettingKey, _ entry: Entry, _ what: String, hint: String?) -> Fault {
        Fault(
            entry.origin == .flag ? .usage : .settingInvalid, "\(name(of: key, entry.origin)): \(what)", hint: hint)
    }

    private func name(of key: SettingKey, _ origin: Origin) -> String {
        switch origin {
        case .flag, .builtIn: "--\(key.rawValue)"
        case .environment: key.variable
        case .file: "\(key.rawValue) in the configuration file"
        case .export: "\(key.rawValue) in export.json"
        }
    }
}

/// Quantities as people write them.
enum Quantity {
    static func byteCount(_ text: String) -> Int? {
        split(
            text,
            units: [
                "": 1, "b": 1, "kb": 1000, "kib": 1 << 10, "mb": 1_000_000, "mib": 1 << 20, "gb": 1_000_000_000,
                "gib": 1 << 30, "tb": 1_000_000_000_000, "tib": 1 << 40,
            ])
    }

    static func duration(_ text: String) -> Duration? {
        // Small letters only: 64M is a slip for a size, not an hour and four minutes.
        guard text == text.lowercased() else { return nil }
        return split(text, units: ["ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000])
            .map { .milliseconds($0) }
    }

    static func anchorPolicy(_ text: String) -> AnchorPolicy? {
        var interval: Duration?
        var transactions: Int?
        var bytes: Int?
        for part in text.split(separator: ",").map({ $0.trimming() }) {
            if let count = split(part, units: ["tx": 1]), transactions == nil {
                transactions = count
            } else if let duration = duration(part), interval == nil {
                interval = duration
            } else if let count = byteCount(part), bytes == nil {
                bytes = count
            } else {
                return nil
            }
        }
        guard interval != nil || transactions != nil || bytes != nil else { return nil }
        return AnchorPolicy(
            interval: interval ?? .seconds(1 << 31), transactionCount: max(1, transactions ?? .max),
            byteCount: max(1, bytes ?? .max))
    }

    /// A whole number and a unit behind it, whatever the case of its letters.
    private static func split(_ text: String, units: [String: Int]) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).lowercased().trimming()
        guard let number = Int(digits), let factor = units[unit] else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }
}

extension StringProtocol {
    /// Without white space at either end.
    func trimming() -> String {
        var text = String(self)[...]
        while text.last?.isWhitespace == true { text.removeLast() }
        while text.first?.isWhitespace == true { text.removeFirst() }
        return String(text)
    }
}

/// Whose changes are exported.
private enum OriginChoice: String, CaseIterable {
    /// All.
    case any
    /// Those that the source has not itself received by replication.
    case none
}
