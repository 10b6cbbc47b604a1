// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog

/// Turns commands into records (`docs/format.md`, Records of a keyspace).
struct CommandRecorder: ~Copyable {
    private var tables: KeyspaceSchema
    private let moves: SlotMoves?
    private var schema = 0
    /// The record's place in its unit, from 1.
    var ordinal: UInt64 = 0
    /// The database that is selected.
    private(set) var database: Int
    /// The keys whose values the records do not tell; nil where nobody asks.
    var touched: TouchedKeys?

    /// Begins in a database; `namespace` is the shard's name where there are several, and `moves` knows which keys move
    /// between them.
    init(database: Int, touched: TouchedKeys? = nil, namespace: String? = nil, moves: SlotMoves? = nil) {
        self.database = database
        self.touched = touched
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
        touched?.insert(name, trait, words, of: bytes, in: database)
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
            if trait.hidesValue || details.apply != nil { touched?.insert(keyBytes, in: database) }
            cause = moves?.cause(of: bytes.extracting(words.places[0]), about: keyBytes)
        } else {
            batch.appendNull()
        }
        batch.append(literal: trait.type)
        batch.append(literal: details.apply ?? trait.apply)
        details.appendValues(words, bytes, to: &batch)
        batch.append(integer: details.expiresAt)
        batch.append(literal: cause)
        appendMeta(details, hasArguments ? words.envelopes : [], bytes, to: &batch)
        appendName(bytes.extracting(words.places[0]), to: &batch)
        if hasArguments { Self.appendArguments(words, bytes, to: &batch) } else { batch.appendNull() }
        batch.endRecord(.whole)
    }

    @inline(__always)
    private func appendMeta(
        _ details: CommandDetails, _ envelopes: [ReplayEnvelope], _ bytes: RawSpan, to batch: inout ChangeBatch
    ) {
        guard details.keepsExpiry || !envelopes.isEmpty else { return batch.appendNull() }
        batch.append { buffer in
            buffer.beginNestedMap()
            if details.keepsExpiry { buffer.appendMeta("keep_ttl", 1) }
            if !envelopes.isEmpty {
                buffer.appendMeta("rreplay") { envelopes.appendWords(from: bytes, to: &$0) }
            }
            buffer.endNested()
        }
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
        touch(key, trait)
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

    /// Of a large command the first words alone are there: where they do not name all of its keys, any may be touched.
    private mutating func touch(_ key: borrowing ByteBuffer?, _ trait: CommandTrait) {
        guard touched != nil, trait.mayHideValueWhenLarge else { return }
        switch key {
        case .some(let key) where trait.hasOneKey: touched?.insert(key.bytes, in: database)
        default: touched?.insert(all: database)
        }
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
