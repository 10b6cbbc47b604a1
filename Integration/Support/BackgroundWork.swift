// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Something that is done again and again on a thread of its own, until it is ended.
final class BackgroundWork: Sendable {
    private let isOver = Atomic(false)
    private let hasEnded = Atomic(false)
    private let failure = Mutex<String?>(nil)

    /// Begins; `prepare` makes, on the thread, the step that is repeated with a pause of so many seconds.
    init(pause: TimeInterval, _ prepare: @escaping @Sendable () throws -> () throws -> Void) {
        let thread = Thread { [self] in
            do {
                let step = try prepare()
                while !isOver.load(ordering: .relaxed) {
                    try step()
                    Thread.sleep(forTimeInterval: pause)
                }
            } catch {
                failure.withLock { $0 = "\(error)" }
            }
            hasEnded.store(true, ordering: .releasing)
        }
        thread.start()
    }

    /// Stops, and fails when a step has failed.
    func end() throws {
        isOver.store(true, ordering: .relaxed)
        while !hasEnded.load(ordering: .acquiring) { Thread.sleep(forTimeInterval: 0.005) }
        if let failure = failure.withLock({ $0 }) { throw TestFailure(failure) }
    }
}
