// The life of one disk with its backends: connections come and go, the engine stays.

import BlockDevices
import Clock
import Hypercalls
import Platform
import XenBus
import _Concurrency

/// What runs a disk. It takes no decision about requests.
final class DiskSession: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    /// Nanoseconds before something is lent again that could not be.
    private static let starvationNanoseconds: UInt64 = 10_000_000

    private let device: FrontendDevice
    private let disk: Disk
    private let platform: DevicePlatform
    private let options: DiskOptions
    private let whenConnected: () -> Void
    private var engine: DiskEngine { disk.engine }

    init(
        _ device: FrontendDevice, _ disk: Disk, _ platform: DevicePlatform, _ options: DiskOptions,
        whenConnected: @escaping () -> Void
    ) {
        (self.device, self.disk, self.platform) = (device, disk, platform)
        self.options = options
        self.whenConnected = whenConnected
    }

    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.watchPatience() }
            while let connection = await device.nextConnection() { await serve(connection) }
            engine.fail(as: .over)
            group.cancelAll()
        }
        disk.bounces = []
        disk.tellChange()
    }

    /// Requests wait for a connection only so long.
    private func watchPatience() async {
        while !Task.isCancelled {
            guard engine.phase == .waiting || engine.phase == .draining else {
                await engine.phaseChanges.wait()
                continue
            }
            let count = engine.statistics.connectionCount
            guard
                await platform.timekeeper.sleep(forNanoseconds: options.patienceNanoseconds)
            else { return }
            if engine.phase == .waiting, engine.statistics.connectionCount == count {
                engine.fail(as: .unreachable)
            }
        }
    }

    private func serve(_ connection: FrontendConnection) async {
        var rings: [BlockRing] = []
        var keeper: LeaseKeeper?
        do throws(DeviceError) {
            let transport = Transport(try await connection.backendKeys(), options)
            rings = makeRings(transport)
            if rings.count == transport.queueCount {
                keeper = try await connect(connection, rings, transport)
                if engine.phase == .connected { await follow(connection) }
            } else {
                connection.fail(DeviceFault(.outOfMemory, "allocating rings"))
            }
        } catch {}
        engine.stop()
        let engine = engine
        _ = await connection.drain { await engine.drain() }
        await connection.close()
        engine.onFault = nil
        if engine.rings.isEmpty {
            // They were never the engine's.
            for ring in rings { ring.end() }
            keeper?.end()
        } else {
            engine.disconnect()
        }
    }

    private func makeRings(_ transport: Transport) -> [BlockRing] {
        var rings: [BlockRing] = []
        for _ in 0..<transport.queueCount {
            guard
                let ring = BlockRing.make(
                    platform, peer: device.backendDomain, pageCount: transport.ringPageCount,
                    firstIndex: options.firstIndex)
            else { break }
            rings.append(ring)
        }
        return rings
    }

    /// Publishes the rings, and gives them to the engine once the backend is there.
    private func connect(
        _ connection: FrontendConnection, _ rings: [BlockRing], _ transport: Transport
    ) async throws(DeviceError) -> LeaseKeeper? {
        try await connection.publish(
            options.keys(transport, rings: rings.map { ($0.references, $0.port.rawValue) }),
            removing: DiskOptions.allKeys)
        try await connection.established()
        let offer: BackendOffer
        do throws(BackendOffer.Flaw) {
            offer = try BackendOffer(await keys(of: connection), options)
        } catch {
            connection.fail(DeviceFault(.invalidArgument, error.words))
            return nil
        }
        let engine = engine
        engine.onFault = { connection.fail(DeviceFault(.invalidArgument, $0)) }
        for ring in rings {
            do throws(XenError) {
                try ring.listen { [unowned(unsafe) ring] in engine.handleEvent(of: ring) }
            } catch {
                connection.fail(DeviceFault(error, "listening to the event channel"))
                return nil
            }
        }
        let keeper =
            offer.isPersistent
            ? LeaseKeeper(
                platform, peer: device.backendDomain, limit: options.lastingPageLimit) : nil
        let isNews = offer.geometry != engine.geometry
        engine.connect(rings, offer, keeper: keeper)
        if isNews { disk.tellChange() }
        whenConnected()
        return keeper
    }

    /// The backend's keys; none when they cannot be read, which is a flaw of its own.
    private func keys(of connection: FrontendConnection) async -> BackendKeys {
        do throws(DeviceError) {
            return try await connection.backendKeys()
        } catch {
            return BackendKeys([])
        }
    }

    /// Until the connection is to end.
    private func follow(_ connection: FrontendConnection) async {
        let (engine, timekeeper) = (engine, platform.timekeeper)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while await engine.starved.wait() {
                    _ = await timekeeper.sleep(forNanoseconds: Self.starvationNanoseconds)
                    engine.schedulePump()
                }
            }
            while engine.phase == .connected {
                switch await connection.nextChange() {
                case .keysChanged: await lookAgain(connection)
                case .reconfiguring: connection.acceptReconfiguration()
                case .reconfigured: await lookAgain(connection)
                case .closing: engine.stop()
                }
            }
            group.cancelAll()
        }
    }

    /// The disk may have another size, or another medium. What a backend says that is of no use
    /// changes nothing.
    private func lookAgain(_ connection: FrontendConnection) async {
        let keys = await keys(of: connection)
        do throws(BackendOffer.Flaw) {
            let geometry = try BackendOffer(keys, options).geometry
            // What is in flight is in sectors of the old size.
            guard geometry.sectorByteCount == engine.geometry.sectorByteCount else {
                return connection.fail(DeviceFault(.invalidArgument, "sector-size has changed"))
            }
            disk.change(to: geometry)
        } catch {}
    }
}
