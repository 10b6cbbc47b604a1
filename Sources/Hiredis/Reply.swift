// SPDX-License-Identifier: Apache-2.0

import Bytes
public import Faults

/// A reply of its own: simple, and for replies of which there are few.
public enum Reply: Sendable, Equatable {
    /// A word of success, such as `OK`.
    case status(String)
    /// A refusal.
    case error(RedisError)
    /// A number.
    case integer(Int64)
    /// Bytes.
    case bulk([UInt8])
    /// Nothing.
    case null
    /// Elements.
    case array([Reply])
}

extension Reply {
    /// Copies a reply.
    public init(_ view: ReplyView) {
        switch view.kind {
        case .status: self = .status(view.bytes.decodedString())
        case .error: self = .error(RedisError(view.bytes))
        case .integer: self = .integer(view.integer ?? 0)
        case .bulk: self = .bulk(view.bytes.copiedBytes())
        case .null: self = .null
        case .array:
            var elements: [Reply] = []
            elements.reserveCapacity(view.count)
            for index in 0..<view.count { elements.append(Reply(view.element(index))) }
            self = .array(elements)
        }
    }

    /// The bytes of a status or a bulk as text, when they are UTF-8.
    public var text: String? {
        switch self {
        case .status(let word): word
        case .bulk(let bytes): String(validating: bytes, as: UTF8.self)
        default: nil
        }
    }

    /// The number.
    public var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The elements of an array.
    public var elements: [Reply]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The reply, unless it is a refusal, which becomes a fault.
    public func orFault() throws(Fault) -> Reply {
        if case .error(let error) = self { throw error.fault }
        return self
    }
}

extension ReplyView {
    /// Throws the fault that the reply is, when it is a refusal.
    public func check() throws(Fault) {
        if kind == .error { throw RedisError(bytes).fault }
    }
}
