// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import RedisURI

/// Where a run of streams ends.
public enum StreamTarget: Sendable, Hashable {
    /// It follows the streams until somebody asks for the end.
    case none
    /// At the entries that are last when the run begins.
    case now
    /// At an identifier, in every stream.
    case entry(EntryID)
}

/// What happens when entries are missing, or may be.
public enum GapPolicy: String, Sendable, CaseIterable {
    /// The chain records it and the run goes on.
    case record
    /// The run ends before anything that lies behind is published.
    case stop
}

/// Where a new export of streams begins.
public enum StreamStart: Sendable, Hashable {
    /// At the first entry that is there.
    case first
    /// Behind the last entry that is there.
    case newest
}

/// Something that an operator may want to hear of.
public struct StreamReport: Sendable {
    /// How much it matters.
    public enum Level: Sendable {
        case info
        case warning
    }

    /// How much it matters.
    public let level: Level
    /// What happened, without any value.
    public let message: String

    init(_ level: Level, _ message: String) {
        self.level = level
        self.message = message
    }
}

/// What a source of streams was asked to do.
public struct StreamOptions: Sendable {
    /// Where the server is.
    public let address: RedisAddress
    /// What the server is told of who we are.
    public let clientName: String
    /// Which streams are exported.
    public let selection: StreamSelection
    /// Where the run ends.
    public var target = StreamTarget.none
    /// What happens when entries are missing.
    public var onGap = GapPolicy.record
    /// How often new streams are looked for, and streams in which nothing happens are looked at.
    public var discoverEvery = Duration.seconds(10)
    /// How many bytes a page of entries should have.
    public var pageByteCount = 1 << 20
    /// Told of what an operator may want to hear.
    public let report: @Sendable (StreamReport) -> Void

    /// Makes options.
    public init(
        address: RedisAddress, clientName: String, selection: StreamSelection,
        report: @escaping @Sendable (StreamReport) -> Void
    ) {
        self.address = address
        self.clientName = clientName
        self.selection = selection
        self.report = report
    }
}
