// SPDX-License-Identifier: Apache-2.0

internal import Anchors
internal import Changelog
internal import Faults

extension SegmentRecorder where Encoder: ~Copyable {
    /// What the gate has said of the changes of one schema.
    final class Route {
        enum Kind {
            /// They are written under this schema.
            case direct(TableSchema)
            case judged(any ChangeJudge)
            case quarantined(Violation)
        }

        let schema: TableSchema
        let kind: Kind
        /// Whether all changes go on under the schema that they have.
        let isKept: Bool
        private var press: QuarantinePress<Encoder>?
        private var lane: Lane?

        init(_ schema: TableSchema, _ kind: Kind) {
            self.schema = schema
            self.kind = kind
            if case .direct(let target) = kind { isKept = target === schema } else { isKept = false }
        }

        /// What makes rows of the quarantine; kept while the lane is the same.
        func press(_ layout: RecordLayout, _ lane: Lane?) -> QuarantinePress<Encoder> {
            if let press, self.lane == lane { return press }
            let press = QuarantinePress<Encoder>(schema, layout.inside(lane))
            (self.press, self.lane) = (press, lane)
            return press
        }
    }

    /// Records changes of the first run in `rest`, at least one, as the gate says; returns the index behind the last.
    func record(
        _ rest: Range<Int>, of batch: borrowing ChangeBatch, _ schema: TableSchema, at place: Place,
        asking gate: any RecordGate
    ) throws(Fault) -> Int {
        let route = try refusing(at: rest.lowerBound, of: batch, place) { () throws(Fault) in
            try self.route(for: schema, asking: gate)
        }
        switch route.kind {
        case .direct(let schema):
            let source = schema === route.schema ? nil : route.schema
            return try append(rest, of: batch, under: schema, at: place, source: source)
        case .quarantined(let violation):
            try quarantine(rest.lowerBound, of: batch, along: route, at: place, violation)
            return rest.lowerBound + 1
        case .judged(let judge): return try record(rest, of: batch, along: route, at: place, asking: judge)
        }
    }

    /// Records the kept changes at the beginning of `rest` as one run, and the one behind them that is not.
    private func record(
        _ rest: Range<Int>, of batch: borrowing ChangeBatch, along route: Route, at place: Place,
        asking judge: any ChangeJudge
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
            index = try append(index..<judged, of: batch, under: route.schema, at: place)
        }
        switch other {
        case .keep: break
        case .tag(let rules):
            _ = try append(judged..<judged + 1, of: batch, under: route.schema, at: place, violations: rules)
            index = judged + 1
        case .quarantine(let violation):
            try quarantine(judged, of: batch, along: route, at: place, violation)
            index = judged + 1
        }
        return index
    }

    private func quarantine(
        _ index: Int, of batch: borrowing ChangeBatch, along route: Route, at place: Place, _ violation: Violation
    ) throws(Fault) {
        let press = route.press(layout, place.lane)
        try press.take(batch.change(at: index), of: place.transaction, ordinalBase: place.ordinalBase, violation)
        _ = try append(0..<1, of: press.row, under: press.schema, at: place, source: route.schema)
    }

    private func route(for schema: TableSchema, asking gate: any RecordGate) throws(Fault) -> Route {
        if let known = recentRoute(schema) { return known }
        if let known = routes[schema.table], known.schema == schema {
            remember(known)
            return known
        }
        guard !schema.table.isQuarantine else {
            throw Fault(
                .tableReserved, "\(schema.table) is called like a table that holds quarantined records of another")
        }
        let kind: Route.Kind =
            switch try gate.verdict(on: schema) {
            case .keep: .direct(schema)
            case .judge(let judge): .judged(judge)
            case .redirect(let table):
                .direct(TableSchema(table: table, columns: schema.columns, key: schema.key))
            case .quarantine(let violation): .quarantined(violation)
            }
        let route = Route(schema, kind)
        // What was said of another schema of the table holds no longer.
        recentRoutes.removeAll { $0.schema.table == schema.table }
        routes[schema.table] = route
        remember(route)
        return route
    }

    /// The route of this very schema, when it was asked for not long ago.
    func recentRoute(_ schema: TableSchema) -> Route? {
        for route in recentRoutes where route.schema === schema { return route }
        return nil
    }

    private func remember(_ route: Route) {
        if recentRoutes.count == Self.recentLimit { recentRoutes.removeFirst() }
        recentRoutes.append(route)
    }

    /// How many routes are looked through for each run of changes.
    private static var recentLimit: Int { 8 }

    /// Runs `body`; of a fault it says which change was refused.
    private func refusing<T>(
        at index: Int, of batch: borrowing ChangeBatch, _ place: Place, _ body: () throws(Fault) -> T
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
