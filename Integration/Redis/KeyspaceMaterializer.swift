// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Folds an export into values, as a reader would who cannot execute a command: absolute records and stamped rows are
/// applied, all others passed over (`docs/format.md`, Stamped rows).
final class KeyspaceMaterializer {
    /// The keys with their values.
    private(set) var states: [KeyPlace: KeyState] = [:]
    /// As of which offset a key was read by itself; also of keys that are not there.
    private(set) var stamps: [KeyPlace: Int] = [:]
    /// How often each operation was met.
    private(set) var counts: [String: Int] = [:]
    /// How many records of commands were passed over because their key was read later.
    private(set) var coveredCount = 0
    /// Keys whose value the export does not tell.
    private(set) var unknown: Set<KeyPlace> = []

    private var pieces: (place: KeyPlace, value: KeyValue?, items: [[[UInt8]]], expiresAt: Int?)?
    private var argv: [[UInt8]] = []

    /// Folds the newest history.
    init(_ export: ExportFolder) throws {
        let epoch = try export.lastEpoch()
        var records: [(seq: String, database: Int, line: String)] = []
        for segment in try export.segments() where segment.epoch == epoch {
            let text = try ShellCommand.run(["sh", "-e"], input: ExportFolder.printing([segment], of: export))
            let number = Int(segment.table.dropFirst(2)) ?? 0
            for line in Lines.of(text) {
                records.append((String(decoding: line.utf8.dropFirst(13).prefix(38), as: UTF8.self), number, line))
            }
        }
        records.sort { $0.seq < $1.seq }
        for record in records {
            let position = Int(record.seq.dropFirst(5).prefix(16), radix: 16) ?? -1
            guard let fields = try JSONSerialization.jsonObject(with: Data(record.line.utf8)) as? [String: Any] else {
                throw TestFailure("a record is no object")
            }
            try apply(Record(fields: fields, database: record.database, position: position))
        }
        guard pieces == nil else { throw TestFailure("a key in pieces has no end") }
    }

    /// One record.
    private struct Record {
        let fields: [String: Any]
        let database: Int
        let position: Int

        var op: String { fields["op"] as? String ?? "" }
        var command: String { fields["cmd"] as? String ?? "" }
        var meta: [String: String] { fields["meta"] as? [String: String] ?? [:] }
        var items: [[[UInt8]]] { (fields["items"] as? [Any] ?? []).map(KeyspaceMaterializer.list) }
        var argv: [[UInt8]] { KeyspaceMaterializer.list(fields["argv"]) }
        var value: [UInt8]? { fields["value"].flatMap { $0 is NSNull ? nil : KeyspaceReplay.bytes($0) } }
        var expiresAt: Int? { fields["expire_at_ms"] as? Int }
        var stamp: Int? { meta["as_of"].flatMap { Int($0) } }
        var place: KeyPlace? {
            guard let key = fields["key"], !(key is NSNull) else { return nil }
            return KeyPlace(database: database, name: KeyspaceReplay.bytes(key))
        }
    }

    private func apply(_ record: Record) throws {
        counts[record.op, default: 0] += 1
        if record.fields["_cdc_op"] as? String == "r" { return try applyRow(record) }
        if !record.argv.isEmpty { argv = record.argv }
        switch record.op {
        case "flush":
            drop(record.command == "FLUSHALL" ? nil : [record.database], at: record.position)
        case "swapdb":
            drop(argv.dropFirst().compactMap { Int(String(decoding: $0, as: UTF8.self)) }, at: record.position)
        default:
            guard record.fields["apply"] as? String == "absolute", let place = record.place else { return }
            guard record.position > stamps[place] ?? -1 else {
                coveredCount += 1
                return
            }
            guard record.fields["piece"] is NSNull || record.fields["piece"] == nil else {
                throw TestFailure("a large absolute command, which this reader does not take")
            }
            try applyCommand(record, place)
        }
    }

    private func drop(_ databases: [Int]?, at position: Int) {
        states = states.filter { place, _ in
            databases.map { !$0.contains(place.database) } ?? false || stamps[place] ?? -1 >= position
        }
    }

    // MARK: Rows

    private func applyRow(_ record: Record) throws {
        switch record.op {
        case "row":
            guard let place = record.place else { return }
            try put(place, Self.value(record, record.items), record.expiresAt, at: record)
        case "row_begin":
            guard let place = record.place else { return }
            pieces = (place, Self.value(record, []), [], record.expiresAt)
        case "row_items": take(record)
        case "row_end":
            guard let (place, value, items, expiresAt) = pieces else {
                throw TestFailure("row_end without a row_begin")
            }
            pieces = nil
            var whole = value
            whole?.add(items)
            try put(place, whole, expiresAt, at: record)
        case "row_void": pieces = nil
        case "row_absent":
            guard let place = record.place else { return }
            states[place] = nil
            note(place, record)
        case "row_skipped", "row_unsettled":
            guard let place = record.place else { return }
            unknown.insert(place)
            note(place, record)
        default: applyStreamRow(record)
        }
    }

