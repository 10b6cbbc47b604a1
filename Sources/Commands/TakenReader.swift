// SPDX-License-Identifier: Apache-2.0

import Anchors
import Bytes
import Changelog
import Faults
import RedisStreams
import Verification

/// Reads from an export's newest segments which entries of each stream it holds.
struct TakenReader {
    private let folder: ExportFolder
    private let chain: DirectoryAnchorStore

    /// How many entries of all streams are looked at.
    private static let limit = 4 * TakenEntries.limit

    /// Reads the export of `run`.
    init(_ run: ExportRun) {
        folder = run.workspace.folder
        chain = run.workspace.chain
    }

    /// The newest entries by lane, as of `last`.
    func read(behind last: Anchor) throws(Fault) -> [String: TakenEntries] {
        var segments: [SegmentRecord] = []
        var counts: [String: Int] = [:]
        var next: Anchor? = last
        while let anchor = next, counts.values.reduce(0, +) < Self.limit {
            for segment in anchor.segments.reversed() where counts[segment.table, default: 0] < TakenEntries.limit {
                counts[segment.table, default: 0] += segment.rows
                segments.append(segment)
            }
            next = try anchor.previous.flatMap { link throws(Fault) in try chain.anchor(link.number)?.anchor }
        }
        var taken: [String: TakenEntries] = [:]
        for segment in segments.reversed() {
            try read(segment, into: &taken[segment.table, default: TakenEntries()])
        }
        return taken
    }

    private func read(_ segment: SegmentRecord, into taken: inout TakenEntries) throws(Fault) {
        try segment.prove(in: folder)
        var reader = try SegmentReader(path: folder.file(segment.path))
        var line = ByteBuffer()
        while try reader.advance() {
            line.removeAll()
            reader.appendLine(to: &line)
            guard let id = Self.id(of: line.bytes) else {
                throw Fault(.exportBroken, "\(segment.path) holds a record that is no entry of a stream")
            }
            taken.insert(id)
        }
    }

    /// The identifier in a record: the first column behind kedge's own.
    static func id(of line: RawSpan) -> LanePoint? {
        let mark: StaticString = ",\"id\":\""
        let length = mark.utf8CodeUnitCount
        var index = 0
        while index + length < min(line.byteCount, 256) {
            if line.extracting(index..<index + length).isEqual(to: mark) {
                var end = index + length
                while end < line.byteCount, line[end] != UInt8(ascii: "\"") { end += 1 }
                return LaneNotation.entry.point(line.extracting(index + length..<end).decodedString())
            }
            index += 1
        }
        return nil
    }
}
