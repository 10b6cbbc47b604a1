// SPDX-License-Identifier: Apache-2.0

internal import Anchors
internal import Changelog
internal import Compression
internal import Export

/// What must hold for what an anchor says of one segment, before the file is looked at. Pure.
enum SegmentRules {
    /// Where the segment stands among the others.
    struct Place {
        /// The anchor that publishes it.
        let anchor: Anchor
        /// Its number among the anchor's segments of its folder, from 0.
        let part: Int
        /// The key of the last record in its folder before it.
        let lastKey: SequenceKey?
        /// The schema of its records, nil when it cannot be read.
        let schema: TableSchema?
    }

    /// What breaks a rule.
    static func problems(of segment: SegmentRecord, at place: Place) -> [String] {
        var problems = nameProblems(of: segment, at: place)
        if segment.seqMax < segment.seqMin { problems.append("its last record comes before its first") }
        if let lastKey = place.lastKey, segment.seqMin <= lastKey {
            problems.append("it does not come after the segment before it")
        }
        if !isInside(segment, place.anchor) {
            problems.append("it lies outside of what anchor \(place.anchor.number) reaches")
        }
        if let origin = segment.origin, !segment.table.hasPrefix(origin + "__v") {
            problems.append("its folder is not one in which records of \(origin) go on")
        }
        if segment.changes.total != segment.rows { problems.append("its counts are not its number of rows") }
        return problems
    }

    /// The path is a function of what the segment holds.
    private static func nameProblems(of segment: SegmentRecord, at place: Place) -> [String] {
        guard let fileExtension = fileExtension(of: segment.path) else { return ["it is not called like a segment"] }
        let name = SegmentName(
            first: segment.seqMin, last: segment.seqMax, notation: place.anchor.lane(of: segment)?.lane.notation,
            part: place.part)
        guard let schema = place.schema else {
            return segment.path.hasSuffix("/data/\(name).\(fileExtension)") ? [] : ["its name is not what it holds"]
        }
        guard schema.table.description == segment.table else { return ["its schema is that of another table"] }
        let path = name.path(of: schema.table, fileExtension: fileExtension)
        return segment.path == path ? [] : ["its name is not what it holds: \(path)"]
    }

    private static func isInside(_ segment: SegmentRecord, _ anchor: Anchor) -> Bool {
        if anchor.source.notation == .clock {
            return anchor.lane(of: segment)?.holds(segment, in: anchor.kind) ?? false
        }
        guard segment.seqMin.epoch == anchor.epoch, segment.seqMax.epoch == anchor.epoch,
            segment.seqMax.position <= anchor.to
        else { return false }
        return [.snapshot, .tableSnapshot, .pass].contains(anchor.kind)
            ? segment.seqMin.position == anchor.to : segment.seqMin.position > anchor.from
    }

    /// What follows the first dot of the file's name, if this version can read it.
    private static func fileExtension(of path: String) -> String? {
        let name = path.split(separator: "/").last ?? ""
        let found = name.drop { $0 != "." }.dropFirst()
        let known = Codec.allCases.map { $0 == .none ? "ndjson" : "ndjson.\($0.fileExtension)" } + ["parquet"]
        return known.first { $0 == found }
    }
}
