// SPDX-License-Identifier: Apache-2.0

import Bytes
internal import CHiredis

/// Where one reply lies while it is looked at: the nodes in one block, elements of an array side by side, and all bytes in
/// another. Both are used again for the next reply, so that no element costs an allocation.
///
/// hiredis calls back for each element and hands around what it was given for the array above: the number of the node,
/// plus one, since it takes zero for a failure.
@safe
struct ReplyStore: ~Copyable {
    private(set) var nodes: UnsafeMutablePointer<ReplyNode>
    private var nodeCapacity: Int
    private var nodeCount = 0
    private(set) var text: ByteBuffer

    /// What is kept from one reply to the next.
    private static let keptNodeCount = 1 << 18
    private static let keptByteCount = 8 << 20
    /// A reply of more elements than this is no reply.
    private static let nodeLimit = 1 << 24

    /// A null by itself.
    nonisolated(unsafe) static let nothing: UnsafePointer<ReplyNode> = {
        let node = UnsafeMutablePointer<ReplyNode>.allocate(capacity: 1)
        unsafe node.initialize(to: ReplyNode(.null, place: 0, count: 0))
        return unsafe UnsafePointer(node)
    }()

    init() {
        nodeCapacity = 1 << 10
        unsafe nodes = .allocate(capacity: nodeCapacity)
        text = ByteBuffer(capacity: 64 << 10)
    }

    deinit {
        unsafe nodes.deallocate()
    }

    /// Where hiredis leaves its reader, it finds these functions.
    nonisolated(unsafe) static let callbacks: UnsafeMutablePointer<redisReplyObjectFunctions> = {
        let functions = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
        unsafe functions.initialize(
            to: redisReplyObjectFunctions(
                createString: { unsafe addBytes($0, $1, $2) },
                createArray: { unsafe addArray($0, $1) },
                createInteger: { unsafe addInteger($0, $1) },
                createNil: { unsafe add($0, ReplyNode(.null, place: 0, count: 0)) },
                freeObject: { _ in }))
        return unsafe functions
    }()

    /// Forgets the reply before.
    private mutating func begin() {
        nodeCount = 1
        text.removeAll(keepingAtMost: Self.keptByteCount)
        guard nodeCapacity > Self.keptNodeCount else { return }
        unsafe nodes.deallocate()
        nodeCapacity = Self.keptNodeCount
        unsafe nodes = .allocate(capacity: nodeCapacity)
    }

    /// Makes room for the elements of an array; nil when there are too many.
    private mutating func reserve(_ count: Int) -> Int? {
        let first = nodeCount
        guard count <= Self.nodeLimit - first else { return nil }
        nodeCount += count
        guard nodeCount > nodeCapacity else { return first }
        let capacity = max(nodeCapacity * 2, nodeCount)
        let grown = UnsafeMutablePointer<ReplyNode>.allocate(capacity: capacity)
        // SAFETY: the first `first` nodes are in use; trivial values may be copied before all of them are written.
        unsafe grown.initialize(from: nodes, count: first)
        unsafe nodes.deallocate()
        unsafe nodes = grown
        nodeCapacity = capacity
        return first
    }
}

// MARK: What hiredis calls

private typealias Task = UnsafePointer<redisReadTask>

extension ReplyStore {
    private static func addBytes(
        _ task: Task?, _ start: UnsafeMutablePointer<CChar>?, _ count: Int
    ) -> UnsafeMutableRawPointer? {
        guard let task = unsafe task, let store = unsafe store(of: task), count <= UInt32.max else { return nil }
        let kind: ReplyKind =
            switch unsafe task.pointee.type {
            case REDIS_REPLY_STATUS: .status
            case REDIS_REPLY_ERROR: .error
            default: .bulk
            }
        unsafe beginIfRoot(task, store)
        let place = unsafe store.pointee.text.count
        // SAFETY: hiredis lends `count` bytes at `start` for the time of the call.
        unsafe store.pointee.text.append(RawSpan(_unsafeStart: UnsafeRawPointer(start ?? emptyText), byteCount: count))
        return unsafe put(task, store, ReplyNode(kind, place: place, count: UInt32(count)))
    }

    private static func addArray(_ task: Task?, _ count: Int32) -> UnsafeMutableRawPointer? {
        guard let task = unsafe task, let store = unsafe store(of: task), count >= 0 else { return nil }
        unsafe beginIfRoot(task, store)
        guard let first = unsafe store.pointee.reserve(Int(count)) else { return nil }
        return unsafe put(task, store, ReplyNode(.array, place: first, count: UInt32(count)))
    }

    private static func addInteger(_ task: Task?, _ value: Int64) -> UnsafeMutableRawPointer? {
        unsafe add(task, ReplyNode(.integer, place: Int(value), count: 0))
    }

    private static func add(_ task: Task?, _ node: ReplyNode) -> UnsafeMutableRawPointer? {
        guard let task = unsafe task, let store = unsafe store(of: task) else { return nil }
        unsafe beginIfRoot(task, store)
        return unsafe put(task, store, node)
    }

    private static func store(of task: Task) -> UnsafeMutablePointer<ReplyStore>? {
        // SAFETY: the reader of the store gives its address to hiredis, which gives it to every task.
        unsafe task.pointee.privdata?.assumingMemoryBound(to: ReplyStore.self)
    }

    private static func beginIfRoot(_ task: Task, _ store: UnsafeMutablePointer<ReplyStore>) {
        if unsafe task.pointee.parent == nil { unsafe store.pointee.begin() }
    }

    /// Writes a node where the array above has room for it.
    private static func put(
        _ task: Task, _ store: UnsafeMutablePointer<ReplyStore>, _ node: ReplyNode
    ) -> UnsafeMutableRawPointer? {
        var index = 0
        if let parent = unsafe task.pointee.parent {
            // SAFETY: the object of the task above is what was returned for its array, whose elements were reserved.
            let above = unsafe Int(bitPattern: parent.pointee.obj) - 1
            index = unsafe store.pointee.nodes[above].place + Int(task.pointee.idx)
        }
        unsafe store.pointee.nodes[index] = node
        return unsafe UnsafeMutableRawPointer(bitPattern: index + 1)
    }
}

/// Where no bytes are.
nonisolated(unsafe) private let emptyText = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
