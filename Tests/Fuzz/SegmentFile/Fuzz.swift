// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Compression
import DurableFiles
import Faults
import Verification

/// In the fuzzer's own folder.
private let stem = "segment.ndjson"

/// Any bytes as the records of a segment, or as a compressed one: the first byte chooses.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = bytes.first else { return 0 }
    let path = stem + ["", ".zst", ".gz"][Int(choice) % 3]
    do throws(Fault) {
        try Files.remove(path)
        var file = try DurableFile(creating: path)
        try Array(bytes.dropFirst()).withRawSpan { (span: RawSpan) throws(Fault) in try file.write(span) }
        file.close()
    } catch { fatalError("\(error)") }
    do throws(Fault) {
        let segment = try SegmentInspection(path: path)
        guard segment.rows == segment.changes.total else { fatalError("rows without an operation") }
    } catch {
        guard error.code == .exportBroken else { fatalError("\(error)") }
    }
    return 0
}
