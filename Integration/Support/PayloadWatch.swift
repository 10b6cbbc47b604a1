// SPDX-License-Identifier: Apache-2.0

/// What happens to the link of a Redis replica near the end of its snapshot.
struct PayloadFault: Sendable, CustomStringConvertible {
    enum Kind: String, CaseIterable {
        /// The connection breaks there.
        case cut
        /// What follows is sent by itself.
        case split
        /// What follows comes later than anybody polls.
        case delay
        /// What is on both sides comes at once.
        case glue
        /// A newline stands there that the server has not counted.
        case newline
    }

    let kind: Kind
    /// The distance from the last byte of the snapshot; of a newline, behind how many commands of the stream it stands, and
    /// -1 is before the frame of the snapshot.
    let place: Int

    var description: String { "\(kind.rawValue) at \(place)" }
}

/// Reads along on a replication link, and does what a ``PayloadFault`` says.
struct PayloadWatch {
    /// How far the link is.
    struct Progress {
        /// Whether a snapshot was announced.
        var hasBegun = false
        /// Whether the fault is done.
        var hasHappened = false
    }

    private static let glueByteCount = 48
    private let fault: PayloadFault
    private var bytes: [UInt8] = []
    private var passedCount = 0
    /// Where the frame of the snapshot begins, and where the snapshot and the mark behind it end.
    private var frame: Int?
    private var payloadEnd: Int?
    private var streamStart: Int?
    /// Until when what is there is kept back.
    private var notBefore: ContinuousClock.Instant?
    private(set) var progress = Progress()

    init(_ fault: PayloadFault) { self.fault = fault }

    mutating func receive(_ more: ArraySlice<UInt8>) {
        bytes += more
        if frame == nil { findFrame() }
        if frame != nil, payloadEnd == nil { findEnd() }
    }

    /// The bytes that may pass now, and whether the link breaks behind them.
    mutating func next() -> (piece: [UInt8], isCut: Bool) {
        if let time = notBefore, time > .now { return ([], false) }
        guard !progress.hasHappened else { return (take(to: bytes.count), false) }
        guard let place else { return (take(to: streamStart ?? frame ?? bytes.count), false) }
        switch fault.kind {
        case .cut: return (take(to: place), reaches(place))
        case .split, .delay:
            let piece = take(to: place)
            if reaches(place) { notBefore = .now + .milliseconds(fault.kind == .split ? 15 : 300) }
            return (piece, false)
        case .newline:
            var piece = take(to: place)
            if reaches(place) { piece.append(UInt8(ascii: "\n")) }
            return (piece, false)
        case .glue: return (glued(place), false)
        }
    }

    private mutating func reaches(_ place: Int) -> Bool {
        progress.hasHappened = passedCount == place
        return progress.hasHappened
    }

    /// All from before the place on, once enough has come behind it. Commands come when the mark has been heard.
    private mutating func glued(_ place: Int) -> [UInt8] {
        let isInStream = place >= streamStart ?? 0
        let start = max(passedCount, place - Self.glueByteCount, isInStream ? streamStart ?? 0 : 0)
        if let time = notBefore {
            progress.hasHappened = bytes.count > place
            if time <= .now, progress.hasHappened { return take(to: bytes.count) }
        } else if bytes.count >= start {
            notBefore = .now + .milliseconds(60)
        }
        return take(to: start)
    }

    private mutating func take(to end: Int) -> [UInt8] {
        let end = max(passedCount, min(end, bytes.count))
        defer { passedCount = end }
        return Array(bytes[passedCount..<end])
    }

    // MARK: Reading along

    /// Where the fault is; nil while that is not known.
    private var place: Int? {
        guard let frame, let payloadEnd, let streamStart else { return nil }
        guard fault.kind == .newline else { return payloadEnd + fault.place }
        return fault.place < 0 ? frame : commandEnd(fault.place, from: streamStart)
    }

    private mutating func findFrame() {
        let answer = Array("+FULLRESYNC".utf8)
        guard let start = find(answer, from: 0), let line = find([10], from: start) else { return }
        progress.hasBegun = true
        guard let first = bytes[(line + 1)...].firstIndex(where: { $0 != 10 }) else { return }
        frame = first
    }

    private mutating func findEnd() {
        guard let frame, let lineEnd = find([13, 10], from: frame) else { return }
        let line = String(decoding: bytes[frame..<lineEnd], as: UTF8.self)
        if let count = Int(line.dropFirst()) {
            payloadEnd = lineEnd + 2 + count
            streamStart = payloadEnd
        } else if let end = find(Array(line.dropFirst(5).utf8), from: lineEnd) {
            payloadEnd = end
            streamStart = end + 40
        }
    }

    private func commandEnd(_ count: Int, from start: Int) -> Int? {
        var at = start
        for _ in 0..<count {
            guard let (words, first) = number(at) else { return nil }
            at = first
            for _ in 0..<words {
                guard let (length, word) = number(at) else { return nil }
                at = word + length + 2
            }
        }
        return at
    }

    private func number(_ start: Int) -> (Int, Int)? {
        guard start < bytes.count, let end = find([13, 10], from: start) else { return nil }
        return Int(String(decoding: bytes[(start + 1)..<end], as: UTF8.self)).map { ($0, end + 2) }
    }

    private func find(_ pattern: [UInt8], from start: Int) -> Int? {
        guard start + pattern.count <= bytes.count else { return nil }
        return (start...bytes.count - pattern.count).first { bytes[$0..<$0 + pattern.count].elementsEqual(pattern) }
    }
}
