// SPDX-License-Identifier: Apache-2.0

import Bytes
import DurableFiles
import Faults
import TestSupport
import Testing

@Suite struct FilesTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func `a written file reads back`() throws {
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let (head, tail) = (Array(bytes[..<100_000]), Array(bytes[100_000...]))
        var file = try DurableFile(creating: folder("a"))
        try file.write(head)
        try file.write(tail)
        #expect(file.byteCount == bytes.count)
        try file.synchronize()
        file.close()
        #expect(try folder.read("a") == bytes)
        #expect(try Files.byteCount(of: folder("a")) == bytes.count)
    }

    @Test func `a file is created once`() throws {
        try DurableFile(creating: folder("a")).close()
        let fault = #expect(throws: Fault.self) { try DurableFile(creating: folder("a")).close() }
        #expect(fault?.code == .fileCreate)
    }

    @Test func `a file reads in pieces from any point`() throws {
        try folder.write(Array(0..<100), to: "a")
        var file = try ReadableFile(folder("a"))
        var buffer = ByteBuffer()
        #expect(try file.byteCount() == 100)
        try file.seek(to: 90)
        #expect(try file.read(upTo: 4, into: &buffer) == 4)
        #expect(try file.readAll(6, into: &buffer))
        #expect(buffer.bytes.copiedBytes() == Array(90..<100))
        #expect(try file.read(upTo: 4, into: &buffer) == 0)
        #expect(try !file.readAll(1, into: &buffer))
    }

    @Test func `a file that is larger than allowed is refused`() throws {
        try folder.write([1, 2, 3], to: "a")
        #expect(try Files.contents(of: folder("a"), limit: 3) == [1, 2, 3])
        #expect(throws: Fault.self) { try Files.contents(of: folder("a"), limit: 2) }
    }

    @Test func `folders come with their parents and may exist already`() throws {
        try Files.createFolder(folder("a/b/c"))
        try Files.createFolder(folder("a/b/c"))
        #expect(try Files.isFolder(folder("a/b/c")))
        try folder.write([], to: "file")
        #expect(throws: Fault.self) { try Files.createFolder(folder("file")) }
        #expect(throws: Fault.self) { try Files.createFolder(folder("file/below")) }
    }

    @Test func `of two links to one name the second finds it taken`() throws {
        try folder.write([1], to: "a")
        try folder.write([2], to: "b")
        #expect(try Files.link(folder("a"), to: folder("name")) == .linked)
        #expect(try Files.link(folder("b"), to: folder("name")) == .taken)
        #expect(try folder.read("name") == [1])
        #expect(throws: Fault.self) { try Files.link(folder("missing"), to: folder("x")) }
    }

    @Test func `a rename replaces`() throws {
        try folder.write([1], to: "a")
        try folder.write([2], to: "b")
        try Files.rename(folder("a"), to: folder("b"))
        try Files.synchronizeFolder(folder.path)
        #expect(try folder.files() == ["b"])
        #expect(try folder.read("b") == [1])
    }

    @Test func `removing twice is removing once`() throws {
        try folder.write([1], to: "x/y/z")
        try folder.write([1], to: "x/a")
        try Files.remove(folder("x/a"))
        try Files.remove(folder("x/a"))
        try Files.removeTree(folder("x"))
        try Files.removeTree(folder("x"))
        #expect(try Files.names(in: folder.path) == [])
    }

    @Test func `names are sorted and a missing folder is a fault`() throws {
        for name in ["b", "c", "a"] { try folder.write([], to: name) }
        #expect(try Files.names(in: folder.path) == ["a", "b", "c"])
        #expect(throws: Fault.self) { try Files.names(in: folder("nowhere")) }
    }

    @Test func `what stands under a name is told`() throws {
        try folder.write([], to: "a")
        #expect(try Files.kind(of: folder("a")) == .file)
        #expect(try Files.kind(of: folder.path) == .folder)
        #expect(try Files.kind(of: "/dev/null") == .other)
        #expect(try Files.kind(of: folder("a/below")) == nil)
        #expect(try Files.freeByteCount(at: folder.path) > 0)
    }

    @Test(arguments: [
        ("/a/b", "/a", "b"), ("/a", "/", "a"), ("a/b/", "a", "b"), ("a", ".", "a"), ("/a//b", "/a", "b"),
    ])
    func `paths have parents and names`(path: String, parent: String, name: String) {
        #expect(Files.parent(of: path) == parent)
        #expect(Files.name(of: path) == name)
    }
}
