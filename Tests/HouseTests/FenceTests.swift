// SPDX-License-Identifier: Apache-2.0

import Testing

/// What the outside world is like is known in a few rooms only.
@Suite("The fences")
struct FenceTests {
    /// Which rooms may import a module that stands behind a fence.
    private static let fences: [String: Set<String>] = [
        "CLibpq": ["LibPQ"],
        "CZstd": ["Compression"],
        "CZlib": ["Compression"],
        "CSnappy": ["Compression"],
        "COpenSSL": ["Digests"],
        "CLibssl": ["Sockets"],
        "CHiredis": ["Hiredis"],
        "GRDB": ["Metastore"],
        "ArgumentParser": ["Commands"],
        "Configuration": ["Commands"],
        "Logging": ["Commands"],
        "Yams": ["Commands", "Contracts"],
        "Glibc": kernel,
        "Darwin": kernel,
        "Dispatch": [],
        "Foundation": [],
        // Dates and JSON of the files that people read; nothing of it is on the hot path.
        "FoundationEssentials": ["Anchors", "Metastore", "Verification", "Commands"],
    ]

    private static let kernel: Set<String> = [
        "Faults",  // a crash point ends the process
        "Bytes",  // memcpy and memchr
        "Threads",
        "DurableFiles",
        "LibPQ",  // poll
        "Sockets",  // sockets and poll
        "Commands",  // signals, whether a stream is a terminal, the exit status
    ]

    private static let unsafeRooms: Set<String> = [
        "Bytes", "LibPQ", "Sockets", "Hiredis", "Compression", "Digests", "DurableFiles", "Threads",
    ]

    @Test("a module behind a fence is imported by its fence only", arguments: fences.keys.sorted())
    func modulesStayBehindTheirFence(module: String) {
        let allowed = Self.fences[module] ?? []
        let violations = Repository.sources.filter { !allowed.contains($0.target) }.flatMap { file in
            file.imports.filter { $0.module == module }.map { "\(file.path):\($0.line)" }
        }
        let rooms = allowed.isEmpty ? "nothing" : allowed.sorted().joined(separator: ", ")
        expectNone(violations, "\(module) may be imported by \(rooms)")
    }

    @Test("unsafe code is written in the ground and the fences only")
    func unsafeStaysBehindTheFences() {
        let allowed = Self.unsafeRooms
        let violations = Repository.sources.filter { !allowed.contains($0.target) }
            .flatMap { $0.places(matching: /\bunsafe\b/) }
        expectNone(violations, "the word unsafe may be written in \(allowed.sorted().joined(separator: ", "))")
    }

    @Test("nothing that a peer sends can trap")
    func nothingTraps() {
        var violations: [String] = []
        for file in Repository.sources {
            violations += file.places(matching: /\btry!/).map { $0 + " try!" }
            violations += file.places(matching: /\bas!/).map { $0 + " as!" }
            violations += file.places(matching: /\bfatalError\b/).map { $0 + " fatalError" }
            // A value followed by an exclamation mark that is not the beginning of `!=`.
            // Inside an unsafe block of a fence a pointer is known not to be null where its length is not zero.
            violations += file.places(matching: /[A-Za-z0-9_)\]]!(?:[^=]|$)/)
                .filter { !(Self.unsafeRooms.contains(file.target) && file.line(at: $0).contains("baseAddress!")) }
                .map { $0 + " forced unwrapping" }
        }
        expectNone(violations, "no forced unwrapping, casting or trying, and no fatalError")
    }
}
