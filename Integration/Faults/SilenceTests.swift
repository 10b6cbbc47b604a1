// SPDX-License-Identifier: Apache-2.0

import Bytes
import Faults
import LibPQ
import Testing

extension IntegrationSuites {
    /// A connection that stands and passes nothing, below the level at which a whole run would wait ten minutes for it.
    @Suite("Silent servers", .serialized)
    struct SilenceTests {
        @Test("a statement is not waited for without an end")
        func statement() throws {
            let silencer = try FaultyProxy(to: try PostgresServer.shared())
            let connection = try connect(through: silencer)
            let answer = try connection.query("select 1").scalar
            #expect(answer == "1")
            silencer.behave { $0.isSilent = true }
            let begun = ContinuousClock.now
            let fault = self.fault { () throws(Fault) in try connection.query("select 2") }
            #expect(fault?.code == .postgresUnreachable && fault?.message.contains("said nothing for 1 s") == true)
            #expect(begun.duration(to: .now) < .seconds(5))
            silencer.end()
        }

        @Test("a table that stops half-way is not waited for without an end, one that comes slowly is")
        func copy() throws {
            let silencer = try FaultyProxy(to: try PostgresServer.shared())
            let connection = try connect(through: silencer)
            _ = try connection.beginCopy(
                "copy (select repeat('x', 20000), pg_sleep(case when n % 3 = 0 then 0.6 else 0 end) from generate_series(1, 9) n) to stdout"
            ).get()
            var pace = ReadingPace()
            var rows = 0
            while try connection.nextCopyFrame(&pace) != nil { rows += 1 }
            #expect(rows == 9)
            _ = try connection.beginCopy("copy (select repeat('x', 1000) from generate_series(1, 1000000)) to stdout")
                .get()
            let hasBegun = try connection.nextCopyFrame(&pace) != nil
            #expect(hasBegun)
            silencer.behave { $0.isSilent = true }
            let begun = ContinuousClock.now
            let fault = self.fault { () throws(Fault) in while try connection.nextCopyFrame(&pace) != nil {} }
            #expect(fault?.code == .postgresUnreachable && fault?.message.contains("said nothing for 1 s") == true)
            #expect(begun.duration(to: .now) < .seconds(10))
            silencer.end()
        }

        private func fault(_ body: () throws(Fault) -> Void) -> Fault? {
            do throws(Fault) {
                try body()
                return nil
            } catch {
                return error
            }
        }

        private func connect(through proxy: FaultyProxy) throws -> PQConnection {
            var connection = try PQConnection.connect(
                Redacted(proxy.address(of: "postgres")), defaults: [], overrides: [])
            connection.silenceLimit = .seconds(1)
            return connection
        }
    }
}
