// A backend in the model: the real machine of a backend's end, in a body with any manners.

import Hypercalls
import ModelXen
import SeededRandomness
import XenBus

/// One device's backend, in dom0 or a driver domain, acting through the store alone.
///
/// What it maps of the guest's is the test's: ``onMap`` and ``onUnmap``.
public final class ModelBackend: @unchecked Sendable {
    // Unchecked: a model runs on one thread.

    /// What it serves.
    public let name: DeviceName
    /// Its directory.
    public let path: String
    /// The frontend's, absolute.
    public let frontendPath: String
    /// Where it runs.
    public let domain: DomainID
    /// How it behaves from now on.
    public var manners: Manners
    /// Maps what the frontend published; false: that is of no use.
    public var onMap: (ModelBackend) -> Bool = { _ in true }
    /// Lets go of it.
    public var onUnmap: (ModelBackend) -> Void = { _ in }
    /// Whether it is running; a dead one reads and writes nothing.
    public private(set) var isAlive = false
    /// Times that it was connected.
    public private(set) var connectionCount = 0

    let store: ModelStore
    private var keys: [(String, String)]
    private var machine = BackendMachine()
    private var observer: Int?
    /// Of an earlier life nothing may happen any more.
    private var life = 0
    private var isOver = false

    init(
        _ name: DeviceName, path: String, frontend: String, domain: DomainID,
        keys: [(String, String)], manners: Manners, store: ModelStore
    ) {
        self.name = name
        self.path = path
        frontendPath = frontend
        self.domain = domain
        self.keys = keys
        self.manners = manners
        self.store = store
    }

    /// Its state, as it believes.
    public var state: XenbusState { machine.own }
    /// Whether it holds anything of the frontend's.
    public var holdsAnything: Bool { machine.hold != .none }

    /// A key that the frontend published.
    public func frontendKey(_ key: String) -> String? { store.read("\(frontendPath)/\(key)") }

    /// Begins a life: from Initialising, knowing nothing.
    public func start() {
        guard !isAlive else { return }
        isAlive = true
        life += 1
        machine = BackendMachine()
        for (key, value) in keys { store.write("\(path)/\(key)", value) }
        observer = store.onChange(under: "\(frontendPath)/state") { [weak self] _ in self?.look() }
        later { $0.handle(.prepared) }
        look()
        if life == 1 { misbehave() }
    }

    /// Ends as when its domain is destroyed: nothing is said, all mappings are gone.
    public func die() {
        guard isAlive else { return }
        isAlive = false
        if machine.hold != .none { onUnmap(self) }
        machine = BackendMachine()
        if let observer { store.removeObserver(observer) }
        observer = nil
    }

    /// Dies and takes its directory with it.
    public func vanish() {
        die()
        store.remove(path)
    }

    /// Comes back after it vanished, as the toolstack makes it anew.
    public func comeBack() {
        guard !isAlive, !isOver, store.exists(frontendPath) else { return }
        store.makeDirectory(
            path,
            permissions: [
                ModelStore.Permission(domain, .none),
                ModelStore.Permission(ModelXen.guest, .read),
            ])
        store.write("\(path)/online", "1")
        store.write("\(path)/state", XenbusState.initialising.text)
        start()
    }

    /// Dies for good: the toolstack has no more use for it.
    func end() {
        die()
        isOver = true
    }

    /// Closes by its own decision, if it is connected: of one that is closed already nobody would
    /// take notice.
    public func close() {
        guard isAlive, machine.own == .connected else { return }
        store.write("\(path)/state", XenbusState.closing.text)
    }

    /// Writes one of its keys, now and whenever it begins anew.
    public func write(_ key: String, _ value: String) {
        keys.removeAll { $0.0 == key }
        keys.append((key, value))
        store.write("\(path)/\(key)", value)
    }

    /// Writes its state again, as when a disk has grown.
    public func announceChange() {
        guard isAlive else { return }
        store.write("\(path)/state", machine.own.text)
    }

    /// Wants to change parts of the device.
    public func reconfigure() { handle(.reconfigure) }

    /// The toolstack has written Closing in its name.
    func toolstackDetached() { handle(.detached) }

    /// Does something when its time has come, if it still lives then.
    func later(_ action: @escaping (ModelBackend) -> Void) {
        let life = life
        let delay = store.xen.draw(manners.delay)
        store.xen.schedule(afterNanoseconds: delay) { [weak self] in
            guard let self, isAlive, self.life == life else { return }
            action(self)
        }
    }

    private func look() {
        guard !manners.isDeaf else { return }
        later { backend in
            let text = backend.store.read("\(backend.frontendPath)/state")
            backend.handle(.frontend(StateReading(parsing: text)))
        }
    }

    private func handle(_ input: BackendMachine.Input) {
        guard isAlive else { return }
        for action in machine.handle(input) { perform(action) }
    }

    private func perform(_ action: BackendMachine.Action) {
        switch action {
        case .write(let state): say(state)
        case .map:
            later { backend in
                guard backend.onMap(backend) else {
                    let fault = DeviceFault(.invalidArgument, "reading the frontend's keys")
                    return backend.handle(.failed(fault))
                }
                backend.connectionCount += 1
                backend.handle(.mapped)
            }
        case .unmap:
            later { backend in
                backend.onUnmap(backend)
                backend.handle(.unmapped)
            }
        case .report(let fault): store.write("\(path)/error", fault.text)
        case .remove: break
        }
    }

    private func say(_ state: XenbusState) {
        guard let text = manners.words(for: state, by: store.xen) else { return }
        // A write would bring back what the toolstack has removed.
        guard store.exists("\(path)/state") else { return }
        store.write("\(path)/state", text)
    }
}
