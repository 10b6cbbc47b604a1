// SPDX-License-Identifier: Apache-2.0

import Anchors
import Bytes
import Changelog
import Export
import Logging
import PostgresAdapter
import SchemaEvolution

/// What `--on-incompatible` says: one choice for all tables, and others for some.
struct IncompatibilityChoices {
    private var choice = IncompatibilityChoice.stop
    private var exceptions: [(pattern: TableSelection.Pattern, choice: IncompatibilityChoice)] = []

    /// Reads `stop`, `new-table,public.orders=stop`, `orders=quarantine,sales.*=new-table`; nil when it is none of that.
    init?(_ text: String) {
        var isChosen = false
        for part in text.split(separator: ",").map({ $0.trimming() }) {
            let halves = part.split(separator: "=", omittingEmptySubsequences: false).map { $0.trimming() }
            guard let choice = halves.last.flatMap(IncompatibilityChoice.init(rawValue:)) else { return nil }
            if halves.count == 1, !isChosen {
                (self.choice, isChosen) = (choice, true)
            } else if halves.count == 2, let pattern = TableSelection.Pattern(halves[0]) {
                exceptions.append((pattern, choice))
            } else {
                return nil
            }
        }
        guard isChosen || !exceptions.isEmpty else { return nil }
    }

    /// What holds for `table`: the first exception that means it, else the choice for all.
    func choice(for table: TableName) -> IncompatibilityChoice {
        exceptions.first { $0.pattern.matches(table) }?.choice ?? choice
    }
}

extension Anchor {
    /// Tells an operator what became of the columns of tables.
    func tellOfSchemas(to log: Logger) {
        for notice in notices where notice.code == SchemaChange.noticeCode {
            let isKept = notice.details["outcome"] == .text("kept")
            log.log(
                level: isKept ? .notice : .warning,
                "\(notice.table): \(notice.message) (anchor \(number)) [\(notice.code)]")
        }
    }
}
