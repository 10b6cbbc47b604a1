// SPDX-License-Identifier: Apache-2.0

import Bytes
import ParquetFormat
import Testing

@Suite("Shapes of files that others wrote")
struct ForeignShapeTests {
    private let leaf = SchemaElement(name: "x", type: .byteArray, presence: .optional)

    @Test("lists, maps and groups are found by their form, and levels by what must be there")
    func shape() throws {
        let (shape, names) = try ForeignShape.shape(of: [
            SchemaElement(name: "root", childCount: 3),
            SchemaElement(name: "g", presence: .required, childCount: 2), leaf,
            SchemaElement(name: "y", type: .int64, presence: .required),
            SchemaElement(name: "l", presence: .optional, childCount: 1),
            SchemaElement(name: "bag", presence: .repeated, childCount: 1),
            SchemaElement(name: "item", type: .boolean, presence: .optional),
            SchemaElement(name: "m", presence: .optional, childCount: 1),
            SchemaElement(name: "key_value", presence: .repeated, childCount: 2),
            SchemaElement(name: "key", type: .byteArray, presence: .required), leaf,
        ])
        #expect(names == ["g", "l", "m"])
        #expect(shape.leaves.map(\.maxDefinition) == [1, 0, 3, 2, 3])
        #expect(shape.leaves.map(\.maxRepetition) == [0, 0, 1, 1, 1])
        #expect(shape.paths[2] == ["l", "bag", "item"])
    }

    @Test(
        "what is no tree is refused",
        arguments: [
            [], [SchemaElement(name: "root", childCount: 1)],
            [SchemaElement(name: "root", childCount: 1), SchemaElement(name: "a", presence: .repeated)],
            [
                SchemaElement(name: "root", childCount: 1),
                SchemaElement(name: "a", presence: .optional, childCount: 1),
                SchemaElement(name: "b", presence: .repeated, childCount: -3),
            ],
            [SchemaElement(name: "root", childCount: 1), SchemaElement(name: "a", childCount: .max)],
            [SchemaElement(name: "root", childCount: 1), SchemaElement(name: "a")],
        ] as [[SchemaElement]])
    func refused(elements: [SchemaElement]) {
        #expect(throws: WireFault.self) { try ForeignShape.shape(of: elements) }
    }

    @Test("a root that says it has fewer than no nodes has none")
    func negative() throws {
        #expect(try ForeignShape.shape(of: [SchemaElement(name: "root", childCount: -1)]).names.isEmpty)
    }
}
