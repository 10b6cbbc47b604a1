// SPDX-License-Identifier: Apache-2.0

public import Compression

/// Which types a columnar format may use.
public enum ColumnarProfile: String, Sendable, CaseIterable, Codable {
    /// Types that every engine reads.
    case portable
    /// The nearest type that the format has, though some engines refuse it.
    case rich
}

/// Which columns get filters that tell whether a value can be there.
public enum BloomFilterChoice: String, Sendable, CaseIterable, Codable {
    /// None.
    case none
    /// Those that identify a row.
    case key
}

/// How wide columns of numbers are.
public enum ColumnarWidening: String, Sendable, CaseIterable {
    /// As the source declares them.
    case none = "off"
    /// As wide as their kind can become, so that a column goes on when the source widens it.
    case eager
}

/// What encoders that write columns are told beside the layout; others have no use for it.
public struct ColumnarChoice: Hashable, Sendable {
    /// The types.
    public var profile: ColumnarProfile
    /// How wide numbers are; the same in all files of an export.
    public var widening: ColumnarWidening
    /// What compresses the pages inside the file; nothing compresses the file itself.
    public var codec: PageCodec
    /// The codec's level; nil is its own default.
    public var level: Int32?
    /// How many bytes of values are gathered before they are written as one group of rows.
    public var rowGroupByteCount: Int
    /// How many rows at most are one group.
    public var rowGroupRowCount: Int
    /// The filters.
    public var bloomFilters: BloomFilterChoice
    /// The identifier of the export, for the file to repeat.
    public var exportID: String?
    /// The version of kedge, for the file to name.
    public var version: String

    /// Makes a choice.
    public init(
        profile: ColumnarProfile = .portable, widening: ColumnarWidening = .none, codec: PageCodec = .zstd,
        level: Int32? = nil,
        rowGroupByteCount: Int = 32 << 20, rowGroupRowCount: Int = 1 << 20, bloomFilters: BloomFilterChoice = .none,
        exportID: String? = nil, version: String = "0"
    ) {
        self.profile = profile
        self.widening = widening
        self.codec = codec
        self.level = level
        self.rowGroupByteCount = rowGroupByteCount
        self.rowGroupRowCount = rowGroupRowCount
        self.bloomFilters = bloomFilters
        self.exportID = exportID
        self.version = version
    }
}
