// SPDX-License-Identifier: Apache-2.0

internal import Anchors
internal import Bytes
internal import Changelog
internal import DeltaLake
internal import Digests
internal import DurableFiles
internal import Faults

extension VerificationWalk {
    /// Checks what `anchor` says of its segments, and the segments themselves.
    mutating func checkSegments(of anchor: Anchor) throws(Fault) {
        var parts: [String: Int] = [:]
        for segment in anchor.segments {
            let tableFolder = Files.parent(of: segment.path)
            let place = SegmentRules.Place(
                anchor: anchor, part: parts[tableFolder, default: 0], lastKey: lastKeys[tableFolder],
                schema: try schema(segment.schema))
            for problem in SegmentRules.problems(of: segment, at: place) { find(segment.path, problem) }
            parts[tableFolder, default: 0] += 1
            lastKeys[tableFolder] = segment.seqMax
            anchoredPaths.insert(segment.path)
            delta?.add(segment, anchor: anchor.number)
            try checkFile(of: segment, anchor: anchor.number)
        }
    }

    /// The schema that anchors call `id`; asked for once, found damaged once.
    private mutating func schema(_ id: String) throws(Fault) -> TableSchema? {
        if let known = schemas[id] { return known }
        let path = "\(relative(folder.schemas))/\(id.dropFirst("sha256:".utf8.count)).json"
        let store = SchemaStore(folder)
        let schema = try finding(path) { () throws(Fault) in try store.schema(id) }
        schemas[id] = .some(schema)
        return schema
    }

    private mutating func checkFile(of segment: SegmentRecord, anchor: Int) throws(Fault) {
        report.segmentCount += 1
        report.recordCount += segment.rows
        report.byteCount += segment.bytes
        report.changes += segment.changes
        guard !segment.path.split(separator: "/").contains(".."), try isFile(segment.path) else {
            if try delta?.isReplaced(segment, anchor: anchor) == true {
                // Others keep its records in other files; what they are is no more proved than those.
                report.replacedCount += 1
                return
            }
            return find(segment.path, "it is missing")
        }
        let content = try SegmentContent(folder.file(segment.path))
        guard content.byteCount == segment.bytes else {
            return find(segment.path, "it has \(content.byteCount) bytes instead of \(segment.bytes)")
        }
        guard content.sha256 == segment.sha256 else {
            return find(segment.path, "its bytes are not those that were published")
        }
        try checkRecords(of: segment)
    }

    /// Only bytes that are proved to be those published are worth decompressing.
    private mutating func checkRecords(of segment: SegmentRecord) throws(Fault) {
        let (path, prefix) = (folder.file(segment.path), columnPrefix)
        let read = try finding(segment.path) { () throws(Fault) in
            try RecordTally.read(path, columnPrefix: prefix)
        }
        guard let tally = read else { return }
        if tally.rows != segment.rows { find(segment.path, "it has \(tally.rows) records instead of \(segment.rows)") }
        if tally.changes != segment.changes { find(segment.path, "its operations are not those that were counted") }
        if tally.first != segment.seqMin { find(segment.path, "it does not begin with \(segment.seqMin)") }
        if tally.last != segment.seqMax { find(segment.path, "it does not end with \(segment.seqMax)") }
    }

    private func isFile(_ path: String) throws(Fault) -> Bool {
        try Files.kind(of: folder.file(path)) == .file
    }
}

/// The bytes of a file as they lie on disk.
struct SegmentContent {
    let byteCount: Int
    let sha256: Digest

    /// Reads the file once, in pieces.
    init(_ path: String) throws(Fault) {
        var file = try ReadableFile(path)
        var hash = SHA256()
        var buffer = ByteBuffer(capacity: 1 << 18)
        var count = 0
        while try file.read(upTo: 1 << 18, into: &buffer) > 0 {
            hash.update(buffer.bytes)
            count += buffer.count
            buffer.removeAll()
        }
        byteCount = count
        sha256 = hash.finalize()
    }
}
