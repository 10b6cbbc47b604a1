// SPDX-License-Identifier: Apache-2.0

/// In which format an export holds its records.
public enum RecordFormat: String, Sendable, CaseIterable {
    /// A line of JSON each.
    case ndjson
    /// Apache Parquet.
    case parquet

    /// What file names of this format end with, before the ending of what compresses the whole file.
    public var fileExtension: String { rawValue }
}
