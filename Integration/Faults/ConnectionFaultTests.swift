// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Testing

extension IntegrationSuites {
    /// Servers that are not there, say no, or are not who they should be.
    @Suite("Faults of the connection", .serialized)
    struct ConnectionFaultTests {
        @Test("a server that is not there is tried again for as long as was asked for")
        func unreachable() throws {
            let scene = try FaultScene("unreachable")
            let before = ContinuousClock.now
            try scene.expect(
                .postgresUnreachable,
                scene.run("--retry-for", "3s", source: "postgresql://postgres:canary@127.0.0.1:1/\(scene.database)"),
                names: ["Connection refused", "port 1"])
            #expect(ContinuousClock.now - before < .seconds(20))
            try scene.expectNothingBegun()
        }

        @Test("a password, a role, a database or a host that the server refuses ends the run at once")
        func refusals() throws {
            let server = try PostgresServer()
            defer { try? server.remove() }
            let scene = try FaultScene("refusals", on: server)
            let rules = """
                host all kedge_secret 127.0.0.1/32 scram-sha-256
                host all kedge_outside 127.0.0.1/32 reject
                host all all 127.0.0.1/32 trust
                """
            try PostgresServer.asServerUser(["tee", try server.sql("SHOW hba_file")], input: rules)
            try server.sql(
                """
                CREATE ROLE kedge_secret LOGIN REPLICATION PASSWORD 'right'; CREATE ROLE kedge_outside LOGIN REPLICATION
                """)
            try server.reloadSettings()
            let refused = [
                (scene.source(as: "kedge_secret:wr0ng-canary"), ["password authentication failed", "kedge_secret"]),
                (scene.source(as: "kedge_secret"), ["password"]),
                (scene.source(as: "kedge_nobody"), ["role \"kedge_nobody\" does not exist"]),
                (scene.source(as: "kedge_outside"), ["pg_hba.conf"]),
                (server.address(of: "kedge_nowhere"), ["database \"kedge_nowhere\" does not exist"]),
            ]
            for (source, words) in refused {
                let before = ContinuousClock.now
                let report = try scene.expect(
                    .postgresRefused, scene.run("--retry-for", "1m", source: source), names: words)
                #expect(ContinuousClock.now - before < .seconds(20), "\(words)")
                #expect(!report.text.contains("canary"))
            }
            try scene.expectNothingBegun()
        }

        @Test("a server that cannot prove who it is gets no password, and one that can is exported")
        func transportSecurity() throws {
            let server = try PostgresServer()
            defer { try? server.remove() }
            let scene = try FaultScene("tls", on: server)
            let papers = try Certificates()
            let port = try server.sql("SHOW port")
            func source(_ host: String, _ mode: String, authority: String) -> String {
                "host=\(host) hostaddr=127.0.0.1 port=\(port) user=postgres dbname=\(scene.database) sslmode=\(mode) "
                    + "sslrootcert=\(authority)"
            }
            let name = Certificates.host
            let (ours, other) = (papers.file("ours.pem"), papers.file("other.pem"))
            try scene.expect(
                .postgresRefused, scene.run(source: source(name, "require", authority: ours)),
                names: ["server does not support SSL", "TLS"])
            try present(papers, "expired", at: server)
            try scene.expect(
                .postgresRefused, scene.run(source: source(name, "verify-full", authority: ours)),
                names: ["certificate"])
            try present(papers, "server", at: server)
            try scene.expect(
                .postgresRefused, scene.run(source: source("elsewhere.test", "verify-full", authority: ours)),
                names: ["elsewhere.test"])
            try scene.expect(
                .postgresRefused, scene.run(source: source(name, "verify-full", authority: other)),
                names: ["certificate"])
            try scene.expect(
                .postgresRefused, scene.run(source: source(name, "verify-full", authority: "/no/such.pem")),
                names: ["/no/such.pem"])
            try scene.expectNothingBegun()
            try KedgeProcess.expect(0, scene.run(source: source(name, "verify-full", authority: ours)))
            try scene.change()
            try KedgeProcess.expect(0, scene.run(source: source(name, "verify-full", authority: ours)))
            try scene.expectWhole(anchors: 2)
        }

