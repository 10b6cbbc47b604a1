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
            return EncodingChoice(encoding: best.encoding, isCompressed: best.isWorthCompressing)
        }
        var trial = try Trial.make(found, sample, &compressor)
        let scale = { (bytes: Int) in bytes * count / sample.count }
        let share = plain.rawByteCount > 0 ? found.byteCount * plain.byteCount / plain.rawByteCount : 0
        guard scale(trial.byteCount) + share <= scale(best.byteCount) else {
            return EncodingChoice(encoding: best.encoding, isCompressed: best.isWorthCompressing)
        }
        trial.byteCount = scale(trial.byteCount) + share
        trial.rawByteCount = scale(trial.rawByteCount) + found.byteCount
        return EncodingChoice(encoding: .dictionary, dictionary: found, isCompressed: trial.isWorthCompressing)
    }

    private init(
        encoding: Encoding, dictionary: consuming ValueDictionary = ValueDictionary(), isCompressed: Bool = true
    ) {
        self.encoding = encoding
        self.dictionary = dictionary
        self.isCompressed = isCompressed
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

    static func make(
        _ encoding: Encoding, _ builder: borrowing LeafBuilder, _ sample: Range<Int>,
        _ compressor: inout BlockCompressor
    ) throws(Fault) -> Trial {
        var raw = ByteBuffer(capacity: 1 << 14)
        raw.append(builder, sample, encoding)
        return try Trial(encoding, raw, &compressor)
    }

    static func make(
        _ dictionary: borrowing ValueDictionary, _ sample: Range<Int>, _ compressor: inout BlockCompressor
    ) throws(Fault) -> Trial {
        var raw = ByteBuffer(capacity: 1 << 14)
        raw.append(dictionary, sample)
        return try Trial(.dictionary, raw, &compressor)
    }

    init(encoding: Encoding, byteCount: Int, rawByteCount: Int) {
        self.encoding = encoding
        self.byteCount = byteCount
        self.rawByteCount = rawByteCount
    }

    private init(
        _ encoding: Encoding, _ raw: borrowing ByteBuffer, _ compressor: inout BlockCompressor
    ) throws(Fault) {
        var compressed = ByteBuffer(capacity: 1 << 14)
        try compressor.compress(raw.bytes, into: &compressed)
        self.init(encoding: encoding, byteCount: min(raw.count, compressed.count), rawByteCount: raw.count)
    }
}
