// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hiredis

/// Commands of all types, drawn by chance: what applications do to a keyspace, and what none would think of.
///
/// Keys that expire soon have names of their own and are never given a longer life, so that a replay that comes late
/// ends with the same keys.
struct KeyspaceLoad {
    private var random: Generator
    /// The largest value; made once, for that takes longer than all else.
    private lazy var large = (0..<largeByteCount).map { UInt8(truncatingIfNeeded: $0 &* 131 ^ ($0 >> 9)) }
    /// How many bytes the largest values have.
    var largeByteCount = 300_000
    /// Whether whole databases may be emptied and swapped.
    var emptiesDatabases = true

    /// A generator whose numbers depend on its seed alone.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }

    init(seed: UInt64) { random = Generator(state: seed) }

    /// The library of functions that ``next()`` calls; for servers from 7.0 on.
    static let library = """
        #!lua name=kedge
        redis.register_function('twice', function(keys, args)
            redis.call('SET', keys[1], args[1])
            return redis.call('RPUSH', keys[1] .. ':l', args[1], args[1])
        end)
        """

    /// The next few commands, in order.
    mutating func next() -> [[[UInt8]]] {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<18: [strings()]
        case 18..<32: [lists()]
        case 32..<44: [sets()]
        case 44..<58: [sortedSets()]
        case 58..<70: [hashes()]
        case 70..<82: streams()
        case 82..<89: [keys()]
        case 89..<94: transaction()
        case 94..<98: [scripts()]
        default: [databases()]
        }
    }

    // MARK: Words

    private mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
    private mutating func pick(_ words: String...) -> String { words.randomElement(using: &random) ?? "" }

    private mutating func key(_ family: String) -> [UInt8] {
        let name = Array("\(family):\(number(0..<24))".utf8)
        return number(0..<6) == 0 ? name + [0, 255, 10, 13, 128] : name
    }

    private mutating func value() -> [UInt8] {
        switch number(0..<40) {
        case 0: large
        case 1: [UInt8](repeating: 0x61, count: number(0..<largeByteCount))
        case 2..<8: (0..<number(0..<200)).map { _ in UInt8.random(in: 0...255, using: &random) }
        case 8..<14: Array("\(number(-100_000..<100_000))".utf8)
        case 14: []
        default: Array("wert-\(number(0..<10_000))-Müller".utf8)
        }
    }

    private func command(_ words: Any...) -> [[UInt8]] {
        words.flatMap { word -> [[UInt8]] in
            switch word {
            case let bytes as [UInt8]: [bytes]
            case let list as [[UInt8]]: list
            default: [Array("\(word)".utf8)]
            }
        }
    }

    // MARK: Types

    private mutating func strings() -> [[UInt8]] {
        let key = key("s")
        switch number(0..<16) {
        case 0..<4: return command("SET", key, value())
        case 4: return command("SET", key, value(), "EX", number(5000..<90_000))
        case 5: return command("set", key, value(), "KEEPTTL")
        case 6: return command("APPEND", key, value())
        case 7: return command("INCRBY", self.key("n"), number(-50..<50))
        case 8: return command("INCRBYFLOAT", self.key("n"), "0.5")
        case 9: return command("SETRANGE", key, number(0..<400), "mitte")
        case 10: return command("SETBIT", self.key("b"), number(0..<5000), number(0..<2))
        case 11: return command("BITFIELD", self.key("b"), "INCRBY", "u8", number(0..<100), "7")
        case 12: return command("MSET", self.key("s"), value(), self.key("s"), value(), self.key("n"), "5")
        case 13: return command("GETSET", key, "x")
        case 14: return command("SET", self.key("short"), value(), "PX", number(20..<300))
        default: return command("BITOP", pick("AND", "OR", "XOR"), self.key("b"), self.key("b"), self.key("b"))
        }
    }

    private mutating func lists() -> [[UInt8]] {
        let key = key("l")
        switch number(0..<10) {
        case 0..<4: return command(pick("LPUSH", "RPUSH"), key, value(), value(), "3")
        case 4: return command(pick("LPOP", "RPOP"), key, number(1..<4))
        case 5: return command("LSET", key, number(0..<3), value())
        case 6: return command("LTRIM", key, "0", number(1..<400))
        case 7: return command("LINSERT", key, "BEFORE", "3", "vor")
        case 8: return command("LMOVE", key, self.key("l"), pick("LEFT", "RIGHT"), pick("LEFT", "RIGHT"))
        default: return command("LREM", key, "1", "3")
        }
    }

    private mutating func sets() -> [[UInt8]] {
        let key = key("e")
        switch number(0..<10) {
        case 0..<3: return command("SADD", key, value(), value(), "gleich")
        case 3, 4: return command("SADD", self.key("i"), (0..<20).map { _ in Array("\(number(0..<3000))".utf8) })
        case 5: return command("SREM", key, "gleich")
        case 6: return command("SPOP", key, number(1..<5))
        case 7: return command("SMOVE", key, self.key("e"), "gleich")
        case 8: return command(pick("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"), self.key("e"), key, self.key("i"))
        default: return command("SORT", self.key("i"), "STORE", self.key("l"))
        }
    }

    private mutating func sortedSets() -> [[UInt8]] {
        let key = key("z")
        switch number(0..<12) {
        case 0..<3: return command("ZADD", key, "1.5", value(), number(0..<900), "m", "-inf", "a", "1e300", "b")
        case 3: return command("ZADD", key, "GT", number(0..<2000), "m")
        case 4: return command("ZADD", key, "INCR", "0.1", "m")
        case 5: return command("ZINCRBY", key, "3.25", "q\(number(0..<500))")
        case 6: return command("ZREM", key, "m", "a")
        case 7: return command(pick("ZPOPMIN", "ZPOPMAX"), key, number(1..<3))
        case 8: return command(pick("ZUNIONSTORE", "ZINTERSTORE"), self.key("z"), "2", key, self.key("z"))
        case 9: return command("GEOADD", self.key("g"), "13.36", "38.11", "ort\(number(0..<90))")
        case 10: return command("ZREMRANGEBYRANK", key, "0", "1")
        default:
            return command(
                "GEOSEARCHSTORE", self.key("z"), self.key("g"), "FROMLONLAT", "13", "38", "BYRADIUS", "200", "km", "ASC"
            )
        }
    }

    private mutating func hashes() -> [[UInt8]] {
        let key = key("h")
        switch number(0..<9) {
        case 0..<4: return command("HSET", key, "f\(number(0..<900))", value(), "g", value())
        case 4: return command("HDEL", key, "f\(number(0..<900))", "g")
        case 5: return command("HINCRBY", key, "zahl", number(-9..<9))
        case 6: return command("HINCRBYFLOAT", key, "bruch", "0.25")
        case 7: return command("HSETNX", key, value(), "neu")
        default: return command("PFADD", self.key("p"), value(), "\(number(0..<90_000))")
        }
    }

    private mutating func streams() -> [[[UInt8]]] {
        let key = key("x")
        switch number(0..<12) {
        case 0..<4: return [command("XADD", key, "*", "feld", value(), "feld", "noch einmal", [UInt8](), "leer")]
        case 4: return [command("XADD", key, "MAXLEN", "~", number(5..<200), "*", "a", "1")]
        case 5: return [command("XTRIM", key, "MAXLEN", number(3..<300))]
        case 6: return [command("XGROUP", "CREATE", key, "gruppe", "0", "MKSTREAM")]
        case 7, 8:
            return [
                command(
                    "XREADGROUP", "GROUP", "gruppe", pick("eins", "zwei"), "COUNT", number(1..<9), "STREAMS", key, ">")
            ]
        case 9: return [command("XAUTOCLAIM", key, "gruppe", "drei", "0", "0", "COUNT", number(1..<4))]
        case 10: return [command("XSETID", key, "99999999999999-\(number(0..<9))")]
        default:
            return [
                command(
                    "EVAL",
                    "local e = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 2) for _, v in ipairs(e) do redis.call('XACK', KEYS[1], 'gruppe', v[1]) redis.call('XDEL', KEYS[1], v[1]) end",
                    "1", key)
            ]
        }
    }

    private mutating func keys() -> [[UInt8]] {
        let family = pick("s", "l", "e", "z", "h", "x")
        let key = key(family)
        switch number(0..<9) {
        case 0: return command("DEL", key, self.key("s"))
        case 1: return command("UNLINK", key)
        case 2: return command("EXPIRE", key, number(5000..<90_000))
        case 3: return command("PERSIST", key)
        case 4: return command("RENAME", key, self.key(family))
        case 5: return command("COPY", key, self.key(family), "REPLACE")
        case 6: return command("MOVE", key, number(0..<4))
        case 7: return command("GETDEL", self.key("s"))
        default: return command("PFMERGE", self.key("p"), self.key("p"), self.key("p"))
        }
    }

    private mutating func transaction() -> [[[UInt8]]] {
        var list = [command("MULTI")]
        for _ in 0..<number(1..<30) {
            list.append(number(0..<2) == 0 ? strings() : hashes())
        }
        if number(0..<3) == 0 { list.append(command("SELECT", number(0..<4))) }
        list.append(lists())
        return list + [command("EXEC")]
    }

    private mutating func scripts() -> [[UInt8]] {
        if number(0..<3) == 0 { return command("FCALL", "twice", "1", key("s"), value()) }
        let text =
            "redis.call('SET', KEYS[1], ARGV[1]) redis.call('SADD', KEYS[2], ARGV[1]) return redis.call('INCR', KEYS[3])"
        return command("EVAL", text, "3", key("s"), key("e"), key("n"), value())
    }

    private mutating func databases() -> [[UInt8]] {
        switch number(0..<40) {
        case 0 where emptiesDatabases: return command("FLUSHDB")
        case 1 where emptiesDatabases: return command("SWAPDB", number(0..<4), number(0..<4))
        case 2 where emptiesDatabases: return command("FLUSHALL")
        case 3: return command("PUBLISH", "kanal", value())
        case 4: return command("FLUSHALL", "ASYNC", "nonsense")
        default: return command("SELECT", number(0..<4))
        }
    }
}

extension KeyspaceLoad {
    /// Writes so many steps; what the server refuses is part of the load.
    mutating func write(_ count: Int, over connection: inout RedisConnection) throws {
        for start in stride(from: 0, to: count, by: 100) {
            for _ in start..<min(count, start + 100) {
                for words in next() { try connection.enqueue(RedisCommand(words: words)) }
            }
            try connection.flush()
            while connection.pendingCount > 0 { try connection.awaitReply() }
        }
    }
}
