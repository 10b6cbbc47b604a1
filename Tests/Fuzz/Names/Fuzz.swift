// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Export
import Faults

/// Any text as everything that is read from names and from what people type. What is read is printed and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    for notation in [PositionNotation.lsn, .decimal] {
        if let position = notation.position(text) {
            must(notation.position(notation.text(position)) == position, "a position")
        }
    }
    if let moment = Timestamp(text) { must(Timestamp(moment.description) == moment, "a moment") }
    if let key = SequenceKey(text) { must(SequenceKey(key.description) == key, "a key") }
    _ = SegmentName(path: text)
    _ = ExportFolder.anchorNumber(ofFileNamed: text)
    _ = CrashPlan(parsing: text, effect: .throwFault)
    _ = Spelling.nearest(to: text, among: ["run", "verify", "public.orders"])
    must(!Redacted.redact(text + " password=canary").contains("=canary"), "a password")
    return 0
}

private func must(_ holds: Bool, _ what: String) {
    if !holds { fatalError("\(what) does not stand the test") }
}
