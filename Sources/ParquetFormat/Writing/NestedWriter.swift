// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Changelog
internal import NDJSONFormat

/// Why a value does not go into its leaves.
enum NestedRefusal: Error {
    /// A part is none that its leaf holds, or its parts are not those of the type.
    case unfit
    /// The bytes are no value.
    case malformed(WireFault)
}

/// Puts values with parts into their leaves, with the levels that tell where parts begin.
enum NestedWriter {
    /// Appends a whole value of one row. When it throws, a part may have been appended.
    static func append(
        _ value: RawSpan, _ node: Node, to leaves: inout OwnedList<LeafBuilder>
    ) throws(NestedRefusal) {
        var reader = NestedReader(value)
        if case .interval = node.kind { return try append(interval: value, node, 0, to: &leaves) }
        guard try appendNode(&reader, of: value, node, repetition: 0, to: &leaves) else { throw .unfit }
        guard reader.offset == value.byteCount else {
            throw .malformed(WireFault(.trailingBytes(1), at: reader.offset))
        }
    }

    /// Appends that a node is not there.
    static func appendNull(
        _ node: Node, definition: UInt8, repetition: UInt8, to leaves: inout OwnedList<LeafBuilder>
    ) {
        for leaf in node.leaves { leaves[leaf].appendNull(definition: definition, repetition: repetition) }
    }

    /// Appends the next value; false where what it would be part of ends.
    private static func appendNode(
        _ reader: inout NestedReader, of value: RawSpan, _ node: Node, repetition: UInt8,
        to leaves: inout OwnedList<LeafBuilder>
    ) throws(NestedRefusal) -> Bool {
        let start = reader.offset
        switch (try next(&reader), node.kind) {
        case (.end, _): return false
        case (.null, _): appendNull(node, definition: node.definition - 1, repetition: repetition, to: &leaves)
        case (.scalar(let text), .leaf(let leaf)):
            guard try appendScalar(text, leaf, repetition, to: &leaves) else { throw .unfit }
        case (.scalar(let text), .interval): try append(interval: text, node, repetition, to: &leaves)
        case (.beginList, .list(let element)):
            try appendList(&reader, of: value, node, element, repetition: repetition, to: &leaves)
        case (.beginRecord, .structure(let fields)):
            for field in fields {
                guard try appendNode(&reader, of: value, field, repetition: repetition, to: &leaves) else {
                    throw .unfit
                }
            }
            guard case .end = try next(&reader) else { throw .unfit }
        case (.beginMap, .map): try appendMap(&reader, node, repetition: repetition, to: &leaves)
        case (_, .leaf(let leaf)) where leaves[leaf].form.intake == .recordJSON:
            try skipRest(&reader)
            try print(value.extracting(start..<reader.offset), node, leaf, repetition, to: &leaves)
        default: throw .unfit
        }
        return true
    }

    private static func appendScalar(
        _ text: RawSpan, _ leaf: Int, _ repetition: UInt8, to leaves: inout OwnedList<LeafBuilder>
    ) throws(NestedRefusal) -> Bool {
        switch leaves[leaf].form.intake {
        case .float32, .float32Widened, .float64: leaves[leaf].append(float: text, repetition: repetition) ?? false
        default: leaves[leaf].append(text, repetition: repetition)
        }
    }

    private static func appendList(
        _ reader: inout NestedReader, of value: RawSpan, _ node: Node, _ element: Node, repetition: UInt8,
        to leaves: inout OwnedList<LeafBuilder>
    ) throws(NestedRefusal) {
        var isEmpty = true
        while try appendNode(
            &reader, of: value, element, repetition: isEmpty ? repetition : node.repetition, to: &leaves)
        {
            isEmpty = false
        }
        if isEmpty { appendNull(node, definition: node.definition, repetition: repetition, to: &leaves) }
    }

    private static func appendMap(
        _ reader: inout NestedReader, _ node: Node, repetition: UInt8, to leaves: inout OwnedList<LeafBuilder>
    ) throws(NestedRefusal) {
        let (key, value) = (node.leaves.lowerBound, node.leaves.lowerBound + 1)
        var isEmpty = true
        while true {
            let level = isEmpty ? repetition : node.repetition
            switch try next(&reader) {
            case .scalar(let text): guard leaves[key].append(text, repetition: level) else { throw .unfit }
            case .end:
                if isEmpty { appendNull(node, definition: node.definition, repetition: repetition, to: &leaves) }
                return
            default: throw .unfit
            }
            switch try next(&reader) {
            case .scalar(let text): guard leaves[value].append(text, repetition: level) else { throw .unfit }
            case .null: leaves[value].appendNull(definition: node.definition + 1, repetition: level)
            default: throw .unfit
            }
            isEmpty = false
        }
    }

    private static func append(
        interval text: RawSpan, _ node: Node, _ repetition: UInt8, to leaves: inout OwnedList<LeafBuilder>
    ) throws(NestedRefusal) {
        guard let parts = IntervalParts(text) else { throw .unfit }
        let first = node.leaves.lowerBound
        leaves[first].append(integer: Int64(parts.months), repetition: repetition)
        leaves[first + 1].append(integer: Int64(parts.days), repetition: repetition)
        leaves[first + 2].append(integer: parts.microseconds, repetition: repetition)
    }

    private static func print(
        _ tokens: RawSpan, _ node: Node, _ leaf: Int, _ repetition: UInt8, to leaves: inout OwnedList<LeafBuilder>
    ) throws(NestedRefusal) {
        guard tokens.isNestedText else { throw .unfit }
        let printer = ValuePrinter(node.type)
        do throws(WireFault) {
            try leaves[leaf].append(repetition: repetition) { (output: inout ByteBuffer) throws(WireFault) in
                try printer.append(tokens, to: &output)
            }
        } catch {
            throw .malformed(error)
        }
    }

    /// Passes over the parts of what has just begun.
    @_lifetime(reader: copy reader)
    private static func skipRest(_ reader: inout NestedReader) throws(NestedRefusal) {
        var depth = 1
        while depth > 0 {
            switch try next(&reader) {
            case .beginList, .beginRecord, .beginMap: depth += 1
            case .end: depth -= 1
            case .null, .scalar: break
            }
        }
    }

    @_lifetime(reader: copy reader)
    @_lifetime(copy reader)
    private static func next(_ reader: inout NestedReader) throws(NestedRefusal) -> NestedValue.Token {
        do throws(WireFault) {
            guard let token = try reader.next() else { throw WireFault(.truncated, at: reader.offset) }
            return token
        } catch {
            throw .malformed(error)
        }
    }
}

extension RawSpan {
    /// Whether all scalars in a run of tokens are UTF-8, so that their JSON says all of them.
    var isNestedText: Bool {
        var reader = NestedReader(self)
        do throws(WireFault) {
            while let token = try reader.next() {
                if case .scalar(let text) = token, !text.isUTF8 { return false }
            }
            return true
        } catch {
            return false
        }
    }
}
