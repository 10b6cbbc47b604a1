// SPDX-License-Identifier: Apache-2.0

import Bytes
public import Faults

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Standard output and standard error.
public enum StandardStream: Int32, Sendable {
    /// For data.
    case output = 1
    /// For everything else.
    case error = 2

    /// Whether a person is likely to be looking.
    /// The corresponding C function is `isatty`.
    public var isTerminal: Bool { isatty(rawValue) == 1 }

    /// Writes all of `text`.
    public func write(_ text: String) throws(Fault) {
        var buffer = ByteBuffer(capacity: text.utf8.count)
        buffer.append(text: text)
        try write(buffer.bytes)
    }

    /// Writes all of `bytes`. A reader that has gone away ends the process quietly, as it would end `cat`.
    /// The corresponding C function is `write`.
    public func write(_ bytes: RawSpan) throws(Fault) {
        var offset = 0
        while offset < bytes.byteCount {
            let written = unsafe bytes.withUnsafeBytes { buffer in
                // SAFETY: the pointer and the count stay inside `buffer`.
                unsafe Glibc.write(rawValue, buffer.baseAddress.map { unsafe $0 + offset }, buffer.count - offset)
            }
            if written >= 0 {
                offset += written
            } else if errno == EPIPE {
                exit(0)
            } else if errno != EINTR && errno != EAGAIN {
                throw Fault(
                    .fileWrite, "standard output cannot be written", detail: unsafe String(cString: strerror(errno)))
            }
        }
    }
}
