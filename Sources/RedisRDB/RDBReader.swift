// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// Reads one RDB payload from its input, one event at a time.
///
/// What is held does not grow with the number of keys nor with the size of one; see ``RDBLimits``. The reader stops right
/// behind the payload: ``consumedByteCount`` is its length, and ``unread`` what it took from the input beyond.
public struct RDBReader<Input: ByteInput & ~Copyable>: ~Copyable {
    /// Where the bytes come from.
    public var input: Input
    @usableFromInline var decoder: RDBDecoder
    @usableFromInline var window = ByteBuffer(capacity: 0)
    @usableFromInline let readByteCount: Int

    /// Begins at the first byte of a payload.
    public init(_ input: consuming Input, limits: RDBLimits = RDBLimits()) {
        self.input = input
        decoder = RDBDecoder(limits: limits)
        readByteCount = limits.readByteCount
    }

    /// How many bytes of the payload were used; at the end, how long it is.
    public var consumedByteCount: UInt64 { decoder.offset }

    /// What was taken from the input and not used yet; at the end, what does not belong to the payload.
    public var unread: RawSpan {
        @_lifetime(borrow self)
        borrowing get { window.bytes.extracting(droppingFirst: decoder.position) }
    }

    /// The next event, valid until the next call; nil behind the end.
    ///
    /// After a fault in the bytes every call throws it again. After a failure of the input the next call tries again.
    @inlinable
    @_lifetime(&self)
    public mutating func next() throws(RDBReadError<Input.Failure>) -> RDBEvent? {
        guard try advance() else { return nil }
        return decoder.found.event(window, decoder.text, decoder.expansion)
    }

    @inlinable
    @inline(__always)
    mutating func advance() throws(RDBReadError<Input.Failure>) -> Bool {
        while true {
            let needed: Int
            do throws(Stop) { return try decoder.step(window) } catch {
                switch error {
                case .fault(let fault): throw .bytes(fault)
                case .short(let count): needed = count
                }
            }
            try refill(until: needed)
        }
    }

    @inlinable
    mutating func refill(until needed: Int) throws(RDBReadError<Input.Failure>) {
        decoder.makeRoom(in: &window)
        while window.count < needed {
            let before = window.count
            do throws(Input.Failure) { try input.read(into: &window, limit: readByteCount) } catch {
                throw .input(error)
            }
            guard window.count > before else { throw .bytes(decoder.end(window)) }
        }
    }
}
