// The control ring's shell: a page, a port, and tasks that wait for answers.

import CXen
import Events
import Hypercalls
import Platform
import TCPIP
import _Concurrency

/// The control ring of one connection.
final class ControlChannel: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    private let platform: DevicePlatform
    private var machine: ControlMachine
    private var pages: LentPages?
    private var channel: EventChannel?
    private var waiter: UnsafeContinuation<Void, Never>?
    private var isOver = false
    /// Called when the backend breaks the protocol.
    var onFault: (NetworkFault) -> Void = { _ in }
    /// What the backend is told of the ring.
    let reference: UInt32
    /// What the backend is told of the port.
    let port: Port
    /// A page for lists and keys that messages refer to.
    let listReference: UInt32

    /// A ring that is lent and a port; nil when there is no memory, grant or port.
    static func make(_ platform: DevicePlatform, to peer: DomainID) -> ControlChannel? {
        let channel: EventChannel
        do throws(EventChannels.BindError) {
            channel = try platform.allocateChannel(for: peer)
        } catch {
            return nil
        }
        guard let pages = platform.lendPages(2, to: peer) else {
            platform.close(channel)
            return nil
        }
        return ControlChannel(platform, pages, channel)
    }

    private init(
        _ platform: DevicePlatform, _ pages: consuming LentPages, _ channel: consuming EventChannel
    ) {
        self.platform = platform
        machine = ControlMachine(page: pages.start)
        listStart = pages.start + PacketPool.pageByteCount
        reference = pages.reference(0).rawValue
        listReference = pages.reference(1).rawValue
        port = channel.port
        self.pages = consume pages
        self.channel = consume channel
    }

    /// Has answers heard from now on.
    func listen() throws(XenError) {
        try platform.setHandler(of: channel!) { _ in self.wake() }
    }

    private func wake() {
        waiter?.resume()
        waiter = nil
    }

    /// Ends the wait for an answer; there are no others.
    func end() {
        isOver = true
        wake()
    }

    /// Gives everything back. Nobody waits any more.
    func close() {
        end()
        if let channel = channel.take() { platform.close(channel) }
        if let pages = pages.take() { platform.takeBack(pages) }
    }

    /// The page for lists: written before a message, read by the backend until its answer.
    private let listStart: UnsafeMutableRawPointer
    private var list: UnsafeMutableRawPointer? { isOver ? nil : listStart }

    /// Sends a message and waits for its answer.
    ///
    /// - Returns: nil when the connection ends before.
    func ask(_ message: ControlMessage) async -> ControlAnswer? {
        guard !isOver else { return nil }
        if machine.send(message) { try? platform.send(port) }
        while !isOver {
            do throws(NetworkFault) {
                if let answer = try machine.takeAnswer() { return answer }
            } catch {
                onFault(error)
                return nil
            }
            await withUnsafeContinuation { waiter = $0 }
        }
        return nil
    }
}

// What is set up by messages.
extension ControlChannel {
    /// Numbers of queues in the table that hashes are looked up in.
    private static let mappingCount: UInt32 = 128

    /// Has packets spread over queues by Toeplitz's hash.
    ///
    /// - Returns: whether the backend does so.
    func spreadPackets(over queueCount: Int, by key: [UInt8]) async -> Bool {
        let algorithm = UInt32(XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ)
        guard await succeeds(ControlMessage(XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, algorithm)),
            let types = await value(ControlMessage(XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS)), types != 0,
            await succeeds(ControlMessage(XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS, types & 0xF)),
            await setKey(key),
            let size = await value(ControlMessage(XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE))
        else { return false }
        // Without a table the backend divides.
        let count = min(size, Self.mappingCount)
        guard await succeeds(ControlMessage(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, count))
        else { return false }
        guard count > 0 else { return true }
        guard let list else { return false }
        for index in 0..<Int(count) {
            list.storeBytes(
                of: UInt32(index % queueCount), toByteOffset: 4 * index, as: UInt32.self)
        }
        return await succeeds(
            ControlMessage(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, listReference, count, 0))
    }

    private func setKey(_ key: [UInt8]) async -> Bool {
        guard let list, key.count <= PacketPool.pageByteCount else { return false }
        for index in key.indices {
            list.storeBytes(of: key[index], toByteOffset: index, as: UInt8.self)
        }
        return await succeeds(
            ControlMessage(
                XEN_NETIF_CTRL_TYPE_SET_HASH_KEY, listReference, UInt32(key.count)))
    }

    /// Entries of a list in a page.
    private static let listLimit = PacketPool.pageByteCount / MemoryLayout<xen_netif_gref>.size

    /// Has the backend keep pages mapped, if it keeps so many.
    ///
    /// - Returns: how many it keeps.
    func stage(
        _ pages: () -> [(reference: UInt32, isReadOnly: Bool)]?, count: Int
    ) async -> Int {
        let question = ControlMessage(XEN_NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE, 0)
        guard let limit = await value(question), Int(limit) >= count, let pages = pages() else {
            return 0
        }
        var done = 0
        while done < pages.count {
            guard let list else { return done }
            let next = pages[done..<min(pages.count, done + Self.listLimit)]
            for (index, page) in next.enumerated() {
                var entry = xen_netif_gref()
                entry.ref = page.reference
                entry.flags = page.isReadOnly ? UInt16(XEN_NETIF_CTRLF_GREF_readonly) : 0
                list.storeBytes(
                    of: entry, toByteOffset: index * MemoryLayout<xen_netif_gref>.size,
                    as: xen_netif_gref.self)
            }
            let message = ControlMessage(
                XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING, 0, listReference, UInt32(next.count))
            guard await succeeds(message) else { return done }
            done += next.count
        }
        return done
    }

    private func succeeds(_ message: ControlMessage) async -> Bool {
        await ask(message)?.isSuccess ?? false
    }

    private func value(_ message: ControlMessage) async -> UInt32? {
        guard let answer = await ask(message), answer.isSuccess else { return nil }
        return answer.value
    }
}
