// SPDX-License-Identifier: Apache-2.0

public import Changelog
public import Digests

/// One thing that is not as it was published.
public struct Finding: Hashable, Sendable {
    /// The file, relative to the export.
    public let path: String
    /// What is wrong with it.
    public let what: String

    /// Makes a finding.
    public init(path: String, what: String) {
        self.path = path
        self.what = what
    }
}

extension Finding: CustomStringConvertible {
    /// `path: what`.
    public var description: String { "\(path): \(what)" }
}

/// What a verification looked at and what it found.
public struct VerificationReport: Sendable {
    /// The identifier of the export, nil when its record cannot be read.
    public internal(set) var exportID: String?
    /// The numbers of the anchors that were verified, nil when there is none.
    public internal(set) var anchors: ClosedRange<Int>?
    /// How many segments were verified.
    public internal(set) var segmentCount = 0
    /// How many records they hold.
    public internal(set) var recordCount = 0
    /// How many bytes they have.
    public internal(set) var byteCount = 0
    /// How many Delta tables were compared with the chain.
    public internal(set) var deltaTableCount = 0
    /// How many segments are gone because others have put other files in their place.
    public internal(set) var replacedCount = 0
    /// How many records of each operation.
    public internal(set) var changes = OperationCounts()
    /// Up to where the export reaches, as its source writes positions.
    public internal(set) var reached: String?
    /// What breaks a promise. Empty means that the export is what was published.
    public internal(set) var findings: [Finding] = []
    /// What breaks no promise and may be worth a look: files that no anchor names.
    public internal(set) var notes: [Finding] = []

    /// Whether the export is what was published.
    public var isSound: Bool { findings.isEmpty }
}

/// What the catalog claims, for comparison with the chain.
public struct CatalogView: Sendable {
    /// The number of the newest anchor that it knows.
    public let lastNumber: Int?
    /// The digest that it knows for an anchor.
    public let digest: @Sendable (Int) -> Digest?

    /// Makes a view.
    public init(lastNumber: Int?, digest: @escaping @Sendable (Int) -> Digest?) {
        self.lastNumber = lastNumber
        self.digest = digest
    }
}
