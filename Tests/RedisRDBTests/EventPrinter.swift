// SPDX-License-Identifier: Apache-2.0

import Bytes
import RedisRDB

/// Prints events as lines of text, one a line.
struct EventPrinter {
    private(set) var lines: [String] = []

    /// The lines that a payload prints, and behind them the fault that ended it.
    static func lines(
        _ bytes: [UInt8], portion: Int = .max, limits: RDBLimits = RDBLimits()
    ) -> [String] {
        var printer = EventPrinter()
        do throws(RDBFault) {
            let count = try walk(bytes, portion: portion, limits: limits) { event in printer.print(event) }
            printer.lines.append("\(count) bytes")
        } catch {
            printer.lines.append("fault: \(error)")
        }
        return printer.lines
    }

    mutating func print(_ event: borrowing RDBEvent) {
        lines.append(Self.line(event))
    }

    private static func line(_ event: borrowing RDBEvent) -> String {
        switch event {
        case .header(let header): "header \(header)"
        case .auxiliary(let name, let value): "aux \(quote(name)) \(quote(value))"
        case .selectDatabase(let number): "db \(number)"
        case .resizeDatabase(let keys, let expiring): "size \(keys) \(expiring)"
        case .slotInfo(let slot, let keys, let expiring): "slot \(slot) \(keys) \(expiring)"
        case .slotImport(let job, let count): "import \(quote(job)) \(count)"
        case .slotRange(let first, let last): "slots \(first) \(last)"
        case .functionLibrary(let source): "function \(quote(source))"
        case .moduleAuxiliary(let module, let count): "module-aux \(module.name) \(module.encodingVersion) \(count)"
        case .beginKey(let key): keyLine(key)
        case .endKey(let count): "end-key \(count)"
        case .end(let checksum): "end \(checksum)"
        default: itemLine(event)
        }
    }

    private static func keyLine(_ key: RDBKey) -> String {
        var line = "key \(quote(key.name)) \(key.type.rawValue) \(key.encoding)"
        if let time = key.expiresAt { line += " expires=\(time)" }
        if let idle = key.idleSeconds { line += " idle=\(idle)" }
        if let frequency = key.frequency { line += " frequency=\(frequency)" }
        if let module = key.module { line += " module=\(module.name)" }
        return line
    }

    private static func itemLine(_ event: borrowing RDBEvent) -> String {
        switch event {
        case .string(let value): "  string \(quote(value))"
        case .element(let value): "  element \(quote(value))"
        case .member(let value): "  member \(quote(value))"
        case .scoredMember(let value, let score): "  scored \(quote(value)) \(score.decodedString())"
        case .field(let name, let value, let time): "  field \(quote(name)) \(quote(value))" + expiry(time)
        case .piece(let part, let bytes, let isLast): "  piece \(part) \(bytes.byteCount)" + (isLast ? " last" : "")
        case .endItem(let score, let time):
            "  end-item" + scoreText(score) + expiry(time)
        case .moduleValue(let module, let count): "  module \(module.name) \(module.encodingVersion) \(count)"
        default: streamLine(event)
        }
    }

    private static func streamLine(_ event: borrowing RDBEvent) -> String {
        switch event {
        case .streamEntry(let id, let count): "  entry \(id) \(count)"
        case .streamField(let name, let value): "    \(quote(name)) \(quote(value))"
        case .streamState(let state):
            "  state length=\(state.length) last=\(state.lastID)"
        case .streamHistory(let history):
            "  history first=\(history.firstID) deleted=\(history.maxDeletedID) added=\(history.entriesAdded)"
        case .streamGroup(let group):
            "  group \(quote(group.name)) last=\(group.lastID) pending=\(group.pendingCount)"
                + (group.entriesRead.map { " read=\($0)" } ?? "")
        case .pendingEntry(let id, let time, let count): "    pending \(id) \(time) \(count)"
        case .streamConsumer(let consumer):
            "    consumer \(quote(consumer.name)) seen=\(consumer.seenAt) pending=\(consumer.pendingCount)"
                + (consumer.activeAt.map { " active=\($0)" } ?? "")
        case .consumerPending(let id): "      \(id)"
        default: "?"
        }
    }

    private static func scoreText(_ score: RawSpan?) -> String {
        if let score { return " " + score.decodedString() }
        return ""
    }

    private static func expiry(_ time: Int64?) -> String { time.map { " expires=\($0)" } ?? "" }

    /// Printable ASCII as it is, everything else as `\xNN`.
    static func quote(_ bytes: RawSpan) -> String {
        var text = "\""
        for byte in bytes.copiedBytes() {
            if byte >= 0x20, byte < 0x7f, byte != 0x22, byte != 0x5c {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return text + "\""
    }
}
