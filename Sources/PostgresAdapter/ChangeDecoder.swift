// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Faults
import PgOutput
import PostgresValues

/// Turns the messages of one transaction into changes of a batch. Knows no socket, no catalog and no file.
struct ChangeDecoder {
    /// What decoding one message came to.
    enum Outcome: Equatable {
        /// The message is in the batch, or had nothing for it.
        case done
        /// Nothing was done: the message describes a table with types of which nothing is known. Tell of them with
        /// ``ChangeDecoder/learn(_:asked:)`` and decode the message again.
        case needsTypes([UInt32])
        /// An update left out a value of this column, which the options do not allow.
        case toastUnknown(TableName, column: String)
        /// A table is new, or has a new shape.
        case newShape(TableName)
        /// Nothing was done: the catalog should be asked about this table. Tell what it says with
        /// ``ChangeDecoder/learn(_:)`` and decode the message again.
        case needsFacts(UInt32)
        /// A table was described as it was: something other than its columns has changed.
        case describedAgain(UInt32)
    }

    private var relations: RelationCache
    private let toast: PostgresOptions.ToastPolicy
    private var ordinal: UInt64 = 0
    private var batchSerial = 0
    private let messages = StreamedTable(
        schema: LogicalMessageTable.schema, converters: [], isKey: [], isSelected: true)

    private let twoPhase = StreamedTable(
        schema: TwoPhaseTable.schema, converters: [], isKey: [], isSelected: true)

    init(relations: RelationCache, toast: PostgresOptions.ToastPolicy) {
        self.relations = relations
        self.toast = toast
    }

    /// Ordinals begin again at 1.
    mutating func beginTransaction() {
        ordinal = 0
    }

    /// Another batch is in hand.
    mutating func beginBatch() {
        batchSerial += 1
    }

    /// Takes in what was found of the types in `asked`; those that were not found count as text from now on.
    mutating func learn(_ types: TypeDictionary, asked: [UInt32]) {
        relations.types = types
        for oid in asked where types.missing(oid) {
            relations.types.insert(PostgresType(oid: oid, name: "unknown.\(oid)", kind: .base))
        }
    }

    /// The types that are known.
    var types: TypeDictionary { relations.types }

    /// Takes in what the catalog says when the stream begins, and what it said before the stream that comes.
    mutating func learn(_ facts: [UInt32: TableFacts], before: [UInt32: TableFacts]) {
        relations.memory.isConsulted = true
        relations.memory.remember(before)
        relations.learn(facts)
    }

    /// Takes in what the catalog says of tables now.
    mutating func learn(_ facts: [UInt32: TableFacts]) {
        relations.learn(facts)
    }

    /// The exported tables that the stream has described.
    var describedTables: [UInt32] { relations.describedTables }

    /// Decodes one message into the run of changes that `batch` has begun.
    mutating func decode(
        _ bytes: RawSpan, in context: MessageContext = .whole, into batch: inout ChangeBatch
    ) throws(WireFault) -> Outcome {
        switch try PgOutputMessage(bytes, in: context) {
        case .insert(let insert):
            ordinal += 1
            guard let table = try table(insert.relation) else { return .done }
            begin(.create, table, &batch)
            let outcome = try append(insert.new, old: nil, of: table, &batch)
            batch.endChange()
            return outcome
        case .update(let update):
            ordinal += 1
            guard let table = try table(update.relation) else { return .done }
            begin(.update, table, &batch)
            let outcome = try append(update.new, old: update.old, of: table, &batch)
            if let old = update.old { try appendOldRow(old, of: table, &batch) }
            batch.endChange()
            return outcome
        case .delete(let delete):
            ordinal += 1
            guard let table = try table(delete.relation) else { return .done }
            begin(.delete, table, &batch)
            try append(delete.old, of: table, &batch)
            try appendOldRow(delete.old, of: table, &batch)
            batch.endChange()
            return .done
        case .truncate(let truncate):
            try self.truncate(truncate, &batch)
            return .done
        case .message(let message):
            append(message, &batch)
            return .done
        case .relation(let relation): return try note(relation)
        case .origin, .type: return .done
        case .begin, .commit, .streamStart, .streamStop, .streamCommit, .streamAbort, .beginPrepare, .prepare,
            .commitPrepared, .rollbackPrepared, .streamPrepare:
            throw WireFault(.malformed, at: 0)
        }
    }

    // MARK: Tables

    private mutating func note(_ relation: Relation) throws(WireFault) -> Outcome {
        let unknown = try relations.unknownTypes(relation)
        guard unknown.isEmpty else { return .needsTypes(unknown) }
        if try relations.lacksFacts(relation) {
            try relations.noteAsked(relation)
            return .needsFacts(relation.oid)
        }
        switch try relations.update(relation) {
        case .newShape(let table): return table.isSelected ? .newShape(table.schema.table) : .done
        case .again(let table): return table.isSelected ? .describedAgain(relation.oid) : .done
        }
    }

    /// The table that a change names; nil when its changes are not exported.
    private func table(_ oid: UInt32) throws(WireFault) -> StreamedTable? {
        guard let table = relations[oid] else { throw WireFault(.malformed, at: 1) }
        return table.isSelected ? table : nil
    }

    private func begin(_ operation: Changelog.Operation, _ table: StreamedTable, _ batch: inout ChangeBatch) {
        if table.batchSerial != batchSerial {
            table.batchSerial = batchSerial
            table.indexInBatch = batch.index(of: table.schema)
        }
        batch.beginChange(operation, schema: table.indexInBatch, ordinal: ordinal)
    }

