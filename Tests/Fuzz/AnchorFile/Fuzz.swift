// SPDX-License-Identifier: Apache-2.0

import Anchors
import Digests
import Faults

/// Any bytes as the body of a sealed file, with the checksum that lets them in. What is read is written the same way
/// and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    let sealed = bytes + Array(",\"check\":\"\(Digest(of: bytes).hexadecimal)\"}\n".utf8)
    do throws(Fault) {
        let anchor = try Anchor(fileBytes: sealed, place: "anchor")
        guard try Anchor(fileBytes: anchor.fileBytes, place: "again") == anchor else { fatalError("another anchor") }
    } catch {}
    do throws(Fault) {
        let record = try ExportRecord(fileBytes: sealed)
        guard try ExportRecord(fileBytes: record.fileBytes) == record else { fatalError("another record") }
    } catch {}
    return 0
}
