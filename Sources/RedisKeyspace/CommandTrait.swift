// SPDX-License-Identifier: Apache-2.0

import Changelog

/// What is known of a command of the stream: what its record is called, what it is applied to, and where its keys are.
struct CommandTrait: Sendable {
    /// Where the keys are among the words.
    enum Keys: Sendable {
        /// It has none.
        case none
        /// The word of this number.
        case one(Int)
        /// All words behind the name.
        case all
        /// Every second word from the first behind the name; values stand between them.
        case pairs
        /// The first and the second word; the record of the second has an `op` of its own.
        case two(StaticString)
        /// The word behind `STORE` or `STOREDIST`.
        case store
    }

    /// What the words behind the key are.
    enum Words: Sendable {
        case other
        /// A value, and for `SET` its options.
        case value, setValue
        /// Elements, members or fields.
        case singles
        /// Fields with values.
        case pairs
        /// Scores with members, unless options stand before them.
        case scores
        /// An entry of a stream, behind options.
        case entry
        /// A time in milliseconds, or in seconds.
        case milliseconds, seconds
    }

    /// What is touched besides the keys of the records.
    enum Touches: Sendable {
        case keys
        /// The key that goes to another database.
        case destination
        /// What is most likely a key.
        case first
        /// As many words as the second says.
        case numbered
        /// All keys of the databases that it names.
        case databases
    }

    let op: StaticString
    let type: StaticString?
    let apply: StaticString
    let operation: Operation
    let keys: Keys
    let words: Words
    let touches: Touches
    /// Whether the records do not tell what the value of the key is then.
    let hidesValue: Bool

    init(
        _ op: StaticString, _ type: StaticString?, _ apply: StaticString = "absolute", _ keys: Keys = .one(1),
        _ words: Words = .other, as operation: Operation = .update, touches: Touches = .keys, hidesValue: Bool? = nil
    ) {
        self.op = op
        self.type = type
        self.apply = apply
        self.keys = keys
        self.words = words
        self.operation = operation
        self.touches = touches
        self.hidesValue = hidesValue ?? (apply.description != "absolute")
    }

    /// A command that is not in the table.
    static let unknown = CommandTrait("unknown_command", nil, "relative", .none, as: .message, touches: .first)

    /// What is known of the command `name`.
    static func of(_ name: CommandName) -> CommandTrait { table[name] ?? unknown }

    private static let table = Dictionary(
        CommandCatalog.all.flatMap { entry in entry.names.map { (CommandName($0), entry.trait) } },
        uniquingKeysWith: { first, _ in first })
}
