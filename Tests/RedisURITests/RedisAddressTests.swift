// SPDX-License-Identifier: Apache-2.0

import Faults
import RedisURI
import Testing

@Suite struct RedisAddressTests {
    @Test(arguments: [
        ("redis://localhost", "localhost:6379"), ("redis://10.0.0.7:7000/", "10.0.0.7:7000"),
        ("REDIS://Host_1.example:1", "Host_1.example:1"), ("redis://", "127.0.0.1:6379"),
        ("redis:///2", "127.0.0.1:6379"), ("redis://:7000", "127.0.0.1:7000"), ("redis://[::1]", "[::1]:6379"),
        ("redis://[fe80::1%eth0]:65535/0", "[fe80::1%eth0]:65535"),
        ("redis://[::ffff:10.0.0.1]:1", "[::ffff:10.0.0.1]:1"),
        ("rediss://h", "h:6379"), ("unix:///run/redis.sock", "/run/redis.sock"),
        ("unix:///a%20b/%C3%A9.sock?db=3", "/a b/é.sock"),
    ])
    func `one host, number or socket is one endpoint`(text: String, endpoint: String) throws {
        let address = try parse(text)
        #expect(address.endpoints.map(\.description) == [endpoint])
        #expect(address.topology == .single)
    }

    @Test(arguments: [
        ("redis://h", nil, nil), ("redis://:secret@h", "", "secret"), ("redis://user:@h", "user", ""),
        ("redis://us%65r:p%40ss%3A%2f%3F%23%25@h", "user", "p@ss:/?#%"),
        ("redis://h?user=u&password=p%26q", "u", "p&q"),
        ("redis://h?password=p+q", "", "p+q"), ("unix://u:p@/run/s", "u", "p"), ("unix:///run/s?password=p", "", "p"),
        ("redis+sentinel://u:p@m@h", "u", "p"), ("redis+cluster://:p@h,i", "", "p"),
        ("redis://:p%C3%A4ss@h", "", "päss"), ("redis://:päss@h", "", "päss"),
    ])
    func `user and password are decoded`(text: String, user: String?, password: String?) throws {
        let credentials = try parse(text).credentials
        #expect(credentials?.password.text == password)
        #expect(credentials?.user == (user == "" ? nil : user))
    }

    @Test(arguments: [
        ("redis://h", 0), ("redis://h/", 0), ("redis://h/15", 15), ("redis://h?db=4", 4), ("redis://h/?db=4", 4),
        ("unix:///s?db=2", 2), ("redis+sentinel://m@h/3", 3), ("redis+cluster://h/0", 0),
    ])
    func `the database stands behind the slash or in the options`(text: String, number: Int) throws {
        #expect(try parse(text).database == number)
    }

    @Test func `seeds of a cluster and sentinels are several endpoints`() throws {
        let cluster = try parse("redis+cluster://a:1,b,[::1]:2")
        #expect(cluster.topology == .cluster && cluster.tls == nil)
        #expect(cluster.endpoints.map(\.description) == ["a:1", "b:6379", "[::1]:2"])
        let sentinel = try parse("rediss+sentinel://my%2Dmaster@a,b:2/1?sentineluser=s&sentinelpassword=t&cafile=/c")
        #expect(sentinel.topology == .sentinel(master: "my-master") && sentinel.database == 1)
        #expect(sentinel.endpoints.map(\.description) == ["a:26379", "b:2"])
        #expect(sentinel.sentinelCredentials == .init(user: "s", password: Secret("t")))
        #expect(sentinel.credentials == nil && sentinel.tls == TLSSettings(authorityFile: "/c"))
    }

