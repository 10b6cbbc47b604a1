// SPDX-License-Identifier: Apache-2.0

import RedisFacts

/// Where streams are read.
enum StreamPlace: Hashable, Sendable {
    /// At a server that has all there are.
    case alone
    /// At a node of a cluster, of this name.
    case node(String)

    /// The name of the node.
    var node: String? { if case .node(let name) = self { name } else { nil } }

    /// Under which name an anchor keeps what the server has counted of its commands.
    var countsFact: String { node.map { Self.countsPrefix + $0 } ?? CommandCounts.factName }

    /// What the names of such facts of nodes begin with.
    static let countsPrefix = "\(CommandCounts.factName)."
}
