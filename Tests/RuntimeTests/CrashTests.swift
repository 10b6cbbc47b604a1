// SPDX-License-Identifier: Apache-2.0

import Anchors
import Changelog
import Export
import Faults
import Runtime
import TestSupport
import Testing

/// A run that ends at any moment of publishing, and the one after it, come to the same export as one undisturbed run.
@Suite struct CrashTests {
    static let points: [CrashPoint] = [
        .duringSegment, .afterSegmentWrite, .afterSegmentSync, .afterSegmentRename, .afterFolderSync, .afterAnchorWrite,
        .afterAnchorLink, .afterAnchorSync, .afterCatalogRecord, .beforeAcknowledge, .afterAcknowledge,
    ]
    private static let steps: [ScriptStep] =
        (11...30).flatMap { number -> [ScriptStep] in
            [
                .transaction(position: number * 10, rows: Int(number)),
                .transaction(position: number * 10 + 5, table: "u", rows: 2), .keepalive(position: number * 10 + 7),
            ]
        } + [.target]

    /// Acknowledgements may stand for several anchors, so only the first and the last are sure to come.
    @Test(arguments: points.flatMap { point in (point.isOfAcknowledging ? [0, 1] : [0, 1, 4]).map { (point, $0) } })
    func `a crash loses nothing and doubles nothing`(point: CrashPoint, passes: Int) throws {
        var stage = try Stage(crash: CrashPlan(point: point, passes: passes, effect: .throwFault))
        stage.policy = AnchorPolicy(transactionCount: 4)
        stage.segmentLimits = SegmentLimits(rowCount: 25)
        #expect(code { try stage.run(Self.steps) } == .crashPoint)
        try stage.checkChain()
        let next = try Stage(after: stage)
        #expect(try next.run(Self.steps) == .targetReached)
        try next.checkChain()
        let whole = try Self.undisturbed()
        #expect(try next.lines() == whole.lines())
        #expect(try next.lines(of: "public.u") == whole.lines(of: "public.u"))
        #expect(try next.last().to == whole.last().to)
        #expect(next.sink.draftCount == 0)
        #expect(next.sink.files.count == Set(try next.chain.all().flatMap(\.segments).map(\.path)).count)
    }

    @Test func `every moment of publishing is among the moments`() throws {
        let all = CrashPoint.allCases
        let first = try #require(all.firstIndex(of: .duringSegment))
        let last = try #require(all.firstIndex(of: .afterAcknowledge))
        #expect(Array(all[first...last]) == Self.points)
    }

    private static func undisturbed() throws -> Stage {
        var stage = try Stage()
        stage.policy = AnchorPolicy(transactionCount: 4)
        stage.segmentLimits = SegmentLimits(rowCount: 25)
        try stage.run(steps)
        return stage
    }
}

extension CrashPoint {
    fileprivate var isOfAcknowledging: Bool { self == .beforeAcknowledge || self == .afterAcknowledge }
}
