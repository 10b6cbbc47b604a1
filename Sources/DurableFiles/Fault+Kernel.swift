// SPDX-License-Identifier: Apache-2.0

internal import Faults
internal import Glibc

/// What was being done to a file when the kernel refused.
enum FilePurpose: String {
    case create, write, read, open, sync, rename, link, remove, list, examine

    fileprivate var code: Fault.Code {
        switch self {
        case .create: .fileCreate
        case .read, .open, .list, .examine: .fileRead
        case .write, .sync, .rename, .link, .remove: .fileWrite
        }
    }
}

extension Fault {
    /// The one place where an error number of the kernel becomes a fault.
    static func kernel(_ number: Int32, _ purpose: FilePurpose, _ path: String) -> Fault {
        let code: Fault.Code =
            switch number {
            case ENOSPC, EDQUOT, EFBIG: .diskFull
            case EACCES, EPERM, EROFS: .filePermission
            default: purpose.code
            }
        // SAFETY: `strerror` returns a terminated string for every number, and it is copied at once.
        let words = unsafe strerror(number).map { unsafe String(cString: $0) }
        return Fault(code, "cannot \(purpose.rawValue) \(path)", detail: words ?? "error \(number)")
    }
}

/// Repeats a call of the kernel that a signal interrupted; a negative result becomes a fault.
@discardableResult
func kernelCall<I: SignedInteger>(_ purpose: FilePurpose, _ path: String, _ call: () -> I) throws(Fault) -> I {
    while true {
        let result = call()
        if result >= 0 { return result }
        let number = errno
        guard number == EINTR else { throw .kernel(number, purpose, path) }
    }
}
