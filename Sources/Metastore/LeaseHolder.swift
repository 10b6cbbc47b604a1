// SPDX-License-Identifier: Apache-2.0

public import Changelog
internal import DurableFiles
public import Faults

/// Who holds the lease on an export: enough to name it to a person and to see whether it still lives.
public struct LeaseHolder: Hashable, Sendable {
    /// The run's own identifier.
    public let runID: String
    /// The name of the machine.
    public let host: String
    /// The number of the process.
    public let processID: Int32
    /// When the process started, in clock ticks since the machine booted: tells it from a later one of its number.
    public let processStartTicks: UInt64
    /// Which boot of the machine this is.
    public let bootID: String
    /// In which namespace the process number counts; containers have their own.
    public let processNamespace: String

    /// Names a holder.
    public init(
        runID: String, host: String, processID: Int32, processStartTicks: UInt64, bootID: String,
        processNamespace: String = ""
    ) {
        self.runID = runID
        self.host = host
        self.processID = processID
        self.processStartTicks = processStartTicks
        self.bootID = bootID
        self.processNamespace = processNamespace
    }

    /// This process, as the kernel knows it.
    public static func current(runID: String) throws(Fault) -> LeaseHolder {
        guard let process = ProcessStatus(parsing: try ProcessTable.text("/proc/self/stat")) else {
            throw Fault(.unexpected, "the kernel does not tell which process this is")
        }
        return LeaseHolder(
            runID: runID, host: try ProcessTable.text("/proc/sys/kernel/hostname"), processID: process.number,
            processStartTicks: process.startTicks, bootID: try ProcessTable.text("/proc/sys/kernel/random/boot_id"),
            processNamespace: try Files.linkTarget(of: "/proc/self/ns/pid"))
    }
}

/// A lease as it is written down.
public struct Lease: Hashable, Sendable {
    /// Who holds it.
    public let holder: LeaseHolder
    /// When it ends unless it is renewed.
    public let expiry: Timestamp
}

/// The processes of this machine, as the kernel lists them.
public enum ProcessTable {
    /// When the process started, in clock ticks since the machine booted; nil when there is none of this number.
    public static func startTicks(of processID: Int32) -> UInt64? {
        guard let status = try? text("/proc/\(processID)/stat") else { return nil }
        return ProcessStatus(parsing: status)?.startTicks
    }

    static func text(_ path: String) throws(Fault) -> String {
        let bytes = try Files.contents(of: path, limit: 1 << 16)
        return String(decoding: bytes.last == 10 ? bytes.dropLast() : bytes[...], as: UTF8.self)
    }
}

/// What `/proc/…/stat` says; the name of the program stands in parentheses and may hold any character.
struct ProcessStatus: Equatable {
    let number: Int32
    let startTicks: UInt64

    init?(parsing text: String) {
        guard let number = text.split(separator: " ").first.flatMap({ Int32($0) }),
            let nameEnd = text.lastIndex(of: ")")
        else { return nil }
        // Field 22; the first after the name is field 3.
        let fields = text[text.index(after: nameEnd)...].split(separator: " ")
        guard fields.count > 19, let startTicks = UInt64(fields[19]) else { return nil }
        self.number = number
        self.startTicks = startTicks
    }
}
