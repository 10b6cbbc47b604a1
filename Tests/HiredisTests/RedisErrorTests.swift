// SPDX-License-Identifier: Apache-2.0

import Faults
import Hiredis
import RedisURI
import Testing

@Suite struct RedisErrorTests {
    @Test(arguments: [
        ("LOADING Redis is loading the dataset in memory", RedisError.Kind.loading, Fault.Code.redisNotReady),
        (
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", .masterDown,
            .redisNotReady
        ),
        ("NOMASTERLINK Can't SYNC while not connected with my master", .masterDown, .redisNotReady),
        ("CLUSTERDOWN Hash slot not served", .clusterDown, .redisNotReady),
        ("TRYAGAIN Multiple keys request during rehashing of slot", .busy, .redisNotReady),
        ("BUSY Redis is busy running a script.", .busy, .redisNotReady),
        ("ERR max number of clients reached", .full, .redisUnreachable),
        ("NOAUTH Authentication required.", .unauthenticated, .redisRefused),
        ("WRONGPASS invalid username-password pair or user is disabled.", .wrongPassword, .redisRefused),
        ("ERR invalid password", .wrongPassword, .redisRefused),
        ("ERR Client sent AUTH, but no password is set", .wrongPassword, .redisRefused),
        (
            "ERR AUTH <password> called without any password configured for the default user.", .wrongPassword,
            .redisRefused
        ),
        ("DENIED Redis is running in protected mode", .wrongPassword, .redisRefused),
        ("NOPERM this user has no permissions to run the 'get' command", .denied, .redisPermission),
        ("READONLY You can't write against a read only replica.", .readOnly, .redisReadOnly),
        ("MOVED 3999 127.0.0.1:6381", .moved(slot: 3999, to: .tcp(host: "127.0.0.1", port: 6381)), .redisCluster),
        ("MOVED 1 ::1:6381", .moved(slot: 1, to: .tcp(host: "::1", port: 6381)), .redisCluster),
        ("ASK 7 host.example:1", .ask(slot: 7, to: .tcp(host: "host.example", port: 1)), .redisCluster),
        ("MOVED 5 :6379", .moved(slot: 5, to: nil), .redisCluster),
        ("MOVED x y", .moved(slot: -1, to: nil), .redisCluster), ("MOVED", .moved(slot: -1, to: nil), .redisCluster),
        ("ERR unknown command 'PSYNC'", .unknownCommand, .redisCommand),
        ("WRONGTYPE Operation against a key", .other("WRONGTYPE"), .redisCommand),
        ("EXECABORT Transaction discarded", .other("EXECABORT"), .redisCommand), ("", .other(""), .redisCommand),
        ("ERR syntax error", .other("ERR"), .redisCommand),
    ])
    func `the first words say what can be done`(line: String, kind: RedisError.Kind, code: Fault.Code) {
        let error = RedisError(line)
        #expect(error.kind == kind && error.message == line)
        #expect(error.fault.code == code && error.fault.detail == line)
        let isPassing = [.redisNotReady, .redisUnreachable].contains(code)
        #expect((error.fault.code.remedy == .retry) == isPassing)
    }

    @Test func `what a server quotes of the arguments is left out`() {
        let error = RedisError("ERR unknown command `FOO`, with args beginning with: `canary`, `value`, ")
        #expect(error.message == "ERR unknown command `FOO`")
        #expect(error.kind == .unknownCommand)
    }

    @Test func `a refusal is a reply like others until it is asked for as a fault`() throws {
        #expect(throws: Fault.self) { try Reply.error(RedisError("ERR no")).orFault() }
        #expect(try Reply.integer(3).orFault().integer == 3)
        #expect(Reply.bulk([0xff]).text == nil && Reply.status("OK").text == "OK")
        #expect(Reply.array([.null]).elements == [.null] && Reply.null.elements == nil)
    }
}
