// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hiredis
import Testing

/// Does things to streams, remembers them, and compares what an export says with what was done.
final class StreamTorture {
    /// What the rounds came to.
    struct Tally: CustomStringConvertible {
        var rounds = 0, exported = 0, lost = 0, counted = 0, gaps = 0, resets = 0, unknown = 0, deletions = 0

        var description: String {
            """
            \(rounds) rounds of a stream: \(exported) entries exported, \(lost) lost of which \(counted) counted in \
            \(gaps) gaps; \(deletions) deletions, \(resets) resets, \(unknown) unknown
            """
        }
    }

    /// What happened to one stream since the last comparison.
    struct Model {
        /// The identifiers that were added, by history.
        var added: [[String]] = [[]]
        /// Those that were taken away one by one.
        var deleted: Set<String> = []
        /// The number from which identifiers are made; nil where the server makes them.
        var next: UInt64? = 1
        /// Whether counters and identifiers were set by hand.
        var wasEdited = false
        /// Whether the export knew the stream before.
        var isKnown = false
        /// Whether the stream was deleted and had not come back before.
        var wasGone = false

        var wasDeleted: Bool { added.count > 1 || wasGone }

        mutating func note(_ id: String) { added[added.count - 1].append(id) }
    }

    let scene: StreamScene
    private let names = ["a", "b", "c"]
    private var models: [String: Model] = [:]
    private var random: SplitMix
    private var seenAnchors = 0
    private let command: ([String]) throws -> Reply
    /// What else may happen at any moment.
    private let event: ((inout SplitMix) throws -> Void)?
    private let counts: Bool
    private let seed: UInt64
    private(set) var tally = Tally()

    init(_ programs: RedisPrograms, seed: UInt64) throws {
        scene = try StreamScene(programs, streams: "a,b,c")
        let connection = KeptConnection(try scene.server.connect())
        command = { words in try connection.connection.run(words.map { Array($0.utf8) }) }
        event = nil
        random = SplitMix(state: seed)
        counts = programs.isAtLeast(7, 0)
        self.seed = seed
        for name in names { models[name] = Model() }
    }

    /// The same in a cluster, to which `event` may happen at any moment.
    init(
        _ cluster: RedisClusterServers, _ programs: RedisPrograms, seed: UInt64,
        event: @escaping (inout SplitMix) throws -> Void
    ) throws {
        scene = try StreamScene(cluster, streams: "a,b,c")
        let client = ClusterClient(cluster)
        command = { words in try client.run(words) }
        self.event = event
        random = SplitMix(state: seed)
        counts = programs.isAtLeast(7, 0)
        self.seed = seed
        for name in names { models[name] = Model() }
    }

    /// A connection that a closure can hold.
    private final class KeptConnection {
        var connection: RedisConnection

        init(_ connection: consuming RedisConnection) {
            self.connection = connection
        }
    }

    // MARK: A round

