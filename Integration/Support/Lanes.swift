// SPDX-License-Identifier: Apache-2.0

import Testing

/// The suites on servers, but for those of the other lanes, one after the other: the machine may be small.
@Suite("Integration", .serialized, .lane("integration"))
enum IntegrationSuites {}

/// The suites of the promises about PostgreSQL, one after the other and beside ``IntegrationSuites``, for they mostly
/// wait.
@Suite("Promises", .serialized, .lane("promises"))
enum PromiseSuites {}

/// The suites on servers of Redis that watch each other, one after the other and with nothing beside them: who is late
/// is taken for dead. A run of its own begins them, behind the others.
@Suite("Integration with clusters of Redis", .serialized)
enum ClusterSuites {}

/// The suites of a lane share servers with each other, and with no other lane: what a test does to a whole server
/// does not disturb those that run beside it.
struct Lane: SuiteTrait, TestTrait, TestScoping {
    /// The lane of the test that runs.
    @TaskLocal static var current = ""

    let name: String

    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await Self.$current.withValue(name, operation: function)
    }
}

extension SuiteTrait where Self == Lane {
    /// The lane of that name.
    static func lane(_ name: String) -> Lane { Lane(name: name) }
}
