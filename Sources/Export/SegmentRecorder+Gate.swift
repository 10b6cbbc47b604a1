// SPDX-License-Identifier: Apache-2.0

internal import Anchors
internal import Changelog
internal import Faults

extension SegmentRecorder where Encoder: ~Copyable {
    /// Records changes of the first run in `rest`, at least one, as the gate says; returns the index behind the last.
    func record(
        _ rest: Range<Int>, of batch: borrowing ChangeBatch, _ schema: TableSchema, at place: RecordPlace
    ) throws(Fault) -> Int {
        let route = try refusing(at: rest.lowerBound, of: batch, place) { () throws(Fault) in
            try self.route(for: schema)
        }
        switch route.kind {
        case .direct(let target):
            return try append(rest, of: batch, under: target, at: place, source: route.source(of: target))
        case .quarantined(let violation):
            try quarantine(rest.lowerBound, of: batch, along: route, at: place, violation)
            return rest.lowerBound + 1
        case .judged(let judge, let target):
            return try record(rest, of: batch, along: route, to: target, at: place, asking: judge)
        }
    }

    /// Records the kept changes at the beginning of `rest` as one run, and the one behind them that is not.
    private func record(
        _ rest: Range<Int>, of batch: borrowing ChangeBatch, along route: GateRoute, to target: TableSchema,
        at place: RecordPlace, asking judge: any ChangeJudge
    ) throws(Fault) -> Int {
        let end = batch.endOfRun(from: rest.lowerBound, before: rest.upperBound)
        var judged = rest.lowerBound
        var other = ChangeVerdict.keep
        var refusal: Fault?
        while judged < end, other == .keep, refusal == nil {
            let change = batch.change(at: judged)
            do throws(Fault) {
                if change.operation.carriesRow { other = try judge.verdict(on: change) }
            } catch {
                refusal = error
            }
            if other == .keep, refusal == nil { judged += 1 }
        }
        if let refusal {
            try refusing(at: judged, of: batch, place) { () throws(Fault) in throw refusal }
        }
        var index = rest.lowerBound
        while index < judged {
            index = try append(
                index..<judged, of: batch, under: target, at: place, source: route.source(of: target))
        }
        switch other {
        case .keep: break
        case .tag(let rules):
            _ = try append(
                judged..<judged + 1, of: batch, under: target, at: place, violations: rules,
                source: route.source(of: target))
            index = judged + 1
        case .quarantine(let violation):
            try quarantine(judged, of: batch, along: route, at: place, violation)
            index = judged + 1
        }
        return index
    }

    private func quarantine(
        _ index: Int, of batch: borrowing ChangeBatch, along route: GateRoute, at place: RecordPlace,
        _ violation: Violation
    ) throws(Fault) {
        let press = press(for: route.schema, place.lane)
        try press.take(batch.change(at: index), of: place.transaction, ordinalBase: place.ordinalBase, violation)
        _ = try append(0..<1, of: press.row, under: press.schema, at: place, source: route.schema)
    }

    private func route(for schema: TableSchema) throws(Fault) -> GateRoute {
        guard let route = try routes?.route(for: schema) else { throw Fault(.bug, "there is no gate to ask") }
        return route
    }

    /// What makes rows of the quarantine of `source`; kept while schema and lane are the same.
    private func press(for source: TableSchema, _ lane: Lane?) -> QuarantinePress<Encoder> {
        if let press = presses[source.table], press.source === source, press.lane == lane { return press }
        let press = QuarantinePress<Encoder>(source, layout, lane)
        presses[source.table] = press
        return press
    }

    /// Runs `body`; of a fault it says which change was refused.
    private func refusing<T>(
        at index: Int, of batch: borrowing ChangeBatch, _ place: RecordPlace, _ body: () throws(Fault) -> T
    ) throws(Fault) -> T {
        do throws(Fault) {
            return try body()
        } catch {
            hasRefused = true
            let key = SequenceKey(
                epoch: place.lane?.epoch ?? layout.epoch, position: place.transaction.position,
                ordinal: batch.ordinal(at: index) + place.ordinalBase)
            throw error.adding("recording the change \(key)")
        }
    }
}
