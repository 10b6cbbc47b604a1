// SPDX-License-Identifier: Apache-2.0

public import Anchors
internal import Changelog

extension SegmentName {
    /// Whether what it names ends where `range` ends, or before.
    public func isInside(_ range: LaneRange) -> Bool {
        (epoch, end.position, end.ordinal) <= (range.lane.epoch, range.to.position, range.to.ordinal)
    }
}

extension Anchor {
    /// The lane whose segments lie in the folder of `path`: its table is called like it, or is in the namespace that is,
    /// or it is the quarantine of such a table.
    public func lane(ofPath path: String) -> LaneRange? {
        guard let folder = path.split(separator: "/").first else { return nil }
        return lanes.first { range in
            let name = range.lane.name
            let table = TableName(namespace: nil, name: name)
            return table.folderName == folder || table.quarantine.folderName == folder
                || folder.hasPrefix(TableName(namespace: name, name: "").folderName)
        }
    }
}
