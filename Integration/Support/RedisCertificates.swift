// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Two private authorities, and what they signed: papers for servers and for clients, good ones and others.
final class RedisCertificates {
    /// The name that the good papers hold, beside `127.0.0.1`.
    static let host = "redis.kedge.test"
    private let folder: URL

    /// Makes them with the program `openssl`.
    init() throws {
        folder = try TemporaryFolder.make("papers")
        let script = """
            set -e
            cd '\(folder.path)'
            for name in ours other; do
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key -out $name.pem -subj /CN=$name -days 2
            done
            sign() {
                openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.csr -subj /CN=$1
                printf '%s\\n' "$3" > names
                openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days $4 -extfile names -out $1.pem
            }
            sign server ours 'subjectAltName=DNS:\(Self.host),IP:127.0.0.1' 2
            sign named ours 'subjectAltName=DNS:\(Self.host)' 2
            sign wildcard ours 'subjectAltName=DNS:*.kedge.test' 2
            sign expired ours 'subjectAltName=DNS:\(Self.host),IP:127.0.0.1' -1
            sign stranger other 'subjectAltName=DNS:\(Self.host),IP:127.0.0.1' 2
            sign client ours 'extendedKeyUsage=clientAuth' 2
            sign impostor other 'extendedKeyUsage=clientAuth' 2
            openssl ec -in client.key -aes128 -passout pass:canary -out locked.key
            """
        try ShellCommand.run(["sh", "-c", script])
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// The path of one of them: `ours.pem`, `server.key`.
    func file(_ name: String) -> String { folder.appendingPathComponent(name).path }

    /// The settings of a server that shows the paper `name`.
    func settings(showing name: String, clients: ClientPapers = .ignored) -> [String] {
        [
            "tls-cert-file \(file(name + ".pem"))", "tls-key-file \(file(name + ".key"))",
            "tls-ca-cert-file \(file("ours.pem"))",
            "tls-auth-clients \(clients.rawValue)",
        ]
    }

    /// Whether clients must show papers.
    enum ClientPapers: String {
        case ignored = "no"
        case required = "yes"
    }
}