        @Test("a server that is too old, or talks nonsense, is refused")
        func strangeServers() throws {
            let scene = try FaultScene("strange")
            let old = try PretendedServer(version: "12.22")
            try scene.expect(.postgresVersion, scene.run(source: old.address), names: ["13", "12.22"])
            let dumb = try PretendedServer(version: "15.1")
            try scene.expect(.postgresProtocol, scene.run(source: dumb.address), names: ["who it is"])
            try scene.expectNothingBegun()
        }

        private func present(_ papers: Certificates, _ name: String, at server: PostgresServer) throws {
            let folder = try server.sql("SHOW data_directory")
            for ending in ["key", "pem"] {
                let text = try String(contentsOfFile: papers.file("\(name).\(ending)"), encoding: .utf8)
                try PostgresServer.asServerUser(["tee", "\(folder)/server.\(ending)"], input: text)
                try PostgresServer.asServerUser(["chmod", "600", "\(folder)/server.\(ending)"])
            }
            for setting in ["ssl_key_file = 'server.key'", "ssl_cert_file = 'server.pem'", "ssl = on"] {
                try server.sql("ALTER SYSTEM SET \(setting)")
            }
            try server.reloadSettings()
        }
    }
}

/// Two private authorities, and what one of them signed: a good certificate and an expired one.
private final class Certificates {
    static let host = "db.kedge.test"
    private let folder: URL

    init() throws {
        folder = try TemporaryFolder.make("tls")
        let script = """
            set -e
            cd '\(folder.path)'
            for name in ours other; do
                openssl req -x509 -newkey rsa:2048 -nodes -keyout $name.key -out $name.pem -subj /CN=$name -days 2
            done
            echo 'subjectAltName=DNS:\(Self.host)' > names
            for name in server expired; do
                openssl req -newkey rsa:2048 -nodes -keyout $name.key -out $name.csr -subj /CN=\(Self.host)
                days=2
                if [ $name = expired ]; then days=-1; fi
                openssl x509 -req -in $name.csr -CA ours.pem -CAkey ours.key -CAcreateserial -days $days -extfile names -out $name.pem
            done
            """
        try ShellCommand.run(["sh", "-c", script])
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func file(_ name: String) -> String { folder.appendingPathComponent(name).path }
}

/// Enough of a server to be connected to: it names its version, says that it logs what is needed, and answers every
/// other question with nothing.
private final class PretendedServer {
    let address: String
    private let process: ShellCommand

    init(version: String) throws {
        let port = try FreePort.ofPostgres()
        address = "postgresql://u@127.0.0.1:\(port)/d"
        process = try ShellCommand(["python3", "-c", Self.script, "\(port)", version])
        let process = process
        try waitUntil("the pretended server listens") {
            guard process.isRunning else { throw TestFailure(process.errors) }
            return process.output.contains("ready")
        }
    }

    deinit { process.send(SIGKILL) }

    private static let script = """
        import socket, struct, sys, threading
        def frame(kind, body): return kind + struct.pack('!i', len(body) + 4) + body
        idle = frame(b'Z', b'I')
        def take(peer, count):
            data = b''
            while len(data) < count:
                more = peer.recv(count - len(data))
                if not more: raise EOFError
                data += more
            return data
        def serve(peer):
            try:
                while True:
                    size, code = struct.unpack('!ii', take(peer, 8))
                    take(peer, size - 8)
                    if code == 196608: break
                    peer.sendall(b'N')
                version = b'server_version\\0' + sys.argv[2].encode() + b'\\0'
                peer.sendall(frame(b'R', struct.pack('!i', 0)) + frame(b'S', version) + idle)
                while True:
                    kind, size = struct.unpack('!ci', take(peer, 5))
                    text = take(peer, size - 4)
                    if kind != b'Q': continue
                    answer = b''
                    if b'wal_level' in text:
                        answer = frame(b'T', b'\\0\\1level\\0' + struct.pack('!ihihih', 0, 0, 25, -1, -1, 0))
                        answer += frame(b'D', b'\\0\\1' + struct.pack('!i', 7) + b'logical')
                    peer.sendall(answer + frame(b'C', b'SELECT 0\\0') + idle)
            except (EOFError, OSError): pass
        door = socket.socket()
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(('127.0.0.1', int(sys.argv[1])))
        door.listen()
        print('ready', flush=True)
        while True: threading.Thread(target=serve, args=(door.accept()[0],), daemon=True).start()
        """
}
