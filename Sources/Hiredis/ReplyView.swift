// SPDX-License-Identifier: Apache-2.0

import Bytes

/// A reply, or an element of one, where it lies: looking at it costs no allocation, and it does not outlive the next reply.
@safe
@frozen
public struct ReplyView: ~Escapable {
    @usableFromInline let node: UnsafePointer<ReplyNode>
    @usableFromInline let nodes: UnsafePointer<ReplyNode>
    @usableFromInline let text: UnsafeRawPointer

    @_lifetime(copy text)
    init(nodes: UnsafePointer<ReplyNode>, text: RawSpan) {
        unsafe self.node = nodes
        unsafe self.nodes = nodes
        // SAFETY: the store of the reply owns the bytes, and the view does not outlive it.
        unsafe self.text = text.withUnsafeBytes { unsafe $0.baseAddress.unsafelyUnwrapped }
    }

    @inlinable
    @_lifetime(copy other)
    init(node: UnsafePointer<ReplyNode>, of other: borrowing ReplyView) {
        unsafe self.node = node
        unsafe self.nodes = other.nodes
        unsafe self.text = other.text
    }

    /// What it is.
    @inlinable public var kind: ReplyKind { unsafe node.pointee.kind }

    /// The bytes of a status, an error or a bulk; none of anything else.
    @inlinable
    public var bytes: RawSpan {
        @_lifetime(copy self)
        get {
            let hasBytes = kind == .bulk || kind == .status || kind == .error
            // SAFETY: a node with bytes holds their place and count in the text of its reply.
            let span = unsafe RawSpan(
                _unsafeStart: text + (hasBytes ? node.pointee.place : 0),
                byteCount: hasBytes ? Int(node.pointee.count) : 0)
            return unsafe _overrideLifetime(span, copying: self)
        }
    }

    /// The number, when it is one.
    @inlinable public var integer: Int64? { unsafe kind == .integer ? Int64(node.pointee.place) : nil }

    /// How many elements an array has; none has anything else.
    @inlinable public var count: Int { unsafe kind == .array ? Int(node.pointee.count) : 0 }

    /// One of the ``count`` elements of an array.
    @inlinable
    @_lifetime(copy self)
    public func element(_ index: Int) -> ReplyView {
        precondition(index >= 0 && index < count, "an array has no element beyond its count")
        // SAFETY: the elements of an array are the nodes from its place on.
        return unsafe ReplyView(node: nodes + node.pointee.place + index, of: self)
    }
}
