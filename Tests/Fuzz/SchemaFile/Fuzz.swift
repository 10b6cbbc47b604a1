// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Faults

/// Any bytes as a table schema. What is read is written and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    do throws(Fault) {
        let written = try TableSchema(canonicalBytes: bytes, place: "schema").canonicalBytes
        guard try TableSchema(canonicalBytes: written, place: "again").canonicalBytes == written else {
            fatalError("another schema")
        }
    } catch {}
    return 0
}
