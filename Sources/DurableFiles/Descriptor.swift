// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Faults
internal import Glibc

/// Owns a file descriptor. Every method says what the C function of the same name does, all of it or a fault.
struct Descriptor: ~Copyable {
    let path: String
    private let number: Int32

    init(opening path: String, _ flags: Int32, mode: mode_t = 0o644, for purpose: FilePurpose) throws(Fault) {
        self.path = path
        number = try kernelCall(purpose, path) { () -> Int32 in
            // SAFETY: the path is a terminated string for the time of the call.
            unsafe open(path, flags | O_CLOEXEC, mode)
        }
    }

    deinit {
        Glibc.close(number)
    }

    /// Writes all of `bytes`, in as many calls as the kernel wants.
    func write(_ bytes: RawSpan) throws(Fault) {
        var offset = 0
        while offset < bytes.byteCount {
            let rest = bytes.extracting(droppingFirst: offset)
            offset += try kernelCall(.write, path) { () -> Int in
                unsafe rest.withUnsafeBytes { buffer in
                    // SAFETY: the kernel reads `count` bytes of the buffer.
                    unsafe Glibc.write(number, buffer.baseAddress, buffer.count)
                }
            }
        }
    }

    /// Appends up to `limit` bytes to `output`; 0 only at the end.
    func read(upTo limit: Int, into output: inout ByteBuffer) throws(Fault) -> Int {
        var count = 0
        try unsafe output.append(upTo: limit) { (room) throws(Fault) -> Int in
            count = try kernelCall(.read, path) { () -> Int in
                // SAFETY: the kernel writes at most `count` bytes of the room.
                unsafe Glibc.read(number, room.baseAddress, room.count)
            }
            return count
        }
        return count
    }

    func seek(to offset: Int) throws(Fault) {
        try kernelCall(.read, path) { lseek(number, offset, SEEK_SET) }
    }

    func byteCount() throws(Fault) -> Int {
        var status = stat()
        // SAFETY: the kernel fills the structure.
        try kernelCall(.examine, path) { () -> Int32 in unsafe fstat(number, &status) }
        return Int(status.st_size)
    }

    /// Makes the bytes durable. After a failure the kernel may have dropped them: never try again.
    func synchronizeBytes() throws(Fault) {
        try kernelCall(.sync, path) { fdatasync(number) }
    }

    /// Makes the entries of a folder durable.
    func synchronizeEntries() throws(Fault) {
        try kernelCall(.sync, path) { fsync(number) }
    }
}