    @Test func `options say how TLS is spoken and how long to wait`() throws {
        let address = try parse("rediss://h?cafile=/ca&cert=/c%20c&key=/k&servername=n&timeout=2500ms")
        #expect(
            address.tls
                == TLSSettings(authorityFile: "/ca", certificateFile: "/c c", keyFile: "/k", serverName: "n"))
        #expect(address.timeout == .milliseconds(2500))
        #expect(try parse("rediss://h?SNI=n").tls == TLSSettings(serverName: "n"))
        #expect(try parse("rediss+cluster://h").tls == TLSSettings())
        #expect(try parse("redis://h").tls == nil)
        for (text, duration) in [("5", Duration.seconds(5)), ("7s", .seconds(7)), ("2m", .seconds(120))] {
            #expect(try parse("redis://h?timeout=\(text)").timeout == duration)
        }
        #expect(try parse("redis://h").timeout == RedisAddress.standardTimeout)
    }

    @Test(arguments: [
        // Schemes.
        "canary", "canary://h", "redi://:canary@h", "redis:canary", "://canary", "postgresql://u:canary@h/d",
        // Credentials.
        "redis://canary@h", "redis://u:canary:canary@h", "redis://u:can@ary@h", "redis://u:can/ary@h",
        "redis://u:can?ary@h", "redis://u:can#ary@h", "redis://u:can ary@h", "redis://u:can%zzary@h",
        "redis://u:canary%@h", "redis://u:canary%00@h", "redis://u:canary%ff@h", "redis://:@h", "redis://h?user=canary",
        "redis://u:canary@h?password=canary", "redis://h?password=", "redis+sentinel://m@h?sentineluser=canary",
        // Hosts.
        "redis://u:canary@h:0", "redis://u:canary@h:65536", "redis://u:canary@h:x", "redis://u:canary@h:",
        "redis://u:canary@::1", "redis://u:canary@[::1", "redis://u:canary@[h]", "redis://u:canary@[::1]x",
        "redis://u:canary@[::1]:1:2", "redis://u:canary@h!", "redis://u:canary@hö", "redis://u:canary@h,i",
        "redis+cluster://u:canary@", "redis+cluster://u:canary@h,,i", "redis+cluster://u:canary@h,h:6379",
        // Databases.
        "redis://u:canary@h/x", "redis://u:canary@h/-1", "redis://u:canary@h/0/1", "redis://u:canary@h/1?db=1",
        "redis://u:canary@h/99999999999999999999", "redis+cluster://u:canary@h/1", "redis://u:canary@h?db=",
        // Options.
        "redis://u:canary@h?dbb=1", "redis://u:canary@h?db", "redis://u:canary@h?db=1&db=1", "redis://u:canary@h?",
        "redis://u:canary@h?cafile=/c", "rediss://u:canary@h?cert=/c", "rediss://u:canary@h?key=/k",
        "rediss://u:canary@h?servername=a&sni=b", "rediss://u:canary@h?cafile=", "redis://u:canary@h?timeout=0",
        "redis://u:canary@h?timeout=x", "redis://u:canary@h?timeout=1h", "redis://u:canary@h?timeout=9999999999",
        "rediss://u:canary@h?insecure=1", "redis://h?canary=canary", "redis://h?sentinelpassword=canary",
        // Sockets and sentinels.
        "unix://u:canary@run/s", "unix://?password=canary", "unix://run/s?password=canary",
        "redis+sentinel://h", "redis+sentinel://u:canary@h", "redis+sentinel://@h", "redis+sentinel://a@u:canary@m@h",
    ])
    func `a mistake is a fault of the configuration that quotes nothing and knows what to do`(text: String) throws {
        let fault = try #require(throws: Fault.self) { _ = try parse(text) }
        #expect(fault.code == .settingInvalid)
        #expect(!"\(fault)".contains("canary") && !"\(fault)".contains("ary@"), "\(fault)")
        #expect(fault.hint != nil)
    }

    @Test(arguments: [
        ("rediz://h", "redis://"), ("redis+sentinal://m@h", "redis+sentinel://"), ("rediss://h?cafil=/x", "cafile="),
        ("redis://u:p@ss@h", "%40"), ("redis://p@h", ":password@"), ("redis://u:p/w@h", "%2F"),
        ("rediss://h?insecure=1", "cafile="), ("redis://::1", "[::1]"), ("unix://run/s", "unix:///"),
    ])
    func `the hint says what was probably meant`(text: String, meant: String) throws {
        let fault = try #require(throws: Fault.self) { _ = try parse(text) }
        #expect(fault.hint?.contains(meant) == true, "\(fault)")
    }

    @Test func `an address can be told from those of other stores, and its path has a limit`() throws {
        for text in ["redis://", "REDISS://x", "unix:///s", "redis+cluster://h", "redis+sentinel://"] {
            #expect(RedisAddress.isMeant(by: Redacted(text)))
        }
        for text in ["postgresql://h/d", "dbname=redis://", "", "redis", "rediz://h", "redis:/h"] {
            #expect(!RedisAddress.isMeant(by: Redacted(text)))
        }
        #expect(try parse("unix:///" + String(repeating: "s", count: 106)).endpoints.count == 1)
        #expect(throws: Fault.self) { try parse("unix:///" + String(repeating: "s", count: 107)) }
    }

    @Test(arguments: [
        "redis://u:canary@h/1", "redis://:canary@h", "redis://h?user=u&password=canary&db=1",
        "unix:///s?password=canary", "redis+sentinel://m@h?sentinelpassword=canary", "redis+cluster://:canary@h,i:1",
        "redis+sentinel://u:canary@m@h,i",
    ])
    func `an address is printed without its passwords`(text: String) throws {
        #expect(!Redacted(text).description.contains("canary"))
        let address = try parse(text)
        #expect(!String(describing: address).contains("canary"))
        #expect(!String(reflecting: address).contains("canary"))
        var dumped = ""
        dump(address, to: &dumped)
        #expect(!dumped.contains("canary"))
    }

    @Test func `no piece of an address, and no byte put in or left out, is more than a fault`() {
        let text = Array("rediss+sentinel://u:p%41@m@h:1,[::1]:2/3?cafile=/c&timeout=5s".utf8)
        for index in text.indices {
            try? consume(Array(text[..<index]))
            for byte in UInt8.min...UInt8.max {
                try? consume(Array(text[..<index]) + [byte] + Array(text[(index + 1)...]))
                try? consume(Array(text[..<index]) + [byte] + Array(text[index...]))
            }
        }
    }

    private func consume(_ text: [UInt8]) throws {
        _ = try parse(String(decoding: text, as: UTF8.self))
    }

    @discardableResult
    private func parse(_ text: String) throws(Fault) -> RedisAddress { try RedisAddress(parsing: Redacted(text)) }
}
