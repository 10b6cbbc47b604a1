// SPDX-License-Identifier: Apache-2.0

import Testing

/// All suites on servers of Redis, one after the other; beside those on PostgreSQL, which mostly wait for other things.
@Suite("Integration with Redis", .serialized)
enum RedisSuites {}
