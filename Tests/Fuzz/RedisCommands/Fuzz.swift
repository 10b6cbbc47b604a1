// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Faults

@testable import RedisKeyspace

/// Any bytes as a stream of commands. Where units end must not depend on how their bytes come, and the scanner, which does
/// not hold them, must agree with the reader, which does; what is recorded of a command must not depend on whether it is
/// held whole.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    let read = Unit.read(bytes)
    for portion in [Int.max, 5, 1] {
        let scanned = Unit.scan(bytes, portion: portion)
        switch (read, scanned) {
        case (.end(let one), .end(let other)) where one == other: continue
        case (.fault, .fault): continue
        case (.short, .short): continue
        // The last word need not have come.
        case (.short, .end(let end)) where end > bytes.count: continue
        // Nor is looked at what ends it: who reads that word does, before anything is recorded of it.
        case (.fault, .end(let end)) where end <= bytes.count && bytes[end - 2..<end] != [13, 10]: continue
        default: fatalError("read \(read), scanned \(scanned) in portions of \(portion)")
        }
    }
    recordAll(bytes)
    return 0
}

/// What the first unit of a stream came to.
private enum Unit {
    case end(Int)
    case short
    case fault

    /// Holds each command whole.
    static func read(_ bytes: [UInt8]) -> Unit {
        var words = CommandWords()
        var at = 0
        var isInside = false
        while true {
            while at < bytes.count, bytes[at] == 10 { at += 1 }
            guard at < bytes.count else { return .short }
            guard
                let outcome = try? bytes.withRawSpan({ bytes throws(WireFault) in try words.find(in: bytes, from: at) })
            else { return .fault }
            guard case .whole(let end) = outcome else { return .short }
            guard end > at, end <= bytes.count, words.count > 0 else { fatalError("no command") }
            let name = bytes.withRawSpan { bytes in
                if words.mayBeWrapped(in: bytes, from: at) { words.unwrap(in: bytes) }
                return CommandName(bytes.extracting(words.places[0]))
            }
            guard words.places.allSatisfy({ $0.upperBound <= end && $0.lowerBound >= at }),
                words.envelopes.count <= ReplayEnvelope.depthLimit
            else { fatalError("words beyond their command") }
            at = end
            if name == .multi { isInside = true }
            if name == .exec { isInside = false }
            if !isInside { return .end(at) }
        }
    }

    /// Lets the bytes come in portions.
    static func scan(_ bytes: [UInt8], portion: Int) -> Unit {
        let spool = ByteSpool(folder: "/nowhere", name: "fuzz", limits: ByteSpool.Limits())
        var scanner = UnitScanner(spool, from: 0)
        var at = 0
        do throws(Fault) {
            while true {
                if let end = try scanner.find(until: ContinuousClock.now) { return .end(Int(clamping: end.offset)) }
                guard at < bytes.count else { return .short }
                let end = at + min(portion, bytes.count - at)
                try append(bytes[at..<end], to: spool)
                at = end
            }
        } catch {
            return .fault
        }
    }

    static func append(_ bytes: ArraySlice<UInt8>, to spool: ByteSpool) throws(Fault) {
        var buffer = ByteBuffer()
        buffer.append(contentsOf: Array(bytes))
        guard case .taken = try spool.append(buffer.bytes) else { fatalError("a spool of a few bytes is full") }
    }
}

/// Records every whole command twice: as one that is held, and as one that is not.
private func recordAll(_ bytes: [UInt8]) {
    var words = CommandWords()
    var at = 0
    while at < bytes.count {
        guard
            case .whole(let end)? = try? bytes.withRawSpan({ bytes throws(WireFault) in
                try words.find(in: bytes, from: at)
            })
        else { return }
        let total = words.places.reduce(0) { $0 + $1.count }
        var batch = ChangeBatch(byteLimit: 1 << 24)
        var recorder = CommandRecorder(database: 0)
        begin(&batch, &recorder)
        bytes.withRawSpan { bytes in
            if words.mayBeWrapped(in: bytes, from: at) { words.unwrap(in: bytes) }
            recorder.append(CommandName(bytes.extracting(words.places[0])), words, of: bytes, into: &batch)
        }
        guard batch.count > 0 else { fatalError("a command without a record") }
        recordLarge(bytes[at..<end], byteCount: total)
        at = end
    }
}

private func begin(_ batch: inout ChangeBatch, _ recorder: inout CommandRecorder) {
    batch.begin(Transaction(position: Position(rawValue: 1)))
    recorder.begin(&batch)
    recorder.beginUnit()
}

private func recordLarge(_ command: ArraySlice<UInt8>, byteCount: Int) {
    let spool = ByteSpool(folder: "/nowhere", name: "fuzz", limits: ByteSpool.Limits())
    var batch = ChangeBatch(byteLimit: 1 << 24)
    var recorder = CommandRecorder(database: 0)
    begin(&batch, &recorder)
    do {
        try Unit.append(command, to: spool)
        var window = SpoolWindow(spool)
        guard try window.grow(until: ContinuousClock.now) else { fatalError("nothing came") }
        var large = try LargeCommand(in: &window)
        while case .goOn = try large.step(in: &window, recorder: &recorder, into: &batch) {}
        guard window.count == 0 else { fatalError("a command does not end where it ends") }
    } catch {
        fatalError("a whole command is none: \(error)")
    }
    let piece = batch.change(at: batch.count - 1)
    guard case .value(let argv) = piece.field(10), argv.byteCount >= byteCount else { fatalError("words are missing") }
}
