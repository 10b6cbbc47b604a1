// SPDX-License-Identifier: Apache-2.0

import RedisCluster
import Testing

@Suite("Slots of keys")
struct KeySlotTests {
    @Test(
        "a key has the slot that the server gives it",
        arguments: [
            ("", 0), ("123456789", 12739), ("foo", 12182), ("bar", 5061), ("{user1000}.following", 3443),
            ("user1000", 3443), ("foo{}{bar}", 8363), ("foo{{bar}}zap", 4015), ("{bar", 4015),
            ("foo{bar}{zap}", 5061),
        ])
    func slots(key: String, slot: Int) { #expect(KeySlot(of: Array(key.utf8)).number == slot) }
}
