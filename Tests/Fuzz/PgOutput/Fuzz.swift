// SPDX-License-Identifier: Apache-2.0

import Bytes
import PgOutput

/// Any bytes as a message of COPY BOTH and as one of pgoutput. What was read as a whole must be readable in parts.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    bytes.withRawSpan { span in
        _ = try? ReplicationMessage(span)
        for context in [MessageContext.whole, .streamed] {
            do throws(WireFault) { walk(try PgOutputMessage(span, in: context)) } catch {}
        }
    }
    return 0
}

private func walk(_ message: borrowing PgOutputMessage) {
    switch message {
    case .insert(let insert): walk(insert.new)
    case .update(let update):
        switch update.old {
        case .key(let old)?, .row(let old)?: walk(old)
        case nil: break
        }
        walk(update.new)
    case .delete(let delete):
        switch delete.old {
        case .key(let old), .row(let old): walk(old)
        }
    case .relation(var relation):
        for _ in 0..<relation.columnCount { must { () throws(WireFault) in _ = try relation.nextColumn() } }
    case .truncate(var truncate):
        for _ in 0..<truncate.relationCount { must { () throws(WireFault) in _ = try truncate.nextRelation() } }
    default: break
    }
}

private func walk(_ tuple: Tuple) {
    var tuple = tuple
    for _ in 0..<tuple.columnCount { must { () throws(WireFault) in _ = try tuple.nextColumn() } }
}

/// A fuzzer learns of a finding by a trap and in no other way, which is why this one is here.
private func must(_ body: () throws(WireFault) -> Void) {
    do throws(WireFault) { try body() } catch { fatalError("a message that was checked cannot be walked") }
}
