// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Compression
internal import Faults

/// How the values of one chunk are written: what comes out smallest of a sample.
struct EncodingChoice: ~Copyable {
    /// The encoding of the pages of values.
    var encoding: Encoding
    /// The dictionary, where that is the encoding; else it holds nothing.
    var dictionary: ValueDictionary
    /// Whether compressing pays.
    var isCompressed = true
    /// How hard compressing is worth to try.
    var effort = BlockCompressor.Effort.full

    /// How many values are tried.
    private static let sampleCount = 4096
    /// How many bytes of values are tried.
    private static let sampleByteLimit = 64 << 10

    /// Tries what the leaf's type allows.
    static func make(
        for builder: borrowing LeafBuilder, _ compressor: inout BlockCompressor
    ) throws(Fault) -> EncodingChoice {
        let count = builder.valueCount
        guard count > 0, builder.form.type != .boolean else { return EncodingChoice(encoding: .plain) }
        let sample = sample(builder)
        var best = Trial(encoding: .plain, byteCount: .max, rawByteCount: 0)
        var plain = best
        for encoding in candidates(builder.form.type) {
            let trial = try Trial.make(encoding, builder, sample, &compressor)
            if encoding == .plain { plain = trial }
            if trial.byteCount < best.byteCount { best = trial }
        }
        guard let found = ValueDictionary.make(builder) else {
            return EncodingChoice(encoding: best.encoding, try best.verdict(builder, sample, &compressor))
        }
        var trial = try Trial.make(found, sample, &compressor)
        let scale = { (bytes: Int) in bytes * count / sample.count }
        let share = plain.rawByteCount > 0 ? found.byteCount * plain.byteCount / plain.rawByteCount : 0
        guard scale(trial.byteCount) + share <= scale(best.byteCount) else {
            return EncodingChoice(encoding: best.encoding, try best.verdict(builder, sample, &compressor))
        }
        trial.byteCount = scale(trial.byteCount) + share
        trial.rawByteCount = scale(trial.rawByteCount) + found.byteCount
        return EncodingChoice(
            encoding: .dictionary, dictionary: found,
            Trial.Verdict(isCompressed: trial.isWorthCompressing, effort: .full))
    }

    private init(
        encoding: Encoding, dictionary: consuming ValueDictionary = ValueDictionary(),
        _ verdict: Trial.Verdict = Trial.Verdict(isCompressed: true, effort: .full)
    ) {
        self.encoding = encoding
        self.dictionary = dictionary
        isCompressed = verdict.isCompressed
        effort = verdict.effort
    }

    private static func candidates(_ type: PhysicalType) -> [Encoding] {
        switch type {
        case .int32, .int64: [.deltaBinaryPacked, .plain]
        case .byteArray: [.deltaLengthByteArray, .deltaByteArray, .plain]
        case .boolean, .float, .double, .fixedByteArray: [.plain]
        }
    }

    /// Values from the middle, one after the other.
    private static func sample(_ builder: borrowing LeafBuilder) -> Range<Int> {
        let count = builder.valueCount
        let taken = min(count, max(128, min(sampleCount, count / 8)))
        let start = (count - taken) / 2
        var end = start + taken
        while end - start > 16,
            builder.range(ofValue: end - 1).upperBound - builder.range(ofValue: start).lowerBound > sampleByteLimit
        {
            end = start + (end - start) / 2
        }
        return start..<end
    }
}

/// What an encoding makes of a sample.
private struct Trial {
    let encoding: Encoding
    var byteCount: Int
    var rawByteCount: Int

    /// Whether compression saves more than a little, or nothing can be said yet.
    var isWorthCompressing: Bool { rawByteCount < 256 || byteCount < rawByteCount - rawByteCount / 32 }

    /// What compression of a chunk shall be.
    struct Verdict {
        let isCompressed: Bool
        let effort: BlockCompressor.Effort
    }

    /// Says how hard compressing is worth to try: with full effort where that saves more than a little. Random digits,
    /// numbers in few bits and texts that hardly repeat do not get smaller by looking harder.
    func verdict(
        _ builder: borrowing LeafBuilder, _ sample: Range<Int>, _ compressor: inout BlockCompressor
    ) throws(Fault) -> Verdict {
        guard compressor.hasLightEffort, isWorthCompressing, rawByteCount >= 4096 else {
            return Verdict(isCompressed: isWorthCompressing, effort: .full)
        }
        var raw = ByteBuffer(capacity: rawByteCount)
        raw.append(builder, sample, encoding)
        let full = try Trial(encoding, raw, .full, &compressor)
        return Verdict(isCompressed: true, effort: full.byteCount < byteCount - byteCount / 32 ? .full : .light)
    }

    static func make(
        _ encoding: Encoding, _ builder: borrowing LeafBuilder, _ sample: Range<Int>,
        _ compressor: inout BlockCompressor
    ) throws(Fault) -> Trial {
        var raw = ByteBuffer(capacity: 1 << 14)
        raw.append(builder, sample, encoding)
        return try Trial(encoding, raw, .light, &compressor)
    }

    static func make(
        _ dictionary: borrowing ValueDictionary, _ sample: Range<Int>, _ compressor: inout BlockCompressor
    ) throws(Fault) -> Trial {
        var raw = ByteBuffer(capacity: 1 << 14)
        raw.append(dictionary, sample)
        return try Trial(.dictionary, raw, .light, &compressor)
    }

    init(encoding: Encoding, byteCount: Int, rawByteCount: Int) {
        self.encoding = encoding
        self.byteCount = byteCount
        self.rawByteCount = rawByteCount
    }

    private init(
        _ encoding: Encoding, _ raw: borrowing ByteBuffer, _ effort: BlockCompressor.Effort,
        _ compressor: inout BlockCompressor
    ) throws(Fault) {
        var compressed = ByteBuffer(capacity: 1 << 14)
        try compressor.compress(raw.bytes, effort: effort, into: &compressed)
        self.init(encoding: encoding, byteCount: min(raw.count, compressed.count), rawByteCount: raw.count)
    }
}
