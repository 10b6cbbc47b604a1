// SPDX-License-Identifier: Apache-2.0

internal import Bytes
public import Faults
internal import Glibc

/// What the kernel does with names of files and folders.
public enum Files {
    /// What stands under a name.
    public enum Kind: Sendable {
        /// A file with bytes.
        case file
        /// A folder.
        case folder
        /// A link, a device, a socket.
        case other
    }

    /// What a link was made of.
    public enum LinkOutcome: Sendable {
        /// The new name stands for the same file.
        case linked
        /// The new name stood for something already, which was left alone.
        case taken
    }

    // MARK: Looking

    /// What stands at `path`, nil when nothing does; a symbolic link counts as what it points to.
    public static func kind(of path: String) throws(Fault) -> Kind? {
        try status(of: path).map { kind($0.st_mode) }
    }

    /// Whether anything stands at `path`.
    public static func exists(_ path: String) throws(Fault) -> Bool {
        try status(of: path) != nil
    }

    /// Whether a folder stands at `path`.
    public static func isFolder(_ path: String) throws(Fault) -> Bool {
        try kind(of: path) == .folder
    }

    /// How many bytes the file at `path` has, nil when there is none.
    public static func byteCount(of path: String) throws(Fault) -> Int? {
        try status(of: path).map { Int($0.st_size) }
    }

    /// When the bytes of the file at `path` were last changed, in seconds since 1970; nil when there is none.
    public static func changeTime(of path: String) throws(Fault) -> Int64? {
        try status(of: path).map { Int64($0.st_mtim.tv_sec) }
    }

    /// How many bytes an ordinary user may still write where `path` lies.
    public static func freeByteCount(at path: String) throws(Fault) -> UInt64 {
        var status = statvfs()
        // SAFETY: the path is terminated for the time of the call, and the kernel fills the structure.
        try kernelCall(.examine, path) { () -> Int32 in unsafe statvfs(path, &status) }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    /// Refuses a file or folder that this process may not write to, be it for its mode or for its disk.
    /// The corresponding C function is `access`.
    public static func requireWritable(_ path: String) throws(Fault) {
        // SAFETY: the path is terminated for the time of the call.
        try kernelCall(.write, path) { () -> Int32 in unsafe access(path, W_OK) }
    }

    /// The names in a folder, sorted, without `.` and `..`; a missing folder is a fault.
    public static func names(in folder: String) throws(Fault) -> [String] {
        guard let listing = unsafe opendir(folder) else { throw .kernel(errno, .list, folder) }
        defer { unsafe closedir(listing) }
        var names: [String] = []
        errno = 0
        while let entry = unsafe readdir(listing) {
            let name = unsafe entryName(entry)
            if name != "." && name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw .kernel(errno, .list, folder) }
        return names.sorted()
    }

    /// What the symbolic link at `path` says.
    public static func linkTarget(of path: String) throws(Fault) -> String {
        var target = ByteBuffer(capacity: 4096)
        try unsafe target.append(upTo: 4096) { (room) throws(Fault) -> Int in
            guard let start = unsafe room.assumingMemoryBound(to: CChar.self).baseAddress else { return 0 }
            // SAFETY: the path is terminated, and the kernel writes at most `count` bytes of the room.
            return try kernelCall(.read, path) { () -> Int in unsafe readlink(path, start, room.count) }
        }
        return target.bytes.decodedString()
    }

    /// All bytes of the file at `path`; one of more than `limit` bytes is a fault.
    public static func contents(of path: String, limit: Int) throws(Fault) -> [UInt8] {
        var file = try ReadableFile(path)
        var buffer = ByteBuffer(capacity: 4096)
        while buffer.count <= limit {
            guard try file.read(upTo: min(1 << 16, limit + 1 - buffer.count), into: &buffer) > 0 else {
                return buffer.bytes.copiedBytes()
            }
        }
        throw Fault(.fileRead, "cannot read \(path)", detail: "it is larger than \(limit) bytes")
    }

    // MARK: Changing

    /// Makes a folder and those above it, as far as they are missing, and makes their names durable.
    public static func createFolder(_ path: String) throws(Fault) {
        guard try !isFolder(path) else { return }
        let parent = parent(of: path)
        if parent != path { try createFolder(parent) }
        // SAFETY: the path is terminated for the time of the call.
        if unsafe mkdir(path, 0o755) != 0 {
            let number = errno
            guard number == EEXIST, try isFolder(path) else { throw .kernel(number, .create, path) }
        }
        try synchronizeFolder(parent)
    }

    /// Gives the file at `path` a new name and replaces what stood there.
    public static func rename(_ path: String, to newPath: String) throws(Fault) {
        // SAFETY: both paths are terminated for the time of the call.
        try kernelCall(.rename, "\(path) to \(newPath)") { () -> Int32 in unsafe Glibc.rename(path, newPath) }
    }

    /// Gives the file at `path` a second name, only if that stands for nothing yet: of several that try, one wins.
    public static func link(_ path: String, to newPath: String) throws(Fault) -> LinkOutcome {
        // SAFETY: both paths are terminated for the time of the call.
        guard unsafe Glibc.link(path, newPath) != 0 else { return .linked }
        guard errno == EEXIST else { throw .kernel(errno, .link, "\(path) to \(newPath)") }
        return .taken
    }

    /// Removes the file at `path`; that it is missing already is no fault.
    public static func remove(_ path: String) throws(Fault) {
        // SAFETY: the path is terminated for the time of the call.
        guard unsafe unlink(path) != 0, errno != ENOENT else { return }
        throw .kernel(errno, .remove, path)
    }

    /// Removes what stands at `path` with everything in it; follows no links. That it is missing is no fault.
    public static func removeTree(_ path: String) throws(Fault) {
        guard let status = try linkStatus(of: path) else { return }
        guard kind(status.st_mode) == .folder else { return try remove(path) }
        for name in try names(in: path) { try removeTree("\(path)/\(name)") }
        // SAFETY: the path is terminated for the time of the call.
        try kernelCall(.remove, path) { () -> Int32 in unsafe rmdir(path) }
    }

    /// Makes durable which names stand in the folder.
    public static func synchronizeFolder(_ path: String) throws(Fault) {
        let descriptor = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY, for: .open)
        try descriptor.synchronizeEntries()
    }

