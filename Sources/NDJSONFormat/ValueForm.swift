// SPDX-License-Identifier: Apache-2.0

import Changelog

/// How values of one type are printed; a byte, so that asking for it counts no references.
enum ValueForm: UInt8, Sendable {
    case string
    case number
    case boolean
    case json
    case binary
    case bytes
    case list
    case record
    case map

    init(_ type: ColumnType) {
        self =
            switch type {
            case .boolean: .boolean
            case .integer, .float, .decimal: .number
            case .json: .json
            case .binary: .binary
            case .bytes: .bytes
            case .list: .list
            case .record: .record
            case .map: .map
            case .text, .enumeration, .uuid, .date, .time, .timeWithZone, .timestamp, .timestampWithZone, .interval:
                .string
            }
    }

    /// Whether values of this form are runs of tokens (see ``NestedValue``).
    var isNested: Bool { rawValue >= ValueForm.list.rawValue }
}

/// How values of one type with parts are printed, prepared once.
final class NestedForm: Sendable {
    let form: ValueForm
    /// The forms of the fields of a record, or the one of what stands in a list in any dimension.
    let parts: [NestedForm]
    /// `"name":` for each field of a record.
    let labels: [[UInt8]]

    init(_ type: ColumnType) {
        form = ValueForm(type)
        switch type {
        case .list(let element):
            parts = [NestedForm(element.withoutLists)]
            labels = []
        case .record(let fields):
            parts = fields.map { NestedForm($0.type) }
            labels = fields.map { label($0.name) }
        default:
            parts = []
            labels = []
        }
    }
}

extension ColumnType {
    /// What stands in a list, whatever its dimensions.
    fileprivate var withoutLists: ColumnType {
        if case .list(let element) = self { element.withoutLists } else { self }
    }
}
