// SPDX-License-Identifier: Apache-2.0

internal import Dispatch

/// Runs `body` for 0 up to `count` on threads of their own at once and returns when all have ended.
public func inParallel(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    DispatchQueue.concurrentPerform(iterations: count) { index in body(index) }
}
