// SPDX-License-Identifier: Apache-2.0

internal import Bytes
public import Export
public import Faults
internal import Testing

/// What every sink must do. `make` makes an empty one; `files` are its placed segments by path.
public func checkSinkContract<S: Sink>(make: () throws -> S, files: (S) throws -> [String: [UInt8]]) throws {
    try checkThatDraftsAreInvisible(in: try make(), files)
    try checkThatPlacingReplaces(in: try make(), files)
    try checkThatSweepingKeepsWhatIsAnchored(in: try make(), files)
    try checkThatPathsStayInside(of: try make(), files)
    try checkThatDraftsOfSeveralThreadsStayApart(in: try make(), files)
}

extension Sink {
    /// Writes, seals and places a segment.
    public func put(_ bytes: [UInt8], at path: String) throws(Fault) {
        let draft = try beginDraft()
        try bytes.withRawSpan { (span) throws(Fault) in try draft.write(span) }
        try place(try draft.seal(), at: path)
    }
}

private typealias Listing<S> = (S) throws -> [String: [UInt8]]

private func checkThatDraftsAreInvisible<S: Sink>(in sink: S, _ files: Listing<S>) throws {
    let draft = try sink.beginDraft()
    for piece: [UInt8] in [[1, 2], [], [3]] {
        try piece.withRawSpan { (span) throws(Fault) in try draft.write(span) }
    }
    #expect(try files(sink).isEmpty)
    let sealed = try draft.seal()
    #expect(sealed.byteCount == 3)
    #expect(try files(sink).isEmpty)
    #expect(throws: Fault.self) { try draft.seal() }
    #expect(throws: Fault.self) { try [UInt8](arrayLiteral: 1).withRawSpan { try draft.write($0) } }
    try sink.place(sealed, at: "a.b/data/x.ndjson")
    try sink.settle()
    #expect(try files(sink) == ["a.b/data/x.ndjson": [1, 2, 3]])
    let abandoned = try sink.beginDraft()
    abandoned.discard()
    abandoned.discard()
    #expect(throws: Fault.self) { try abandoned.seal() }
    let sealedInVain = try sink.beginDraft()
    _ = try sealedInVain.seal()
    sealedInVain.discard()
    sealedInVain.discard()
    draft.discard()
    #expect(try files(sink).count == 1, "what has its place stays")
    #expect(try sink.sweep { _ in true } == 0)
}

private func checkThatPlacingReplaces<S: Sink>(in sink: S, _ files: Listing<S>) throws {
    try sink.put([1], at: "a/data/x")
    try sink.put([2], at: "a/data/x")
    try sink.put([3], at: "b/data/x")
    try sink.settle()
    try sink.settle()
    #expect(try files(sink) == ["a/data/x": [2], "b/data/x": [3]])
}

private func checkThatSweepingKeepsWhatIsAnchored<S: Sink>(in sink: S, _ files: Listing<S>) throws {
    for path in ["a/data/1", "a/data/2", "b/data/1"] { try sink.put([7], at: path) }
    _ = try sink.beginDraft()
    _ = try sink.beginDraft().seal()
    #expect(try sink.sweep { $0 == "a/data/2" } == 4)
    #expect(try files(sink) == ["a/data/2": [7]])
    #expect(try sink.sweep { $0 == "a/data/2" } == 0)
    try sink.put([8], at: "b/data/1")
    #expect(try files(sink).count == 2)
}

private func checkThatPathsStayInside<S: Sink>(of sink: S, _ files: Listing<S>) throws {
    for path in ["", "x", "/a/data/x", "../data/x", "a/data/..", "a/../data/x", "a/data/", "a/other/x", "a/data/b/c"] {
        #expect(faultCode { try sink.put([1], at: path) } == .bug, "\(path)")
    }
    #expect(try files(sink).isEmpty)
}

private func checkThatDraftsOfSeveralThreadsStayApart<S: Sink>(in sink: S, _ files: Listing<S>) throws {
    inParallel(16) { index in
        try? sink.put([UInt8](repeating: UInt8(index), count: 1000), at: "t\(index % 3)/data/\(index)")
    }
    try sink.settle()
    let files = try files(sink)
    #expect(files.count == 16)
    for (path, bytes) in files {
        let index = path.split(separator: "/").last.flatMap { UInt8($0) }
        #expect(bytes == [UInt8](repeating: index ?? 255, count: 1000))
    }
}
