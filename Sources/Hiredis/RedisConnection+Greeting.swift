// SPDX-License-Identifier: Apache-2.0

import Faults
import RedisURI

extension RedisConnection {
    /// Says who we are and which database we mean, in one go, and reads what the server thinks of it.
    mutating func greet(_ address: RedisAddress, name: String) throws(Fault) {
        if let credentials = address.credentials { try enqueue(Self.authentication(credentials)) }
        if address.database != 0 { try enqueue("SELECT", String(address.database)) }
        try enqueue("CLIENT", "SETNAME", name)
        try flushGreeting()
        if address.credentials != nil { try answer().check() }
        if address.database != 0 { try answerToDatabase(address.database) }
        try answerToName()
    }

    private static func authentication(_ credentials: RedisAddress.Credentials) -> RedisCommand {
        RedisCommand(words: ["AUTH"] + (credentials.user.map { [$0] } ?? []) + [credentials.password.secret])
    }

    /// A server that has no room for us says so and closes: its words are worth more than the broken connection.
    private mutating func flushGreeting() throws(Fault) {
        do throws(Fault) {
            try flush()
        } catch {
            let hasAnswer = (try? awaitAnswer()) ?? false
            if hasAnswer { try reply.check() }
            throw error
        }
    }

    @_lifetime(&self)
    private mutating func answer() throws(Fault) -> ReplyView {
        try awaitReply()
        return reply
    }

    private mutating func awaitAnswer() throws(Fault) -> Bool {
        try awaitReply(until: .now + .seconds(1))
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
