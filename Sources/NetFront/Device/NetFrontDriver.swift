// The driver of virtual network cards: from a device of the bus to an interface of the stack.

import Clock
import Platform
import TCPIP
import XenBus
import XenStore
import XenTypes
import _Concurrency

/// Serves devices of type `vif`.
public final class NetFrontDriver: FrontendDriver, @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    /// Nanoseconds between looks at what is on its way out, when a connection ends.
    private static let drainStep: UInt64 = 1_000_000

    /// The type.
    public let deviceType = "vif"
    private let platform: DevicePlatform
    private let sendPool: PacketPool
    private let options: NetFrontOptions
    private let onArrival: (VirtualInterface) -> Void
    /// Pools of devices that are gone, of which somebody still has packets, or a peer pages.
    private var retired: [DevicePool] = []

    /// A driver for all devices.
    ///
    /// - Parameters:
    ///   - pool: what the packets are made of that are sent. Its pages are lent to each backend
    ///     that they are sent by, to be read, and hold nothing else.
    ///   - onArrival: called once for each device, when its first connection is being made.
    public init(
        _ platform: DevicePlatform, sendingFrom pool: PacketPool,
        options: NetFrontOptions = NetFrontOptions(),
        onArrival: @escaping (VirtualInterface) -> Void
    ) {
        self.platform = platform
        sendPool = pool
        self.options = options
        self.onArrival = onArrival
    }

    /// Pages of devices that are gone and are still in use.
    public var retiredPageCount: Int {
        sweep()
        return retired.reduce(0) { $0 + $1.pool.pageCount }
    }

    /// Serves one device.
    public func run(_ device: FrontendDevice) async {
        sweep()
        let receiving = DevicePool(options.receivePageCount, from: platform)
        let interface = VirtualInterface(
            device.name,
            VirtualInterface.Parts(
                platform: platform, options: options, receivePool: receiving.pool,
                sendPool: sendPool))
        var isKnown = false
        while let connection = await device.nextConnection() {
            await serve(connection, interface, isKnown: &isKnown)
        }
        interface.departed()
        retired.append(receiving)
        sweep()
    }

    /// Gives back the memory of devices that are gone, as far as nobody has it any more.
    private func sweep() {
        retired.removeAll { pool in
            guard pool.isWhole else { return false }
            pool.free()
            return true
        }
    }

    private func serve(
        _ connection: FrontendConnection, _ interface: VirtualInterface, isKnown: inout Bool
    ) async {
        do throws(DeviceError) {
            let keys = try await connection.backendKeys()
            if let session = try await open(connection, interface, keys) {
                if !isKnown { onArrival(interface) }
                isKnown = true
                try await connection.publish(
                    session.keys, as: .connected, removing: unwanted(session))
                try await connection.established()
                let mtu = try await InterfaceIdentity.Words.readMTU(connection.device)
                interface.connected(hasCarrier: keys.string("carrier") != "0", mtu: mtu)
                await attend(connection, session, interface)
            }
        } catch {}
        interface.disconnecting()
        await drain(connection, interface)
        await connection.close()
        interface.disconnected()
    }

    /// A session for the terms that the backend's keys allow; nil when there is none, and the store
    /// says why.
    private func open(
        _ connection: FrontendConnection, _ interface: VirtualInterface, _ keys: BackendKeys
    ) async throws(DeviceError) -> NetFrontSession? {
        let words = try await InterfaceIdentity.Words.read(connection.device)
        do throws(DeviceFault) {
            let identity = try InterfaceIdentity(words, backend: keys)
            let terms = try NetworkTerms(keys, wishes: options)
            interface.isTrusting = identity.isTrusting
            interface.describe(identity, terms)
            guard let session = NetFrontSession(connection, terms, of: interface) else {
                throw DeviceFault(.outOfMemory, "no memory, grants or ports for the rings")
            }
            interface.take(session)
            return session
        } catch {
            connection.fail(error)
            return nil
        }
    }

    /// Keys of earlier drivers that these terms do not have.
    private func unwanted(_ session: NetFrontSession) -> [String] {
        let published = session.keys.map { $0.name }
        return NetworkTerms.unwantedKeys.filter { !published.contains($0) }
    }

    /// Waits until the connection is to end, and sees to the backend's news meanwhile.
    private func attend(
        _ connection: FrontendConnection, _ session: NetFrontSession, _ interface: VirtualInterface
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await session.configure() }
            group.addTask { await self.watchCarrier(of: connection.device, interface) }
            while true {
                switch await connection.nextChange() {
                case .closing:
                    // Who waits for an answer has none to come.
                    interface.disconnecting()
                    return group.cancelAll()
                case .reconfiguring: connection.acceptReconfiguration()
                case .keysChanged, .reconfigured:
                    await readCarrier(of: connection.device, interface)
                }
            }
        }
    }

    private func watchCarrier(of device: FrontendDevice, _ interface: VirtualInterface) async {
        do throws(XenStoreError) {
            let watch = try await device.store.watch("\(device.backendPath)/carrier")
            for await _ in watch { await readCarrier(of: device, interface) }
        } catch {
            // Then the link is as it was when the connection was made.
        }
    }

    private func readCarrier(of device: FrontendDevice, _ interface: VirtualInterface) async {
        do throws(XenStoreError) {
            let word = try await device.store.readIfPresent("\(device.backendPath)/carrier")
            if !Task.isCancelled { interface.setCarrier(word != "0") }
        } catch {
            // What cannot be read has not changed.
        }
    }

    /// Leaves the backend a moment for what is on its way out.
    private func drain(_ connection: FrontendConnection, _ interface: VirtualInterface) async {
        let (time, span) = (platform.timekeeper, options.drainNanoseconds)
        _ = await connection.drain {
            let end = time.now &+ span
            while interface.pendingCount > 0, time.now < end {
                guard await time.sleep(forNanoseconds: Self.drainStep) else { return }
            }
        }
    }
}
