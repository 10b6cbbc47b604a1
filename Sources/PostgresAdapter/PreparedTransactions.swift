// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import DurableFiles
import Faults

/// What became of a prepared transaction, as the table `_two_phase` records it.
struct TwoPhaseEvent: Equatable {
    /// What happened.
    enum Outcome: String {
        case prepared
        case committed
        case rolledBack = "rolled back"
    }

    /// The global identifier that the transaction was prepared under.
    let gid: String
    /// What happened.
    let outcome: Outcome
}

/// The messages of prepared transactions, kept durably until it is known what becomes of them: the server sends them
/// once, when the transaction is prepared, and only a word when it is committed, which may be runs later.
///
/// One file for each, named by the number of the transaction, which is its own as long as it is prepared.
struct PreparedTransactions: ~Copyable {
    private let folder: String
    /// Files that are of no use once everything up to a position is durable.
    private var settled: [(position: Position, path: String)] = []

    /// Makes a store in `folder`, which it creates when it is first needed.
    init(folder: String) {
        self.folder = folder
    }

    /// Where the messages of transaction `xid` are kept.
    func path(of xid: UInt32) -> String { "\(folder)/\(xid)" }

    /// A file to be filled and kept under ``path(of:)``; one that was left half-written is replaced.
    func draft(of xid: UInt32) throws(Fault) -> SpoolFile {
        try Files.createFolder(folder)
        try Files.remove("\(path(of: xid)).draft")
        return try SpoolFile(creating: "\(path(of: xid)).draft")
    }

    /// The messages of transaction `xid`.
    func messages(of xid: UInt32, gid: String) throws(Fault) -> SpoolReader {
        guard try Files.exists(path(of: xid)) else {
            throw Fault(
                .postgresPreparedMissing,
                "transaction \"\(gid)\" is committed, and its changes, which were sent when it was prepared, are not in \(folder)"
            )
        }
        return try SpoolReader(opening: path(of: xid))
    }

    /// Notes that the file of `xid` is of no use once everything up to `position` is durable.
    mutating func settle(_ xid: UInt32, at position: Position) {
        settled.append((position, path(of: xid)))
    }

    /// Notes that all files but those of `pending` are of no use once everything up to `position` is durable.
    mutating func settle(allBut pending: Set<UInt32>, at position: Position) throws(Fault) {
        guard try Files.isFolder(folder) else { return }
        for name in try Files.names(in: folder) where UInt32(name).map({ !pending.contains($0) }) ?? true {
            settled.append((position, "\(folder)/\(name)"))
        }
    }

    /// Removes what is of no use any more.
    mutating func acknowledge(_ position: Position) throws(Fault) {
        guard let first = settled.first, first.position <= position else { return }
        for file in settled where file.position <= position { try Files.remove(file.path) }
        settled.removeAll { $0.position <= position }
    }
}
