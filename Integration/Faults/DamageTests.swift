// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension IntegrationSuites {
    /// Every file of an export is shortened, changed and removed; whatever then reads it must say so, and nothing is
    /// published on top of it.
    @Suite("Damage to files", .serialized)
    struct DamageTests {
        @Test("damage to any file is found or mended, and never built upon")
        func everyFile() throws {
            let scene = try DamagedExport()
            var cases = 0
            for file in try scene.files() {
                for damage in Damage.all {
                    try scene.restore()
                    guard try damage.inflict(on: scene.path(file)) else { continue }
                    cases += 1
                    let found = try scene.problems(file)
                    #expect(found.isEmpty, "\(damage) of \(file):\n\(found.joined(separator: "\n"))")
                }
            }
            print("damage: \(cases) cases")
            #expect(cases > 80)
        }
    }
}

/// One way to spoil a file.
private enum Damage: CustomStringConvertible {
    case removed
    case cut(Double)
    case flipped(Double)

    static let all: [Damage] = [
        .removed, .cut(0), .cut(0.5), .cut(1), .flipped(0), .flipped(0.6), .flipped(1),
    ]

    var description: String {
        switch self {
        case .removed: "removal"
        case .cut(let place): "cut at \(place)"
        case .flipped(let place): "flip at \(place)"
        }
    }

    /// Spoils the file; false when it is too short for that.
    func inflict(on path: String) throws -> Bool {
        let url = URL(fileURLWithPath: path)
        var bytes = try Data(contentsOf: url)
        guard !bytes.isEmpty else { return false }
        switch self {
        case .removed: try FileManager.default.removeItem(at: url)
        case .cut(let place):
            try bytes.prefix(min(bytes.count - 1, Int(Double(bytes.count) * place))).write(to: url)
        case .flipped(let place):
            bytes[min(bytes.count - 1, Int(Double(bytes.count) * place))] ^= 0x04
            try bytes.write(to: url)
        }
        return true
    }
}

/// An export as a crash has left it, with its catalog's log, that can be put back as it was, the slot too.
private final class DamagedExport {
    private let scene: FaultScene
    private let pristine: ExportFolder
    private var digests: [String: String] = [:]

    init() throws {
        scene = try FaultScene("damage")
        try scene.catchUp()
        try scene.change()
        try scene.catchUp()
        try scene.sql("UPDATE items SET amount = 0; DELETE FROM orders WHERE id = 2")
        try KedgeProcess.expect(137, scene.run(), environment: ["KEDGE_CRASH_AT": "afterCatalogRecord"])
        // The master stays where the export ends; what every run is to publish comes after it.
        try scene.sql("SELECT pg_copy_logical_replication_slot('\(scene.slot)', '\(scene.slot)_master')")
        try scene.change()
        pristine = try scene.export.copied()
        digests = try anchors()
        #expect(digests.count == 3)
    }

    deinit { pristine.remove() }

    func path(_ file: String) -> String { scene.export.path + "/" + file }

    /// The files that are not working space, relative to the export.
    func files() throws -> [String] {
        try pristine.files().map { String($0.dropFirst(pristine.path.count + 1)) }
    }

    /// Puts the export and the slot back as they were.
    func restore() throws {
        try ShellCommand.run([
            "sh", "-c", "rm -rf '\(scene.export.path)' && cp -a '\(pristine.path)' '\(scene.export.path)'",
        ])
        try scene.sql(
            """
            SELECT pg_drop_replication_slot('\(scene.slot)');
            SELECT pg_copy_logical_replication_slot('\(scene.slot)_master', '\(scene.slot)')
            """)
    }

    /// What is wrong with how kedge takes the damage to `file`.
    func problems(_ file: String) throws -> [String] {
        var found: [String] = []
        let isCatalog = file.contains("catalog.sqlite")
        let isChain = file.contains("/anchors/") || file.hasSuffix("export.json")
        let table = file.hasPrefix("public.") ? String(file.prefix { $0 != "/" }) : nil
        let here = ["--to", scene.export.path]
        found += try expect(["verify"] + here, isCatalog ? [0, 65] : [65])
        // The state is that of the newest anchor; those before it are read for their notices.
        found += try expect(["status"] + here, isChain ? [65] : [0])
        for name in ["public.orders", "public.items"] {
            let isHit = isChain || table == name
            found += try expect(["cat", "--table", name] + here, isHit ? [65] : [0])
        }
        found += try expect(scene.run(), isChain ? [65] : [0, 65])
        let after = try anchors()
        for (name, digest) in digests where after[name] != nil && after[name] != digest {
            let isTheDamage = file.hasSuffix(name)
            if !isTheDamage { found.append("run changed \(name)") }
        }
        if isChain, after.count > digests.count { found.append("run published on top of a damaged chain") }
        let isMended = try isCatalog || sameAsPristine(file)
        found += try expect(["verify"] + here, isMended ? [0] : [65])
        return found
    }

    private func sameAsPristine(_ file: String) throws -> Bool {
        FileManager.default.contents(atPath: path(file))
            == FileManager.default.contents(atPath: pristine.path + "/" + file)
    }

    private func expect(_ arguments: [String], _ statuses: Set<Int32>) throws -> [String] {
        let outcome = try KedgeProcess.run(arguments + ["--log-format", "json"])
        let report = FaultScene.Report(outcome.errors)
        if statuses.contains(outcome.status), outcome.status == 0 || report != nil { return [] }
        return ["\(arguments[0]): status \(outcome.status), \(report?.text ?? outcome.errors.suffix(500).description)"]
    }

    private func anchors() throws -> [String: String] {
        let script = "cd '\(scene.export.path)/_kedge/anchors' && sha256sum *"
        let lines = try ShellCommand.run(["sh", "-c", script]).split(separator: "\n").map { $0.split(separator: " ") }
        return Dictionary(uniqueKeysWithValues: lines.map { (String($0[1]), String($0[0])) })
    }
}
