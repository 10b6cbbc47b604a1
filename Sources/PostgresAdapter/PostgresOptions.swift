// SPDX-License-Identifier: Apache-2.0

public import Faults

/// What the operator asked for, as far as the source is concerned.
public struct PostgresOptions: Sendable {
    /// Who makes the slot and the publication.
    public enum Creation: Sendable {
        /// kedge creates what is missing.
        case allowed
        /// Both must exist.
        case forbidden
    }

    /// What happens to an update that does not carry an unchanged TOAST value.
    public enum ToastPolicy: String, Sendable, CaseIterable {
        /// The value is recorded as unknown.
        case unknown
        /// The run fails.
        case fail
    }

    /// What happens when rows that are exported already changed, came or went without a change in the stream.
    public enum RewritePolicy: String, Sendable, CaseIterable {
        /// The run fails until the operator chooses.
        case stop
        /// The tables are read again, at one point of the same history.
        case resnapshotTable = "resnapshot-table"
        /// It is noted, and the run goes on.
        case warn
    }

    /// Whether logical messages are exported.
    public enum MessagePolicy: String, Sendable, CaseIterable {
        /// They are, under `_messages`.
        case include
        /// The server is not asked for them.
        case exclude
    }

    /// In which form the server sends the rows of a snapshot.
    public enum RowForm: Sendable {
        /// As text, which is what lines of JSON hold.
        case text
        /// In binary, where every type of a table is understood in it: less work for the server, and numbers come as
        /// numbers, which is what columns hold. Else as text.
        case binary
    }

    /// How the server sends what it decodes.
    public struct Streaming: Sendable, Hashable {
        /// The version of the output plugin's protocol, 1 to 4; nil for what suits the server best.
        public var version: Int?
        /// Whether prepared transactions come when they are prepared (version 3).
        public var keepsTwoPhase = false
        /// Whether changes that the source has itself received by replication are left out.
        public var onlyOwnChanges = false

        /// Makes a choice.
        public init(version: Int? = nil, keepsTwoPhase: Bool = false, onlyOwnChanges: Bool = false) {
            self.version = version
            self.keepsTwoPhase = keepsTwoPhase
            self.onlyOwnChanges = onlyOwnChanges
        }
    }

    /// The connection string, untouched.
    public var source: Redacted
    /// What the connections call themselves unless the connection string says otherwise.
    public var applicationName: String
    /// Which tables.
    public var selection: TableSelection
    /// The name of the slot.
    public var slot: String
    /// The name of the publication.
    public var publication: String
    /// Who makes them.
    public var creation = Creation.allowed
    /// Unchanged TOAST values.
    public var toast = ToastPolicy.unknown
    /// Rows that changed without a change.
    public var onRewrite = RewritePolicy.stop
    /// What the newest anchor says of the tables, nil when it says nothing: ``TableFingerprints`` as bytes.
    public var knownTables: [UInt8]?
    /// Logical messages.
    public var messages = MessagePolicy.include
    /// In which form rows of a snapshot come.
    public var rowForm = RowForm.text
    /// How the server sends what it decodes.
    public var streaming = Streaming()
    /// How long creating the slot may wait for transactions that are open.
    public var slotTimeout = Duration.seconds(60)
    /// What the names of kedge's own columns begin with.
    public var columnPrefix = "_cdc_"
    /// Where the working files of a run may lie.
    public var spoolFolder: String
    /// Where prepared transactions are kept until it is known what becomes of them; it outlives runs.
    public var preparedFolder = ""
    /// What is taken in beside a snapshot waits at the server while there is less room here than this.
    public var minimumFreeByteCount: UInt64 = 0
    /// The file that tells the next run what this one was about to create at the source.
    public var intentPath: String
    /// Where tests stop the process.
    public var crash = CrashPlan.none
    /// Told what an operator should know.
    public var report: @Sendable (PostgresNotice) -> Void

    /// Makes options; the rest have defaults.
    public init(
        source: Redacted, applicationName: String, selection: TableSelection, slot: String, publication: String,
        spoolFolder: String, intentPath: String, report: @escaping @Sendable (PostgresNotice) -> Void
    ) {
        self.source = source
        self.applicationName = applicationName
        self.selection = selection
        self.slot = slot
        self.publication = publication
        self.spoolFolder = spoolFolder
        self.intentPath = intentPath
        self.report = report
    }
}

/// Something that an operator should know.
public struct PostgresNotice: Sendable, Hashable {
    /// How much it matters.
    public enum Level: String, Sendable {
        /// For those who look into a fault.
        case debug
        /// Good to know.
        case info
        /// Worth a look.
        case warning
    }

    /// How much it matters.
    public let level: Level
    /// What, in one line.
    public let message: String

    /// Makes a notice.
    public init(_ level: Level, _ message: String) {
        self.level = level
        self.message = message
    }
}
