// SPDX-License-Identifier: Apache-2.0

import Faults
import RedisURI
import Sockets

extension RedisConnection {
    /// Says who we are and which database we mean, in one go, and reads what the server thinks of it.
    mutating func greet(_ address: RedisAddress, name: String) throws(Fault) {
        do throws(Fault) {
            try exchangeGreetings(address, name: name)
        } catch {
            guard error.code == .redisUnreachable, address.tls == nil else { throw error }
            throw Fault(
                error.code, error.message, detail: error.detail,
                hint: "check host and port; if the port is one for TLS, write rediss:// in --source")
        }
    }

    private mutating func exchangeGreetings(_ address: RedisAddress, name: String) throws(Fault) {
        if let credentials = address.credentials { try enqueue(Self.authentication(credentials)) }
        if address.database != 0 { try enqueue("SELECT", String(address.database)) }
        try enqueue("CLIENT", "SETNAME", name)
        do throws(Fault) {
            try flush()
        } catch {
            // A server that has no room for us, or does not believe us, says so and closes.
            try readLastWords()
            throw error
        }
        if address.credentials != nil { try answerToCredentials() }
        if address.database != 0 { try answerToDatabase(address.database) }
        try answerToName()
    }

    private static func authentication(_ credentials: RedisAddress.Credentials) -> RedisCommand {
        RedisCommand(words: ["AUTH"] + (credentials.user.map { [$0] } ?? []) + [credentials.password.text])
    }

    private mutating func answerToCredentials() throws(Fault) {
        try awaitReply()
        guard case .error(let error) = Reply(reply) else { return }
        // A server without users, or without a password, has many words for it.
        guard case .other = error.kind else { throw error.fault }
        throw Fault(.redisRefused, "Redis refused the user", detail: error.message)
    }

    private mutating func answerToDatabase(_ database: Int) throws(Fault) {
        try awaitReply()
        guard case .error(let error) = Reply(reply) else { return }
        guard case .other = error.kind else { throw error.fault }
        throw Fault(
            .settingInvalid, "the server has no database \(database)", detail: error.message,
            hint: "name another one in --source; a cluster has the database 0 alone")
    }

    /// The name is a courtesy: who may not give one goes without.
    private mutating func answerToName() throws(Fault) {
        try awaitReply()
        guard case .error(let error) = Reply(reply) else { return }
        switch error.kind {
        case .denied, .unknownCommand, .other: return
        default: throw error.fault
        }
    }
}
