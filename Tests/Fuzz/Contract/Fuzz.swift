// SPDX-License-Identifier: Apache-2.0

import Changelog
import Contracts
import Faults

/// Any bytes as a contract. What is read is compared with itself, which breaks nothing.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    do throws(Fault) {
        let contract = try DataContract(yaml: bytes, place: "contract")
        guard ContractChange.between(contract, contract).isEmpty else { fatalError("it differs from itself") }
        _ = contract.findings(in: [], columnPrefix: "_cdc_")
    } catch {
        guard error.code == .contractUnreadable else { fatalError("\(error)") }
    }
    return 0
}
