// SPDX-License-Identifier: Apache-2.0

import Faults
import RedisURI

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Socket {
    /// Connects to an endpoint. Of the addresses of a host each gets its share of the time that is left. Finding them is
    /// the resolver's business and takes as long as the resolver takes.
    static func connect(to endpoint: Endpoint, until deadline: ContinuousClock.Instant) throws(Fault) -> Socket {
        switch endpoint {
        case .tcp(let host, let port): try connect(to: host, port: port, until: deadline)
        case .unix(let path): try connect(toPath: path, until: deadline)
        }
    }

    private static func connect(
        to host: String, port: UInt16, until deadline: ContinuousClock.Instant
    ) throws(Fault) -> Socket {
        let addresses = try Addresses(of: host, port: port)
        var failure = ""
        var left = addresses.count
        var next = unsafe addresses.first
        while let address = unsafe next {
            let share = ContinuousClock.now + (deadline - .now) / left
            let error = unsafe connect(address.pointee, until: min(share, deadline))
            switch error {
            case .success(let descriptor):
                quicken(descriptor)
                return Socket(adopting: descriptor)
            case .failure(let code): failure = code.words
            }
            left -= 1
            unsafe next = address.pointee.ai_next
        }
        throw Fault(.redisUnreachable, "no connection to \(Endpoint.tcp(host: host, port: port))", detail: failure)
    }

    private static func connect(
        _ info: addrinfo, until deadline: ContinuousClock.Instant
    ) -> Result<Int32, SystemError> {
        unsafe connect(family: info.ai_family, to: info.ai_addr, length: info.ai_addrlen, until: deadline)
    }

    private static func connect(toPath path: String, until deadline: ContinuousClock.Instant) throws(Fault) -> Socket {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < capacity else {
            throw Fault(.redisUnreachable, "no connection to \(path)", detail: "too long")
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let outcome = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe connect(
                    family: AF_UNIX, to: generic, length: socklen_t(MemoryLayout<sockaddr_un>.size), until: deadline)
            }
        }
        switch outcome {
        case .success(let descriptor): return Socket(adopting: descriptor)
        case .failure(let error):
            throw Fault(.redisUnreachable, "no connection to \(path)", detail: error.words)
        }
    }

    /// The corresponding C functions are `socket`, `connect`, `poll` and `getsockopt` with `SO_ERROR`.
    private static func connect(
        family: Int32, to address: UnsafePointer<sockaddr>?, length: socklen_t, until deadline: ContinuousClock.Instant
    ) -> Result<Int32, SystemError> {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { return .failure(SystemError(code: errno)) }
        var code: Int32 = 0
        if unsafe Glibc.connect(descriptor, address, length) != 0 { code = errno }
        // A Unix socket whose queue is full says EAGAIN and cannot be waited for.
        while code == EAGAIN, .now < deadline {
            usleep(10_000)
            code = unsafe Glibc.connect(descriptor, address, length) == 0 ? 0 : errno
        }
        if code == EINPROGRESS || code == EINTR { code = outcome(of: descriptor, until: deadline) }
        guard code != 0 else { return .success(descriptor) }
        close(descriptor)
        return .failure(SystemError(code: code))
    }

    private static func outcome(of descriptor: Int32, until deadline: ContinuousClock.Instant) -> Int32 {
        var watched = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        while true {
            let status = unsafe poll(&watched, 1, milliseconds(until: deadline))
            if status > 0 { break }
            guard status < 0, errno == EINTR else { return ETIMEDOUT }
        }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        let status = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        return status == 0 ? code : errno
    }

    /// Lets small requests go at once, and lets the kernel find out when the other side is gone.
    /// The corresponding C function is `setsockopt`.
    private static func quicken(_ descriptor: Int32) {
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        _ = unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, size)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, size)
    }
}

/// An error of the kernel.
private struct SystemError: Error {
    let code: Int32
    var words: String { Sockets.words(of: code) }
}

/// The addresses of a host, owned.
@safe
private struct Addresses: ~Copyable {
    let first: UnsafeMutablePointer<addrinfo>?

    /// The corresponding C function is `getaddrinfo`.
    init(of host: String, port: UInt16) throws(Fault) {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_ADDRCONFIG
        var found: UnsafeMutablePointer<addrinfo>?
        var status = unsafe getaddrinfo(host, String(port), &hints, &found)
        if status == EAI_NONAME {
            // On a machine with nothing but the loopback the flag hides what a number means.
            unsafe hints.ai_flags = 0
            status = unsafe getaddrinfo(host, String(port), &hints, &found)
        }
        guard status == 0 else {
            let words = unsafe gai_strerror(status).map { unsafe String(cString: $0) }
            throw Fault(.redisUnreachable, "the host \(host) cannot be found", detail: words)
        }
        unsafe first = found
    }

    deinit {
        unsafe freeaddrinfo(first)
    }

    var count: Int {
        var count = 0
        var next = unsafe first
        while let address = unsafe next {
            count += 1
            unsafe next = address.pointee.ai_next
        }
        return count
    }
}