    private func put(_ place: KeyPlace, _ value: KeyValue?, _ expiresAt: Int?, at record: Record) throws {
        guard let value else { throw TestFailure("\(place) has no value") }
        states[place] = KeyState(value: value, expiresAt: expiresAt)
        unknown.remove(place)
        note(place, record)
    }

    private func note(_ place: KeyPlace, _ record: Record) {
        stamps[place] = record.stamp ?? record.position
    }

    private func take(_ record: Record) {
        guard pieces != nil else { return }
        if case .string(let bytes)? = pieces?.value {
            pieces?.value = .string(bytes + (record.value ?? []))
            return
        }
        var items = record.items
        let continues = record.fields["continues"] as? String
        if let continues, !items.isEmpty, var last = pieces?.items.popLast() {
            var first = items.removeFirst()
            if continues == "string", !last.isEmpty, !first.isEmpty {
                last[last.count - 1] += first.removeFirst()
            }
            pieces?.items.append(last + first)
        }
        pieces?.items += items
    }

    private static func value(_ record: Record, _ items: [[[UInt8]]]) -> KeyValue? {
        let type = record.fields["type"] as? String ?? ""
        if type == "string" { return .string(record.value ?? []) }
        var value = KeyValue.empty(type)
        value?.add(items)
        return value
    }

    private func applyStreamRow(_ record: Record) {
        guard let place = record.place, case .stream(var stream)? = states[place]?.value else { return }
        switch record.op {
        case "row_stream": stream.lastID = record.meta["last_id"] ?? "?"
        case "row_group": stream.groups[record.items[0][0]] = record.meta["last_id"]
        default: return
        }
        states[place]?.value = .stream(stream)
    }

    // MARK: Absolute commands

    private func applyCommand(_ record: Record, _ place: KeyPlace) throws {
        switch record.op {
        case "put":
            guard let value = record.value else { return }
            let expiresAt = record.meta["keep_ttl"] == nil ? record.expiresAt : states[place]?.expiresAt
            states[place] = KeyState(value: .string(value), expiresAt: expiresAt)
        case "del": states[place] = nil
        case "expire": states[place]?.expiresAt = record.expiresAt
        case "persist": states[place]?.expiresAt = nil
        case "member_add" where record.command == "SMOVE": change(place, "set") { $0.add([[argv[3]]]) }
        case "member_del" where record.command == "SMOVE": change(place, nil) { $0.remove([argv[3]]) }
        case "member_add", "field_put":
            change(place, record.fields["type"] as? String) { $0.add(record.items) }
        case "member_del", "field_del", "stream_del":
            change(place, nil) { value in value.remove(record.items.map { $0[0] }) }
        case "stream_add": addEntry(record, place)
        default: throw TestFailure("an absolute record that this reader does not know: \(record.op)")
        }
    }

    /// Changes a value; where there is none of its type one is made, unless nothing is added.
    private func change(_ place: KeyPlace, _ type: String?, _ body: (inout KeyValue) -> Void) {
        let empty = type.flatMap(KeyValue.empty)
        var state = states[place]
        if let empty, state.map({ !$0.value.hasType(of: empty) }) ?? true {
            state = KeyState(value: empty, expiresAt: state?.expiresAt)
        }
        guard var state else { return }
        body(&state.value)
        states[place] = state.value.isEmpty ? nil : state
    }

    private func addEntry(_ record: Record, _ place: KeyPlace) {
        let words = argv.map { String(decoding: $0, as: UTF8.self) }
        change(place, "stream") { value in
            if record.command != "XSETID" { value.add(record.items) }
            guard case .stream(var stream) = value else { return }
            if record.command == "XSETID" { stream.lastID = words[2] }
            if let option = words.dropFirst(2).prefix(2).firstIndex(where: { $0.uppercased() == "MAXLEN" }) {
                let limit = words[(option + 1)...].lazy.compactMap { Int($0) }.first ?? 0
                stream.entries.removeFirst(max(0, stream.entries.count - limit))
            }
            value = .stream(stream)
        }
    }

    fileprivate static func list(_ value: Any?) -> [[UInt8]] { (value as? [Any] ?? []).map(KeyspaceReplay.bytes) }
}

extension KeyValue {
    /// Whether both are lists, both sets, …
    func hasType(of other: KeyValue) -> Bool {
        switch (self, other) {
        case (.string, .string), (.list, .list), (.set, .set), (.sortedSet, .sortedSet), (.hash, .hash),
            (.stream, .stream):
            true
        default: false
        }
    }
}
