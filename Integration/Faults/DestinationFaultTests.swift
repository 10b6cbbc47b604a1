// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Glibc
import Testing

extension IntegrationSuites {
    /// Disks and folders that do not let kedge write.
    @Suite("Faults of the destination", .serialized)
    struct DestinationFaultTests {
        @Test("a full disk ends the run, leaves nothing half-published, and is forgotten when there is room again")
        func fullDisk() throws {
            let scene = try FaultScene("tmpfs")
            let disk = try SmallDisk(bytes: 3 << 20)
            let folder = disk.path + "/" + scene.export.name
            let export = ExportFolder(url: URL(fileURLWithPath: folder))
            let run = scene.run("--min-free", "0b", "--compression", "none", to: folder)
            try scene.sql("CREATE TABLE public.big (id int PRIMARY KEY, v text)")
            try disk.limited { prefix in
                try scene.sql("INSERT INTO big SELECT n, repeat('x', 1000) FROM generate_series(1, 8000) n")
                try fail(scene, prefix + [KedgeProcess.path] + run)
                #expect(try scene.leftovers() == "")
                #expect(try export.anchors().isEmpty)
                try scene.sql("TRUNCATE big")
                try KedgeProcess.expect(0, run)
                try scene.sql("INSERT INTO big SELECT n, repeat('x', 1000) FROM generate_series(1, 8000) n")
                let anchors = try export.anchors().count
                try fail(scene, prefix + [KedgeProcess.path] + run)
                #expect(try export.anchors().count == anchors)
                #expect(try KedgeProcess.run(["verify", "--to", folder]).status == 0)
            }
            try disk.grow(to: 64 << 20)
            try KedgeProcess.expect(0, run)
            #expect(try KedgeProcess.run(["verify", "--to", folder]).status == 0)
            #expect(try export.records(of: "public.big").filter { $0.contains(#""_cdc_op":"c""#) }.count == 8000)
        }

        @Test("a file in the place of the export, and a folder of somebody else, are left alone")
        func occupied() throws {
            let scene = try FaultScene("occupied")
            let parent = scene.export.url.deletingLastPathComponent()
            let file = parent.appendingPathComponent("file").path
            try "theirs".write(toFile: file, atomically: true, encoding: .utf8)
            try scene.expect(.exportExists, scene.run(to: file), names: [file, "not a folder"])
            try scene.expect(.fileCreate, scene.run(to: file + "/export"), names: [file])
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "theirs")
            try scene.expect(.exportExists, scene.run(to: parent.path), names: [parent.path, "not empty"])
            try scene.expectNothingBegun()
            try KedgeProcess.expect(0, scene.run("--snapshot-only"))
            try scene.expect(.exportExists, scene.run("--snapshot-only"), names: ["anchor 1", "--resnapshot"])
            try scene.expectWhole(anchors: 1)
        }

        @Test("a folder that the user may not write to is refused by name, on every way in")
        func permissions() throws {
            let scene = try FaultScene("denied")
            let user = try PlainUser()
            let parent = scene.export.url.deletingLastPathComponent().path
            try ShellCommand.run(["chmod", "555", parent])
            defer { _ = try? ShellCommand.run(["chmod", "-R", "u+rwX,go+rX", parent]) }
            try expectDenied(scene, user, scene.run(), names: scene.export.path)
            try scene.expectNothingBegun()
            try ShellCommand.run(["chmod", "755", parent])
            try scene.catchUp()
            try scene.change()
            // Somebody else's export: everything can be read, nothing can be written.
            try ShellCommand.run(["chmod", "-R", "a-w,a+rX", parent])
            try expectDenied(scene, user, scene.run(), names: scene.export.path)
            for command in ["verify", "status"] {
                let outcome = try user.run([command, "--to", scene.export.path])
                #expect(outcome.status == 0, "\(command): \(outcome.errors)")
            }
            try ShellCommand.run(["chmod", "000", scene.export.path + "/_kedge/anchors"])
            try expectDenied(scene, user, ["status", "--to", scene.export.path], names: "anchors")
            try ShellCommand.run(["chmod", "-R", "u+rwX,go+rX", parent])
            try scene.expectWhole(anchors: 1)
        }

        @Test("a disk that has become read-only ends the run, and the next goes on")
        func readOnlyDisk() throws {
            let scene = try FaultScene("readonly")
            let disk = try SmallDisk(bytes: 64 << 20)
            let folder = disk.path + "/" + scene.export.name
            let run = scene.run("--min-free", "0b", to: folder)
            try KedgeProcess.expect(0, run)
            try scene.change()
            try disk.readOnly { user in
                let outcome = try user.run(run + ["--log-format", "json"])
                try FaultScene.check(outcome, .filePermission, names: [folder])
                #expect(try user.run(["verify", "--to", folder]).status == 0)
                #expect(try user.run(["status", "--to", folder]).status == 0)
            }
            try KedgeProcess.expect(0, run)
            #expect(try ExportFolder(url: URL(fileURLWithPath: folder)).anchors().count == 2)
        }

