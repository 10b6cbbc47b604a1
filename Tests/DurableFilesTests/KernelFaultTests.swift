// SPDX-License-Identifier: Apache-2.0

import Faults
import Glibc
import TestSupport
import Testing

@testable import DurableFiles

@Suite struct KernelFaultTests {
    @Test(arguments: [ENOSPC, EDQUOT, EFBIG])
    func `no room is no room, whatever was being done`(number: Int32) {
        for purpose in [FilePurpose.create, .write, .sync, .rename, .link, .read] {
            #expect(Fault.kernel(number, purpose, "p").code == .diskFull)
        }
    }

    @Test(arguments: [EACCES, EPERM, EROFS])
    func `a refusal is a matter of permission`(number: Int32) {
        for purpose in [FilePurpose.create, .write, .remove, .open] {
            #expect(Fault.kernel(number, purpose, "p").code == .filePermission)
        }
    }

    @Test(arguments: [
        (FilePurpose.create, Fault.Code.fileCreate), (.write, .fileWrite), (.sync, .fileWrite), (.rename, .fileWrite),
        (.link, .fileWrite), (.remove, .fileWrite), (.read, .fileRead), (.open, .fileRead), (.list, .fileRead),
        (.examine, .fileRead),
    ])
    func `anything else is called after what was being done`(purpose: FilePurpose, code: Fault.Code) {
        let fault = Fault.kernel(EIO, purpose, "/some/path")
        #expect(fault.code == code)
        #expect(fault.message == "cannot \(purpose.rawValue) /some/path")
        #expect(fault.detail == "Input/output error")
    }

    @Test func `a call that a signal interrupts is repeated`() throws {
        var calls = 0
        let result = try kernelCall(.read, "p") { () -> Int32 in
            calls += 1
            errno = EINTR
            return calls < 3 ? -1 : 7
        }
        #expect(result == 7)
        #expect(calls == 3)
    }

    @Test func `a full device is a full disk`() throws {
        var file = try DurableFile(openingExisting: "/dev/full")
        let fault = #expect(throws: Fault.self) { try file.write(unsafe ([1, 2, 3] as [UInt8]).span.bytes) }
        #expect(fault?.code == .diskFull)
        #expect(file.byteCount == 0)
    }

    @Test func `a file that is missing names its path`() throws {
        let fault = #expect(throws: Fault.self) { try Files.contents(of: "/nowhere/at/all", limit: 1) }
        #expect(fault?.code == .fileRead)
        #expect(fault?.message == "cannot open /nowhere/at/all")
    }
}
