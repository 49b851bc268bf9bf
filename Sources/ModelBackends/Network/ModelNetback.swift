// A netback in the model: what it does with rings, pages and frames, honestly or not.
//
// Source: Xen public/io/netif.h, and how Linux's xen-netback is known to behave.

import CXen
import Hypercalls
import ModelXen
import SeededRandomness
import XenBus

/// The data path of one vif's backend; its handshake is a ``ModelBackend``'s.
public final class ModelNetback: @unchecked Sendable {
    // Unchecked: a model runs on one thread.

    /// One pair of rings.
    final class Queue {
        let number: Int
        var transmit: ModelRing
        var receive: ModelRing
        let transmitPort: Port
        let receivePort: Port

        init(
            _ number: Int, _ transmit: ModelRing, _ receive: ModelRing, _ transmitPort: Port,
            _ receivePort: Port
        ) {
            self.number = number
            self.transmit = transmit
            self.receive = receive
            self.transmitPort = transmitPort
            self.receivePort = receivePort
        }
    }

    /// The backend that it belongs to.
    public let backend: ModelBackend
    /// How it behaves from now on.
    public var manners: Manners
    /// Called with each frame that the guest has sent.
    public var onFrame: (ModelFrame) -> Void = { _ in }
    /// How the guest broke the protocol; a good frontend never does.
    public internal(set) var complaints: [String] = []
    /// Frames that the guest has sent.
    public internal(set) var takenCount = 0
    /// Frames that were given to the guest.
    public internal(set) var givenCount = 0
    /// Frames that the guest had no room for.
    public internal(set) var droppedCount = 0
    /// Events that the guest has sent.
    public internal(set) var eventCount = 0
    /// Groups whose frames it lets through.
    public internal(set) var groups: Set<[UInt8]> = []
    /// Whether it was told to leave out the others.
    public internal(set) var filtersMulticast = false
    /// What the control ring told it.
    public internal(set) var hash = ModelHash()
    /// Pages that it was told to keep mapped.
    public internal(set) var stagedPages: [UInt32: ModelPeerMapping] = [:]
    /// Most answers that were in one event.
    public internal(set) var largestBatch = 0

    let offer: Offer
    let xen: ModelXen
    var queues: [Queue] = []
    var control: (ring: ModelRing, port: Port)?
    /// Of an earlier connection nothing may happen any more.
    var life = 0
    var held: [ModelPeerMapping] = []
    var backlog: [ModelFrame] = []
    var prefixes = false
    private var ports: [Port] = []

    /// Takes over the data path of a backend that was attached with the offer's keys.
    public init(
        _ backend: ModelBackend, of xen: ModelXen, offering offer: Offer, manners: Manners
    ) {
        self.backend = backend
        self.offer = offer
        self.manners = manners
        self.xen = xen
        backend.onMap = { [unowned self] _ in connect() }
        backend.onUnmap = { [unowned self] _ in disconnect() }
    }

    var peer: ModelPeer { xen.peer(backend.domain) }
    /// Whether there are rings.
    public var isConnected: Bool { !queues.isEmpty }
    /// Pairs of rings.
    public var queueCount: Int { queues.count }

    func number(_ key: String) -> UInt32? { backend.frontendKey(key).flatMap { UInt32($0) } }
    func flag(_ key: String) -> Bool { backend.frontendKey(key) == "1" }

    private func connect() -> Bool {
        guard flag("request-rx-copy"), flag("feature-rx-notify") else { return false }
        life += 1
        let count = Int(number("multi-queue-num-queues") ?? 1)
        guard count >= 1, count <= offer.queueLimit else { return false }
        for index in 0..<count {
            let place = count > 1 ? "queue-\(index)/" : ""
            guard let queue = connect(index, place) else {
                disconnect()
                return false
            }
            queues.append(queue)
        }
        filtersMulticast = flag("request-multicast-control")
        prefixes = flag("feature-gso-tcpv4-prefix") || flag("feature-gso-tcpv6-prefix")
        connectControl()
        for queue in queues {
            later { $0.look(at: queue) }
        }
        return true
    }

    private func connect(_ index: Int, _ place: String) -> Queue? {
        let split = number(place + "event-channel-tx")
        guard let first = number(place + "tx-ring-ref"), let second = number(place + "rx-ring-ref"),
            let transmitPort = split ?? number(place + "event-channel"),
            let receivePort = split == nil ? transmitPort : number(place + "event-channel-rx"),
            let transmit = map(first, slotByteCount: 12),
            let receive = map(second, slotByteCount: 8)
        else { return nil }
        guard let mine = bind(transmitPort) else { return nil }
        guard let other = split == nil ? mine : bind(receivePort) else { return nil }
        let queue = Queue(index, transmit, receive, mine, other)
        for port in Set([mine, other]) {
            xen.onEvent(of: backend.domain, port) { [weak self] in
                self?.eventCount += 1
                self?.later { $0.look(at: queue) }
            }
        }
        return queue
    }

    private func map(_ reference: UInt32, slotByteCount: Int) -> ModelRing? {
        guard let mapping = try? peer.map(GrantReference(rawValue: reference)) else { return nil }
        held.append(mapping)
        return ModelRing(mapping, peer.page(of: mapping), slotByteCount: slotByteCount)
    }

    private func bind(_ guestPort: UInt32) -> Port? {
        let port = try? xen.bindPeer(backend.domain, to: Port(rawValue: guestPort))
        if let port { ports.append(port) }
        return port
    }

    private func connectControl() {
        guard offer.controlRing, let reference = number("ctrl-ring-ref"),
            let guestPort = number("event-channel-ctrl"),
            let ring = map(reference, slotByteCount: 16), let port = bind(guestPort)
        else { return }
        control = (ring, port)
        xen.onEvent(of: backend.domain, port) { [weak self] in self?.later { $0.obey() } }
        later { $0.obey() }
    }

    private func disconnect() {
        life += 1
        queues = []
        control = nil
        for port in ports { try? xen.closePeer(backend.domain, port) }
        ports = []
        groups = []
        hash = ModelHash()
        stagedPages = [:]
        backlog = []
        guard !manners.keepsPages else { return }
        letGo()
    }

    /// Unmaps whatever it has of the guest's.
    public func letGo() {
        for mapping in held { peer.unmap(mapping) }
        held = []
    }

    /// Does something when its time has come, if the connection is still the same.
    func later(_ delay: UInt64? = nil, _ action: @escaping (ModelNetback) -> Void) {
        let life = life
        xen.schedule(afterNanoseconds: delay ?? xen.draw(manners.delay)) { [weak self] in
            guard let self, self.life == life, isConnected else { return }
            action(self)
        }
    }

    func send(_ port: Port) { try? xen.send(from: backend.domain, port) }

    private func look(at queue: Queue) {
        take(from: queue)
        queue.transmit.askForRequests()
        take(from: queue)
        queue.receive.askForRequests()
        giveBacklog()
    }
}
