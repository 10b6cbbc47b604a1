// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// Where the bytes of a payload come from: a socket, a spool, a file.
///
/// It waits until there is something to hand over, and it hands over no more than the payload holds when it knows
/// where the payload ends.
public protocol ByteInput: ~Copyable {
    /// Why bytes could not be had.
    associatedtype Failure: Error
    /// Appends at least one and at most `limit` bytes to `buffer`; appends none only when there are no more.
    mutating func read(into buffer: inout ByteBuffer, limit: Int) throws(Failure)
}
