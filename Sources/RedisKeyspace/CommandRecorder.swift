// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog

/// Turns commands into records (`docs/format.md`, Records of a keyspace).
struct CommandRecorder: ~Copyable {
    private var tables: KeyspaceSchema
    private let moves: SlotMoves?
    private var schema = 0
    /// The record's place in its unit, from 1.
    private var ordinal: UInt64 = 0
    /// The database that is selected.
    private(set) var database: Int

    /// Begins in a database; `namespace` is the shard's name where there are several, and `moves` knows which keys move
    /// between them.
    init(database: Int, namespace: String? = nil, moves: SlotMoves? = nil) {
        self.database = database
        self.moves = moves
        tables = KeyspaceSchema(namespace: namespace)
    }

    /// Begins another batch: the schemas of the one before are not known to it.
    mutating func begin(_ batch: inout ChangeBatch) {
        schema = batch.index(of: tables.table(database))
    }

    /// Begins another unit.
    mutating func beginUnit() {
        ordinal = 0
    }

    /// Goes on in another database.
    mutating func select(_ number: Int, in batch: inout ChangeBatch) {
        database = number
        schema = batch.index(of: tables.table(number))
    }

    // MARK: Commands that are there whole

    /// Appends the records of one command.
    mutating func append(
        _ name: CommandName, _ words: borrowing CommandWords, of bytes: RawSpan, into batch: inout ChangeBatch
    ) {
        let trait = CommandTrait.of(name)
        switch trait.keys {
        case .one(let index):
            append(trait, trait.op, key: index, words, bytes, hasArguments: true, into: &batch)
        case .none: append(trait, trait.op, key: 0, words, bytes, hasArguments: true, into: &batch)
        case .all:
            for index in 1..<max(2, words.count) {
                append(trait, trait.op, key: index, words, bytes, hasArguments: index == 1, into: &batch)
            }
        case .pairs:
            for index in stride(from: 1, to: max(2, words.count), by: 2) {
                append(trait, trait.op, key: index, words, bytes, hasArguments: index == 1, into: &batch)
            }
        case .two(let op):
            append(trait, trait.op, key: 1, words, bytes, hasArguments: true, into: &batch)
            append(trait, op, key: 2, words, bytes, hasArguments: false, into: &batch)
        case .store:
            append(
                trait, trait.op, key: Self.storeIndex(words, bytes), words, bytes, hasArguments: true, into: &batch)
        }
    }

    @inline(__always)
    private mutating func append(
        _ trait: CommandTrait, _ op: StaticString, key: Int, _ words: borrowing CommandWords, _ bytes: RawSpan,
        hasArguments: Bool, into batch: inout ChangeBatch
    ) {
        let details = CommandDetails(trait, key: key, words, bytes)
        begin(trait, details.op ?? op, apply: details.apply ?? trait.apply, in: &batch)
        var cause: StaticString?
        if key > 0, key < words.count {
            let keyBytes = bytes.extracting(words.places[key])
            batch.append(keyBytes)
            cause = moves?.cause(of: bytes.extracting(words.places[0]), about: keyBytes)
        } else {
            batch.appendNull()
        }
        batch.append(literal: trait.type)
        batch.append(literal: details.apply ?? trait.apply)
        details.appendValues(words, bytes, to: &batch)
        batch.append(number: details.expiresAt)
        batch.append(literal: cause)
        if details.keepsExpiry { batch.append { $0.appendMeta(single: "keep_ttl", 1) } } else { batch.appendNull() }
        appendName(bytes.extracting(words.places[0]), to: &batch)
        if hasArguments { Self.appendArguments(words, bytes, to: &batch) } else { batch.appendNull() }
        batch.endRecord(.whole)
    }

    @inline(__always)
    private mutating func begin(
        _ trait: CommandTrait, _ op: StaticString, apply: StaticString, in batch: inout ChangeBatch
    ) {
        ordinal += 1
        batch.beginChange(trait.operation, schema: schema, ordinal: ordinal)
        batch.append(literal: op)
    }

    @inline(__always)
    private func appendName(_ name: RawSpan, to batch: inout ChangeBatch) {
        batch.append { buffer in
            for index in 0..<name.byteCount { buffer.append(CommandName.capital(name[index])) }
        }
    }

    @inline(__always)
    private static func appendArguments(
        _ words: borrowing CommandWords, _ bytes: RawSpan, to batch: inout ChangeBatch
    ) {
        batch.append { buffer in
            buffer.beginNestedList()
            for place in words.places { buffer.appendNestedScalar(bytes.extracting(place)) }
            buffer.endNested()
        }
    }

    /// The word behind `STORE`; the first, where there is none.
    private static func storeIndex(_ words: borrowing CommandWords, _ bytes: RawSpan) -> Int {
        for index in 1..<max(2, words.count) where index + 1 < words.count {
            let word = CommandName(bytes.extracting(words.places[index]))
            if word == CommandDetails.store || word == CommandDetails.storeDistance { return index + 1 }
        }
        return 1
    }

    // MARK: Commands that are not held whole

    /// Appends the record that begins a large command: what its first words, which are there, tell.
    mutating func appendHead(
        _ name: CommandName, _ nameBytes: RawSpan, key: borrowing ByteBuffer?, argumentCount: Int,
        into batch: inout ChangeBatch
    ) {
        let trait = CommandTrait.of(name)
        begin(trait, trait.op, apply: trait.apply, in: &batch)
        var cause: StaticString?
        switch key {
        case .some(let key):
            batch.append(key.bytes)
            cause = moves?.cause(of: nameBytes, about: key.bytes)
        case .none: batch.appendNull()
        }
        batch.append(literal: trait.type)
        batch.append(literal: trait.apply)
        for _ in 0..<3 { batch.appendNull() }
        batch.append(literal: cause)
        batch.append { $0.appendMeta(single: "arguments", UInt64(argumentCount)) }
        appendName(nameBytes, to: &batch)
        batch.appendNull()
        batch.endRecord(.part(0, .none))
    }

    /// Appends a record of further words of a large command: `words` holds them as scalars.
    mutating func appendPiece(
        _ number: Int, _ words: borrowing ByteBuffer, _ continuation: Continuation, into batch: inout ChangeBatch
    ) {
        ordinal += 1
        batch.beginChange(.update, schema: schema, ordinal: ordinal)
        batch.append(literal: "argv")
        for _ in 0..<9 { batch.appendNull() }
        batch.append { buffer in
            buffer.beginNestedList()
            buffer.append(words.bytes)
            buffer.endNested()
        }
        batch.endRecord(.part(number, continuation))
    }
}

extension ByteBuffer {
    /// Appends a map of one number.
    mutating func appendMeta(single name: StaticString, _ number: UInt64) {
        beginNestedMap()
        appendMeta(name, number)
        endNested()
    }
}
