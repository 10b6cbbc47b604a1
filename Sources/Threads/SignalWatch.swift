// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Turns the signals that ask a process to end into calls on an ordinary thread.
public enum SignalWatch {
    /// Begins to watch for SIGTERM and SIGINT. Call it before any other thread begins: the first signal calls `first`,
    /// the second ends the process at once with the status that the signal would have given it. Broken pipes are left
    /// to the writes that meet them.
    public static func begin(first: @escaping @Sendable () -> Void) {
        signal(SIGPIPE, SIG_IGN)
        var watched = sigset_t()
        unsafe sigemptyset(&watched)
        unsafe sigaddset(&watched, SIGTERM)
        unsafe sigaddset(&watched, SIGINT)
        unsafe pthread_sigmask(SIG_BLOCK, &watched, nil)
        _ = WorkerThread {
            _ = wait()
            first()
            _exit(128 + wait())
        }
    }

    private static func wait() -> Int32 {
        var watched = sigset_t()
        unsafe sigemptyset(&watched)
        unsafe sigaddset(&watched, SIGTERM)
        unsafe sigaddset(&watched, SIGINT)
        var received: Int32 = 0
        while unsafe sigwait(&watched, &received) != 0 {}
        return received
    }
}
