// SPDX-License-Identifier: Apache-2.0

internal import DurableFiles
public import Faults
internal import GRDB

/// The embedded metadata store of an export, `_kedge/catalog.sqlite`: who may write, which anchors are indexed, what
/// was noted and which runs there were.
///
/// The chain of anchors is the truth. Whatever stands here can be rebuilt or done without, so that a catalog which
/// is damaged or gone is made anew.
public final class Metastore: Sendable {
    /// How long one waits for another that writes.
    static let busyTimeout = 5.0

    let queue: DatabaseQueue
    /// When the process of a number started, nil when there is none; tests pretend.
    let processStartTicks: @Sendable (Int32) -> UInt64?

    /// Opens the catalog at `path`, and makes it anew when it is missing or damaged.
    public init(
        path: String, processStartTicks: @escaping @Sendable (Int32) -> UInt64? = ProcessTable.startTicks
    ) throws(Fault) {
        self.processStartTicks = processStartTicks
        do {
            queue = try CatalogSchema.open(path)
        } catch let error as DatabaseError where error.tellsOfDamage {
            for suffix in ["", "-wal", "-shm", "-journal"] { try Files.remove(path + suffix) }
            queue = try Self.translating("open \(path)") { try CatalogSchema.open(path) }
        } catch {
            throw Self.fault(error, "open \(path)")
        }
    }

    /// Opens the catalog at `path` to look at it: nothing is made, mended or locked. A damaged one is a fault.
    public init(reading path: String) throws(Fault) {
        processStartTicks = ProcessTable.startTicks
        queue = try Self.translating("read \(path)") { try CatalogSchema.openForReading(path) }
    }

    /// Closes the catalog; nothing may be asked of it afterwards.
    public func close() throws(Fault) {
        try Self.translating("close the catalog") { try queue.close() }
    }

    /// Runs `body` in a transaction that holds the write lock from its beginning, so that what it read stays true
    /// until what it wrote is committed.
    func write<T>(_ doing: String, _ body: (Database) throws -> T) throws(Fault) -> T {
        try Self.translating(doing) {
            try queue.writeWithoutTransaction { database in
                var result: T?
                try database.inTransaction(.immediate) {
                    result = try body(database)
                    return .commit
                }
                guard let result else { throw Fault(.bug, "a transaction of the catalog had no result") }
                return result
            }
        }
    }

    /// Runs `body`, which only reads.
    func read<T>(_ doing: String, _ body: (Database) throws -> T) throws(Fault) -> T {
        try Self.translating(doing) { try queue.read(body) }
    }

    private static func translating<T>(_ doing: String, _ body: () throws -> T) throws(Fault) -> T {
        do {
            return try body()
        } catch {
            throw fault(error, doing)
        }
    }

    /// The one place where an error of the database becomes a fault.
    static func fault(_ error: any Error, _ doing: String) -> Fault {
        if let fault = error as? Fault { return fault }
        guard let error = error as? DatabaseError else {
            return Fault(.unexpected, "cannot \(doing)", detail: "\(error)")
        }
        let code: Fault.Code =
            switch error.resultCode {
            case .SQLITE_BUSY, .SQLITE_LOCKED: .exportBusy
            case .SQLITE_FULL: .diskFull
            case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH: .filePermission
            case .SQLITE_CANTOPEN: .fileCreate
            case .SQLITE_IOERR: .fileWrite
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: .exportBroken
            default: .unexpected
            }
        let hint = code == .exportBroken ? "remove catalog.sqlite; it is made anew from the anchors" : nil
        return Fault(code, "cannot \(doing)", detail: error.message, hint: hint)
    }
}

extension DatabaseError {
    /// Whether the file is no catalog, or one that can only be made anew.
    fileprivate var tellsOfDamage: Bool {
        [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR].contains(resultCode)
    }
}
