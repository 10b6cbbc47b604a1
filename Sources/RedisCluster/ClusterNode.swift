// SPDX-License-Identifier: Apache-2.0

public import RedisURI

/// One line of `CLUSTER NODES`: what a node of a cluster says of itself or of another.
public struct ClusterNode: Sendable, Hashable {
    /// The name of the node in the cluster: 40 hexadecimal digits.
    public let id: String
    /// Where it listens; nil when the cluster does not know.
    public let endpoint: Endpoint?
    /// Whether it has slots of its own, or could have.
    public let isMaster: Bool
    /// Whom it follows, when it is a replica.
    public let masterID: String?
    /// Whether it is who answered.
    public let isMyself: Bool
    /// Whether the others take it for gone.
    public let isFailed: Bool
    /// The ranges of slots that it owns, in order.
    public let slots: [ClosedRange<Int>]
    /// The slots that it is giving away, and to whom; only what it says of itself has them.
    public let migrating: [Int: String]
    /// The slots that it is taking, and from whom; only what it says of itself has them.
    public let importing: [Int: String]

    /// Reads a line; nil when it is none. `host` is where the node that answers was found, for it may not know its own
    /// address.
    init?(line: Substring, host: Endpoint) {
        let words = line.split(separator: " ")
        guard words.count >= 8 else { return nil }
        id = String(words[0])
        let flags = Set(words[2].split(separator: ",").map(String.init))
        isMyself = flags.contains("myself")
        isMaster = flags.contains("master")
        isFailed = flags.contains("fail") || flags.contains("noaddr") || flags.contains("handshake")
        masterID = words[3] == "-" ? nil : String(words[3])
        endpoint = Self.endpoint(words[1], isMyself ? host : nil)
        var slots: [ClosedRange<Int>] = []
        var (migrating, importing): ([Int: String], [Int: String]) = ([:], [:])
        for word in words[8...] {
            if word.hasPrefix("[") {
                guard let move = SlotMove(word) else { return nil }
                if move.isLeaving { migrating[move.slot] = move.node } else { importing[move.slot] = move.node }
            } else {
                guard let range = Self.range(word) else { return nil }
                slots.append(range)
            }
        }
        (self.slots, self.migrating, self.importing) = (slots, migrating, importing)
    }

    /// `ip:port@busport` and since 7.0 a name behind a comma; the ip may be missing, the whole may be `:0@0`.
    private static func endpoint(_ word: Substring, _ own: Endpoint?) -> Endpoint? {
        let address = word.prefix { $0 != "@" && $0 != "," }
        guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[address.index(after: colon)...]),
            port > 0
        else { return own }
        let ip = String(address[..<colon])
        if !ip.isEmpty { return .tcp(host: ip, port: port) }
        if case .tcp(let host, _)? = own { return .tcp(host: host, port: port) }
        return own
    }

    private static func range(_ word: Substring) -> ClosedRange<Int>? {
        let ends = word.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...2).contains(ends.count), let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last,
            0..<KeySlot.count ~= first, 0..<KeySlot.count ~= last
        else { return nil }
        return first...last
    }
}

/// `[93->-nodeid]` is a slot that leaves, `[93-<-nodeid]` one that comes.
private struct SlotMove {
    let slot: Int
    let isLeaving: Bool
    let node: String

    init?(_ word: Substring) {
        guard word.hasPrefix("["), word.hasSuffix("]") else { return nil }
        let text = word.dropFirst().dropLast()
        guard let dash = text.firstIndex(of: "-"), let slot = Int(text[..<dash]), 0..<KeySlot.count ~= slot else {
            return nil
        }
        let rest = text[dash...]
        guard rest.hasPrefix("->-") || rest.hasPrefix("-<-") else { return nil }
        self.slot = slot
        isLeaving = rest.hasPrefix("->-")
        node = String(rest.dropFirst(3))
    }
}
