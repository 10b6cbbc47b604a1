// SPDX-License-Identifier: Apache-2.0

import Compression
import DeltaLake
import Export
import Faults
import Runtime

/// What one run was asked to do, whatever its source; read and checked before anything is touched.
struct RunSettings {
    let path: String
    let format: RecordFormat
    let compression: CompressionChoice
    /// What holds where the format is one of columns.
    let columnar: ColumnarChoice
    /// How Delta tables are kept; nil where there are none.
    let delta: DeltaOptions?
    let segmentLimits: SegmentLimits
    let policy: AnchorPolicy
    let limits: PipelineLimits
    let retryFor: Duration
    let columnPrefix: String
    /// What becomes of tables whose records no longer fit into their folder.
    let incompatibility: IncompatibilityChoices

    init(_ settings: Settings) throws(Fault) {
        _ = try settings.required(.to)
        path = try settings.parsed(.to, "a folder of this machine", Self.folder)
        format = try settings.choice(.format, RecordFormat.self)
        compression = format == .ndjson ? try Self.compression(settings) : CompressionChoice(codec: .none)
        columnar = try Self.columnar(settings, format)
        delta = try Self.delta(settings, format)
        segmentLimits = SegmentLimits(
            byteCount: try settings.byteCount(.segmentBytes, minimum: 64 << 10),
            rowCount: try settings.number(.segmentRows, 1...Int.max))
        policy = try settings.anchorPolicy()
        limits = PipelineLimits(
            queueByteCount: try settings.byteCount(.queueBytes, minimum: 128 << 10),
            minimumFreeByteCount: UInt64(try settings.byteCount(.minFree)),
            stopGrace: try settings.duration(.stopGrace))
        retryFor = try settings.duration(.retryFor)
        columnPrefix = try settings.parsed(
            .columnPrefix, "a prefix: letters, digits and _, at most 32 of them", Self.prefix)
        incompatibility = try settings.parsed(
            .onIncompatible, "a list such as stop,public.orders=new-table of stop, quarantine and new-table",
            IncompatibilityChoices.init)
    }

    private static func folder(_ text: String) -> String? {
        guard !text.contains("://") else { return nil }
        var path = text[...]
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return String(path)
    }

    private static func prefix(_ text: String) -> String? {
        let isValid =
            (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x61...0x7a).contains($0 | 0x20) || (0x30...0x39).contains($0) || $0 == 0x5f
            }
        return isValid ? text : nil
    }

    private static func compression(_ settings: Settings) throws(Fault) -> CompressionChoice {
        let codec = try settings.choice(.compression, Codec.self)
        guard try settings.text(.compressionLevel) != nil else { return CompressionChoice(codec: codec) }
        return CompressionChoice(codec: codec, level: try level(settings, isZstandard: codec == .zstd))
    }

    private static func delta(_ settings: Settings, _ format: RecordFormat) throws(Fault) -> DeltaOptions? {
        let choice = try settings.choice(.delta, DeltaChoice.self)
        let every = try settings.number(.deltaCheckpointEvery, 1...1_000_000)
        let retention = try settings.duration(.deltaLogRetention)
        guard format == .parquet else {
            try settings.refuse(
                [.delta, .deltaCheckpointEvery, .deltaLogRetention],
                "says something of Delta tables, which are files of columns: add --format parquet")
            return nil
        }
        guard choice == .on else {
            try settings.refuse([.deltaCheckpointEvery, .deltaLogRetention], "means nothing with --delta off")
            return nil
        }
        return DeltaOptions(checkpointEvery: every, logRetention: retention.components.seconds) { Workspace.now }
    }

    private static func level(_ settings: Settings, isZstandard: Bool) throws(Fault) -> Int32 {
        Int32(try settings.number(.compressionLevel, isZstandard ? 1...19 : 1...9))
    }

    /// A file of columns is compressed inside, page by page. What only such a file has is refused elsewhere.
    private static func columnar(_ settings: Settings, _ format: RecordFormat) throws(Fault) -> ColumnarChoice {
        var choice = ColumnarChoice(
            profile: try settings.choice(.profile, ColumnarProfile.self),
            widening: try settings.choice(.widen, ColumnarWidening.self),
            bloomFilters: try settings.choice(.bloomFilters, BloomFilterChoice.self), version: Version.number)
        guard format == .parquet else {
            try settings.refuse(
                [.profile, .widen, .bloomFilters], "says something of files of columns: add --format parquet")
            return choice
        }
        choice.codec = try settings.choice(.compression, PageCodec.self)
        if try settings.text(.compressionLevel) != nil {
            choice.level = try level(settings, isZstandard: choice.codec == .zstd)
        }
        return choice
    }
}

/// Whether the folder of each table is a Delta table.
private enum DeltaChoice: String, CaseIterable {
    case on
    case off
}
