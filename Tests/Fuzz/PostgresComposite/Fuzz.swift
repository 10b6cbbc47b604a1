// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import PostgresValues

private let types: TypeDictionary = {
    var types = TypeDictionary()
    let attributes = [
        PostgresType.Attribute(name: "a", typeOID: 17), PostgresType.Attribute(name: "b", typeOID: 1009),
        PostgresType.Attribute(name: "c", typeOID: 22),
    ]
    types.insert(PostgresType(oid: 20001, name: "public.leaf", kind: .composite(attributes)))
    types.insert(PostgresType(oid: 20002, name: "public._leaf", kind: .array(element: 20001, delimiter: 44)))
    types.insert(
        PostgresType(
            oid: 20003, name: "public.top",
            kind: .composite([
                PostgresType.Attribute(name: "x", typeOID: 20002), PostgresType.Attribute(name: "y", typeOID: 1114),
            ])))
    return types
}()

private let converter = ValueConverter(for: 20003, typeModifier: -1, in: types)
private nonisolated(unsafe) var batch = ChangeBatch(byteLimit: 1 << 16)

/// Any bytes as a composite with an array of composites inside.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    bytes.withRawSpan { span in
        do throws(WireFault) { try unsafe converter.convert(span, into: &batch) } catch {}
    }
    unsafe batch.removeAll()
    return 0
}
