// SPDX-License-Identifier: Apache-2.0

import Anchors
import Bytes
import Configuration
import DurableFiles
import Export
import Faults
import Yams

/// The settings of one call: flags before environment before file before defaults.
struct Settings {
    /// Where a value comes from.
    enum Origin: String, CaseIterable {
        case flag
        case environment
        case file
        /// What was chosen when the export began.
        case export
        case builtIn = "default"

        /// Whether somebody has set the value for this call.
        var isChosen: Bool { self != .builtIn && self != .export }
    }

    /// A value and where it comes from.
    struct Entry {
        let value: String
        let origin: Origin
    }

    private let flags: [SettingKey: String]
    private let environment: EnvironmentVariablesProvider
    private let file: YAMLSnapshot?
    private let filePath: String?
    /// What the export was begun with, for settings that nobody sets.
    private var begun: [SettingKey: String] = [:]

    /// Reads all layers. Names that mean nothing are refused with the nearest that does.
    init(flags: [SettingKey: String], environment: [String: String], filePath: String?) throws(Fault) {
        self.flags = flags
        self.environment = EnvironmentVariablesProvider(environmentVariables: environment)
        self.filePath = filePath
        try Self.refuseUnknown(variables: environment.keys.sorted())
        if let filePath { file = try Self.read(filePath) } else { file = nil }
    }

    /// The effective value of a setting.
    func entry(_ key: SettingKey) throws(Fault) -> Entry? {
        if let value = flags[key] { return Entry(value: value, origin: .flag) }
        if let value = text(try? environment.value(forKey: ["kedge", key.rawValue], type: .string)) {
            return Entry(value: value, origin: .environment)
        }
        if let value = try fileValue(key) { return Entry(value: value, origin: .file) }
        if let value = begun[key] { return Entry(value: value, origin: .export) }
        return key.defaultValue.map { Entry(value: $0, origin: .builtIn) }
    }

    /// Goes on with what the export at `--to` was begun with, where it holds for its whole life and nobody says it again.
    mutating func adoptBeginning() throws(Fault) {
        guard let path = try text(.to), let record = try ExportRecord.read(in: ExportFolder(path)) else { return }
        begun = [.columnPrefix: record.columnPrefix, .format: record.fileFormat]
        guard record.fileFormat == RecordFormat.parquet.rawValue else { return }
        begun[.profile] = record.profile
        begun[.widen] = record.widening
    }

    private func fileValue(_ key: SettingKey) throws(Fault) -> String? {
        guard let file else { return nil }
        do {
            if let text = text(try file.value(forKey: [key.rawValue], type: .string)) { return text }
        } catch {
            if case .stringArray(let items)? = try? file.value(forKey: [key.rawValue], type: .stringArray).value?
                .content
            {
                return items.joined(separator: ",")
            }
            throw Fault(
                .settingInvalid,
                "\"\(key.rawValue)\" in \(filePath ?? "the file") is neither a value nor a list of values")
        }
        return nil
    }

    private func text(_ result: LookupResult?) -> String? {
        if case .string(let text)? = result?.value?.content { text } else { nil }
    }

    /// The settings of a file; nil when there are none in it.
    private static func read(_ path: String) throws(Fault) -> YAMLSnapshot? {
        let bytes: [UInt8]
        do throws(Fault) {
            bytes = try Files.contents(of: path, limit: 1 << 20)
        } catch {
            throw Fault(.configUnreadable, "the configuration file \(path) cannot be read", detail: error.detail)
        }
        do {
            guard let node = try Yams.compose(yaml: String(decoding: bytes, as: UTF8.self)) else { return nil }
            guard let mapping = node.mapping else {
                throw Fault(
                    .configUnreadable, "\(path) is not a list of settings",
                    detail: "expected lines such as `to: /data/export`")
            }
            try refuseUnknown(keys: mapping.keys.map { $0.string ?? "" }, in: path)
            for (key, value) in mapping where value.mapping != nil {
                throw Fault(
                    .settingInvalid, "\"\(key.string ?? "")\" in \(path) is neither a value nor a list of values")
            }
            return try bytes.withRawSpan { span in
                try YAMLSnapshot(data: span, providerName: path, parsingOptions: YAMLSnapshot.ParsingOptions.default)
            }
        } catch let fault as Fault {
            throw fault
        } catch {
            throw Fault(.configUnreadable, "\(path) is not YAML", detail: "\(error)")
        }
    }

    // MARK: Names that mean nothing

    private static func refuseUnknown(keys: [String], in path: String) throws(Fault) {
        for key in keys where SettingKey(rawValue: key) == nil {
            throw unknown(
                "\"\(key)\" in \(path)",
                nearest: Spelling.nearest(to: key, among: SettingKey.allCases.map(\.rawValue)))
        }
    }

    /// Variables that look like a setting with a slip of the pen are refused. Others are somebody else's: container
    /// platforms and test benches set variables of this name too.
    private static func refuseUnknown(variables: [String]) throws(Fault) {
        let known = SettingKey.allCases.map(\.variable)
        let others = ["KEDGE_CONFIG", "KEDGE_CRASH_AT", "KEDGE_BIN", "KEDGE_PORT"]
        for name in variables where name.hasPrefix("KEDGE_") && !known.contains(name) && !others.contains(name) {
            guard let meant = Spelling.nearest(to: name, among: known, within: 2) else { continue }
            throw unknown("environment variable \(name)", nearest: meant)
        }
    }

    private static func unknown(_ what: String, nearest: String?) -> Fault {
        Fault(
            .settingUnknown, "unknown setting \(what)",
            hint: nearest.map { "did you mean \($0)?" })
    }
}
