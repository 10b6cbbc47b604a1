// SPDX-License-Identifier: Apache-2.0

import Faults
import RedisURI

/// Any bytes as an address: read, or refused as a mistake of the configuration.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    do throws(Fault) {
        let address = try RedisAddress(parsing: Redacted(text))
        guard !address.endpoints.isEmpty, address.database >= 0, address.timeout > .zero else {
            fatalError("an address of nothing")
        }
    } catch {
        guard error.code == .settingInvalid else { fatalError("another fault: \(error.code)") }
    }
    return 0
}
