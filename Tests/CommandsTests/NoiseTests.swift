// SPDX-License-Identifier: Apache-2.0

import Faults
import Runtime
import TestSupport
import Testing

@testable import Commands

/// Whatever somebody types is a value or a fault of the settings, never an end of the process.
@Suite struct NoiseTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `any text is a value of a setting or is refused as one`(seed: UInt64) throws {
        var noise = Noise(seed: seed)
        for _ in 0..<3000 {
            let text = noise.text()
            if let count = Quantity.byteCount(text) { #expect(count >= 0) }
            if let span = Quantity.duration(text) { #expect(span >= .zero) }
            if let policy = Quantity.anchorPolicy(text) { #expect(policy.transactionCount > 0 && policy.byteCount > 0) }
            let key = SettingKey.allCases[noise.number(SettingKey.allCases.count)]
            let fault = fault { _ = try PostgresRunSettings(settings([.to: "x"].merging([key: text]) { $1 })) }
            #expect(fault == nil || fault?.code == .usage, "\(key) \(text)")
            let range = faultCode { _ = try CatCommand.range(text) }
            #expect(range == nil || range == .usage)
        }
    }

    @Test(arguments: [UInt64(4), 5])
    func `any text is a connection string or is refused as one`(seed: UInt64) throws {
        var noise = Noise(seed: seed)
        for _ in 0..<3000 {
            let text = ["postgresql://", "host=", "", "a="][noise.number(4)] + noise.text()
            let fault = fault { _ = try settings([.source: text]).source() }
            #expect(fault == nil || fault?.code == .usage, "\(text)")
        }
    }

    @Test(arguments: [UInt64(6), 7])
    func `any file is settings or is refused as such`(seed: UInt64) throws {
        var noise = Noise(seed: seed)
        let codes: Set<Fault.Code> = [.configUnreadable, .settingUnknown, .settingInvalid, .usage]
        for _ in 0..<300 {
            let lines = (0..<noise.number(4)).map { _ in
                SettingKey.allCases[noise.number(SettingKey.allCases.count)].rawValue
                    + [":", ": ", "", ":\n  - "][noise.number(4)]
                    + noise.text()
            }
            let yaml = lines.joined(separator: "\n")
            let fault = fault { _ = try PostgresRunSettings(settings(yaml: yaml, in: folder)) }
            #expect(fault.map { codes.contains($0.code) } ?? true, "\(yaml)")
        }
    }
}

/// Short texts of the letters that settings are made of, the same ones for the same seed.
private struct Noise {
    private var state: UInt64
    private static let parts =
        Array("0123456789").map(String.init)
        + [
            "ms", "s", "m", "h", "MiB", "KiB", "tx", ",", "..", ".", "*", "?", "/", "-", "+", " ", ":", "://", "@", "%",
            "%4",
            "'", "\"", "\\", "&", "=", "[", "]", "{", "}", "#", "!", "|", ">", "\n", "\t", "é", "👍", "\u{301}", "\0",
            "now",
            "2026-11-22T10:00:00Z", "0/16B3748", "true", "public", "~", "`", "9223372036854775807",
        ]

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    mutating func number(_ limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(limit))
    }

    mutating func text() -> String {
        (0..<number(7)).map { _ in Self.parts[number(Self.parts.count)] }.joined()
    }
}
