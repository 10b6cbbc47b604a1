// SPDX-License-Identifier: Apache-2.0

import Export
import NDJSONFormat
import TestSupport
import Testing

@Suite struct EncoderTests {
    @Test func `NDJSON keeps the contract of encoders`() throws {
        try checkEncoderContract(NDJSONEncoder.self)
    }

    @Test func `the smallest format keeps the contract of encoders`() throws {
        try checkEncoderContract(TinyEncoder.self)
    }
}
