// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import RedisStreams
import RedisURI
import Testing

@testable import Commands

/// What a run of streams was asked to do.
@Suite struct RedisRunSettingsTests {
    private let least: [SettingKey: String] = [
        .source: "redis://host:1234/2", .to: "/data/x", .streams: #"orders, events:*,a\,b"#,
    ]

    private func run(_ more: [SettingKey: String] = [:], snapshotOnly: Bool = false) throws -> RedisRunSettings {
        try RedisRunSettings(settings(least.merging(more) { _, new in new }), snapshotOnly: snapshotOnly)
    }

    @Test func `what nobody says is the default`() throws {
        let run = try run()
        #expect(run.request.address.database == 2 && run.request.start == .first && run.target == .none)
        #expect(run.request.selection.patterns.map(\.text) == ["orders", "events:*", #"a\,b"#])
        #expect(run.request.selection.keys == [Array("orders".utf8), Array("a,b".utf8)])
        #expect(run.onGap == .record && run.discoverEvery == .seconds(10) && run.group == nil)
    }

    @Test func `what somebody says is taken`() throws {
        let run = try run([.snapshot: "none", .onGap: "stop", .discoverEvery: "3s", .mode: "streams"])
        #expect(run.request.start == .newest && run.onGap == .stop && run.discoverEvery == .seconds(3))
        #expect(try self.run(snapshotOnly: true).target == .now && self.run([.snapshot: "only"]).target == .now)
        let group = try #require(
            try self.run([.group: "g", .consumer: "c", .minIdle: "5s", .createGroup: "true"]).group)
        #expect(group.group == "g" && group.consumer == "c" && group.minimumIdle == .seconds(5))
        #expect(group.creation == .allowed)
    }

    @Test(arguments: [
        ("now", StreamTarget.now), ("170-5", .entry(LanePoint(position: Position(rawValue: 170), ordinal: 5))),
        ("1970-01-01T00:00:01Z", .entry(LanePoint(position: Position(rawValue: 1000), ordinal: .max))),
    ])
    func `a run ends now, at an entry or at a time`(text: String, target: StreamTarget) throws {
        #expect(try run([.until: text]).target == target)
    }

    @Test(arguments: [
        [SettingKey.until: "0/16B3748"], [.until: "170"], [.until: "1960-01-01T00:00:00Z"], [.streams: "a,,b"],
        [.streams: ""], [.mode: "stream"], [.onGap: "skip"], [.discoverEvery: "10ms"], [.group: "g"], [.consumer: "c"],
        [.minIdle: "5s"], [.createGroup: "true"], [.group: "g", .consumer: "c", .until: "1-1"],
        [.snapshot: "only", .until: "1-1"], [.source: "redis://host:port"],
    ])
    func `what cannot be is refused`(more: [SettingKey: String]) throws {
        #expect(fault { _ = try run(more) }?.code == .usage)
    }

    @Test func `streams have to be named`() throws {
        let fault = fault { _ = try RedisRunSettings(settings([.source: "redis://host", .to: "x"])) }
        #expect(fault?.code == .usage && fault?.message == "--streams is missing")
    }

    @Test(arguments: [
        ("redis://h", SourceKind.redis), ("rediss://h", .redis), ("unix:///s", .redis), ("redis+cluster://h", .redis),
        ("REDIS://h", .redis), ("postgresql://h", .postgres), ("host=h", .postgres), ("", .postgres),
    ])
    func `the scheme says what kind of source it is`(source: String, kind: SourceKind) throws {
        #expect(SourceKind(of: Redacted(source)) == kind)
    }

    @Test(arguments: SettingKey.allCases)
    func `a setting of the other family is refused wherever it was set`(key: SettingKey) throws {
        let variable = key.variable
        for kind in [SourceKind.postgres, .redis] {
            let flag = fault { try settings([key: "true"]).refuseForeign(to: kind) }
            let environment = fault { try settings(environment: [variable: "true"]).refuseForeign(to: kind) }
            #expect((flag == nil) == key.family.serves(kind) && (environment == nil) == (flag == nil))
            if let flag { #expect(flag.code == .usage && environment?.code == .settingInvalid) }
        }
        #expect(fault { try settings().refuseForeign(to: .redis) } == nil)
    }
}
