// SPDX-License-Identifier: Apache-2.0

import Faults
import LibPQ

/// What can be said of a connection string without connecting. Never quotes it: a part of it may be a password.
enum ConnectionString {
    private static let schemes = ["postgresql", "postgres"]

    /// Why `source` cannot be one, nil when it can.
    static func problem(in source: Redacted) -> String? {
        let text = source.secret
        if let scheme = scheme(of: text), !schemes.contains(scheme) {
            return "\"\(scheme)\" is no scheme of PostgreSQL"
        }
        // libpq takes a text without a scheme and without `=` for the name of a database at the default host.
        if scheme(of: text) == nil, !text.contains("="), text.contains(where: "/:@".contains) {
            return "it looks like an address and has no scheme"
        }
        return PQConnection.problem(inConnectionString: source)
    }

    /// What was meant, as far as that can be told.
    static func hint(for source: Redacted) -> String {
        if source.secret.hasPrefix("redis") {
            return "give an address such as redis://host:6379 or redis+cluster://host:6379,host:6379"
        }
        let example = "such as postgresql://user@host:5432/database or \"host=… dbname=…\""
        guard let scheme = scheme(of: source.secret), !schemes.contains(scheme),
            let meant = Spelling.nearest(to: scheme, among: schemes)
        else { return "give a connection string \(example)" }
        return "did you mean \(meant)://?"
    }

    private static func scheme(of text: String) -> String? {
        guard let end = text.firstRange(of: "://") else { return nil }
        let scheme = text[..<end.lowerBound]
        return scheme.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
            ? String(scheme) : nil
    }
}
