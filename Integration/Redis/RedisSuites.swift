// SPDX-License-Identifier: Apache-2.0

import Testing

/// All suites on single servers of Redis, one after the other; beside those on PostgreSQL, for these mostly wait.
@Suite("Integration with Redis", .serialized)
enum RedisSuites {}

/// All suites on servers that watch each other, one after the other and with nothing beside them: who is late is taken
/// for dead.
@Suite("Integration with clusters of Redis", .serialized)
enum ClusterSuites {}
