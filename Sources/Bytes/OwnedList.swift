// SPDX-License-Identifier: Apache-2.0

/// A list of things that have one owner each, mutated in place; a list of fixed length once it is made.
@safe
public struct OwnedList<Element: ~Copyable>: ~Copyable {
    @usableFromInline let base: UnsafeMutablePointer<Element>
    /// How many elements it holds.
    public let count: Int

    /// Makes `count` elements, each by its index.
    public init(count: Int, _ make: (Int) -> Element) {
        precondition(count >= 0, "a list cannot hold fewer than no elements")
        self.count = count
        unsafe base = UnsafeMutablePointer<Element>.allocate(capacity: max(count, 1))
        for index in 0..<count {
            // SAFETY: the memory was allocated for `count` elements, and each is initialized once.
            unsafe (base + index).initialize(to: make(index))
        }
    }

    deinit {
        unsafe base.deinitialize(count: count)
        unsafe base.deallocate()
    }

    /// The element at `index`, bounds-checked, in place.
    @inlinable
    public subscript(index: Int) -> Element {
        @inline(__always)
        _read {
            precondition(index >= 0 && index < count, "a list has no such element")
            // SAFETY: the precondition keeps the access inside the initialized elements.
            yield unsafe base[index]
        }
        @inline(__always)
        _modify {
            precondition(index >= 0 && index < count, "a list has no such element")
            // SAFETY: as above; the list is mutated, so nobody else looks at the element.
            yield unsafe &base[index]
        }
    }
}

// SAFETY: a list owns its elements alone and is moved, never shared.
extension OwnedList: @unchecked Sendable where Element: Sendable & ~Copyable {}
