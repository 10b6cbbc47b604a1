// SPDX-License-Identifier: Apache-2.0

internal import DurableFiles
public import Faults
internal import Synchronization

/// A folder of its own for one test, gone with the last reference to it.
public final class TemporaryFolder: Sendable {
    private static let counter = Atomic<Int>(0)

    /// The folder's path, without a final slash.
    public let path: String

    /// Makes an empty folder.
    public init() throws(Fault) {
        let stamp = UInt64.random(in: 0...UInt64.max)
        let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
        path = "/tmp/kedge-test-\(String(stamp, radix: 16))-\(number)"
        try Files.createFolder(path)
    }

    deinit {
        try? Files.removeTree(path)
    }

    /// The path of `name` inside the folder.
    public func callAsFunction(_ name: String) -> String {
        "\(path)/\(name)"
    }

    /// Writes a file, replacing one that is there, with the folders that it needs.
    public func write(_ bytes: [UInt8], to name: String) throws(Fault) {
        let path = self(name)
        try Files.createFolder(Files.parent(of: path))
        try Files.remove(path)
        var file = try DurableFile(creating: path)
        try file.write(bytes)
    }

    /// The bytes of a file.
    public func read(_ name: String) throws(Fault) -> [UInt8] {
        try Files.contents(of: self(name), limit: 1 << 30)
    }

    /// Removes a file.
    public func removeFile(_ name: String) throws(Fault) {
        try Files.remove(self(name))
    }

    /// The paths of all files below the folder, relative to it, sorted.
    public func files(below name: String = "") throws(Fault) -> [String] {
        var found: [String] = []
        for entry in try Files.names(in: self(name)) {
            let relative = name.isEmpty ? entry : "\(name)/\(entry)"
            if try Files.isFolder(self(relative)) {
                found += try files(below: relative)
            } else {
                found.append(relative)
            }
        }
        return found.sorted()
    }
}
