// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

@Suite struct JSONTests {
    @Test func `a value has one spelling and reads back from it`() {
        let value = JSON.object([
            "b": .array([.null, .bool(true), .bool(false), .number(.min), .number(.max), .number(0)]),
            "a": .object([:]),
            "é": .array([]), "": .text("\"\\/\u{0}\n\r\t\u{1f}\u{7f}☃🎉"),
        ])
        #expect(
            String(decoding: value.bytes, as: UTF8.self)
                == #"{"":"\"\\/\u0000\n\r\t\u001f"# + "\u{7f}☃🎉" + #"","a":{},"#
                + #""b":[null,true,false,-9223372036854775808,9223372036854775807,0],"é":[]}"#)
        #expect(JSON(parsing: value.bytes) == value)
    }

    @Test func `other spellings read the same`() {
        let text = " { \"a\" :\t[ 1 ,\n\"\\u00e9\\uD83C\\udf89\\/\\b\\f\" ] }\r\n"
        #expect(JSON(parsing: Array(text.utf8)) == .object(["a": .array([.number(1), .text("é🎉/\u{8}\u{c}")])]))
    }

    @Test(arguments: [
        "", " ", "{", "}", "[", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "1 2", "01",
        "-", "+1", "1.5", "1e3", "9223372036854775808", "nul", "True", "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"",
        "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"", "{\"a\":1,\"a\":2}", "'a'", "[1]]",
    ])
    func `what is not JSON is refused`(text: String) {
        #expect(JSON(parsing: Array(text.utf8)) == nil)
    }

    @Test(arguments: [
        ("1.5", "1.5"), ("-0.0", "-0.0"), ("1e3", "1e3"), ("2.50E-7", "2.50E-7"),
        ("9223372036854775808", "9223372036854775808"),
    ])
    func `numbers that are no integers are texts where that is asked for`(text: String, read: String) {
        #expect(JSON(parsing: Array("[\(text),1]".utf8), otherNumbers: .asText) == .array([.text(read), .number(1)]))
    }

    @Test(arguments: ["1.", ".5", "1e", "1e+", "01.5", "-.5", "1.5.5", "1e5e5", "+1"])
    func `what is no number is none there either`(text: String) {
        #expect(JSON(parsing: Array(text.utf8), otherNumbers: .asText) == nil)
    }

    @Test func `bytes that are not UTF-8 and nesting without end are refused`() {
        #expect(JSON(parsing: [0x22, 0xff, 0x22]) == nil)
        #expect(JSON(parsing: [UInt8](repeating: 0x5b, count: 1_000_000)) == nil)
        let deep = [UInt8](repeating: 0x5b, count: 100) + [UInt8](repeating: 0x5d, count: 100)
        #expect(JSON(parsing: deep) != nil)
    }

    @Test func `no cut and no changed byte of a text traps`() {
        let bytes = Array(#"{"a":[1,-2,"x\u00e9\\"],"b":{"c":null,"d":true}}"#.utf8)
        for index in bytes.indices {
            #expect(JSON(parsing: Array(bytes.prefix(index))) == nil)
            for flip in UInt8.min...UInt8.max {
                var damaged = bytes
                damaged[index] = flip
                _ = JSON(parsing: damaged)
            }
        }
    }
}
