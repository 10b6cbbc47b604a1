// SPDX-License-Identifier: Apache-2.0

public import Faults
internal import Yams

extension DataContract {
    /// How many bytes a contract may have.
    public static let byteLimit = 4 << 20

    /// Reads YAML of the Open Data Contract Standard 3.0 or 3.1; `place` is what messages call the file. What the
    /// standard knows and kedge does not is passed over.
    public init(yaml bytes: [UInt8], place: String) throws(Fault) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Fault(.contractUnreadable, "\(place) is not UTF-8", hint: "save it as UTF-8")
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw Self.notYAML(error, place)
        }
        guard let node else { throw Fault(.contractUnreadable, "\(place) is empty") }
        try self.init(ContractNode(node, place: place, path: "the contract"))
    }

    private static func notYAML(_ error: any Error, _ place: String) -> Fault {
        var line: Int?
        if let error = error as? YamlError {
            switch error {
            case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _):
                line = mark.line
            case .duplicatedKeysInMapping(_, let context): line = context.mark.line
            default: break
            }
        }
        // Its description quotes the file; only the first line of it says what is wrong.
        let detail = "\(error)".split(separator: "\n").first.map(String.init)
        return Fault(
            .contractUnreadable, "\(place)\(line.map { ":\($0)" } ?? "") is not YAML", detail: detail,
            hint: "mend the line, or write a new contract with `kedge contract init`")
    }

    private init(_ node: ContractNode) throws(Fault) {
        guard node.isMapping else { throw node.wrong("is not a list of properties such as `kind: DataContract`") }
        let kind = try node.text("kind")
        guard kind == "DataContract" else {
            throw node.wrong("is of kind \"\(kind)\" and not DataContract", at: "kind")
        }
        let standard = try node.text("apiVersion")
        guard standard.hasPrefix("v3.0.") || standard.hasPrefix("v3.1.") else {
            throw node.wrong("is of version \(standard) of the standard; kedge reads v3.0 and v3.1", at: "apiVersion")
        }
        let custom = try CustomProperties(node)
        var tables: [ContractTable] = []
        for element in try node.elements("schema") {
            let table = try ContractTable(element)
            guard !tables.contains(where: { $0.sourceName == table.sourceName }) else {
                throw element.wrong("describes \(table.sourceName) again")
            }
            tables.append(table)
        }
        self.init(
            id: try node.text("id"), version: try node.text("version"), status: try node.text("status"),
            name: try node.optionalText("name"), tables: tables, compatibility: custom.compatibility,
            onViolation: custom.onViolation)
    }
}

extension ContractTable {
    fileprivate init(_ node: ContractNode) throws(Fault) {
        let custom = try CustomProperties(node)
        var columns: [ContractColumn] = []
        var unenforced: [String] = []
        var key: [(name: String, place: Int)] = []
        for element in try node.elements("properties") {
            let column = try ContractColumn(element, unenforced: &unenforced)
            guard !columns.contains(where: { $0.sourceName == column.sourceName }) else {
                throw element.wrong("describes column \(column.sourceName) again")
            }
            columns.append(column)
            guard try element.flag("primaryKey") else { continue }
            key.append((column.sourceName, try element.number("primaryKeyPosition") ?? columns.count))
        }
        for element in try node.elements("quality") { unenforced.append(try element.qualityName()) }
        try node.addRelationships(to: &unenforced)
        // The key of a changelog is its sequence key; that of the table stands beside it.
        let isChangelog = try node.optionalText("physicalType") == "changelog"
        let declared = key.sorted { $0.place < $1.place }.map(\.name)
        self.init(
            name: try node.text("name"), physicalName: try node.optionalText("physicalName"), columns: columns,
            key: custom.key ?? (declared.isEmpty || isChangelog ? nil : declared),
            compatibility: custom.compatibility, onViolation: custom.onViolation, unenforced: unenforced)
    }
}

extension ContractColumn {
    fileprivate init(_ node: ContractNode, unenforced: inout [String]) throws(Fault) {
        let name = try node.text("name")
        var logicalType: LogicalType?
        if let word = try node.optionalText("logicalType") {
            guard let type = LogicalType(rawValue: word) else {
                throw node.wrong(
                    "has the logical type \"\(word)\", which the standard does not know", at: "logicalType",
                    hint: Spelling.nearest(to: word, among: LogicalType.allCases.map(\.rawValue)).map {
                        "did you mean \($0)?"
                    })
            }
            logicalType = type
        }
        var rules: [ValueRule] = []
        if try node.flag("required") { rules.append(.required) }
        if try node.flag("unique") { unenforced.append("\(name).unique") }
        if let options = try node.mapping("logicalTypeOptions") {
            try options.addRules(logicalType, column: name, to: &rules, unenforced: &unenforced)
        }
        for element in try node.elements("quality") {
            try element.addQuality(column: name, to: &rules, unenforced: &unenforced)
        }
        try node.addRelationships(of: "\(name).", to: &unenforced)
        try node.addParts(of: name, to: &unenforced)
        self.init(
            name: name, physicalName: try node.optionalText("physicalName"), logicalType: logicalType,
            physicalType: try node.optionalText("physicalType"), rules: rules,
            renamedFrom: try CustomProperties(node).renamedFrom)
    }
}

/// What kedge itself has put among the custom properties.
private struct CustomProperties {
    var compatibility: CompatibilityMode?
    var onViolation: ViolationPolicy?
    var key: [String]?
    var renamedFrom: String?

    init(_ node: ContractNode) throws(Fault) {
        for element in try node.elements("customProperties") {
            switch try element.text("property") {
            case "kedgeCompatibility": compatibility = try element.choice("value", CompatibilityMode.self)
            case "kedgeOnViolation": onViolation = try element.choice("value", ViolationPolicy.self)
            case "kedgeRenamedFrom": renamedFrom = try element.text("value")
            case "kedgeKey":
                var names: [String] = []
                for name in try element.elements("value") { names.append(try name.ownText()) }
                key = names
            default: continue
            }
        }
    }
}
