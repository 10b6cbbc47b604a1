// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Faults
internal import Yams

/// A place in a contract's YAML, which knows its line.
struct ContractNode {
    private let node: Node
    private let place: String
    private let path: String

    init(_ node: Node, place: String, path: String) {
        self.node = node
        self.place = place
        self.path = path
    }

    /// Whether it has members.
    var isMapping: Bool { node.mapping != nil }

    private var memberNames: [String] { node.mapping?.keys.compactMap(\.scalar?.string) ?? [] }

    /// The fault of something that is not as the standard has it, here or at a member.
    func wrong(_ what: String, at name: String? = nil, hint: String? = nil) -> Fault {
        let mark = (name.flatMap { node.mapping?[$0] } ?? node).mark
        return Fault(
            .contractUnreadable, "\(place)\(mark.map { ":\($0.line)" } ?? ""): \(path) \(what)", hint: hint)
    }

    private func member(_ name: String) -> Node? {
        guard let value = node.mapping?[name], value.null == nil || value.scalar?.style != .plain else { return nil }
        return value
    }

    private func inside(_ node: Node, _ step: String) -> ContractNode {
        ContractNode(node, place: place, path: path == "the contract" ? step : "\(path).\(step)")
    }

    /// A text that must be there.
    func text(_ name: String) throws(Fault) -> String {
        guard let text = try optionalText(name), !text.isEmpty else {
            throw wrong("has no \(name)", hint: "add `\(name): …`; the standard requires it")
        }
        return text
    }

    /// A text, as it is written.
    func optionalText(_ name: String) throws(Fault) -> String? {
        guard let value = member(name) else { return nil }
        guard let scalar = value.scalar else { throw wrong("has a \(name) that is no text", at: name) }
        return scalar.string
    }

    /// The text that this place itself is.
    func ownText() throws(Fault) -> String {
        guard let scalar = node.scalar else { throw wrong("is no text") }
        return scalar.string
    }

    /// True or false; false when it is not there.
    func flag(_ name: String) throws(Fault) -> Bool {
        guard let value = member(name) else { return false }
        guard let flag = value.bool else { throw wrong("has a \(name) that is neither true nor false", at: name) }
        return flag
    }

    /// A whole number.
    func number(_ name: String) throws(Fault) -> Int? {
        guard let value = member(name) else { return nil }
        guard let number = value.int else { throw wrong("has a \(name) that is no whole number", at: name) }
        return number
    }

    /// One of a closed set.
    func choice<T: RawRepresentable & CaseIterable>(_ name: String, _ type: T.Type) throws(Fault) -> T
    where T.RawValue == String {
        let word = try text(name)
        guard let value = T(rawValue: word) else {
            let known = T.allCases.map(\.rawValue)
            throw wrong(
                "has the \(name) \"\(word)\", which is not one of \(known.joined(separator: ", "))", at: name,
                hint: Spelling.nearest(to: word, among: known).map { "did you mean \($0)?" })
        }
        return value
    }

    /// The elements of a list; none when it is not there.
    func elements(_ name: String) throws(Fault) -> [ContractNode] {
        guard let value = member(name) else { return [] }
        guard let sequence = value.sequence else { throw wrong("has a \(name) that is no list", at: name) }
        return sequence.enumerated().map { index, element in
            let label = element.mapping?["name"]?.scalar?.string ?? "\(index)"
            return inside(element, "\(name)[\(label)]")
        }
    }

    /// A member with members.
    func mapping(_ name: String) throws(Fault) -> ContractNode? {
        guard let value = member(name) else { return nil }
        guard value.mapping != nil else { throw wrong("has \(name) that are no list of properties", at: name) }
        return inside(value, name)
    }

    // MARK: Rules

    /// Adds the rules of `logicalTypeOptions`.
    func addRules(
        _ type: LogicalType?, column: String, to rules: inout [ValueRule], unenforced: inout [String]
    ) throws(Fault) {
        for name in memberNames {
            switch name {
            case "minimum":
                let isExclusive = isFlag("exclusiveMinimum") ? try flag("exclusiveMinimum") : false
                rules.append(.minimum(ValueRule.Bound(try bound(name, type), isExclusive: isExclusive)))
            case "maximum":
                let isExclusive = isFlag("exclusiveMaximum") ? try flag("exclusiveMaximum") : false
                rules.append(.maximum(ValueRule.Bound(try bound(name, type), isExclusive: isExclusive)))
            // In 3.0 these say something of the bound beside them.
            case "exclusiveMinimum" where isFlag(name), "exclusiveMaximum" where isFlag(name): continue
            case "exclusiveMinimum": rules.append(.minimum(ValueRule.Bound(try bound(name, type), isExclusive: true)))
            case "exclusiveMaximum": rules.append(.maximum(ValueRule.Bound(try bound(name, type), isExclusive: true)))
            case "multipleOf": rules.append(.multipleOf(try divisor(name, type)))
            case "minLength": rules.append(.minLength(try length(name)))
            case "maxLength": rules.append(.maxLength(try length(name)))
            case "pattern": rules.append(.pattern(try pattern(name)))
            case "format" where type == .string || type == nil:
                guard let format = TextFormat(rawValue: try text(name)) else {
                    unenforced.append("\(column).format")
                    continue
                }
                rules.append(.format(format))
            case "format" where type == .integer:
                guard let range = Self.integerRanges[try text(name)] else {
                    throw wrong("has a format that the standard does not know", at: name)
                }
                rules += [.minimum(ValueRule.Bound(range.0)), .maximum(ValueRule.Bound(range.1))]
            default: unenforced.append("\(column).\(name)")
            }
        }
    }

