// SPDX-License-Identifier: Apache-2.0

import Faults

/// Takes an address apart (RFC 3986, section 3, with several hosts where the scheme allows them).
struct AddressGrammar {
    private let scheme: AddressScheme
    private var options = AddressOptions()
    /// What stands between `://` and the first `/`.
    private let authority: ArraySlice<UInt8>
    /// From that `/` on.
    private let path: ArraySlice<UInt8>

    /// Cuts the address into its parts.
    init(_ text: [UInt8]) throws(Fault) {
        guard let word = AddressScheme.spelling(in: text) else { throw mistake("it has no scheme") }
        guard let scheme = AddressScheme(rawValue: word) else {
            let meant = Spelling.nearest(to: word, among: AddressScheme.allCases.map(\.rawValue))
            throw mistake("its scheme is not one of Redis", hint: meant.map { "did you mean \($0)://?" })
        }
        guard text.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
            throw mistake("there is a space or a control character in it", hint: "write a space as %20")
        }
        guard !text.contains(UInt8(ascii: "#")) else {
            throw mistake("there is a # in it", hint: "write a # of a password as %23")
        }
        self.scheme = scheme
        let body = text[(word.utf8.count + 3)...]
        let question = body.firstIndex(of: UInt8(ascii: "?")) ?? body.endIndex
        let slash = body[..<question].firstIndex(of: UInt8(ascii: "/")) ?? question
        authority = body[..<slash]
        path = body[slash..<question]
        if question < body.endIndex { options = try AddressOptions(body[(question + 1)...]) }
    }

    /// What the parts mean.
    mutating func address() throws(Fault) -> RedisAddress {
        try checkOptions()
        let (identity, master, hosts) = try parties()
        let topology: RedisAddress.Topology =
            switch scheme {
            case .plain, .secure, .unix: .single
            case .cluster, .secureCluster: .cluster
            case .sentinel, .secureSentinel: .sentinel(master: master)
            }
        return RedisAddress(
            topology: topology, endpoints: try endpoints(hosts), database: try database(),
            credentials: try credentials(identity),
            sentinelCredentials: try credentials(user: .sentinelUser, password: .sentinelPassword),
            tls: scheme.isSecure ? try options.tls() : nil,
            timeout: try options.timeout() ?? RedisAddress.standardTimeout)
    }

    private func checkOptions() throws(Fault) {
        var names: Set<AddressOptions.Name> = [.database, .user, .password, .timeout]
        if scheme.isSecure {
            names.formUnion([.authorityFile, .certificate, .key, .serverName, .serverNameIndication])
        }
        if scheme == .sentinel || scheme == .secureSentinel { names.formUnion([.sentinelUser, .sentinelPassword]) }
        try options.allow(only: names, of: "\(scheme.rawValue)://")
    }

    /// The parts of the authority between its `@`: who we are, the master of sentinels, and the hosts.
    private func parties() throws(Fault) -> (identity: ArraySlice<UInt8>?, master: String, hosts: ArraySlice<UInt8>) {
        let parts = authority.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        let hosts = parts.last ?? []
        guard scheme == .sentinel || scheme == .secureSentinel else {
            guard parts.count <= 2 else { throw mistake("there is more than one @", hint: "write an @ as %40") }
            return (parts.count == 2 ? parts.first : nil, "", hosts)
        }
        guard parts.count == 2 || parts.count == 3 else {
            throw mistake(
                "the sentinels need the name of a master, and an @ more is not allowed",
                hint: "it is redis+sentinel://[user:password@]master@host[:port],host[:port][/db]")
        }
        let master = try percentDecoded(parts[parts.count - 2])
        guard !master.isEmpty, !master.utf8.contains(UInt8(ascii: ":")) else {
            throw mistake("there is no name of a master", hint: "it stands before the hosts: master@host,host")
        }
        return (parts.count == 3 ? parts.first : nil, master, hosts)
    }

    private func credentials(_ identity: ArraySlice<UInt8>?) throws(Fault) -> RedisAddress.Credentials? {
        let named = try credentials(user: .user, password: .password)
        guard let identity else { return named }
        guard named == nil else {
            throw mistake("user and password stand in two places", hint: "leave out one of them")
        }
        guard let colon = identity.firstIndex(of: UInt8(ascii: ":")) else {
            throw mistake(
                "what stands before the @ has no colon",
                hint: "write :password@ for a password alone, user:@ for a user who needs none")
        }
        guard !identity[(colon + 1)...].contains(UInt8(ascii: ":")) else {
            throw mistake("there is more than one colon before the @", hint: "write a colon of a password as %3A")
        }
        return try Self.credentials(
            user: try percentDecoded(identity[..<colon]), password: try percentDecoded(identity[(colon + 1)...]))
    }

    private func credentials(
        user: AddressOptions.Name, password: AddressOptions.Name
    ) throws(Fault) -> RedisAddress.Credentials? {
        guard options[user] != nil || options[password] != nil else { return nil }
        guard let secret = options[password] else {
            throw mistake(
                "there is a \(user.rawValue) without a \(password.rawValue)",
                hint: "add \(password.rawValue)=, empty for a user who needs none")
        }
        return try Self.credentials(user: options[user] ?? "", password: secret)
    }

    private static func credentials(user: String, password: String) throws(Fault) -> RedisAddress.Credentials {
        guard !user.isEmpty || !password.isEmpty else { throw mistake("user and password are both empty") }
        return RedisAddress.Credentials(user: user.isEmpty ? nil : user, password: Secret(password))
    }

    private func database() throws(Fault) -> Int {
        let named = options[.database]
        let digits = scheme == .unix ? [] : path.dropFirst()
        guard digits.isEmpty || named == nil else {
            throw mistake("the database stands in two places", hint: "leave out /db or db=")
        }
        guard let text = named.map({ Array($0.utf8) }) ?? (digits.isEmpty ? nil : Array(digits)) else { return 0 }
        guard let number = decimal(text), number <= Int32.max else {
            throw mistake("the database is no number", hint: "databases of Redis have numbers: redis://host:6379/0")
        }
        guard number == 0 || !(scheme == .cluster || scheme == .secureCluster) else {
            throw mistake("a cluster has the database 0 alone", hint: "leave the database out")
        }
        return number
    }
}

