// SPDX-License-Identifier: Apache-2.0

import Bytes
import DurableFiles
import Faults

@testable import DeltaLake

/// In the fuzzer's own folder.
private let log = DeltaLogFolder(table: ".")

/// Any bytes as the first commit of a log, and as a checkpoint that others have written: what they come to, or one
/// fault.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    for path in [log.commit(0), log.checkpoint(0)] {
        do throws(Fault) {
            try Files.createFolder(log.path)
            for old in [log.commit(0), log.checkpoint(0)] { try Files.remove(old) }
            var file = try DurableFile(creating: path)
            try bytes.withRawSpan { (span: RawSpan) throws(Fault) in try file.write(span) }
            file.close()
        } catch { fatalError("\(error)") }
        do throws(Fault) {
            let state = try DeltaState.replay(log, .files)
            _ = try state.schema(log)
            try DeltaProtocol.requireKnown(state, log)
        } catch {
            guard [.deltaLog, .deltaUnsupported].contains(error.code) else { fatalError("\(error)") }
        }
    }
    return 0
}
