// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Lets the calling thread rest for a millisecond.
func restBriefly() {
    usleep(1000)
}