    // MARK: Rows

    /// Appends a new row. A TOAST value that did not change is taken from the whole old row where the server sent
    /// it, and is unknown otherwise: never null.
    private func append(
        _ tuple: Tuple, old: OldTuple?, of table: StreamedTable, _ batch: inout ChangeBatch
    ) throws(WireFault) -> Outcome {
        var tuple = tuple
        try check(tuple.columnCount, of: table)
        var outcome = Outcome.done
        for index in 0..<table.converters.count {
            switch try tuple.nextColumn() {
            case .null: batch.appendNull()
            case .text(let text): try table.converters[index].convert(text, into: &batch)
            case .binary: throw WireFault(.unknownTag(UInt8(ascii: "b")), at: index)
            case .unchanged:
                if case .row(let row)? = old {
                    try append(column: index, of: row, table, &batch)
                } else {
                    batch.appendUnset()
                    if toast == .fail {
                        outcome = .toastUnknown(table.schema.table, column: table.schema.columns[index].name)
                    }
                }
            }
        }
        return outcome
    }

    private func append(
        column wanted: Int, of row: Tuple, _ table: StreamedTable, _ batch: inout ChangeBatch
    ) throws(WireFault) {
        var row = row
        try check(row.columnCount, of: table)
        for _ in 0..<wanted { _ = try row.nextColumn() }
        switch try row.nextColumn() {
        case .null: batch.appendNull()
        case .text(let text): try table.converters[wanted].convert(text, into: &batch)
        case .unchanged, .binary: batch.appendUnset()
        }
    }

    private func appendOldRow(
        _ old: OldTuple, of table: StreamedTable, _ batch: inout ChangeBatch
    ) throws(WireFault) {
        batch.beginOldRow()
        try append(old, of: table, &batch)
    }

    /// Appends what the server sent of the row before the change. In an old key the other columns stand as nulls
    /// and are unknown.
    private func append(_ old: OldTuple, of table: StreamedTable, _ batch: inout ChangeBatch) throws(WireFault) {
        switch old {
        case .row(let tuple): try append(tuple, keyOnly: false, of: table, &batch)
        case .key(let tuple): try append(tuple, keyOnly: true, of: table, &batch)
        }
    }

    private func append(
        _ tuple: Tuple, keyOnly: Bool, of table: StreamedTable, _ batch: inout ChangeBatch
    ) throws(WireFault) {
        var tuple = tuple
        try check(tuple.columnCount, of: table)
        for index in 0..<table.converters.count {
            let column = try tuple.nextColumn()
            guard !keyOnly || table.isKey[index] else {
                batch.appendUnset()
                continue
            }
            switch column {
            case .null: batch.appendNull()
            case .text(let text): try table.converters[index].convert(text, into: &batch)
            case .unchanged: batch.appendUnset()
            case .binary: throw WireFault(.unknownTag(UInt8(ascii: "b")), at: index)
            }
        }
    }

    private func check(_ columnCount: Int, of table: StreamedTable) throws(WireFault) {
        guard columnCount == table.converters.count else { throw WireFault(.invalidLength(columnCount), at: 0) }
    }

    private mutating func truncate(_ truncate: TruncateMessage, _ batch: inout ChangeBatch) throws(WireFault) {
        var truncate = truncate
        for _ in 0..<truncate.relationCount {
            ordinal += 1
            guard let table = try table(try truncate.nextRelation()) else { continue }
            begin(.truncate, table, &batch)
            for _ in table.converters { batch.appendUnset() }
            batch.endChange()
        }
    }

    // MARK: Messages

    private mutating func append(_ message: LogicalMessage, _ batch: inout ChangeBatch) {
        ordinal += 1
        begin(.message, messages, &batch)
        batch.append(message.prefix)
        if message.content.isUTF8 {
            batch.append(message.content)
            batch.appendNull()
        } else {
            batch.appendNull()
            batch.append { buffer in buffer.appendHexadecimal(bytes: message.content) }
        }
        batch.append(literal: message.isTransactional ? "t" : "f")
        batch.endChange()
    }

    /// Appends what became of a prepared transaction, behind its changes, so that these are numbered as they would be
    /// without it.
    mutating func append(_ event: TwoPhaseEvent, into batch: inout ChangeBatch) {
        ordinal += 1
        begin(.message, twoPhase, &batch)
        batch.append { $0.append(text: event.gid) }
        batch.append { $0.append(text: event.outcome.rawValue) }
        batch.endChange()
    }
}

/// Where what becomes of prepared transactions is recorded: in a folder of its own, as if it were a table.
enum TwoPhaseTable {
    static let schema = TableSchema(
        table: TableName(namespace: nil, name: "_two_phase"),
        columns: [
            TableSchema.Column(name: "gid", type: .text, sourceType: "text"),
            TableSchema.Column(name: "outcome", type: .text, sourceType: "text"),
        ], key: [])
}

/// Where logical messages stand: in a folder of their own, as if they were rows of a table.
enum LogicalMessageTable {
    static let schema = TableSchema(
        table: TableName(namespace: nil, name: "_messages"),
        columns: [
            TableSchema.Column(name: "prefix", type: .text, sourceType: "text"),
            TableSchema.Column(name: "content", type: .text, sourceType: "text"),
            TableSchema.Column(name: "content_bytes", type: .binary, sourceType: "bytes"),
            TableSchema.Column(name: "transactional", type: .boolean, sourceType: "boolean"),
        ], key: [])
}
