// SPDX-License-Identifier: Apache-2.0

import Bytes
import RedisRDB

/// Any bytes as what `DUMP` has printed of a key, with the checksum taken away so that it hides nothing: what is taken for
/// one value is read to its end or refused.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    if bytes.count > 8 { bytes.replaceSubrange((bytes.count - 8)..., with: [UInt8](repeating: 0, count: 8)) }
    var values = DumpedValues()
    do throws(RDBFault) {
        try bytes.withRawSpan { dump throws(RDBFault) in
            try values.append(key: dump.extracting(0..<min(dump.byteCount, 3)), expiresAt: 1, dump: dump)
            try values.append(key: dump.extracting(0..<0), expiresAt: nil, dump: dump)
        }
        try values.end()
    } catch {
        return 0
    }
    var reader = RDBReader(values)
    do throws(RDBReadError<Never>) {
        while try reader.next() != nil {}
    } catch {
        return 0
    }
    return 0
}
