// SPDX-License-Identifier: Apache-2.0

import Changelog
import DurableFiles
import Faults
import FoundationEssentials
import Logging
import Threads

/// Where a command prints: data to standard output, everything else to standard error.
struct Console: Sendable {
    /// How results are printed.
    enum Output: String, CaseIterable, Sendable {
        case text
        case json
    }

    /// How log lines are printed.
    enum LogFormat: String, CaseIterable, Sendable {
        case auto
        case text
        case json
    }

    let output: Output
    let logFormat: LogFormat
    let log: Logger
    let isQuiet: Bool

    init(_ settings: Settings) throws(Fault) {
        output = try settings.choice(.output, Output.self)
        let format = try settings.choice(.logFormat, LogFormat.self)
        let resolved =
            format == .auto
            ? (StandardStream.error.isTerminal ? LogFormat.text : output == .json ? .json : .text) : format
        logFormat = resolved
        isQuiet = try settings.flag(.quiet)
        var logger = Logger(label: "kedge") { _ in LineLogHandler(format: resolved) }
        logger.logLevel = isQuiet ? .error : try settings.choice(.logLevel, Logger.Level.self)
        log = logger
    }

    /// Prints one line of data.
    func print(_ line: String) throws(Fault) {
        try StandardStream.output.write(line + "\n")
    }

    /// Prints a value as JSON.
    func print(json value: some Encodable) throws(Fault) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { throw Fault(.bug, "a result cannot be printed as JSON") }
        try print(String(decoding: data, as: UTF8.self))
    }

    /// Prints `text` or `json`, as asked for.
    func print(_ text: @autoclosure () -> String, or json: some Encodable) throws(Fault) {
        switch output {
        case .text: try print(text())
        case .json: try print(json: json)
        }
    }
}

/// Prints log lines to standard error, one line each.
struct LineLogHandler: LogHandler {
    let format: Console.LogFormat
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let time = Timestamp(microseconds: wallClockMicroseconds())
        let message = Redacted.redact("\(event.message)")
        switch format {
        case .json:
            let line = ["level": "\(event.level)", "message": message, "time": "\(time)"]
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            guard let data = try? encoder.encode(line) else { return }
            try? StandardStream.error.write(String(decoding: data, as: UTF8.self) + "\n")
        case .text, .auto:
            try? StandardStream.error.write("\(time) \(event.level) \(message)\n")
        }
    }
}
