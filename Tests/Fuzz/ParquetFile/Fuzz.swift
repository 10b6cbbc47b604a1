// SPDX-License-Identifier: Apache-2.0

import Bytes
import DurableFiles
import Faults
import ParquetReading

/// In the fuzzer's own folder.
private let path = "segment.parquet"

/// Any bytes as a Parquet segment: records or one fault, within the memory of a page for each column.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    do throws(Fault) {
        try Files.remove(path)
        var file = try DurableFile(creating: path)
        try bytes.withRawSpan { (span: RawSpan) throws(Fault) in try file.write(span) }
        file.close()
    } catch { fatalError("\(error)") }
    for checksums in [ChecksumRule.ignored, .compared] {
        do throws(Fault) {
            let depth = checksums == .ignored ? ParquetReadingDepth.records : .heads
            var reader = try ParquetReader(path: path, depth: depth, checksums: checksums)
            var rows = 0
            // A run of equal rows takes no bytes: what is read is bounded here, not by the reader.
            while rows < 100_000, try reader.advance() { rows += 1 }
            guard rows == 100_000 || rows == reader.summary.rowCount else { fatalError("rows that nobody counted") }
        } catch {
            guard error.code == .exportBroken || error.code == .exportFormat else { fatalError("\(error)") }
        }
    }
    return 0
}
