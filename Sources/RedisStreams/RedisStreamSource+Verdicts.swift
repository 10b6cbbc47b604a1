// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults
import RedisFacts

extension RedisStreamSource {
    /// Does what a verdict says; returns whether the page may be read.
    mutating func apply(
        _ verdict: StreamVerdict, _ finding: PageReader.Finding, to number: Int
    ) throws(Fault) -> Bool {
        let name = streams[number].name.text
        markBeforeBreak(verdict, number)
        switch verdict {
        case .absent, .needsEvidence:
            streams[number].isDone = streams[number].bound != nil
            return false
        case .gone:
            noteGone(number)
            return false
        case .goOn(let accounted):
            streams[number].memory.accounted = accounted
        case .gap(let missing, let point, let reason):
            try stopIfAsked(name, reason)
            streams[number].memory.point = point
            settle(finding, number)
            record(.gap(missing: missing.map(Int.init)), reason, number)
        case .unknown(let reason):
            try stopIfAsked(name, reason)
            settle(finding, number)
            record(.unknown, reason, number)
        case .reset(let reason):
            if let state = finding.look?.state { try reset(number, reason, state) }
            return false
        }
        if let state = finding.look?.state { streams[number].memory.note(state) }
        return true
    }

    /// What was handed over before a break is told before it: whoever goes on in between must meet the break again.
    private mutating func markBeforeBreak(_ verdict: StreamVerdict, _ number: Int) {
        switch verdict {
        case .absent, .gone, .goOn, .needsEvidence: return
        case .gap, .unknown, .reset:
            if touched.remove(number) != nil { marksBeforeBreaks.append(streams[number].mark) }
        }
    }

    /// Counts anew behind something that was not counted.
    private mutating func settle(_ finding: PageReader.Finding, _ number: Int) {
        guard let look = finding.look else { return }
        streams[number].memory.note(look.state)
        let unread = look.unreadCount(behind: streams[number].memory.point)
        streams[number].memory.accounted = look.state.added.flatMap { added in unread.map { added - $0 } }
        if look.witness != .same { streams[number].memory.witness = finding.firstWitness }
    }

    private mutating func reset(_ number: Int, _ reason: String, _ state: StreamState) throws(Fault) {
        let missing = state.added.map { $0 - state.length } ?? 0
        let reason = state.added == nil ? "\(reason); whether entries of it are missing cannot be told" : reason
        if missing > 0 { try stopIfAsked(streams[number].name.text, reason) }
        try streams[number].beginAnew(with: state)
        record(.reset, reason, number)
        makeDue(number)
        guard missing > 0 else { return }
        let evidence = try evidence(of: number)
        streams[number].memory.point = state.end
        let what = "\(missing) entries of the new stream were gone before they were read"
        guard evidence.excludesReplacement else {
            record(.unknown, "\(what), or belong to a stream of another name", number)
            return
        }
        record(.gap(missing: Int(missing)), what, number)
    }

    private mutating func record(_ kind: LaneBreak.Kind, _ reason: String, _ number: Int) {
        let name = streams[number].name.text
        options.report(StreamReport(.warning, "stream \(name): \(reason)"))
        breaks.append(LaneBreak(kind: kind, mark: streams[number].mark, reason: reason))
    }

    private mutating func noteGone(_ number: Int) {
        let message = "the stream was deleted; when it is made again its next history begins"
        streams[number].memory.isGone = true
        streams[number].isDone = streams[number].bound != nil
        options.report(StreamReport(.warning, "stream \(streams[number].name.text): \(message)"))
        notices.append(
            SourceNotice(code: "redis.stream.deleted", table: streams[number].name.text, message: message))
        touched.insert(number)
    }

    /// What the server has run since the last look at a stream. A stream that was looked at elsewhere may have been
    /// replaced there, and nobody's counts tell.
    mutating func evidence(of number: Int) throws(Fault) -> CommandEvidence {
        guard streams[number].node == place.node else { return .none }
        return CommandEvidence(from: counts, to: CommandCounts(try session.info()))
    }

    private func stopIfAsked(_ name: String, _ reason: String) throws(Fault) {
        guard options.onGap == .stop else { return }
        throw Fault(.redisStreamGap, "stream \(name): \(reason)")
    }
}
