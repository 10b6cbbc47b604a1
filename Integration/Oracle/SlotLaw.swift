// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Oracle O4: the slot never stands beyond the newest anchor that was there already.
///
/// A client of its own looks at the slot all the time, about every 10 ms, and writes down where it stands and, after
/// looking, what time it is. An anchor's file keeps the time at which it was linked into place, which comes before any
/// acknowledgement of it. So the two are compared at the end, sample by sample, and nothing has to be fast.
final class SlotLaw {
    private struct Sample {
        let time: Double
        let position: UInt64
    }

    private let export: ExportFolder
    private let flag: URL
    private let command: ShellCommand

    /// Begins to look at the slot of `export`, which need not be there yet; also across restarts of the server.
    init(of export: ExportFolder, slot: String, on server: PostgresServer) throws {
        self.export = export
        flag = try TemporaryFolder.make("samples").appendingPathComponent("go-on")
        try Data().write(to: flag)
        let query = """
            SELECT confirmed_flush_lsn, extract(epoch FROM clock_timestamp()) FROM pg_replication_slots \
            WHERE slot_name = '\(slot)' AND confirmed_flush_lsn IS NOT NULL;
            """
        // A pipe that nobody writes to is a clock that costs no process.
        let script = """
            exec {clock}<> <(:)
            while [ -e '\(flag.path)' ]; do
                while [ -e '\(flag.path)' ]; do echo "$QUERY" || break; read -rt 0.01 -u $clock; done 2> /dev/null \
                    | psql -X -q -A -t -F ' ' -d '\(server.address(of: "postgres"))' 2> /dev/null
                read -rt 0.05 -u $clock
            done
            exit 0
            """
        command = try ShellCommand(["bash", "-c", script], environment: ["QUERY": query])
    }

    deinit {
        try? FileManager.default.removeItem(at: flag.deletingLastPathComponent())
    }

    /// Ends the looking and returns every sample that breaks the law, worded; also when there are too few samples to
    /// say anything.
    func violations() throws -> [String] {
        // For a last look.
        Thread.sleep(forTimeInterval: 0.2)
        try FileManager.default.removeItem(at: flag)
        let outcome = try command.wait(deadline: .seconds(20))
        let samples = outcome.output.split(separator: "\n").compactMap(Self.sample)
        let anchors = try self.anchors()
        guard let beginning = anchors.first else { return ["no anchor"] }
        var broken: [String] = []
        var next = 0
        var allowed = beginning.position
        for sample in samples {
            while next < anchors.count, anchors[next].time <= sample.time {
                allowed = max(allowed, anchors[next].position)
                next += 1
            }
            if sample.position > allowed {
                broken.append(
                    "at \(sample.time) the slot stood at \(Self.text(sample.position)), the anchors at \(Self.text(allowed))"
                )
            }
        }
        if Set(samples.map(\.position)).count < 2 {
            broken.append("the slot was seen \(samples.count) times and never moved")
        }
        return Array(broken.prefix(10))
    }

    private func anchors() throws -> [Sample] {
        let folder = export.path + "/_kedge/anchors"
        // The change time is that of the link, or of the removal of the draft right after it.
        let times = try ShellCommand.run(["sh", "-c", "cd '\(folder)' && stat -c '%n %.9Z' *.json"])
        var byNumber: [Int: Double] = [:]
        for line in times.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count == 2, let number = Int(fields[0].prefix { $0 != "." }), let time = Double(fields[1])
            else { throw TestFailure("unexpected line: \(line)") }
            byNumber[number] = time
        }
        return try export.anchors().map { anchor in
            guard let number = anchor["anchor"] as? Int, let time = byNumber[number],
                let position = (anchor["to"] as? String).flatMap(Self.position)
            else { throw TestFailure("anchor \(anchor["anchor"] ?? "?") lacks its place") }
            return Sample(time: time, position: position)
        }
    }

    private static func sample(_ line: Substring) -> Sample? {
        let fields = line.split(separator: " ")
        guard fields.count == 2, let position = position(String(fields[0])), let time = Double(fields[1]) else {
            return nil
        }
        return Sample(time: time, position: position)
    }

    /// `16/B374D848` as a number.
    static func position(_ text: String) -> UInt64? {
        let parts = text.split(separator: "/")
        guard parts.count == 2, let high = UInt64(parts[0], radix: 16), let low = UInt64(parts[1], radix: 16) else {
            return nil
        }
        return high << 32 | low
    }

    private static func text(_ position: UInt64) -> String {
        String(position >> 32, radix: 16, uppercase: true) + "/"
            + String(position & 0xffff_ffff, radix: 16, uppercase: true)
    }
}
