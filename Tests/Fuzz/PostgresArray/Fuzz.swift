// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import PostgresValues

private let types = TypeDictionary()
private let converter = ValueConverter(for: 1185, typeModifier: -1, in: types)
private nonisolated(unsafe) var batch = ChangeBatch(byteLimit: 1 << 16)

/// Any bytes as an array of timestamps with zone.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    bytes.withRawSpan { span in
        do throws(WireFault) { try unsafe converter.convert(span, into: &batch) } catch {}
    }
    unsafe batch.removeAll()
    return 0
}
