// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Digests
internal import Faults

extension ContractLink {
    /// The member of an anchor.
    var json: JSON {
        var members: [String: JSON] = ["id": .text(id), "version": .text(version), "sha256": .text(digits)]
        members["onViolation"] = onViolation.map(JSON.text)
        return .object(members)
    }

    init(_ object: JSONObject) throws(Fault) {
        self.init(
            id: try object.text("id"), version: try object.text("version"),
            file: DigestNamedFiles.prefix + (try object.digest("sha256")).hexadecimal,
            onViolation: try object.optionalText("onViolation"))
    }

    private var digits: String { String(file.dropFirst(DigestNamedFiles.prefix.count)) }
}
