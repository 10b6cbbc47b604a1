// SPDX-License-Identifier: Apache-2.0

public import Bytes
internal import CHiredis
public import Faults

/// Makes replies of bytes that come in pieces, through hiredis' reader: its owner.
@safe
public struct ReplyReader: ~Copyable {
    private let reader: UnsafeMutablePointer<redisReader>
    private let store: UnsafeMutablePointer<ReplyStore>
    private var hasReply = false

    /// No bytes have come.
    /// The corresponding C function is `redisReaderCreateWithFunctions`.
    public init() throws(Fault) {
        guard let reader = unsafe redisReaderCreateWithFunctions(ReplyStore.callbacks) else {
            throw Fault(.unexpected, "hiredis has no memory for a reader")
        }
        unsafe store = .allocate(capacity: 1)
        unsafe store.initialize(to: ReplyStore())
        unsafe self.reader = reader
        unsafe reader.pointee.privdata = UnsafeMutableRawPointer(store)
        // The buffer is kept from one feed to the next unless a huge reply has made it huge.
        unsafe reader.pointee.maxbuf = 4 << 20
    }

    deinit {
        unsafe redisReaderFree(reader)
        unsafe store.deinitialize(count: 1)
        unsafe store.deallocate()
    }

    /// Takes bytes in; they are copied.
    /// The corresponding C function is `redisReaderFeed`.
    public mutating func feed(_ bytes: RawSpan) throws(Fault) {
        let status = unsafe bytes.withUnsafeBytes { buffer in
            unsafe redisReaderFeed(reader, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        guard status == REDIS_OK else { throw nonsense() }
    }

    /// Looks for a whole reply among the bytes; when there is one, ``reply`` is that one.
    /// The corresponding C function is `redisReaderGetReply`.
    public mutating func advance() throws(Fault) -> Bool {
        var object: UnsafeMutableRawPointer?
        hasReply = false
        guard unsafe redisReaderGetReply(reader, &object) == REDIS_OK else { throw nonsense() }
        hasReply = unsafe object != nil
        return hasReply
    }

    /// The reply that ``advance()`` has found, in place; a null when it has found none.
    public var reply: ReplyView {
        @_lifetime(borrow self)
        borrowing get {
            // SAFETY: the store lives as long as `self` and is written to by `advance` only.
            // Of a reply that has come in part, only a part is written.
            let nodes = unsafe hasReply ? UnsafePointer(store.pointee.nodes) : ReplyStore.nothing
            let view = unsafe ReplyView(nodes: nodes, text: store.pointee.text.bytes)
            return unsafe _overrideLifetime(view, borrowing: self)
        }
    }

    /// Appends the bytes behind the last whole reply. Right only when no reply has come in part.
    public func copyUnread(into buffer: inout ByteBuffer) {
        let start = unsafe UnsafeRawPointer(reader.pointee.buf) + reader.pointee.pos
        // SAFETY: hiredis holds `len` bytes at `buf`, of which it has read `pos`.
        unsafe buffer.append(RawSpan(_unsafeStart: start, byteCount: reader.pointee.len - reader.pointee.pos))
    }

    private func nonsense() -> Fault {
        let words = unsafe withUnsafeBytes(of: reader.pointee.errstr) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        return Fault(.redisProtocol, "what the server sent is no reply of Redis", detail: words)
    }
}

// SAFETY: a reader is owned alone and moved, never shared.
extension ReplyReader: @unchecked Sendable {}
