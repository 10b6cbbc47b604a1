// SPDX-License-Identifier: Apache-2.0

import Bytes
public import Changelog
public import Faults
import LibPQ
import PostgresValues
import Synchronization

/// All planned tables as one exported snapshot sees them, split into ranges of pages.
///
/// It holds no lock but those of its own reading. While it is open the server cannot vacuum away rows that it sees.
public final class PostgresSnapshot: SnapshotSource {
    /// One piece: some pages of one heap.
    struct Piece: Sendable {
        let table: Int
        let heap: TableDescription.Heap
        let pages: Range<Int>?
        let isLast: Bool
    }

    /// What the rows of a snapshot are to those that were exported before.
    enum Purpose {
        /// A history begins with them.
        case beginning
        /// They take the place of what is known of their tables: each table begins with a record that says so.
        case replacing
    }

    /// About how many pages make a piece.
    static let piecePageCount = 8192
    /// How many pieces one heap has at most.
    static let pieceCountLimit = 4096

    /// Where the stream goes on.
    public let position: Position
    /// The pieces, tables in the order of their names.
    public let tasks: [SnapshotTask]
    /// When the snapshot was taken.
    public let begun: ContinuousClock.Instant
    let plan: PostgresPlan
    let pieces: [Piece]
    let purpose: Purpose
    let options: PostgresOptions
    private let name: String
    private let holder: Mutex<PQConnection?>

    /// Imports the snapshot that a new slot has exported and exports it again under a name that lives on when the
    /// slot's connection goes on with other commands.
    init(
        _ options: PostgresOptions, plan: PostgresPlan, position: Position, exported: String,
        purpose: Purpose = .beginning
    ) throws(Fault) {
        self.options = options
        self.purpose = purpose
        self.position = position
        begun = .now
        let connection = try Session.open(options, for: .snapshot)
        try plan.facts.requireSameServer(connection)
        try PostgresSnapshot.begin(connection, importing: exported)
        guard let chained = try connection.query("select pg_catalog.pg_export_snapshot()").scalar else {
            throw Fault(.postgresProtocol, "the server did not name the snapshot that it exported")
        }
        name = chained
        let plan = try PostgresSnapshot.asSeen(plan, by: connection)
        self.plan = plan
        holder = Mutex(connection)
        pieces = plan.tables.enumerated().flatMap { index, table in
            table.heaps.flatMap { PostgresSnapshot.pieces(of: $0, table: index, plan.facts.versionNumber) }
        }
        tasks = pieces.map { PostgresSnapshot.task($0, plan: plan) }
    }

    /// A reader with a connection of its own.
    public func makeReader() throws(Fault) -> PostgresSnapshotReader {
        let connection = try Session.open(options, for: .snapshot)
        try plan.facts.requireSameServer(connection)
        try PostgresSnapshot.begin(connection, importing: name)
        return PostgresSnapshotReader(connection, of: self)
    }

    /// Lets the server vacuum again.
    public func close() {
        holder.withLock { $0 = nil }
    }

    private static func begin(_ connection: borrowing PQConnection, importing name: String) throws(Fault) {
        try connection.query("begin isolation level repeatable read read only")
        let outcome = try connection.attempt("set transaction snapshot \(PQConnection.quoted(literal: name))")
        if case .failure(let error) = outcome {
            throw Fault(
                .postgresSnapshotLost, "the snapshot that came with the slot cannot be imported", detail: error.detail)
        }
    }

    /// The columns as the snapshot sees them, for a column may have come between the plan and the slot. The heaps stay
    /// as they were planned: what they were *before* the slot is what gives a rewrite away.
    private static func asSeen(
        _ plan: PostgresPlan, by connection: borrowing PQConnection
    ) throws(Fault) -> PostgresPlan {
        var plan = plan
        try CatalogReader.addColumns(connection, to: &plan.tables)
        try TypeCatalog.load(
            plan.tables.flatMap { $0.columns.map(\.typeOID) }, into: &plan.types, connection)
        return plan
    }