    private func isFlag(_ name: String) -> Bool { member(name)?.bool != nil }

    /// Adds what the parts of the values at `path` must be: nobody looks into values.
    func addParts(of path: String, to unenforced: inout [String]) throws(Fault) {
        if let items = try mapping("items") { try items.addAsked("\(path).items", to: &unenforced) }
        for part in try elements("properties") {
            try part.addAsked("\(path).\(try part.text("name"))", to: &unenforced)
        }
    }

    private func addAsked(_ path: String, to unenforced: inout [String]) throws(Fault) {
        for name in ["required", "unique"] where try flag(name) { unenforced.append("\(path).\(name)") }
        for name in try mapping("logicalTypeOptions")?.memberNames ?? [] { unenforced.append("\(path).\(name)") }
        for element in try elements("quality") { unenforced.append("\(path).\(try element.qualityName())") }
        try addRelationships(of: "\(path).", to: &unenforced)
        try addParts(of: path, to: &unenforced)
    }

    /// Adds that values are asked to stand elsewhere, too.
    func addRelationships(of path: String = "", to unenforced: inout [String]) throws(Fault) {
        if try !elements("relationships").isEmpty { unenforced.append("\(path)relationships") }
    }

    private static let integerRanges = [
        "i8": ("-128", "127"), "i16": ("-32768", "32767"), "i32": ("-2147483648", "2147483647"),
        "i64": ("-9223372036854775808", "9223372036854775807"),
        "i128": (String(Int128.min), String(Int128.max)), "u8": ("0", "255"), "u16": ("0", "65535"),
        "u32": ("0", "4294967295"), "u64": ("0", "18446744073709551615"), "u128": ("0", String(UInt128.max)),
    ]

    /// A bound that values of `type` can be compared with.
    private func bound(_ name: String, _ type: LogicalType?) throws(Fault) -> String {
        let value = try text(name)
        let isSound = Array(value.utf8).withRawSpan { bytes in
            switch type {
            case .integer, .number: NumberText(bytes) != nil
            case .date, .timestamp, .time: MomentText(bytes) != nil
            default: false
            }
        }
        guard isSound else {
            throw wrong("has a \(name) that values of \(type?.rawValue ?? "no type") cannot be compared with", at: name)
        }
        return value
    }

    /// A number that values of `type` can be multiples of.
    private func divisor(_ name: String, _ type: LogicalType?) throws(Fault) -> String {
        let value = try bound(name, type)
        guard Divisor(Array(value.utf8)) != nil else {
            throw wrong("has a \(name) that is no number above 0 of at most \(Divisor.digitLimit) digits", at: name)
        }
        return value
    }

    private func length(_ name: String) throws(Fault) -> Int {
        guard let count = try number(name), count >= 0 else { throw wrong("has a \(name) below 0", at: name) }
        return count
    }

    private func pattern(_ name: String) throws(Fault) -> String {
        let text = try text(name)
        do {
            _ = try Regex(text)
        } catch {
            throw wrong("has a \(name) that is no regular expression", at: name)
        }
        return text
    }

    /// Adds what a quality check asks of single values.
    func addQuality(column: String, to rules: inout [ValueRule], unenforced: inout [String]) throws(Fault) {
        guard let metric = try firstText(["metric", "rule"]), try optionalText("mustBe") == "0" else {
            unenforced.append("\(column).\(try qualityName())")
            return
        }
        switch metric {
        case "nullValues": if !rules.contains(.required) { rules.append(.required) }
        case "invalidValues":
            guard let arguments = try mapping("arguments") else { fallthrough }
            var values: [String] = []
            for element in try arguments.elements("validValues") { values.append(try element.ownText()) }
            if !values.isEmpty { rules.append(.oneOf(values)) }
            let pattern = try arguments.optionalText("pattern")
            if pattern != nil { rules.append(.pattern(try arguments.pattern("pattern"))) }
            if values.isEmpty, pattern == nil { fallthrough }
        default: unenforced.append("\(column).\(metric)")
        }
    }

    /// What people call a quality check.
    func qualityName() throws(Fault) -> String {
        try firstText(["name", "metric", "type"]) ?? "quality"
    }

    private func firstText(_ names: [String]) throws(Fault) -> String? {
        for name in names {
            if let text = try optionalText(name) { return text }
        }
        return nil
    }
}
