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
            notices: try Self.notices(of: object, place), tables: try object.optionalText("tables"))
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
        try object.text("to").contains("/") ? .lsn : .decimal
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
            let notice = try JSONObject(json, "\(place).notices[\(notices.count)]")
            notices.append(
                SourceNotice(
                    code: try notice.text("code"), table: try notice.text("table"), message: try notice.text("message"))
            )
        }
        return notices
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
        .object(["code": .text(code), "table": .text(table), "message": .text(message)])
    }
}

extension SegmentRecord {
    fileprivate var json: JSON {
        .object([
            "table": .text(table), "path": .text(path), "rows": .number(Int64(rows)), "bytes": .number(Int64(bytes)),
            "sha256": .text(sha256.hexadecimal), "schema": .text(schema), "seqMin": .text(seqMin.description),
            "seqMax": .text(seqMax.description),
            "changes": changes.json(including: Operation.allCases.filter { changes[$0] != 0 }),
        ])
    }

    fileprivate init(_ object: JSONObject) throws(Fault) {
        self.init(
            table: try object.text("table"), path: try object.text("path"), rows: try object.count("rows"),
            bytes: try object.count("bytes"), sha256: try object.digest("sha256"), schema: try object.text("schema"),
            seqMin: try object.parsed("seqMin", SequenceKey.init),
            seqMax: try object.parsed("seqMax", SequenceKey.init),
            changes: try OperationCounts(try object.object("changes")))
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
        var members = facts.mapValues { fact -> JSON in
            switch fact {
            case .text(let text): .text(text)
            case .number(let number): .number(number)
            }
        }
        members["kind"] = .text(kind)
        return .object(members)
    }

    init(_ object: JSONObject, notation: PositionNotation) throws(Fault) {
        var facts: [String: Fact] = [:]
        for name in object.names where name != "kind" {
            switch try object.value(name) {
            case .text(let text): facts[name] = .text(text)
            case .number(let number): facts[name] = .number(number)
            default: throw Fault(.exportBroken, "the source's \"\(name)\" is neither text nor number")
            }
        }
        self.init(kind: try object.text("kind"), facts: facts, notation: notation)
    }
}

extension JSONObject {
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
