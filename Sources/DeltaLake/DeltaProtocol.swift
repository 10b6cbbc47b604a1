// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Faults

/// What a log asks of its writers, and whether kedge can give it.
///
/// kedge only ever appends files, so it may write where it knows that nothing more is asked of an append.
enum DeltaProtocol {
    private static let readerFeatures: Set<String> = ["timestampNtz"]
    private static let writerFeatures: Set<String> = ["timestampNtz", "appendOnly", "invariants", "domainMetadata"]

    /// The protocol of a new table: the oldest that its columns allow, so that most readers open it.
    static func rule(for schema: DeltaSchema) -> JSON {
        guard schema.needsTimestampWithoutZone else {
            return .object(["minReaderVersion": .number(1), "minWriterVersion": .number(2)])
        }
        return .object([
            "minReaderVersion": .number(3), "minWriterVersion": .number(7),
            "readerFeatures": .array([.text("timestampNtz")]),
            "writerFeatures": .array(["timestampNtz", "appendOnly", "invariants"].map(JSON.text)),
        ])
    }

    /// The protocol that the table needs now; nil when it has what it needs.
    static func raised(_ rule: JSON, for schema: DeltaSchema) -> JSON? {
        let wanted = Self.rule(for: schema)
        let has = names(rule, "readerFeatures").contains("timestampNtz")
        guard schema.needsTimestampWithoutZone, !has, case .object(var members) = wanted else { return nil }
        for (key, more) in [
            ("readerFeatures", names(rule, "readerFeatures")),
            ("writerFeatures", names(rule, "writerFeatures")),
        ] {
            let all = Set(names(wanted, key)).union(more)
            members[key] = .array(all.sorted().map(JSON.text))
        }
        return .object(members)
    }

    private static func names(_ rule: JSON, _ key: String) -> [String] {
        (rule[key]?.elements ?? []).compactMap(\.text)
    }

    /// Refuses a table that others have given something that an append would have to heed.
    static func requireKnown(_ state: DeltaState, _ log: DeltaLogFolder) throws(Fault) {
        guard let rule = state.protocolRule, let metaData = state.metaData else {
            throw log.damaged("\(log.path) does not say what its table is")
        }
        let reader = rule["minReaderVersion"]?.number ?? 0
        let writer = rule["minWriterVersion"]?.number ?? 0
        let unknown = Set(names(rule, "readerFeatures")).subtracting(readerFeatures)
            .union(Set(names(rule, "writerFeatures")).subtracting(writerFeatures))
        if let feature = unknown.sorted().first { throw refusal(log, "the table feature \(feature)") }
        guard reader <= 1 || reader == 3, writer <= 2 || writer == 7 else {
            throw refusal(log, "the protocol of reader version \(reader) and writer version \(writer)")
        }
        guard metaData["partitionColumns"]?.elements?.isEmpty ?? true else { throw refusal(log, "partitions") }
        let properties = metaData["configuration"]
        if let mapping = properties?["delta.columnMapping.mode"]?.text, mapping != "none" {
            throw refusal(log, "column mapping")
        }
        if metaData["schemaString"]?.text?.contains("delta.invariants") == true { throw refusal(log, "invariants") }
    }

    private static func refusal(_ log: DeltaLogFolder, _ what: String) -> Fault {
        Fault(
            .deltaUnsupported, "the Delta table \(log.table) has \(what), which kedge does not write for",
            hint:
                "take it back with the engine that has set it; or remove \(log.path), and the next run makes the table "
                + "anew from the chain; or go on with --delta off")
    }
}
