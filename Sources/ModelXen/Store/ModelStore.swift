// A xenstored in the model: one tree, one connection to the guest, and dom0's hand in it.
//
// It knows the protocol from its description alone and shares no code with the guest's client, so
// that a misunderstanding shows. Of the shared page it owns `rsp`, `rsp_prod`, `req_cons`,
// `server_features`, `error` and, while the guest reconnects, everything.
// Source: xen-headers/include/xen/xs_wire.h; Xen's docs/misc/xenstore.txt and xenstore-ring.txt;
// what xenstored is known to do.

import CXen
import Hypercalls

/// The store of a model's guest. Keep it alive for as long as the guest runs.
public final class ModelStore {
    /// Whoever is in no list (`DOMID_ANY`).
    static let anyDomain = DomainID(rawValue: 0x7FF5)

    /// The Xen it runs on, whose seed decides what ``behaviour`` leaves open.
    public let xen: ModelXen
    /// What it is like.
    public let configuration: Configuration
    /// What the guest may have; dom0 may have anything.
    public var quotas: Quotas
    /// What it does besides its work.
    public var behaviour = Behaviour()
    /// The guest's page and its frame: what a toolstack tells a guest at its start.
    public let page: (start: UnsafeMutableRawPointer, frame: GuestFrame)
    /// The guest's end of the event channel.
    public let guestPort: Port

    // The tree
    var tree = StoreTree()
    var observers: [StoreObserver] = []
    var observerCount = 0
    /// Domains other than the guest that are said to be introduced.
    public var introducedDomains: Set<DomainID> = [.control]
    // The connection
    let connection: StoreConnection
    var faults: [Fault] = []
    /// Requests done so far, by type, refused ones included.
    public internal(set) var requestCounts: [UInt32: Int] = [:]

    /// A store with the tree that a toolstack makes for domain 1, connected to the guest by a page
    /// and a port that are also in the guest's parameters.
    public init(on xen: ModelXen, configuration: Configuration = Configuration()) {
        self.xen = xen
        self.configuration = configuration
        quotas = configuration.quotas
        page = xen.makePage()
        do {
            guestPort = try xen.allocateGuestPort(for: .control)
            let port = try xen.bindPeer(.control, to: guestPort)
            connection = StoreConnection(page: page.start, port: port)
        } catch {
            preconditionFailure("no port for the store: \(error)")
        }
        makeInitialTree()
        connection.store = self
        connection.reset(fill: { xen.generator.next(upperBound: UInt8.max) })
        xen.onEvent(of: .control, connection.port) { [weak self] in self?.connection.pump() }
        xen.parameters[UInt32(HVM_PARAM_STORE_PFN)] = page.frame.rawValue
        xen.parameters[UInt32(HVM_PARAM_STORE_EVTCHN)] = UInt64(guestPort.rawValue)
    }

    /// The page as its two users see it.
    public var ring: UnsafeMutablePointer<xenstore_domain_interface> {
        page.start.assumingMemoryBound(to: xenstore_domain_interface.self)
    }

    /// The directory of the guest.
    public var home: String { StorePath.home(of: ModelXen.guest) }

    /// Watches that a domain has; those of dom0 are its observers.
    public func watchCount(of domain: DomainID = ModelXen.guest) -> Int {
        switch domain {
        case ModelXen.guest: connection.watches.count
        case .control: observers.count
        default: 0
        }
    }

    /// Transactions that a domain has open.
    public func transactionCount(of domain: DomainID = ModelXen.guest) -> Int {
        domain == ModelXen.guest ? connection.transactions.count : 0
    }

    /// Requests of the guest that were read and whose replies are not wholly in the ring.
    public var outstandingRequestCount: Int { connection.outstandingCount }

    /// Nodes that a domain owns.
    public func nodeCount(of domain: DomainID = ModelXen.guest) -> Int {
        tree.nodeCount(of: domain)
    }

    func draw(_ range: ClosedRange<UInt64>) -> UInt64 {
        range.lowerBound == range.upperBound
            ? range.lowerBound : UInt64.random(in: range, using: &xen.generator)
    }
}
