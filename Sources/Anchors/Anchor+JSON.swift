// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Changelog
internal import Digests
public import Faults

extension Anchor {
    /// The bytes of the anchor's file: the same anchor is always the same bytes.
    public var fileBytes: [UInt8] {
        var members: [String: JSON] = [
            "format": .number(1),
            "anchor": .number(Int64(number)),
            "kind": .text(kind.rawValue),
            "export": .text(export),
            "epoch": .number(Int64(epoch)),
            "source": source.json,
            "from": .text(source.notation.text(from)),
            "to": .text(source.notation.text(to)),
            "transactions": .number(Int64(transactions)),
            "changes": changes.json(including: Operation.allCases),
            "segments": .array(segments.map(\.json)),
            "run": run.json,
        ]
        members["commitTime"] = commitTimeJSON
        members["previous"] = previous.map {
            .object(["anchor": .number(Int64($0.number)), "sha256": .text($0.sha256.hexadecimal)])
        }
        members["reason"] = reason.map(JSON.text)
        members["tables"] = tables.map(JSON.text)
        if source.notation == .clock { members["lanes"] = .array(lanes.map(\.json)) }
        members["missing"] = missing.map { .number(Int64($0)) }
        members["contract"] = contract?.json
        if !notices.isEmpty { members["notices"] = .array(notices.map(\.json)) }
        return SealedJSON.seal(members)
    }

    /// Reads the bytes of an anchor's file, which must match their own checksum; `place` is what messages call it.
    public init(fileBytes: [UInt8], place: String) throws(Fault) {
        let object = try SealedJSON.open(fileBytes, place)
        try SealedJSON.expectFormat(object, place)
        let times = try object.optional("commitTime").map { (json) throws(Fault) in
            try JSONObject(json, "\(place).commitTime")
        }
        let source = try SourceIdentity(try object.object("source"), notation: Self.notation(of: object))
        self.init(
            number: try object.count("anchor"), kind: try Self.kind(of: object, place),
            export: try object.text("export"), epoch: try object.epoch("epoch"), source: source,
            from: try object.parsed("from", source.notation.position),
            to: try object.parsed("to", source.notation.position),
            commitTimeFirst: try times?.optionalTimestamp("first"),
            commitTimeLast: try times?.optionalTimestamp("last"),
            transactions: try object.count("transactions"), changes: try OperationCounts(try object.object("changes")),
            segments: try Self.segments(of: object, place), previous: try Self.previous(of: object),
            run: try RunStamp(try object.object("run")), reason: try object.optionalText("reason"),
            notices: try Self.notices(of: object, place), tables: try object.optionalText("tables"),
            lanes: try Self.lanes(of: object, place),
            missing: object.optional("missing") == nil ? nil : try object.count("missing"),
            contract: object.optional("contract") == nil ? nil : try ContractLink(try object.object("contract")))
    }

    private var commitTimeJSON: JSON? {
        guard commitTimeFirst != nil || commitTimeLast != nil else { return nil }
        var times: [String: JSON] = [:]
        times["first"] = commitTimeFirst.map { .text($0.description) }
        times["last"] = commitTimeLast.map { .text($0.description) }
        return .object(times)
    }

    private static func kind(of object: JSONObject, _ place: String) throws(Fault) -> AnchorKind {
        let name = try object.text("kind")
        guard let kind = AnchorKind(rawValue: name) else {
            throw Fault(.exportFormat, "\(place) is of kind \"\(name)\", which this version of kedge does not know")
        }
        return kind
    }

    private static func notation(of object: JSONObject) throws(Fault) -> PositionNotation {
        if object.optional("lanes") != nil { return .clock }
        return try object.text("to").contains("/") ? .lsn : .decimal
    }

    private static func previous(of object: JSONObject) throws(Fault) -> Link? {
        guard object.optional("previous") != nil else { return nil }
        let link = try object.object("previous")
        return Link(number: try link.count("anchor"), sha256: try link.digest("sha256"))
    }

    private static func notices(of object: JSONObject, _ place: String) throws(Fault) -> [SourceNotice] {
        guard object.optional("notices") != nil else { return [] }
        var notices: [SourceNotice] = []
        for json in try object.array("notices") {
            notices.append(try SourceNotice(try JSONObject(json, "\(place).notices[\(notices.count)]")))
        }
        return notices
    }

    private static func lanes(of object: JSONObject, _ place: String) throws(Fault) -> [LaneRange] {
        guard object.optional("lanes") != nil else { return [] }
        var lanes: [LaneRange] = []
        for json in try object.array("lanes") {
            lanes.append(try LaneRange(try JSONObject(json, "\(place).lanes[\(lanes.count)]")))
        }
        return lanes
    }

    private static func segments(of object: JSONObject, _ place: String) throws(Fault) -> [SegmentRecord] {
        var segments: [SegmentRecord] = []
        for json in try object.array("segments") {
            segments.append(try SegmentRecord(try JSONObject(json, "\(place).segments[\(segments.count)]")))
        }
        return segments
    }
}

extension SourceNotice {
    fileprivate var json: JSON {
        .object(details.merging(["code": .text(code), "table": .text(table), "message": .text(message)]) { $1 })
    }

