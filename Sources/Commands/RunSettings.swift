// SPDX-License-Identifier: Apache-2.0

import Compression
import Export
import Faults
import Runtime

/// What one run was asked to do, whatever its source; read and checked before anything is touched.
struct RunSettings {
    let path: String
    let compression: CompressionChoice
    let segmentLimits: SegmentLimits
    let policy: AnchorPolicy
    let limits: PipelineLimits
    let retryFor: Duration
    let columnPrefix: String

    init(_ settings: Settings) throws(Fault) {
        _ = try settings.required(.to)
        path = try settings.parsed(.to, "a folder of this machine", Self.folder)
        compression = try Self.compression(settings)
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
        let range = codec == .zstd ? 1...19 : 1...9
        return CompressionChoice(codec: codec, level: Int32(try settings.number(.compressionLevel, range)))
    }
}
