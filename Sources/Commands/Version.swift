// SPDX-License-Identifier: Apache-2.0

/// What this build is.
enum Version {
    /// The version of kedge.
    static let number = "0.1.0"

    /// The line that `--version` prints.
    static var line: String {
        #if DEBUG
            let build = "debug"
        #else
            let build = "release"
        #endif
        return "kedge \(number) (\(build), export format 1)"
    }
}
