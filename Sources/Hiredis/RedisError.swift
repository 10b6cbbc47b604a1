// SPDX-License-Identifier: Apache-2.0

import Bytes
public import Faults
public import RedisURI

/// What a server says when it refuses a command, without what it quotes of the command's arguments.
public struct RedisError: Error, Sendable, Equatable {
    /// What a program can do about it.
    public enum Kind: Sendable, Equatable {
        /// It reads its data from disk.
        case loading
        /// A replica without its master.
        case masterDown
        /// It wants to know who we are.
        case unauthenticated
        /// User or password are wrong, or none is wanted.
        case wrongPassword
        /// The user may not do that.
        case denied
        /// A replica, which takes no writes.
        case readOnly
        /// The slot is at another node of the cluster.
        case moved(slot: Int, to: Endpoint?)
        /// This time the slot is at another node of the cluster.
        case ask(slot: Int, to: Endpoint?)
        /// The cluster serves nothing, or not this slot.
        case clusterDown
        /// It will answer in a moment.
        case busy
        /// It has no connection free.
        case full
        /// It does not know the command.
        case unknownCommand
        /// Anything else; the first word says what.
        case other(String)
    }

    /// What a program can do about it.
    public let kind: Kind
    /// The server's words.
    public let message: String

    /// Reads the line behind the minus sign.
    public init(_ line: RawSpan) {
        self.init(line.decodedString())
    }

    /// Reads the line behind the minus sign.
    public init(_ line: String) {
        message = Self.withoutArguments(line)
        kind = Self.kind(of: line)
    }

    /// What the refusal is to an operator when nothing special is known of the command.
    public var fault: Fault {
        switch kind {
        case .loading, .masterDown, .clusterDown, .busy:
            Fault(.redisNotReady, "Redis cannot answer yet", detail: message)
        case .full: Fault(.redisUnreachable, "Redis has no connection free", detail: message)
        case .unauthenticated, .wrongPassword: Fault(.redisRefused, "Redis refused the user", detail: message)
        case .denied: Fault(.redisPermission, "the user of Redis lacks a permission", detail: message)
        case .readOnly: Fault(.redisReadOnly, "the server is a replica and takes no writes", detail: message)
        case .moved, .ask: Fault(.redisCluster, "the server is one node of a cluster", detail: message)
        case .unknownCommand, .other: Fault(.redisCommand, "Redis refused a command", detail: message)
        }
    }
}

extension RedisError {
    private static func kind(of line: String) -> Kind {
        let words = line.split(separator: " ", maxSplits: 3).map(String.init)
        switch words.first {
        case "LOADING": return .loading
        case "MASTERDOWN", "NOMASTERLINK": return .masterDown
        case "NOAUTH": return .unauthenticated
        case "WRONGPASS", "DENIED": return .wrongPassword
        case "NOPERM": return .denied
        case "READONLY": return .readOnly
        case "MOVED": return .moved(slot: slot(words), to: endpoint(words))
        case "ASK": return .ask(slot: slot(words), to: endpoint(words))
        case "CLUSTERDOWN", "CROSSSLOT": return words.first == "CLUSTERDOWN" ? .clusterDown : .other("CROSSSLOT")
        case "TRYAGAIN", "BUSY": return .busy
        case "ERR": return general(line)
        case let word: return .other(word ?? "")
        }
    }

    /// What older servers say with the word that says nothing.
    private static func general(_ line: String) -> Kind {
        if line.hasPrefix("ERR max number of clients") { return .full }
        if line.hasPrefix("ERR unknown command") { return .unknownCommand }
        let refusals = ["ERR invalid password", "ERR invalid username-password", "ERR Client sent AUTH", "ERR AUTH "]
        return refusals.contains(where: line.hasPrefix) ? .wrongPassword : .other("ERR")
    }

    private static func slot(_ words: [String]) -> Int { words.count > 1 ? Int(words[1]) ?? -1 : -1 }

    /// `host:port`; a node that does not know its own host leaves it empty.
    private static func endpoint(_ words: [String]) -> Endpoint? {
        guard words.count > 2, let colon = words[2].lastIndex(of: ":"),
            let port = UInt16(words[2][words[2].index(after: colon)...])
        else { return nil }
        let host = String(words[2][..<colon])
        return host.isEmpty || host == "?" ? nil : .tcp(host: host, port: port)
    }

    /// A server quotes the arguments of a command that it does not know; they may be keys or values.
    private static func withoutArguments(_ line: String) -> String {
        guard let quote = line.firstRange(of: "with args beginning with") else { return line }
        var kept = line[..<quote.lowerBound]
        while let last = kept.last, last == " " || last == "," { kept.removeLast() }
        return String(kept)
    }
}
