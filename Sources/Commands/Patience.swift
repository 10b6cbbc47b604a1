// SPDX-License-Identifier: Apache-2.0

/// How long to wait before trying again: twice as long each time, up to half a minute, with some chance in it so that
/// many runs do not come back at once.
struct Patience {
    private let limit: Duration
    private var began = ContinuousClock.now
    private(set) var attempts = 0

    init(limit: Duration) {
        self.limit = limit
    }

    /// Something went well in between.
    mutating func renew() {
        began = .now
        attempts = 0
    }

    /// How long to wait, or nil when patience has come to its end.
    mutating func next() -> Duration? {
        let longest = min(Duration.seconds(30), .milliseconds(500) * (1 << min(attempts, 10)))
        attempts += 1
        let delay = longest * Double.random(in: 0.5...1)
        return began.duration(to: .now) + delay <= limit ? delay : nil
    }
}

extension Duration {
    /// Seconds with one digit behind the point.
    var inSeconds: String {
        let tenths = Int((self / .milliseconds(100)).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
