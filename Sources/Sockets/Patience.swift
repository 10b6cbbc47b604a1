// SPDX-License-Identifier: Apache-2.0

/// The time until `deadline` in milliseconds, rounded up, as `poll` takes it: none when it is over, an hour at most.
func milliseconds(until deadline: ContinuousClock.Instant) -> Int32 {
    let (seconds, attoseconds) = max(.zero, deadline - .now).components
    let rest = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return Int32(min(min(seconds, 3600) * 1000 + rest, 3_600_000))
}
