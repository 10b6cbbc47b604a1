// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import PostgresValues

private let converters = [UInt32(25), 17, 1184, 1009, 16].map {
    ValueConverter(for: $0, typeModifier: -1, in: TypeDictionary())
}
private nonisolated(unsafe) var batch = ChangeBatch(byteLimit: 1 << 16)
private nonisolated(unsafe) var scratch = ByteBuffer()

/// Any bytes as a line of COPY with text, bytes, a timestamp, an array and a boolean.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    bytes.withRawSpan { span in
        do throws(WireFault) {
            try unsafe CopyTextRow.decode(span, converters: converters, into: &batch, scratch: &scratch)
        } catch {}
    }
    unsafe batch.removeAll()
    return 0
}
