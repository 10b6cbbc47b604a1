// SPDX-License-Identifier: Apache-2.0

/// How often a server has run the commands that can do away with a stream and put another in its place, or change what
/// it counts of it.
///
/// A key has no identity in Redis. That a stream is the one that it was can be shown by who cannot have replaced it.
public struct CommandCounts: Hashable, Sendable {
    /// Which start of which server counted, in which history of replication; nil where counts say nothing, as on a
    /// replica, whose data may be replaced without a command. Who was a replica and is a master again has another history.
    public let server: String?
    /// Calls that add entries to streams.
    public let adding: Int64
    /// Calls after which a key may be gone or of another type, and keys that ended by themselves.
    public let removing: Int64
    /// Calls after which another stream may stand under a name.
    public let replacing: Int64
    /// Calls after which a stream may count otherwise than it did, and those of which nothing is known.
    public let editing: Int64

    /// Makes counts.
    public init(server: String?, adding: Int64, removing: Int64, replacing: Int64, editing: Int64) {
        self.server = server
        self.adding = adding
        self.removing = removing
        self.replacing = replacing
        self.editing = editing
    }

    /// Reads them from `INFO`.
    public init(_ info: ServerInfo) {
        var adding: Int64 = 0
        var removing = (info.number("expired_keys") ?? 0) + (info.number("evicted_keys") ?? 0)
        var replacing: Int64 = 0
        var editing: Int64 = 0
        let commands = info.fields(beginningWith: "cmdstat_")
        for (name, value) in commands {
            let calls = Self.calls(value)
            switch CommandEffect(of: name) {
            case .none: continue
            case .adding: adding += calls
            case .removing: removing += calls
            case .replacing: replacing += calls
            case .editing: editing += calls
            }
        }
        let counts = info.isMaster && !commands.isEmpty
        let server = info.runID.map { start in info.replicationID.map { "\(start)/\($0)" } ?? start }
        self.init(
            server: counts ? server : nil, adding: adding, removing: removing, replacing: replacing,
            editing: editing)
    }

    /// `calls=12,usec=…`
    private static func calls(_ value: String) -> Int64 {
        guard let first = value.split(separator: ",").first, first.hasPrefix("calls=") else { return 0 }
        return Int64(first.dropFirst("calls=".count)) ?? 0
    }
}

extension CommandCounts: LosslessStringConvertible {
    /// `<server> 12 0 0 0`, as anchors keep it.
    public var description: String { "\(server ?? "-") \(adding) \(removing) \(replacing) \(editing)" }

    /// Reads the text form.
    public init?(_ description: String) {
        let words = description.split(separator: " ")
        let numbers = words.dropFirst().compactMap { Int64($0) }
        guard words.count == 5, numbers.count == 4 else { return nil }
        self.init(
            server: words[0] == "-" ? nil : String(words[0]), adding: numbers[0], removing: numbers[1],
            replacing: numbers[2], editing: numbers[3])
    }
}

/// What a command can do to the stream under a name.
enum CommandEffect {
    case none
    case adding
    case removing
    case replacing
    case editing

    /// The effect of a command as `INFO commandstats` names it: `xadd`, `config|get`. A command of which nothing is
    /// known may do everything.
    init(of name: Substring) {
        let word = name.split(separator: "|").first.map(String.init) ?? String(name)
        if word == "config" {
            // Forgetting the counts is as good as knowing none.
            self = name == "config|resetstat" ? .editing : .none
        } else if word == "xadd" {
            self = .adding
        } else if Self.removingCommands.contains(word) {
            self = .removing
        } else if Self.replacingCommands.contains(word) {
            self = .replacing
        } else {
            self = Self.harmlessCommands.contains(word) ? .none : .editing
        }
    }

    private static func words(_ text: String) -> Set<String> { Set(text.split(separator: " ").map(String.init)) }

    private static let removingCommands = words(
        """
        del unlink flushall flushdb getdel set setex psetex getset getex mset expire pexpire expireat pexpireat sort \
        sdiffstore sinterstore sunionstore zdiffstore zinterstore zunionstore zrangestore bitop georadius \
        georadiusbymember geosearchstore migrate
        """)

    private static let replacingCommands = words(
        "rename renamenx copy restore restore-asking move swapdb")

    /// Commands that read, that leave other types alone when they meet a stream, or that work on streams without adding.
    private static let harmlessCommands = words(
        """
        xdel xtrim xlen xrange xrevrange xread xreadgroup xgroup xinfo xack xclaim xautoclaim xpending \
        acl append asking auth bgrewriteaof bgsave bitcount bitfield bitfield_ro bitpos blmove blmpop blpop brpop \
        brpoplpush bzmpop bzpopmax bzpopmin client cluster command dbsize decr decrby discard dump echo eval eval_ro \
        evalsha evalsha_ro exec exists expiretime failover fcall fcall_ro function geoadd geodist geohash geopos \
        georadius_ro georadiusbymember_ro geosearch get getbit getrange hdel hello hexists hget hgetall hincrby \
        hincrbyfloat hkeys hlen hmget hmset hrandfield hscan hset hsetnx hstrlen hvals incr incrby incrbyfloat info \
        keys lastsave latency lcs lindex linsert llen lmove lmpop lolwut lpop lpos lpush lpushx lrange lrem lset \
        ltrim memory mget monitor msetnx multi object persist pexpiretime pfadd pfcount pfmerge ping psubscribe psync \
        pttl publish pubsub punsubscribe quit randomkey readonly readwrite replconf reset role rpop rpoplpush rpush \
        rpushx sadd save scan scard script sdiff select setbit setnx setrange sinter sintercard sismember slowlog \
        smembers smismember smove sort_ro spop spublish srandmember srem sscan ssubscribe strlen subscribe substr \
        sunion sunsubscribe sync time touch ttl type unsubscribe unwatch wait watch zadd zcard zcount zdiff zincrby \
        zinter zintercard zlexcount zmpop zmscore zpopmax zpopmin zrandmember zrange zrangebylex zrangebyscore zrank \
        zrem zremrangebylex zremrangebyrank zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan \
        zscore zunion
        """)
}
