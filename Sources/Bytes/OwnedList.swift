// SPDX-License-Identifier: Apache-2.0

/// A list of things that have one owner each, mutated in place; a list of fixed length once it is made.
@safe
public struct OwnedList<Element: ~Copyable>: ~Copyable {
    @usableFromInline let base: UnsafeMutablePointer<Element>
    /// How many elements it holds.
    public let count: Int

    /// Makes `count` elements, each by its index; when one cannot be made, those before it are destroyed.
    public init<E: Error>(count: Int, _ make: (Int) throws(E) -> Element) throws(E) {
        precondition(count >= 0, "a list cannot hold fewer than no elements")
        let start = UnsafeMutablePointer<Element>.allocate(capacity: max(count, 1))
        var made = 0
        do throws(E) {
            while made < count {
                // SAFETY: the memory was allocated for `count` elements, and each is initialized once.
                unsafe (start + made).initialize(to: try make(made))
                made += 1
            }
        } catch {
            // SAFETY: just the elements that were made are destroyed.
            unsafe start.deinitialize(count: made)
            unsafe start.deallocate()
            throw error
        }
        self.count = count
        unsafe base = start
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
