// SPDX-License-Identifier: Apache-2.0

internal import Changelog
internal import Faults

/// What a gate has said of the changes of one schema.
final class GateRoute {
    enum Kind {
        /// They are written under this schema.
        case direct(TableSchema)
        /// Each is asked about; what is kept is written under this schema.
        case judged(any ChangeJudge, TableSchema)
        case quarantined(Violation)
    }

    let schema: TableSchema
    let kind: Kind
    /// Whether all changes go on under the schema that they have.
    let isKept: Bool

    init(_ schema: TableSchema, _ kind: Kind) {
        self.schema = schema
        self.kind = kind
        if case .direct(let target) = kind { isKept = target === schema } else { isKept = false }
    }

    /// What records under `target` speak of, where that is another schema.
    func source(of target: TableSchema) -> TableSchema? { target === schema ? nil : schema }
}

/// Remembers what a gate has said, so that it is asked only when the schema of a table is another.
struct GateRoutes {
    let gate: any RecordGate
    private var routes: [TableName: GateRoute] = [:]
    /// A few of them that are told by the schema itself, without a look at its name: asked for with every run.
    private var recent: [GateRoute] = []

    init(_ gate: any RecordGate) {
        self.gate = gate
    }

    /// Whether all changes of `schema` are known to go on as they are.
    func keep(_ schema: TableSchema) -> Bool {
        for route in recent where route.schema === schema { return route.isKept }
        return false
    }

    /// Where changes of `schema` go.
    mutating func route(for schema: TableSchema) throws(Fault) -> GateRoute {
        for route in recent where route.schema === schema { return route }
        if let known = routes[schema.table], known.schema == schema {
            remember(known)
            return known
        }
        guard !schema.table.isQuarantine else {
            throw Fault(
                .tableReserved, "\(schema.table) is called like a table that holds quarantined records of another")
        }
        let kind: GateRoute.Kind =
            switch try gate.verdict(on: schema) {
            case .keep: .direct(schema)
            case .judge(let judge): .judged(judge, schema)
            case .redirect(let table, let judge):
                Self.kind(TableSchema(table: table, columns: schema.columns, key: schema.key), judge)
            case .quarantine(let violation): .quarantined(violation)
            }
        let route = GateRoute(schema, kind)
        // What was said of another schema of the table holds no longer.
        recent.removeAll { $0.schema.table == schema.table }
        routes[schema.table] = route
        remember(route)
        return route
    }

    private static func kind(_ target: TableSchema, _ judge: (any ChangeJudge)?) -> GateRoute.Kind {
        judge.map { .judged($0, target) } ?? .direct(target)
    }

    private mutating func remember(_ route: GateRoute) {
        if recent.count == Self.recentLimit { recent.removeFirst() }
        recent.append(route)
    }

    /// How many routes are looked through for each run of changes.
    private static var recentLimit: Int { 8 }
}