    fileprivate init(_ object: JSONObject) throws(Fault) {
        var details: [String: JSON] = [:]
        for name in object.names where !["code", "table", "message"].contains(name) {
            details[name] = object.optional(name)
        }
        self.init(
            code: try object.text("code"), table: try object.text("table"), message: try object.text("message"),
            details: details)
    }
}

extension LaneRange {
    fileprivate var json: JSON {
        var members: [String: JSON] = [
            "lane": .text(lane.name), "epoch": .number(Int64(lane.epoch)), "notation": .text(lane.notation.rawValue),
            "start": .text(lane.notation.text(lane.start)), "from": .text(lane.notation.text(from)),
            "to": .text(lane.notation.text(to)),
        ]
        if !facts.isEmpty { members["facts"] = .object(facts.mapValues(\.json)) }
        return .object(members)
    }

    fileprivate init(_ object: JSONObject) throws(Fault) {
        let notation = try object.parsed("notation", LaneNotation.init)
        let lane = Lane(
            name: try object.text("lane"), epoch: try object.epoch("epoch"), notation: notation,
            start: try object.parsed("start", notation.point))
        var facts: [String: SourceIdentity.Fact] = [:]
        if object.optional("facts") != nil { facts = try object.object("facts").facts() }
        self.init(
            lane: lane, from: try object.parsed("from", notation.point), to: try object.parsed("to", notation.point),
            facts: facts)
    }
}

extension SegmentRecord {
    fileprivate var json: JSON {
        var members: [String: JSON] = [
            "table": .text(table), "path": .text(path), "rows": .number(Int64(rows)), "bytes": .number(Int64(bytes)),
            "sha256": .text(sha256.hexadecimal), "schema": .text(schema), "seqMin": .text(seqMin.description),
            "seqMax": .text(seqMax.description),
            "changes": changes.json(including: Operation.allCases.filter { changes[$0] != 0 }),
        ]
        members["lane"] = lane.map(JSON.text)
        members["of"] = origin.map(JSON.text)
        return .object(members)
    }

    fileprivate init(_ object: JSONObject) throws(Fault) {
        self.init(
            table: try object.text("table"), path: try object.text("path"), rows: try object.count("rows"),
            bytes: try object.count("bytes"), sha256: try object.digest("sha256"), schema: try object.text("schema"),
            seqMin: try object.parsed("seqMin", SequenceKey.init),
            seqMax: try object.parsed("seqMax", SequenceKey.init),
            changes: try OperationCounts(try object.object("changes")), lane: try object.optionalText("lane"),
            origin: try object.optionalText("of"))
    }
}

extension OperationCounts {
    fileprivate func json(including operations: [Operation]) -> JSON {
        .object(Dictionary(uniqueKeysWithValues: operations.map { ($0.letter, .number(Int64(self[$0]))) }))
    }

    fileprivate init(_ object: JSONObject) throws(Fault) {
        self.init()
        for operation in Operation.allCases where object.optional(operation.letter) != nil {
            self[operation] = try object.count(operation.letter)
        }
    }
}

extension RunStamp {
    var json: JSON {
        .object(["id": .text(id), "kedge": .text(kedge), "publishedAt": .text(publishedAt.description)])
    }

    init(_ object: JSONObject) throws(Fault) {
        self.init(
            id: try object.text("id"), kedge: try object.text("kedge"),
            publishedAt: try object.timestamp("publishedAt"))
    }
}

extension SourceIdentity {
    /// The facts beside the kind.
    var json: JSON {
        var members = facts.mapValues(\.json)
        members["kind"] = .text(kind)
        return .object(members)
    }

    init(_ object: JSONObject, notation: PositionNotation) throws(Fault) {
        var facts = try object.facts()
        facts["kind"] = nil
        self.init(kind: try object.text("kind"), facts: facts, notation: notation)
    }
}

extension SourceIdentity.Fact {
    fileprivate var json: JSON {
        switch self {
        case .text(let text): .text(text)
        case .number(let number): .number(number)
        }
    }
}

extension JSONObject {
    /// All members as facts.
    fileprivate func facts() throws(Fault) -> [String: SourceIdentity.Fact] {
        var facts: [String: SourceIdentity.Fact] = [:]
        for name in names {
            switch try value(name) {
            case .text(let text): facts[name] = .text(text)
            case .number(let number): facts[name] = .number(number)
            default: throw Fault(.exportBroken, "the fact \"\(name)\" is neither text nor number")
            }
        }
        return facts
    }

    func timestamp(_ name: String) throws(Fault) -> Timestamp {
        try parsed(name, Timestamp.init)
    }

    fileprivate func optionalTimestamp(_ name: String) throws(Fault) -> Timestamp? {
        optional(name) == nil ? nil : try timestamp(name)
    }

    func optionalText(_ name: String) throws(Fault) -> String? {
        optional(name) == nil ? nil : try text(name)
    }

    fileprivate func epoch(_ name: String) throws(Fault) -> UInt16 {
        guard let epoch = UInt16(exactly: try count(name)), epoch > 0 else {
            throw Fault(.exportBroken, "an epoch is out of range")
        }
        return epoch
    }
}
