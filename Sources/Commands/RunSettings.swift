// SPDX-License-Identifier: Apache-2.0

import Compression
import Export
import Faults
import PostgresAdapter
import Runtime
import Threads

/// What one run was asked to do, read and checked before anything is touched.
struct RunSettings {
    let source: Redacted
    let path: String
    let slot: String
    let publication: String
    let selection: TableSelection
    let mode: ExportMode
    let target: StopTarget
    let jobs: Int
    let toast: PostgresOptions.ToastPolicy
    let onRewrite: PostgresOptions.RewritePolicy
    let messages: PostgresOptions.MessagePolicy
    let streaming: PostgresOptions.Streaming
    let creation: PostgresOptions.Creation
    let compression: CompressionChoice
    let segmentLimits: SegmentLimits
    let policy: AnchorPolicy
    let limits: PipelineLimits
    let slotTimeout: Duration
    let retryFor: Duration
    let columnPrefix: String

    init(_ settings: Settings, snapshotOnly: Bool = false) throws(Fault) {
        source = try settings.source()
        _ = try settings.required(.to)
        path = try settings.parsed(.to, "a folder of this machine", Self.folder)
        slot =
            try settings.text(.slot) == nil
            ? Self.defaultSlot(path)
            : settings.parsed(.slot, "a slot name: a-z, 0-9 and _, at most 63 of them", Self.slotName)
        publication = try settings.text(.publication) ?? slot
        selection = try settings.selection()
        mode = snapshotOnly ? .snapshotOnly : try settings.choice(.snapshot, ExportMode.self)
        target = try settings.stopTarget()
        if mode == .snapshotOnly, let until = try settings.entry(.until), target != .now {
            throw settings.invalid(
                .until, until, "a snapshot alone has no end of its own to choose", hint: "leave out --until")
        }
        let jobs = try settings.number(.jobs, 0...256)
        self.jobs = jobs == 0 ? processorCount() : jobs
        toast = try settings.choice(.toast, PostgresOptions.ToastPolicy.self)
        onRewrite = try settings.choice(.onRewrite, PostgresOptions.RewritePolicy.self)
        messages = try settings.choice(.messages, PostgresOptions.MessagePolicy.self)
        streaming = try settings.streaming()
        creation = try settings.flag(.noCreate) ? .forbidden : .allowed
        compression = try Self.compression(settings)
        segmentLimits = SegmentLimits(
            byteCount: try settings.byteCount(.segmentBytes, minimum: 64 << 10),
            rowCount: try settings.number(.segmentRows, 1...Int.max))
        policy = try settings.anchorPolicy()
        limits = PipelineLimits(
            queueByteCount: try settings.byteCount(.queueBytes, minimum: 128 << 10),
            minimumFreeByteCount: UInt64(try settings.byteCount(.minFree)),
            stopGrace: try settings.duration(.stopGrace))
        slotTimeout = try settings.duration(.slotTimeout)
        retryFor = try settings.duration(.retryFor)
        columnPrefix = try settings.parsed(
            .columnPrefix, "a prefix: letters, digits and _, at most 32 of them", Self.prefix)
    }

    private static func folder(_ text: String) -> String? {
        guard !text.contains("://") else { return nil }
        var path = text[...]
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return String(path)
    }

    /// `kedge_` and the letters and digits of the folder's own name.
    static func defaultSlot(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        let letters = name.lowercased().unicodeScalars.map { scalar -> Character in
            scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                ? Character(scalar) : "_"
        }
        let stem = String(letters).split(separator: "_").joined(separator: "_")
        return stem.isEmpty ? "kedge" : String("kedge_\(stem)".prefix(63))
    }

    private static func slotName(_ name: String) -> String? {
        let isValid =
            (1...63).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f
            }
        return isValid ? name : nil
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
        let range = codec == .zstd ? 1...19 : 1...9
        return CompressionChoice(codec: codec, level: Int32(try settings.number(.compressionLevel, range)))
    }
}
