// SPDX-License-Identifier: Apache-2.0

import Bytes
import DurableFiles
import Faults

/// What a run is about to create at the source, on disk before it is created, so that the next run can take back what
/// a crash has left without an anchor.
struct SourceIntent: Equatable {
    /// The number of the history that is about to begin.
    let epoch: UInt16
    /// The slot.
    let slot: String
    /// The publication, when kedge creates it.
    let publication: String?
    /// Whether the slot is made on a standby: then it is not on the primary, and the other way round.
    var isOnStandby = false

    /// Reads the intent, nil when there is none.
    static func read(at path: String) throws(Fault) -> SourceIntent? {
        guard try Files.exists(path) else { return nil }
        let text = String(decoding: try Files.contents(of: path, limit: 4096), as: UTF8.self)
        var values: [Substring: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { values[parts[0]] = String(parts[1]) }
        }
        // A torn intent was not durable, so nothing was created after it.
        guard values["end"] == "1", let slot = values["slot"], let epoch = values["epoch"].flatMap({ UInt16($0) })
        else { return nil }
        return SourceIntent(
            epoch: epoch, slot: slot, publication: values["publication"], isOnStandby: values["standby"] == "1")
    }

    /// Makes the intent durable.
    func write(at path: String) throws(Fault) {
        var text = "epoch=\(epoch)\nslot=\(slot)\n"
        if let publication { text += "publication=\(publication)\n" }
        if isOnStandby { text += "standby=1\n" }
        try Files.remove(path)
        var bytes = ByteBuffer()
        bytes.append(text: text + "end=1\n")
        var file = try DurableFile(creating: path)
        try file.write(bytes.bytes)
        try file.synchronize()
        file.close()
        try Files.synchronizeFolder(Files.parent(of: path))
    }

    /// Forgets the intent.
    static func remove(at path: String) throws(Fault) {
        try Files.remove(path)
        try Files.synchronizeFolder(Files.parent(of: path))
    }
}
