// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Faults
public import RedisURI

/// How far a stream is ahead of an export.
public struct StreamLag: Sendable, Hashable {
    /// The newest identifier; nil when the stream is not there.
    public let newest: LanePoint?
    /// How many entries were added behind the anchor, those that are gone again included; nil where the server does not
    /// count.
    public let entryCount: Int64?

    /// Asks the server at `address`, or the cluster, about the lanes of an anchor, in their order.
    public static func read(_ address: RedisAddress, of marks: [LaneMark]) throws(Fault) -> [StreamLag] {
        let options = StreamOptions(
            address: address, clientName: "kedge/status", selection: StreamSelection([])
        ) { _ in }
        var streams: [FollowedStream] = []
        for mark in marks { streams.append(try FollowedStream(mark)) }
        let states = try states(of: streams.map(\.name.key), options)
        return zip(streams, states).map { stream, state in
            let count = state?.added.flatMap { added in
                stream.memory.accounted.flatMap { added >= $0 ? added - $0 : nil }
            }
            return StreamLag(newest: state?.lastGenerated, entryCount: count)
        }
    }

    private static func states(of keys: [[UInt8]], _ options: StreamOptions) throws(Fault) -> [StreamState?] {
        guard options.address.topology != .cluster else { return try ClusterSession(options).states(of: keys) }
        var session = try StreamSession.open(options)
        return try session.states(of: keys)
    }
}