    /// A heap in pieces of about the same size; whole where ranges of pages cannot be read fast.
    static func pieces(of heap: TableDescription.Heap, table: Int, _ versionNumber: Int) -> [Piece] {
        let canSplit = versionNumber >= 140_000 && (heap.kind == .table || heap.kind == .materializedView)
        guard canSplit, heap.pageCount > piecePageCount else {
            return [Piece(table: table, heap: heap, pages: nil, isLast: true)]
        }
        let count = min(pieceCountLimit, (heap.pageCount + piecePageCount - 1) / piecePageCount)
        return (0..<count).map { index in
            let pages = heap.pageCount * index / count..<heap.pageCount * (index + 1) / count
            return Piece(table: table, heap: heap, pages: pages, isLast: index == count - 1)
        }
    }

    private static func task(_ piece: Piece, plan: PostgresPlan) -> SnapshotTask {
        let pageCount = piece.pages?.count ?? piece.heap.pageCount
        let range =
            piece.pages.map { " pages \($0.lowerBound)..<\(piece.isLast ? "end" : String($0.upperBound))" } ?? ""
        return SnapshotTask(
            table: plan.tables[piece.table].name, estimatedByteCount: max(1, pageCount) * 8192,
            label: "\(piece.heap.name)\(range)")
    }

    /// The statement that reads one piece of `table`.
    static func copyStatement(
        _ piece: Piece, of table: TableDescription, form: PostgresOptions.RowForm = .text
    ) -> String {
        let columns = table.exportedColumns.map { PQConnection.quoted(identifier: $0.name) }.joined(separator: ", ")
        var conditions: [String] = []
        if let filter = table.rowFilter { conditions.append("(\(filter))") }
        if let pages = piece.pages {
            conditions.append("ctid >= '(\(pages.lowerBound),0)'::pg_catalog.tid")
            // The last piece has no upper end: the heap may have grown since it was measured.
            if !piece.isLast { conditions.append("ctid < '(\(pages.upperBound),0)'::pg_catalog.tid") }
        }
        let filter = conditions.isEmpty ? "" : " where " + conditions.joined(separator: " and ")
        let format = form == .binary ? " (format binary)" : ""
        return "copy (select \(columns) from only \(piece.heap.name.quoted)\(filter)) to stdout\(format)"
    }
}

/// Reads pieces of a snapshot over one connection.
public final class PostgresSnapshotReader: SnapshotReader {
    private let snapshot: PostgresSnapshot
    private let connection: PQConnection
    private let transaction: Transaction
    private var piece: PostgresSnapshot.Piece?
    private var schema: TableSchema?
    private var converters: [ValueConverter] = []
    /// The columns of a table whose rows come in binary; nil where they come as text.
    private var binaryColumns: [BinaryColumn]?
    private var isFirstFrame = true
    private var ordinal: UInt64 = 0
    private var replacesTable = false
    private var pace = ReadingPace()
    private var scratch = ByteBuffer(capacity: 4 << 10)

    init(_ connection: consuming PQConnection, of snapshot: PostgresSnapshot) {
        self.connection = connection
        self.snapshot = snapshot
        transaction = Transaction(position: snapshot.position)
    }

    /// Begins to read a piece.
    public func begin(task index: Int) throws(Fault) {
        let piece = snapshot.pieces[index]
        let table = snapshot.plan.tables[piece.table]
        self.piece = piece
        ordinal = 0
        let isFirst = index == 0 || snapshot.pieces[index - 1].table != piece.table
        replacesTable = isFirst && snapshot.purpose == .replacing
        schema = snapshot.plan.schema(of: table)
        converters = table.exportedColumns.map {
            ValueConverter(for: $0.typeOID, typeModifier: $0.typeModifier, in: snapshot.plan.types)
        }
        binaryColumns = snapshot.options.rowForm == .binary ? binaryColumns(of: table) : nil
        isFirstFrame = true
        let statement = PostgresSnapshot.copyStatement(
            piece, of: table, form: binaryColumns == nil ? .text : .binary)
        guard case .failure(let error) = try connection.beginCopy(statement) else { return }
        throw refusal(error, table: table)
    }

    /// Nil when the binary form of one of the types is not understood.
    private func binaryColumns(of table: TableDescription) -> [BinaryColumn]? {
        let columns = table.exportedColumns.compactMap {
            BinaryColumn(for: $0.typeOID, typeModifier: $0.typeModifier, in: snapshot.plan.types)
        }
        return columns.count == table.exportedColumns.count && !columns.isEmpty ? columns : nil
    }

