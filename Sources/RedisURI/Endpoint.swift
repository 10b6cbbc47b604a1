// SPDX-License-Identifier: Apache-2.0

/// Where one server listens.
public enum Endpoint: Sendable, Hashable {
    /// A host, by name or number, and a port.
    case tcp(host: String, port: UInt16)
    /// A socket of this machine.
    case unix(path: String)
}

extension Endpoint: CustomStringConvertible {
    /// `host:port`, `[::1]:6379`, or the path of the socket.
    public var description: String {
        switch self {
        case .tcp(let host, let port): host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        }
    }
}

/// How a server proves who it is, and how we do.
public struct TLSSettings: Sendable, Hashable {
    /// The file, in PEM, of the authorities that are believed; those of the system when nil.
    public var authorityFile: String?
    /// The file, in PEM, of our own certificate and what leads to its authority.
    public var certificateFile: String?
    /// The file, in PEM, of the key of our own certificate.
    public var keyFile: String?
    /// The name that the server's certificate must hold; the host of the endpoint when nil.
    public var serverName: String?

    /// Believes the authorities of the system, and has no certificate of its own.
    public init(
        authorityFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil, serverName: String? = nil
    ) {
        self.authorityFile = authorityFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.serverName = serverName
    }
}
