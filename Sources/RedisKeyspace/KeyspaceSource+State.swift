// SPDX-License-Identifier: Apache-2.0

import Changelog
import Faults

/// Values of touched keys, between the commands.
extension KeyspaceSource {
    /// Whether keys wait for their values, or values are being read.
    var isHolding: Bool {
        if recorder.touched?.isEmpty == false { return true }
        return stage.isReading
    }

    /// Whether values should be read before the next command.
    var isStateDue: Bool {
        guard let touched = recorder.touched else { return false }
        return stage.isDue(touched, at: complete.rawValue)
    }

    /// Whether no more keys should be remembered; looked at inside a transaction.
    var isStateFull: Bool { recorder.touched?.isFull == true }

    /// Begins a round. At the end of a unit its rows are a transaction of their own at the same position, inside of one
    /// they are part of it.
    mutating func beginState(in batch: inout ChangeBatch) throws(Fault) {
        guard let touched = recorder.touched?.take() else { return }
        let position = unit?.position ?? complete
        try doing("reading the values of touched keys") { () throws(Fault) in
            try stage.begin(touched, of: replicationID, notBefore: position.rawValue)
        }
        stage.continueRound(in: &batch)
        if unit == nil { batch.begin(Transaction(position: position)) }
    }

    /// Goes on with a round in another batch.
    mutating func continueState(in batch: inout ChangeBatch) {
        guard stage.isReading else { return }
        stage.continueRound(in: &batch)
        if unit == nil { batch.begin(Transaction(position: complete)) }
    }

    /// Reads on; true when a round has ended behind a unit, so that an anchor should stand there.
    mutating func stepState(into batch: inout ChangeBatch) throws(Fault) -> Bool {
        let goesOn = try doing("reading the values of touched keys") { () throws(Fault) in
            try stage.step(&recorder.ordinal, into: &batch)
        }
        guard !goesOn, unit == nil else { return false }
        batch.end()
        return true
    }
}
