// SPDX-License-Identifier: Apache-2.0

/// A password alone: it goes where it must, and nothing of it is ever printed.
public struct Secret: Sendable, Hashable {
    /// The password itself.
    public let text: String

    /// Hides `text`.
    public init(_ text: String) {
        self.text = text
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Three stars, whatever it is.
    public var description: String { "***" }
    /// The same.
    public var debugDescription: String { description }
    /// Nothing to look into.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
