// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How much of something a test does: little by default, as much as the environment says.
enum Count {
    static func of(_ variable: String, default count: Int) -> Int {
        ProcessInfo.processInfo.environment[variable].flatMap { Int($0) } ?? count
    }
}
