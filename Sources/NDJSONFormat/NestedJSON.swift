// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog

/// How deep values may lie in each other; types end long before.
private let depthLimit = 256

extension ByteBuffer {
    /// Appends a scalar, without parts, in one of the simple forms.
    @inline(__always)
    mutating func appendJSON(_ text: RawSpan, as form: ValueForm) {
        switch form {
        case .string, .list, .record, .map: appendJSON(string: text)
        case .number: appendJSON(number: text)
        case .boolean: appendJSON(boolean: text)
        case .json: appendJSON(embedding: text)
        case .binary: appendJSON(hexadecimal: text)
        case .bytes: appendJSON(bytes: text)
        }
    }

    /// Appends a run of tokens as JSON.
    mutating func appendJSON(nested tokens: RawSpan, as form: NestedForm) throws(WireFault) {
        var reader = NestedReader(tokens)
        guard try appendValue(&reader, as: form, depth: 0) else { throw WireFault(.truncated, at: 0) }
        guard case nil = try reader.next() else { throw WireFault(.trailingBytes(1), at: 0) }
    }

    /// Appends the next value; false when there is none, because what it would be part of ends.
    private mutating func appendValue(
        _ reader: inout NestedReader, as form: NestedForm, depth: Int
    ) throws(WireFault) -> Bool {
        guard depth < depthLimit else { throw WireFault(.malformed, at: 0) }
        switch try reader.next() {
        case .null?: append("null")
        case .scalar(let text)?: appendJSON(text, as: form.form)
        case .beginList?: try appendList(&reader, of: form.form == .list ? form.parts[0] : form, depth: depth + 1)
        case .beginRecord?: try appendRecord(&reader, as: form, depth: depth + 1)
        case .beginMap?: try appendMap(&reader, as: form)
        case .end?: return false
        case nil: throw WireFault(.truncated, at: 0)
        }
        return true
    }

    private mutating func appendList(
        _ reader: inout NestedReader, of element: NestedForm, depth: Int
    ) throws(WireFault) {
        append(UInt8(ascii: "["))
        var end = count
        while try appendValue(&reader, as: element, depth: depth) {
            end = count
            append(UInt8(ascii: ","))
        }
        truncate(to: end)
        append(UInt8(ascii: "]"))
    }

    private mutating func appendRecord(
        _ reader: inout NestedReader, as form: NestedForm, depth: Int
    ) throws(WireFault) {
        guard form.form == .record else { throw WireFault(.malformed, at: 0) }
        append(UInt8(ascii: "{"))
        for index in form.labels.indices {
            if index > 0 { append(UInt8(ascii: ",")) }
            append(contentsOf: form.labels[index])
            guard try appendValue(&reader, as: form.parts[index], depth: depth) else {
                throw WireFault(.truncated, at: 0)
            }
        }
        guard case .end? = try reader.next() else { throw WireFault(.malformed, at: 0) }
        append(UInt8(ascii: "}"))
    }

    private mutating func appendMap(_ reader: inout NestedReader, as form: NestedForm) throws(WireFault) {
        guard form.form == .map else { throw WireFault(.malformed, at: 0) }
        append(UInt8(ascii: "{"))
        var isFirst = true
        while true {
            switch try reader.next() {
            case .end?: return append(UInt8(ascii: "}"))
            case .scalar(let key)?:
                if !isFirst { append(UInt8(ascii: ",")) }
                isFirst = false
                appendJSON(string: key)
                append(UInt8(ascii: ":"))
            default: throw WireFault(.malformed, at: 0)
            }
            switch try reader.next() {
            case .null?: append("null")
            case .scalar(let value)?: appendJSON(string: value)
            default: throw WireFault(.malformed, at: 0)
            }
        }
    }
}

/// `"name":`
func label(_ name: String) -> [UInt8] {
    var output = ByteBuffer()
    Array(name.utf8).withRawSpan { output.appendJSON(string: $0) }
    output.append(UInt8(ascii: ":"))
    return output.bytes.copiedBytes()
}