    private func refusal(_ error: ServerError, table: TableDescription) -> Fault {
        switch error.state {
        case "42501" where error.message.contains("row-level security") || error.message.contains("row security"):
            Fault(.postgresRowSecurity, "row security hides rows of \(table.name) from this role", detail: error.detail)
        case "42P01", "42703":
            Fault(
                .postgresSnapshotRewritten, "\(table.name) was changed while the snapshot began", detail: error.detail)
        case "55P03": Fault(.postgresSnapshotLost, "\(table.name) is locked by DDL", detail: error.detail)
        default: error.fault
        }
    }

    /// Adds rows.
    public func fill(_ batch: inout ChangeBatch) throws(Fault) -> SnapshotFill {
        guard let schema else { throw Fault(.bug, "a reader without a task was asked for rows") }
        let index = batch.index(of: schema)
        batch.begin(transaction)
        if replacesTable { appendTruncation(schema: index, columnCount: schema.columns.count, to: &batch) }
        while !batch.isFull {
            guard let frame = try nextFrame() else {
                batch.end()
                try checkFile()
                return .taskEnded
            }
            guard let start = try rowStart(in: frame) else { continue }
            ordinal += 1
            batch.beginChange(.read, schema: index, ordinal: ordinal)
            try decode(frame, from: start, into: &batch)
            batch.endChange()
        }
        return .more
    }

    private func appendTruncation(schema: Int, columnCount: Int, to batch: inout ChangeBatch) {
        replacesTable = false
        ordinal += 1
        batch.beginChange(.truncate, schema: schema, ordinal: ordinal)
        for _ in 0..<columnCount { batch.appendUnset() }
        batch.endChange()
    }

    /// A connection that breaks here takes the snapshot with it.
    private func nextFrame() throws(Fault) -> CopyFrame? {
        do throws(Fault) {
            return try connection.nextCopyFrame(&pace)
        } catch {
            guard error.code == .postgresUnreachable else { throw error }
            throw Fault(
                .postgresSnapshotLost, "the connection broke that read the snapshot", detail: error.detail)
        }
    }

    /// Where the row of a frame begins; nil when it holds none.
    private func rowStart(in frame: borrowing CopyFrame) throws(Fault) -> Int? {
        guard binaryColumns != nil else { return 0 }
        defer { isFirstFrame = false }
        do throws(WireFault) {
            guard case .row(let start) = try CopyBinaryRow.content(of: frame.bytes, isFirst: isFirstFrame) else {
                return nil
            }
            return start
        } catch {
            throw unreadable(error)
        }
    }

    private func decode(
        _ frame: borrowing CopyFrame, from start: Int, into batch: inout ChangeBatch
    ) throws(Fault) {
        do throws(WireFault) {
            if let binaryColumns {
                try CopyBinaryRow.decode(frame.bytes, from: start, columns: binaryColumns, into: &batch)
            } else {
                try CopyTextRow.decode(frame.bytes, converters: converters, into: &batch, scratch: &scratch)
            }
        } catch {
            throw unreadable(error)
        }
    }

    private func unreadable(_ error: WireFault) -> Fault {
        Fault(
            .postgresProtocol, "row \(ordinal) of \(schema?.table.description ?? "a table") cannot be read",
            detail: error.description)
    }

    /// A heap that was rewritten or emptied between the slot and this reading shows no rows to a snapshot that is
    /// older, and the stream tells nothing of it. The file of a heap gives it away: it is looked up as it is now, and
    /// from now on it cannot change, for this transaction has read the heap.
    private func checkFile() throws(Fault) {
        guard let piece, piece.heap.kind == .table || piece.heap.kind == .materializedView else { return }
        let file = try connection.query("select pg_catalog.pg_relation_filenode(\(piece.heap.oid))").scalar
        guard file.flatMap({ UInt32($0) }) == piece.heap.fileNode else {
            throw Fault(
                .postgresSnapshotRewritten,
                "\(piece.heap.name) was rewritten, emptied or dropped while the snapshot began: the snapshot cannot see its rows"
            )
        }
    }

    /// Ends the view of this reader.
    public func close() throws(Fault) {
        try connection.query("commit")
    }
}
