// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One thread of the operating system that runs one closure; its result is taken by ``join()``.
@safe
public final class WorkerThread<Result: Sendable>: Sendable {
    private let result: Mutex<Result?>
    private let thread: Mutex<pthread_t?>

    /// Begins to run `body` on a thread of its own.
    public init(_ body: @escaping @Sendable () -> Result) {
        result = Mutex(nil)
        thread = Mutex(nil)
        let box = ThreadBody { [self] in
            let value = body()
            result.withLock { $0 = value }
        }
        var handle = pthread_t()
        // SAFETY: the box is retained for the thread, which takes it over exactly once.
        let status = unsafe pthread_create(&handle, nil, runThreadBody, Unmanaged.passRetained(box).toOpaque())
        precondition(status == 0, "the operating system refused a thread")
        thread.withLock { $0 = handle }
    }

    /// Waits for the end of the closure and returns what it returned.
    public func join() -> Result {
        if let handle = thread.withLock({ $0.take() }) { _ = pthread_join(handle, nil) }
        guard let value = result.withLock({ $0 }) else {
            preconditionFailure("a joined thread has left its result")
        }
        return value
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

private func runThreadBody(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument = unsafe argument else { return nil }
    // SAFETY: `WorkerThread.init` passed one retained `ThreadBody`.
    unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
    return nil
}
