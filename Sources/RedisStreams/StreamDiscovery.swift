// SPDX-License-Identifier: Apache-2.0

import Faults

/// Looks for streams that are selected and not known yet, a bounded number of steps at a time.
struct StreamDiscovery: Sendable {
    private let selection: StreamSelection
    private let searches: [[UInt8]]
    private var search = 0
    private var cursor = Self.beginning
    /// Whether a search is going on.
    private(set) var isBusy = false
    private var stepsLeft = 0

    private static let beginning = Array("0".utf8)
    /// How many steps of a thousand keys each are taken in one round.
    static let stepsOfRound = 64

    /// Looks for what `selection` means.
    init(_ selection: StreamSelection) {
        self.selection = selection
        searches = selection.searches
    }

    /// Allows some steps more; goes on where the last round ended.
    mutating func beginRound(steps: Int = stepsOfRound) {
        isBusy = !searches.isEmpty
        stepsLeft = steps
    }

    /// Takes one step; returns the keys that it found.
    mutating func step(_ session: inout StreamSession) throws(Fault) -> [[UInt8]] {
        guard isBusy else { return [] }
        let (next, keys) = try session.scan(searches[search], from: cursor)
        cursor = next
        stepsLeft -= 1
        if next == Self.beginning {
            search += 1
            if search == searches.count {
                search = 0
                isBusy = false
            }
        }
        if stepsLeft <= 0 { isBusy = false }
        return keys.filter(selection.contains)
    }
}