    func play(_ round: Int) throws {
        var process: KedgeProcess?
        if round > 0, chance(0.4) {
            process = try KedgeProcess(scene.run(anchors: "100ms"))
            Thread.sleep(forTimeInterval: Double.random(in: 0...0.3, using: &random))
        }
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            for name in names where chance(0.7) { try act(on: name) }
            try event?(&random)
            if process != nil { Thread.sleep(forTimeInterval: Double.random(in: 0...0.15, using: &random)) }
        }
        if let process {
            if chance(0.5) { process.killNow() } else { process.terminate() }
            let outcome = try process.wait(deadline: .seconds(30))
            // Whoever is asked to stop before it listens is ended by the signal.
            #expect([0, 137, 143].contains(outcome.status), "\(outcome.errors.suffix(2000))")
        }
        try scene.catchUp()
        try compare(round)
    }

    private func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &random) < probability
    }

    private func act(on name: String) throws {
        switch Int.random(in: 0..<100, using: &random) {
        case ..<55: try add(to: name, Int.random(in: 1...12, using: &random))
        case ..<70: try trim(name)
        case ..<85: try delete(from: name)
        case ..<93: try remove(name)
        default: try edit(name)
        }
    }

    private func run(_ words: [String]) throws -> Reply { try command(words) }

    private func add(to name: String, _ count: Int) throws {
        for _ in 0..<count {
            var id = "*"
            if let next = models[name]?.next {
                let ahead = next + UInt64.random(in: 0...2, using: &random)
                id = "\(ahead)-\(UInt64.random(in: 1...3, using: &random))"
                models[name]?.next = ahead + 1
            }
            let reply = try run(["XADD", name, id, "n", "\(UInt64.random(in: 0...UInt64.max, using: &random))"])
            guard let text = reply.text else { continue }
            models[name]?.note(text)
        }
    }

    private func trim(_ name: String) throws {
        _ = try run(["XTRIM", name, "MAXLEN", "\(Int.random(in: 0...12, using: &random))"])
    }

    private func delete(from name: String) throws {
        let entries = (try run(["XRANGE", name, "-", "+"]).elements ?? []).compactMap { StreamScene.Entry($0) }
        for entry in entries where chance(0.2) {
            _ = try run(["XDEL", name, entry.id])
            models[name]?.deleted.insert(entry.id)
        }
    }

    private func remove(_ name: String) throws {
        guard try run(["DEL", name]).integer == 1 else { return }
        models[name]?.added.append([])
        let next = models[name]?.next ?? 1
        models[name]?.next = chance(0.3) ? nil : chance(0.5) ? 1 : next
        tally.deletions += 1
    }

    /// Sets the last identifier anew, and what is counted where it is counted.
    private func edit(_ name: String) throws {
        guard let next = models[name]?.next else { return }
        let last = next + UInt64.random(in: 0...5, using: &random)
        var words = ["XSETID", name, "\(last)-0"]
        // Counters that are set by hand before a stream moves cannot be told from others.
        if counts, event == nil, chance(0.7) {
            words += ["ENTRIESADDED", "\(Int.random(in: 0...60, using: &random))", "MAXDELETEDID", "0-0"]
        }
        guard try run(words) == .status("OK") else { return }
        models[name]?.next = last + 1
        models[name]?.wasEdited = true
    }

    // MARK: The comparison

    private func compare(_ round: Int) throws {
        let anchors = try scene.export.anchors()
        let fresh = anchors.dropFirst(seenAnchors)
        seenAnchors = anchors.count
        for name in names {
            guard let model = models[name] else { continue }
            let problems = try judge(name, model, Array(fresh), round)
            #expect(problems.isEmpty, "seed \(seed), round \(round), stream \(name): \(problems) \(model)")
            models[name] = Model()
            models[name]?.next = model.next
            models[name]?.isKnown = try epoch(of: name) > 0
            models[name]?.wasGone = try run(["EXISTS", name]).integer == 0
        }
    }

    private struct Said {
        var kinds: [String] = []
        /// What was said to be missing behind the last reset; nil when it was not counted.
        var missing: Int? = 0
        var isUnknown = false
    }

    private func said(of name: String, _ anchors: [[String: Any]]) -> Said {
        var said = Said()
        for anchor in anchors where (anchor["reason"] as? String ?? "").hasPrefix(name + ": ") {
            let kind = anchor["kind"] as? String ?? ""
            said.kinds.append(kind)
            switch kind {
            case "reset": said.missing = 0
            case "gap":
                let more = anchor["missing"] as? Int
                said.missing = said.missing.flatMap { sum in more.map { sum + $0 } }
            default: said.isUnknown = true
            }
        }
        return said
    }

    private func judge(
        _ name: String, _ model: Model, _ anchors: [[String: Any]], _ round: Int
    ) throws -> [String] {
        let records = try self.records(of: name, anchors)
        let said = said(of: name, anchors)
        let isReset = said.kinds.contains("reset")
        let last = records.map(\.epoch).max()
        let newest = records.filter { !isReset || $0.epoch == last }.map(\.entry.id)
        let there = Set(try scene.entries(of: name).map(\.id))
        // A reset without a record behind it holds nothing of the newest history.
        let hasNewest = try !isReset || hasRecords(anchors, name, of: epoch(of: name))
        let exported = hasNewest ? newest : []
        let added = isReset || model.wasDeleted && !said.isUnknown ? model.added.last ?? [] : model.added.flatMap { $0 }
        let gone = added.filter { !exported.contains($0) && !there.contains($0) }
        let unread = added.filter { !exported.contains($0) && there.contains($0) }

        tally.rounds += 1
        tally.exported += records.count
        tally.lost += gone.count
        tally.gaps += said.kinds.filter { $0 == "gap" }.count
        tally.resets += said.kinds.filter { $0 == "reset" }.count
        tally.unknown += said.isUnknown ? 1 : 0

        var problems: [String] = []
        if isReset, !model.wasDeleted, !model.wasEdited {
            problems.append("a reset of a stream that was not deleted: \(said.kinds)")
        }
        let unique = Set(records.map { "\($0.epoch) \($0.entry.id)" })
        if unique.count != records.count { problems.append("an entry stands twice in one history") }
        // Of a stream that is not there nothing more is said until it is back; one that is new has lost nothing of ours.
        let isThere = try run(["EXISTS", name]).integer == 1
        guard !said.isUnknown, model.isKnown, isThere else { return problems }
        if !unread.isEmpty { problems.append("not exported although there: \(unread)") }
        if model.wasDeleted, !isReset, model.added.dropLast().contains(where: { !$0.isEmpty }) || !added.isEmpty {
            let all = model.added.flatMap { $0 }
            let lost = all.filter { !records.map(\.entry.id).contains($0) }
            if said.missing != lost.count { problems.append("deleted unseen, \(lost.count) lost, said \(said)") }
            return problems
        }
        // Before 7.0 nobody can tell what a new history has lost already.
        if !counts, isReset { return problems }
        // Nor does anybody see that an entry was deleted by itself before it was read.
        let lost = counts ? gone : gone.filter { !model.deleted.contains($0) }
        if counts {
            if said.missing != lost.count { problems.append("\(lost.count) lost, said \(said)") }
            tally.counted += said.missing ?? 0
        } else if lost.isEmpty == (said.missing == nil) {
            problems.append("\(lost.count) lost, said \(said)")
        }
        return problems
    }

    private func epoch(of name: String) throws -> Int {
        let lanes = try scene.export.anchors().last?["lanes"] as? [[String: Any]] ?? []
        return lanes.first { $0["lane"] as? String == name }?["epoch"] as? Int ?? 0
    }

    private func hasRecords(_ anchors: [[String: Any]], _ name: String, of epoch: Int) -> Bool {
        anchors.flatMap { $0["segments"] as? [[String: Any]] ?? [] }.contains { segment in
            segment["table"] as? String == name
                && (segment["seqMin"] as? String ?? "").hasPrefix(hexadecimal(epoch))
        }
    }

    private func hexadecimal(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }

    /// The records of a stream that some anchors publish.
    private func records(of name: String, _ anchors: [[String: Any]]) throws -> [StreamScene.Record] {
        let numbers = Set(anchors.compactMap { $0["anchor"] as? Int })
        return try scene.records(of: name, in: numbers)
    }
}

/// A small generator whose numbers follow from its seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
