// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Changelog
internal import Digests
internal import Faults

/// The members of one JSON object, asked for by name and kind; what is missing or of another kind is a fault that
/// says where.
struct JSONObject {
    private let members: [String: JSON]
    private let place: String

    /// Sees `json` as an object; `place` is what a person calls it.
    init(_ json: JSON, _ place: String) throws(Fault) {
        guard case .object(let members) = json else { throw Fault(.exportBroken, "\(place) is not an object") }
        self.members = members
        self.place = place
    }

    /// The names of all members.
    var names: [String] { Array(members.keys) }

    /// A member, nil when it is missing or null.
    func optional(_ name: String) -> JSON? {
        let value = members[name]
        return value == .null ? nil : value
    }

    /// A member that must be there.
    func value(_ name: String) throws(Fault) -> JSON {
        guard let value = optional(name) else { throw bad(name) }
        return value
    }

    /// Makes something out of a text.
    func parsed<T>(_ name: String, _ parse: (String) -> T?) throws(Fault) -> T {
        guard case .text(let text) = try value(name), let value = parse(text) else { throw bad(name) }
        return value
    }

    /// A text.
    func text(_ name: String) throws(Fault) -> String {
        try parsed(name) { $0 }
    }

    /// A whole number that is not negative.
    func count(_ name: String) throws(Fault) -> Int {
        guard case .number(let number) = try value(name), number >= 0 else { throw bad(name) }
        return Int(number)
    }

    /// A digest in hexadecimal digits.
    func digest(_ name: String) throws(Fault) -> Digest {
        try parsed(name, Digest.init(hexadecimal:))
    }

    /// An object inside.
    func object(_ name: String) throws(Fault) -> JSONObject {
        try JSONObject(try value(name), "\(place).\(name)")
    }

    /// The elements of an array inside.
    func array(_ name: String) throws(Fault) -> [JSON] {
        guard case .array(let elements) = try value(name) else { throw bad(name) }
        return elements
    }

    private func bad(_ name: String) -> Fault {
        Fault(.exportBroken, "\(place) has no proper \"\(name)\"")
    }
}
