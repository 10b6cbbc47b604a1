// SPDX-License-Identifier: Apache-2.0

import Faults

/// The options behind the `?` of an address, each at most once.
struct AddressOptions {
    /// The names of options.
    enum Name: String, CaseIterable {
        case database = "db"
        case user
        case password
        case sentinelUser = "sentineluser"
        case sentinelPassword = "sentinelpassword"
        case timeout
        case authorityFile = "cafile"
        case certificate = "cert"
        case key
        case serverName = "servername"
        case serverNameIndication = "sni"
    }

    private var values: [Name: String] = [:]

    /// No options.
    init() {}

    /// Reads `name=value&name=value`.
    init(_ query: ArraySlice<UInt8>) throws(Fault) {
        for item in query.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false) {
            guard let sign = item.firstIndex(of: UInt8(ascii: "=")) else {
                throw mistake("an option has no value", hint: "options are name=value, with & between them")
            }
            let word = try percentDecoded(item[..<sign]).lowercased()
            guard let name = Name(rawValue: word) else { throw Self.unknown(word) }
            guard values.updateValue(try percentDecoded(item[(sign + 1)...]), forKey: name) == nil else {
                throw mistake("the option \(name.rawValue) stands there twice")
            }
        }
    }

    subscript(name: Name) -> String? { values[name] }

    /// Refuses options that mean nothing for this kind of address.
    func allow(only names: Set<Name>, of kind: String) throws(Fault) {
        guard let name = Name.allCases.first(where: { values[$0] != nil && !names.contains($0) }) else { return }
        throw mistake("the option \(name.rawValue) means nothing for \(kind)", hint: "leave it out")
    }

    /// How long a server may take: `5`, `5s`, `500ms`.
    func timeout() throws(Fault) -> Duration? {
        guard let text = values[.timeout] else { return nil }
        let units = [("ms", Duration.milliseconds(1)), ("s", .seconds(1)), ("m", .seconds(60)), ("", .seconds(1))]
        for (unit, duration) in units where text.hasSuffix(unit) {
            guard let count = decimal(text.utf8.dropLast(unit.utf8.count)), count > 0, count <= 1_000_000 else { break }
            return duration * count
        }
        throw mistake("the timeout is no time", hint: "give seconds, or a time such as 500ms or 5s")
    }

    /// The settings of TLS.
    func tls() throws(Fault) -> TLSSettings {
        guard (values[.certificate] == nil) == (values[.key] == nil) else {
            throw mistake("a certificate needs its key, and a key its certificate", hint: "give both cert= and key=")
        }
        guard values[.serverName] == nil || values[.serverNameIndication] == nil else {
            throw mistake("servername and sni mean the same", hint: "leave out one of them")
        }
        for name in [Name.authorityFile, .certificate, .key, .serverName, .serverNameIndication] {
            guard values[name] != "" else { throw mistake("the option \(name.rawValue) is empty") }
        }
        return TLSSettings(
            authorityFile: values[.authorityFile], certificateFile: values[.certificate], keyFile: values[.key],
            serverName: values[.serverName] ?? values[.serverNameIndication])
    }

    /// An option that is not known may be a piece of a password with a `?` in it: only what may have been meant is said.
    private static func unknown(_ word: String) -> Fault {
        if word == "insecure" {
            return mistake(
                "certificates are always verified", hint: "give the authority that signed the server's with cafile=")
        }
        let known = Name.allCases.map(\.rawValue)
        let meant = Spelling.nearest(to: word, among: known, within: 2)
        return mistake(
            "an option is unknown",
            hint: meant.map { "did you mean \($0)=?" }
                ?? "known are \(known.joined(separator: ", ")); a ? in a password must be written %3F")
    }
}
