// SPDX-License-Identifier: Apache-2.0

import Faults
import Testing

@Suite struct RedactedTests {
    @Test(arguments: [
        ("postgresql://u:canary@h/db", "postgresql://u:***@h/db"),
        ("redis://:canary@h:6379/0", "redis://:***@h:6379/0"),
        ("postgresql://u:canary@h1:5432,h2:5433/db?target_session_attrs=any", nil),
        ("postgresql://u:can@ary@h/db", "postgresql://u:***@h/db"),
        ("postgresql://u:can:ary@h:5432/db", "postgresql://u:***@h:5432/db"),
        ("postgresql://u:can/ary@h/db", "postgresql://u:***@h/db"),
        ("postgresql://u:can%40ary%2F@h/db", "postgresql://u:***@h/db"),
        ("postgresql://u:can?ary@h/db", "postgresql://u:***@h/db"),
        ("postgresql://u:can ary@h/db", "postgresql://u:***@h/db"),
        ("postgresql://h:5432?user=canary@x", "postgresql://h:***@x"),
    ])
    func `the password of a URI is hidden`(text: String, expected: String?) {
        let hidden = Redacted(text).description
        #expect(!hidden.contains("can") && !hidden.contains("ary@"))
        if let expected { #expect(hidden == expected) }
        #expect("\(Redacted(text))" == hidden && String(reflecting: Redacted(text)) == hidden)
    }

    @Test(arguments: [
        ("host=h password=canary dbname=d", "host=h password=*** dbname=d"),
        ("password='can ary' host=h", "password=*** host=h"),
        (#"password='can\'ary' host=h"#, "password=*** host=h"),
        (#"password=can\ ary host=h"#, "password=*** host=h"),
        ("password=can&ary host=h", "password=*** host=h"),
        ("password = canary", "password=***"),
        ("password\t=\tcanary\thost=h", "password=***\thost=h"),
        ("password='canary", "password=***"),
        (#"password='canary\"#, "password=***"),
        ("host=h sslpassword=canary", "host=h sslpassword=***"),
        ("passfile=/canary sslkey=/canary", "passfile=*** sslkey=***"),
        ("postgresql://h/db?password=canary&sslmode=require", "postgresql://h/db?password=***&sslmode=require"),
        ("postgresql://h/db?a=1&sslpassword=canary&b=2 c", "postgresql://h/db?a=1&sslpassword=***&b=2 c"),
        ("postgresql://h/db?password='canary&b=2", "postgresql://h/db?password=***&b=2"),
    ])
    func `the value of a password parameter is hidden`(text: String, expected: String) {
        #expect(Redacted.redact(text) == expected)
    }

    @Test func `every password of a text is hidden`() {
        let text = "first postgresql://a:canary1@h/d then redis://:canary2@h and password=canary3 password=canary4."
        let expected = "first postgresql://a:***@h/d then redis://:***@h and password=*** password=***"
        #expect(Redacted.redact(text) == expected)
        #expect(Redacted.redact(Redacted.redact(text)) == expected)
    }

    @Test(arguments: [
        "", "password", "password authentication failed for user \"x\"", "no password supplied", "postgresql:///db",
        "postgresql://user@host:5432/db?application_name=a:b@c", "host=h user=me dbname=db", "://", "a://b", "x@y:z",
        "postgresql://[::1]:5432/db", "é ü 漢 = '\\", "https://example.org/a:b?c#d", "password =",
    ])
    func `what holds no password stays as it is`(text: String) {
        let isEmptyValue = text.hasSuffix("=")
        #expect(Redacted.redact(text) == (isEmptyValue ? "password=***" : text))
    }

    @Test func `a secret cannot be looked into`() {
        var dumped = ""
        dump(Redacted("password=canary"), to: &dumped)
        #expect(!dumped.contains("canary"))
        #expect(Redacted("password=canary").secret == "password=canary")
    }
}