// MARK: Hosts

extension AddressGrammar {
    private func endpoints(_ hosts: ArraySlice<UInt8>) throws(Fault) -> [Endpoint] {
        guard scheme != .unix else { return [.unix(path: try socketPath(hosts))] }
        let items = hosts.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard items.count <= 1 || scheme.takesSeveralHosts else {
            throw mistake(
                "it names several hosts", hint: "several hosts go with redis+cluster:// and redis+sentinel:// only")
        }
        guard !hosts.isEmpty || !scheme.takesSeveralHosts else { throw mistake("it names no host") }
        var endpoints: [Endpoint] = []
        for item in hosts.isEmpty ? [hosts] : items { endpoints.append(try endpoint(item)) }
        guard Set(endpoints).count == endpoints.count else { throw mistake("it names a host twice") }
        return endpoints
    }

    private func socketPath(_ hosts: ArraySlice<UInt8>) throws(Fault) -> String {
        guard hosts.isEmpty, !path.isEmpty else {
            throw mistake("the path of the socket is not absolute", hint: "write three slashes: unix:///run/redis.sock")
        }
        let decoded = try percentDecoded(path)
        // The kernel's limit, without the zero byte at the end.
        guard decoded.utf8.count < 108 else { throw mistake("the path of the socket is longer than 107 bytes") }
        return decoded
    }

    /// `host`, `host:port`, `[::1]`, `[::1]:port`; an empty host is this machine.
    private func endpoint(_ item: ArraySlice<UInt8>) throws(Fault) -> Endpoint {
        if item.first == UInt8(ascii: "[") {
            guard let end = item.firstIndex(of: UInt8(ascii: "]")) else { throw mistake("a [ has no ]") }
            let number = item[(item.startIndex + 1)..<end]
            let isNumber = number.contains(UInt8(ascii: ":")) && number.allSatisfy(Self.isOfIPv6)
            guard isNumber else { throw mistake("between [ and ] is no IPv6 number") }
            return .tcp(host: String(decoding: number, as: UTF8.self), port: try port(item[(end + 1)...]))
        }
        let colon = item.firstIndex(of: UInt8(ascii: ":")) ?? item.endIndex
        let name = item[..<colon]
        guard name.allSatisfy(Self.isOfName), name.count <= 253 else {
            throw mistake(
                "a host has characters that no host has", hint: "write special characters of a password as %XX")
        }
        guard !name.isEmpty || !scheme.takesSeveralHosts else { throw mistake("a host is empty") }
        let host = name.isEmpty ? "127.0.0.1" : String(decoding: name, as: UTF8.self)
        return .tcp(host: host, port: try port(item[colon...]))
    }

    /// Nothing, or a colon and a port.
    private func port(_ text: ArraySlice<UInt8>) throws(Fault) -> UInt16 {
        guard let first = text.first else { return scheme.standardPort }
        guard first == UInt8(ascii: ":"), !text.dropFirst().contains(UInt8(ascii: ":")) else {
            throw mistake("a host has more than a port behind it", hint: "write IPv6 numbers in brackets: [::1]:6379")
        }
        guard let number = decimal(text.dropFirst()), (1...65535).contains(number) else {
            throw mistake(
                "a port is no number from 1 to 65535", hint: "write special characters of a password as %XX: / is %2F")
        }
        return UInt16(number)
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte) || "-._".utf8.contains(byte)
    }

    /// Hexadecimal digits, colons, and what a zone or an IPv4 number at the end has.
    private static func isOfIPv6(_ byte: UInt8) -> Bool { isOfName(byte) || ":%".utf8.contains(byte) }
}
