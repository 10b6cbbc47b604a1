// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// A child process, started by `posix_spawn` and waited for by `waitpid`: it inherits no descriptor beyond its three
/// streams and no blocked signal, wherever in the tests it is started.
final class ChildProcess: Sendable {
    /// Its process id.
    let identifier: pid_t
    private let ended = Mutex(End())

    private struct End {
        var status: Int32?
        /// As the kernel counts for the program itself. What it tells of a child that has ended holds the peak of the
        /// process that has started it too.
        var peakByteCount = 0
    }

    /// Closes what the tests have open, goes to a folder that every user may enter, since programs may be started as
    /// another user, and becomes the program.
    private static let prelude = """
        for f in /proc/self/fd/*; do n=${f##*/}; if [ "$n" -gt 2 ]; then eval "exec $n>&-"; fi; done
        cd / && exec "$@"
        """

    /// Starts `arguments`, the first being the program, found on the path of `environment`, with its streams in files.
    init(_ arguments: [String], environment: [String: String], input: String, output: String, errors: String) throws {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        var unblocked = sigset_t()
        unsafe sigemptyset(&unblocked)
        unsafe posix_spawnattr_setsigmask(&attributes, &unblocked)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        var identifier: pid_t = 0
        let variables = environment.map { "\($0.key)=\($0.value)" }
        let status = unsafe withCStrings(["bash", "-c", Self.prelude, "-"] + arguments) { arguments in
            unsafe withCStrings(variables) { variables in
                unsafe posix_spawn(&identifier, "/bin/bash", &actions, &attributes, arguments, variables)
            }
        }
        guard status == 0 else { throw TestFailure("\(arguments.first ?? "?"): cannot be started, error \(status)") }
        self.identifier = identifier
    }

    deinit {
        if status() == nil {
            kill(identifier, SIGKILL)
            _ = waitpid(identifier, nil, 0)
        }
    }

    /// The exit status, or 128 and the number of the signal; nil while it runs.
    func status() -> Int32? { end().status }

    /// How much memory it had at most when its ``status()`` was last asked for while it ran.
    func peakByteCount() -> Int { end().peakByteCount }

    private func end() -> End {
        ended.withLock { ended in
            guard ended.status == nil else { return ended }
            ended.peakByteCount = max(ended.peakByteCount, residentPeak())
            var status: Int32 = 0
            guard unsafe waitpid(identifier, &status, WNOHANG) == identifier else { return ended }
            let signal = status & 0x7f
            ended.status = signal == 0 ? (status >> 8) & 0xff : 128 + signal
            return ended
        }
    }

    /// The line `VmHWM: n kB` of `/proc`; 0 when it is gone.
    private func residentPeak() -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(separator: " ").dropFirst().first).flatMap { Int($0) }.map { $0 << 10 } ?? 0
    }

    /// Sends a signal, unless it has ended.
    func send(_ signal: Int32) {
        if status() == nil { kill(identifier, signal) }
    }
}

/// Lends `body` an array of C strings that ends with a null.
private func withCStrings<R>(_ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R) -> R {
    var pointers = unsafe texts.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    let result = unsafe body(pointers)
    unsafe pointers.forEach { pointer in unsafe free(pointer) }
    return result
}
