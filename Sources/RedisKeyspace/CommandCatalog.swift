// SPDX-License-Identifier: Apache-2.0

import Changelog

/// The commands that a stream holds, by what they do. What servers rewrite before they send it is not in it.
enum CommandCatalog {
    typealias Entry = (names: [StaticString], trait: CommandTrait)

    /// Strings.
    static let strings: [Entry] = [
        (["SET"], CommandTrait("put", "string", "absolute", .one(1), .setValue)),
        (["SETNX", "GETSET"], CommandTrait("put", "string", "absolute", .one(1), .value)),
        (["SETEX", "PSETEX"], CommandTrait("put", "string", "absolute", .one(1))),
        (["MSET", "MSETNX"], CommandTrait("put", "string", "absolute", .pairs, .value)),
        (
            ["APPEND", "SETRANGE", "SETBIT", "BITFIELD", "INCR", "DECR", "INCRBY", "DECRBY", "INCRBYFLOAT"],
            CommandTrait("delta", "string", "relative", .one(1))
        ),
        (["PFADD", "PFCOUNT", "PFDEBUG"], CommandTrait("delta", "string", "relative", .one(1))),
        (["BITOP"], CommandTrait("derived", "string", "derived", .one(2))),
        (["PFMERGE"], CommandTrait("derived", "string", "derived", .one(1))),
    ]

    /// Keys of any type.
    static let keys: [Entry] = [
        (["DEL", "UNLINK"], CommandTrait("del", nil, "absolute", .all, as: .delete)),
        (["GETDEL"], CommandTrait("del", "string", "absolute", .one(1), as: .delete)),
        (["PEXPIREAT"], CommandTrait("expire", nil, "absolute", .one(1), .milliseconds)),
        (["EXPIREAT"], CommandTrait("expire", nil, "absolute", .one(1), .seconds)),
        (["EXPIRE", "PEXPIRE", "GETEX"], CommandTrait("expire", nil, "relative", .one(1))),
        (["PERSIST"], CommandTrait("persist", nil, "absolute", .one(1))),
        (["RENAME", "RENAMENX"], CommandTrait("rename", nil, "derived", .two("rename"))),
        (["MOVE"], CommandTrait("move", nil, "derived", .one(1), touches: .destination)),
        (["COPY"], CommandTrait("derived", nil, "derived", .one(2), touches: .destination)),
        (["RESTORE", "RESTORE-ASKING"], CommandTrait("put", nil, "absolute", .one(1), hidesValue: true)),
        (["SORT"], CommandTrait("derived", "list", "derived", .store)),
    ]

    /// Lists, sets, sorted sets and hashes.
    static let collections: [Entry] = [
        (["LPUSH", "RPUSH", "LPUSHX", "RPUSHX"], CommandTrait("list_op", "list", "relative", .one(1), .singles)),
        (["LPOP", "RPOP", "LSET", "LTRIM", "LINSERT", "LREM"], CommandTrait("list_op", "list", "relative", .one(1))),
        (["LMOVE", "RPOPLPUSH", "BLMOVE", "BRPOPLPUSH"], CommandTrait("list_op", "list", "derived", .two("list_op"))),
        (["SADD"], CommandTrait("member_add", "set", "absolute", .one(1), .singles)),
        (["SREM"], CommandTrait("member_del", "set", "absolute", .one(1), .singles)),
        (["SPOP"], CommandTrait("member_del", "set", "relative", .one(1))),
        (["SMOVE"], CommandTrait("member_del", "set", "absolute", .two("member_add"))),
        (["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"], CommandTrait("derived", "set", "derived", .one(1))),
        (["ZADD"], CommandTrait("member_add", "zset", "absolute", .one(1), .scores)),
        (["ZREM"], CommandTrait("member_del", "zset", "absolute", .one(1), .singles)),
        (["ZINCRBY"], CommandTrait("delta", "zset", "relative", .one(1))),
        (["GEOADD"], CommandTrait("member_add", "zset", "absolute", .one(1))),
        (
            ["ZPOPMIN", "ZPOPMAX", "ZREMRANGEBYRANK", "ZREMRANGEBYSCORE", "ZREMRANGEBYLEX"],
            CommandTrait("member_del", "zset", "relative", .one(1))
        ),
        (
            ["ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE", "ZRANGESTORE", "GEOSEARCHSTORE"],
            CommandTrait("derived", "zset", "derived", .one(1))
        ),
        (["GEORADIUS", "GEORADIUSBYMEMBER"], CommandTrait("derived", "zset", "derived", .store)),
        (["HSET", "HMSET", "HSETNX"], CommandTrait("field_put", "hash", "absolute", .one(1), .pairs)),
        (["HDEL"], CommandTrait("field_del", "hash", "absolute", .one(1), .singles)),
        (["HPEXPIREAT", "HEXPIREAT", "HPERSIST", "HSETEX"], CommandTrait("field_put", "hash", "absolute", .one(1))),
        (["HPEXPIRE", "HEXPIRE", "HGETEX"], CommandTrait("field_put", "hash", "relative", .one(1))),
        (["HGETDEL"], CommandTrait("field_del", "hash", "absolute", .one(1))),
        (["HINCRBY", "HINCRBYFLOAT"], CommandTrait("delta", "hash", "relative", .one(1))),
    ]

    /// Streams and their groups.
    static let streams: [Entry] = [
        (["XADD"], CommandTrait("stream_add", "stream", "absolute", .one(1), .entry)),
        (["XDEL"], CommandTrait("stream_del", "stream", "absolute", .one(1), .singles)),
        (["XTRIM"], CommandTrait("stream_trim", "stream", "relative", .one(1))),
        (["XSETID"], CommandTrait("stream_add", "stream", "absolute", .one(1))),
        (["XACK", "XCLAIM", "XAUTOCLAIM"], CommandTrait("stream_group", "stream", "relative", .one(1))),
        (["XGROUP"], CommandTrait("stream_group", "stream", "relative", .one(2))),
    ]

    /// What belongs to no key.
    static let server: [Entry] = [
        (["FLUSHDB", "FLUSHALL"], CommandTrait("flush", nil, "absolute", .none, as: .truncate)),
        (["SWAPDB"], CommandTrait("swapdb", nil, "derived", .none, as: .message, touches: .databases)),
        (["PUBLISH", "SPUBLISH"], CommandTrait("publish", nil, "absolute", .none, as: .message)),
        (["FUNCTION"], CommandTrait("function", nil, "absolute", .none, as: .message)),
        (["SCRIPT"], CommandTrait("script", nil, "absolute", .none, as: .message)),
        (
            ["EVAL", "EVALSHA", "FCALL"],
            CommandTrait("script", nil, "derived", .none, as: .message, touches: .numbered)
        ),
    ]

    static let all = strings + keys + collections + streams + server
}
