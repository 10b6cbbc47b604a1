// SPDX-License-Identifier: Apache-2.0

import CLibpq
import Faults

/// The notices of one connection. None is printed; one matters.
///
/// From version 18 on, a server that meets a change older than the publication does not refuse: it leaves the change out
/// and says so in a notice, which stands in the stream before anything later.
@safe
final class Notices {
    /// Whether the server has left changes out for want of the publication.
    private(set) var hasSkippedPublication = false

    /// Takes the notices of a connection in. The connection must not outlive `self`.
    /// The corresponding C function is `PQsetNoticeReceiver`.
    func receive(from handle: OpaquePointer) {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe PQsetNoticeReceiver(
            handle,
            { context, result in
                guard let context = unsafe context,
                    let place = unsafe PQresultErrorField(result, Int32(UInt8(ascii: "R"))),
                    unsafe String(cString: place) == "LoadPublications"
                else { return }
                // SAFETY: the context is the box of the connection, which owns it for as long as it can be called.
                unsafe Unmanaged<Notices>.fromOpaque(context).takeUnretainedValue().hasSkippedPublication = true
            }, context)
    }

    /// Refuses to read on behind changes that were left out.
    func check() throws(Fault) {
        guard hasSkippedPublication else { return }
        throw Fault(
            .postgresPublicationMissing, "the publication did not exist when the changes were made",
            detail: "WARNING: the server leaves out changes that are older than the publication")
    }
}
