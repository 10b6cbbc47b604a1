// SPDX-License-Identifier: Apache-2.0

/// Replaces comments and the insides of strings by spaces, so that words in prose are not taken for code.
struct Blanking {
    private let input: [UInt8]
    private var output: [UInt8]
    private var index = 0

    private init(_ text: String) {
        input = Array(text.utf8)
        output = []
        output.reserveCapacity(input.count)
    }

    /// The text with as many lines and bytes as before, and only the code left.
    static func code(of text: String) -> String {
        var blanking = Blanking(text)
        while blanking.index < blanking.input.count { blanking.step() }
        return String(decoding: blanking.output, as: UTF8.self)
    }

    private mutating func step() {
        if looking(at: "//") {
            blank { $0.input[$0.index] == UInt8(ascii: "\n") }
        } else if looking(at: "/*") {
            blankBlockComment()
        } else if looking(at: "\"") || looking(at: "#\"") || looking(at: "##\"") {
            blankString()
        } else {
            output.append(input[index])
            index += 1
        }
    }

    private func looking(at text: String) -> Bool {
        input[index...].starts(with: text.utf8)
    }

    private mutating func blankOne() {
        let isLineBreak = input[index] == UInt8(ascii: "\n")
        output.append(isLineBreak ? UInt8(ascii: "\n") : UInt8(ascii: " "))
        index += 1
    }

    private mutating func blank(until isEnd: (Blanking) -> Bool) {
        while index < input.count, !isEnd(self) { blankOne() }
    }

    private mutating func blankBlockComment() {
        var depth = 0
        repeat {
            if looking(at: "/*") {
                depth += 1
                blankOne()
            } else if looking(at: "*/") {
                depth -= 1
                blankOne()
            }
            blankOne()
        } while depth > 0 && index < input.count
    }

    /// Blanks a string literal, its interpolations included; the quotes stay.
    private mutating func blankString() {
        let marks = String(repeating: "#", count: input[index...].prefix { $0 == UInt8(ascii: "#") }.count)
        for _ in 0..<marks.utf8.count { keep() }
        let quotes = looking(at: "\"\"\"") ? "\"\"\"" : "\""
        for _ in 0..<quotes.utf8.count { keep() }
        while index < input.count, !looking(at: quotes + marks) {
            if looking(at: "\\" + marks + "(") {
                blankInterpolation()
            } else if looking(at: "\\" + marks) {
                for _ in 0..<(2 + marks.utf8.count) where index < input.count { blankOne() }
            } else {
                blankOne()
            }
        }
        for _ in 0..<(quotes.utf8.count + marks.utf8.count) where index < input.count { keep() }
    }

    private mutating func blankInterpolation() {
        var depth = 0
        let start = output.count
        repeat {
            if looking(at: "\"") {
                blankString()
                continue
            }
            if looking(at: "(") { depth += 1 }
            if looking(at: ")") { depth -= 1 }
            blankOne()
        } while depth > 0 && index < input.count
        for place in start..<output.count where output[place] != UInt8(ascii: "\n") {
            output[place] = UInt8(ascii: " ")
        }
    }

    private mutating func keep() {
        output.append(input[index])
        index += 1
    }
}
