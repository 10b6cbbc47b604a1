// SPDX-License-Identifier: Apache-2.0

import Bytes

/// From where the stream of commands goes on behind a payload, as its auxiliary fields say.
public struct ReplicationOrigin: Hashable, Sendable {
    /// The identifier of the source's history.
    public let replicationID: String
    /// How many bytes of that history the payload holds the effect of.
    public let offset: Int64
    /// The database that the stream had selected there; nil when the payload does not say.
    public let database: Int?
}

extension ReplicationOrigin {
    /// Gathers the origin from auxiliary fields.
    public struct Fields: Sendable {
        private var replicationID: String?
        private var offset: Int64?
        private var database: Int?

        /// Knows nothing yet.
        public init() {}

        /// Takes note of one auxiliary field; those that say nothing about replication are passed over.
        public mutating func note(name: RawSpan, value: RawSpan) {
            if name.isEqual(to: "repl-id") {
                replicationID = value.byteCount == 40 ? value.decodedString() : nil
            } else if name.isEqual(to: "repl-offset") {
                offset = Int64(value.decodedString())
            } else if name.isEqual(to: "repl-stream-db") {
                database = Int(value.decodedString()).flatMap { $0 < 0 ? nil : $0 }
            }
        }

        /// The origin, when identifier and offset are known: the source had a backlog, or was a replica.
        public var origin: ReplicationOrigin? {
            guard let replicationID, let offset, offset >= 0 else { return nil }
            return ReplicationOrigin(replicationID: replicationID, offset: offset, database: database)
        }
    }
}
