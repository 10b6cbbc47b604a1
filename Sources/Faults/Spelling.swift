// SPDX-License-Identifier: Apache-2.0

/// Finds the word that somebody meant who made a slip of the pen.
public enum Spelling {
    /// The one of `known` that is nearest to `word`, if any is so near that it may have been meant: a slip or two, and
    /// more in a long word.
    public static func nearest(to word: String, among known: [String]) -> String? {
        nearest(to: word, among: known, within: max(2, word.count / 3))
    }

    /// The one of `known` that is nearest to `word`, at most `limit` letters away.
    public static func nearest(to word: String, among known: [String], within limit: Int) -> String? {
        let word = Array(word.lowercased())
        return known.map { ($0, distance(word, Array($0.lowercased()))) }.filter { $0.1 <= limit }.min { $0.1 < $1.1 }?
            .0
    }

    /// How many letters have to be added, removed, changed, or changed with their neighbour.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var before: [Int] = []
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var next = [index + 1]
            for (column, other) in right.enumerated() {
                var steps = min(row[column] + (letter == other ? 0 : 1), row[column + 1] + 1, next[column] + 1)
                if index > 0, column > 0, letter == right[column - 1], left[index - 1] == other {
                    steps = min(steps, before[column - 1] + 1)
                }
                next.append(steps)
            }
            (before, row) = (row, next)
        }
        return row[right.count]
    }
}
