// SPDX-License-Identifier: Apache-2.0

public import Faults

/// Where a Redis-like store is, and who we are there: what a `redis://` address says.
public struct RedisAddress: Sendable, Hashable {
    /// What the endpoints are.
    public enum Topology: Sendable, Hashable {
        /// The one server.
        case single
        /// Some nodes of a cluster, which know the others.
        case cluster
        /// Some sentinels, which know where the master of that name is.
        case sentinel(master: String)
    }

    /// Who somebody is to a server.
    public struct Credentials: Sendable, Hashable {
        /// The user; the default one when nil.
        public let user: String?
        /// The password, which may be empty for a user that needs none.
        public let password: Secret

        /// The credentials of a user, or of the default one.
        public init(user: String?, password: Secret) {
            self.user = user
            self.password = password
        }
    }

    /// How long a server may take to answer when the address says nothing.
    public static let standardTimeout = Duration.seconds(10)

    /// What the endpoints are.
    public let topology: Topology
    /// Where to begin, in the order of the address; at least one.
    public let endpoints: [Endpoint]
    /// The number of the database.
    public let database: Int
    /// Who we are to the servers; nil when nothing is to be said.
    public let credentials: Credentials?
    /// Who we are to the sentinels; nil when nothing is to be said.
    public let sentinelCredentials: Credentials?
    /// How connections are secured; nil when they are not.
    public let tls: TLSSettings?
    /// How long a server may take to accept a connection, and to answer.
    public let timeout: Duration

    /// Makes an address of its parts.
    public init(
        topology: Topology = .single, endpoints: [Endpoint], database: Int = 0, credentials: Credentials? = nil,
        sentinelCredentials: Credentials? = nil, tls: TLSSettings? = nil, timeout: Duration = standardTimeout
    ) {
        self.topology = topology
        self.endpoints = endpoints
        self.database = database
        self.credentials = credentials
        self.sentinelCredentials = sentinelCredentials
        self.tls = tls
        self.timeout = timeout
    }

    /// The address of one of the servers that this address leads to.
    public func server(at endpoint: Endpoint) -> RedisAddress {
        RedisAddress(
            endpoints: [endpoint], database: database, credentials: credentials, tls: tls, timeout: timeout)
    }

    /// The same, where others are asked first.
    public func asking(_ endpoints: [Endpoint]) -> RedisAddress {
        RedisAddress(
            topology: topology, endpoints: endpoints, database: database, credentials: credentials,
            sentinelCredentials: sentinelCredentials, tls: tls, timeout: timeout)
    }

    /// Whether `text` begins with a scheme of Redis, well-formed or not.
    public static func isMeant(by text: Redacted) -> Bool {
        guard let scheme = AddressScheme.spelling(in: Array(text.secret.utf8)) else { return false }
        return AddressScheme(rawValue: scheme) != nil
    }

    /// Reads an address; a fault says what is wrong with it and never quotes it, for any part may be of the password.
    ///
    ///     redis://[[user]:password@]host[:port][/db]        rediss:// the same over TLS
    ///     unix://[[user]:password@]/path                    ?db= &user= &password=
    ///     redis+cluster://[…@]host[:port],host[:port]…      rediss+cluster://
    ///     redis+sentinel://[…@]master@host[:port],…[/db]    rediss+sentinel://
    public init(parsing source: Redacted) throws(Fault) {
        var grammar = try AddressGrammar(Array(source.secret.utf8))
        self = try grammar.address()
    }
}