        @Test("a folder that vanishes in the middle ends the run, and nothing is written in its place")
        func vanished() throws {
            let scene = try FaultScene("vanished")
            let run = try KedgeProcess(scene.follow("--log-format", "json"))
            try waitUntil("the first anchor") {
                guard run.isRunning else { throw TestFailure(run.errors) }
                return try scene.export.anchors().count >= 1
            }
            let away = scene.export.path + ".away"
            try FileManager.default.moveItem(atPath: scene.export.path, toPath: away)
            try scene.change()
            // Which file is missed first is a matter of chance.
            let report = try #require(FaultScene.Report(try run.wait(deadline: .seconds(60)).errors))
            #expect(report.code.hasPrefix("file.") && report.text.contains(scene.export.path), "\(report)")
            #expect(!FileManager.default.fileExists(atPath: scene.export.path))
            try FileManager.default.moveItem(atPath: away, toPath: scene.export.path)
            try scene.catchUp()
            try scene.expectWhole(anchors: 2)
        }

        @Test("an anchor that somebody else wrote is not overwritten")
        func anchorTaken() throws {
            let scene = try FaultScene("taken")
            let run = try KedgeProcess(scene.follow("--log-format", "json"))
            try waitUntil("the first anchor") {
                guard run.isRunning else { throw TestFailure(run.errors) }
                return try scene.export.anchors().count >= 1
            }
            let next = scene.export.path + "/_kedge/anchors/00000000000000000002.json"
            try "another run's".write(toFile: next, atomically: false, encoding: .utf8)
            try scene.change()
            let outcome = try run.wait(deadline: .seconds(60))
            try FaultScene.check(outcome, .exportOverwrite, names: ["anchor 2", "nothing was overwritten"])
            #expect(try String(contentsOfFile: next, encoding: .utf8) == "another run's")
            try scene.expect(.exportBroken, scene.run(), names: ["anchor 2"])
            try FileManager.default.removeItem(atPath: next)
            try scene.catchUp()
            try scene.expectWhole(anchors: 2)
        }

        @Test("output that nobody takes is a fault of the disk, not of kedge")
        func output() throws {
            let scene = try FaultScene("output")
            try scene.catchUp()
            let print = [KedgeProcess.path, "anchors", "list", "--to", scene.export.path, "--log-format", "json"]
            let full = try shell("exec \"$@\" > /dev/full", print)
            try FaultScene.check(full, .fileWrite, names: ["No space left"])
            let closed = try shell("exec \"$@\" >&-", print)
            try FaultScene.check(closed, .fileWrite)
            try scene.expect(.fileRead, ["inspect", scene.export.path + "/none.ndjson"], names: ["none.ndjson"])
        }

        private func shell(_ script: String, _ arguments: [String]) throws -> ShellCommand.Outcome {
            try ShellCommand(["bash", "-c", script, "bash"] + arguments).wait(deadline: .seconds(60))
        }

        private func fail(_ scene: FaultScene, _ command: [String]) throws {
            let outcome = try ShellCommand(command + ["--log-format", "json"]).wait(deadline: .seconds(60))
            try FaultScene.check(outcome, .diskFull, names: ["space"])
        }

        private func expectDenied(
            _ scene: FaultScene, _ user: PlainUser, _ arguments: [String], names word: String
        ) throws {
            let outcome = try user.run(arguments + ["--log-format", "json"])
            try FaultScene.check(outcome, .filePermission, names: [word])
        }
    }
}

/// A user whom the system refuses what it allows root: the one who runs the tests, or nobody.
final class PlainUser {
    private let prefix: [String]
    private let folder: URL?

    init() throws {
        guard geteuid() == 0 else {
            prefix = [KedgeProcess.path]
            folder = nil
            return
        }
        // The program may lie where only root may go.
        let folder = try TemporaryFolder.make("bin")
        try ShellCommand.run(["chmod", "755", folder.path])
        let copy = folder.appendingPathComponent("kedge").path
        try FileManager.default.copyItem(atPath: KedgeProcess.path, toPath: copy)
        prefix = ["runuser", "-u", "nobody", "--", copy]
        self.folder = folder
    }

    deinit {
        if let folder { try? FileManager.default.removeItem(at: folder) }
    }

    func run(_ arguments: [String]) throws -> ShellCommand.Outcome {
        try ShellCommand(prefix + arguments).wait(deadline: .seconds(60))
    }
}

/// A disk with little room: for root one of its own, for others a folder and a limit on the size of files.
final class SmallDisk {
    let path: String
    private let isMounted = geteuid() == 0

    init(bytes: Int) throws {
        path = try TemporaryFolder.make("disk").path
        if isMounted { try ShellCommand.run(["mount", "-t", "tmpfs", "-o", "mode=755,size=\(bytes)", "tmpfs", path]) }
    }

    deinit {
        if isMounted { _ = try? ShellCommand.run(["umount", "-l", path]) }
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Gives `body` what to begin a command with so that the room is small.
    func limited(_ body: ([String]) throws -> Void) throws {
        try body(isMounted ? [] : ["bash", "-c", "trap '' XFSZ; ulimit -f 2048; exec \"$@\"", "bash"])
    }

    func grow(to bytes: Int) throws {
        if isMounted { try ShellCommand.run(["mount", "-o", "remount,size=\(bytes)", path]) }
    }

    /// Lets nobody write while `body` runs with a user for whom that is so.
    func readOnly(_ body: (PlainUser) throws -> Void) throws {
        if isMounted {
            try ShellCommand.run(["mount", "-o", "remount,ro", path])
            defer { _ = try? ShellCommand.run(["mount", "-o", "remount,rw", path]) }
            return try body(PlainUser())
        }
        try ShellCommand.run(["chmod", "-R", "a-w", path])
        defer { _ = try? ShellCommand.run(["chmod", "-R", "u+w", path]) }
        try body(PlainUser())
    }
}