    // MARK: Paths

    /// The path of the folder that `path` lies in.
    public static func parent(of path: String) -> String {
        let trimmed = path.trimmingTrailingSlashes()
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        let parent = String(trimmed[..<slash]).trimmingTrailingSlashes()
        return parent.isEmpty ? "/" : parent
    }

    /// The last component of `path`.
    public static func name(of path: String) -> String {
        let trimmed = path.trimmingTrailingSlashes()
        return trimmed.lastIndex(of: "/").map { String(trimmed[trimmed.index(after: $0)...]) } ?? trimmed
    }
}

extension Files {
    private static func status(of path: String) throws(Fault) -> stat? {
        var status = stat()
        // SAFETY: the path is terminated for the time of the call, and the kernel fills the structure.
        guard unsafe stat(path, &status) != 0 else { return status }
        return try missing(path)
    }

    private static func linkStatus(of path: String) throws(Fault) -> stat? {
        var status = stat()
        // SAFETY: the path is terminated for the time of the call, and the kernel fills the structure.
        guard unsafe lstat(path, &status) != 0 else { return status }
        return try missing(path)
    }

    private static func missing(_ path: String) throws(Fault) -> stat? {
        guard errno == ENOENT || errno == ENOTDIR else { throw .kernel(errno, .examine, path) }
        return nil
    }

    private static func kind(_ mode: mode_t) -> Kind {
        switch mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        default: .other
        }
    }

    private static func entryName(_ entry: UnsafeMutablePointer<dirent>) -> String {
        // SAFETY: the kernel terminates the name inside the entry, which lives until the next `readdir`.
        unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
            unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
        }
    }
}

extension String {
    fileprivate func trimmingTrailingSlashes() -> String {
        var text = self[...]
        while text.count > 1, text.last == "/" { text.removeLast() }
        return String(text)
    }
}
