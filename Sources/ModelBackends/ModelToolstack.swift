// A toolstack in the model: makes and removes devices as libxl does.
//
// Source: what `xl block-attach` and `block-detach` are seen to write, with xenstored's log.

import Hypercalls
import ModelXen
import XenBus

/// Gives devices to a model's guest, each with a backend, and takes them away.
public final class ModelToolstack: @unchecked Sendable {
    // Unchecked: a model runs on one thread.

    /// The store that the devices are in.
    public let store: ModelStore
    /// The backends of all devices that were ever attached, in that order.
    public private(set) var backends: [ModelBackend] = []

    /// A toolstack over a store.
    public init(_ store: ModelStore) { self.store = store }

    /// The directory of the guest's device.
    public func frontendPath(of name: DeviceName) -> String { "\(store.home)/\(name.frontendPath)" }

    /// The backend of a device, by libxl's form.
    public func backendPath(
        of name: DeviceName, kind: String? = nil, in domain: DomainID = .control
    ) -> String {
        let guest = ModelXen.guest.rawValue
        return
            "/local/domain/\(domain.rawValue)/backend/\(kind ?? name.type)/\(guest)/\(name.number)"
    }

    /// Makes both directories and starts a backend.
    ///
    /// - Parameters:
    ///   - kind: what the backend's side calls the type, where that differs.
    ///   - keys: what the backend says of itself before its InitWait.
    @discardableResult
    public func attach(
        _ name: DeviceName, kind: String? = nil, in domain: DomainID = .control,
        keys: [(String, String)] = [], manners: ModelBackend.Manners = ModelBackend.Manners()
    ) -> ModelBackend {
        let backend = ModelBackend(
            name, path: backendPath(of: name, kind: kind, in: domain),
            frontend: frontendPath(of: name), domain: domain, keys: keys, manners: manners,
            store: store)
        writeDirectories(of: backend)
        backends.append(backend)
        backend.start()
        return backend
    }

    /// Both directories as libxl leaves them before a backend has done anything.
    public func writeDirectories(of backend: ModelBackend) {
        let guest = ModelXen.guest
        store.makeDirectory(
            backend.frontendPath,
            permissions: [
                ModelStore.Permission(guest, .none), ModelStore.Permission(backend.domain, .read),
            ])
        store.makeDirectory(
            backend.path,
            permissions: [
                ModelStore.Permission(backend.domain, .none), ModelStore.Permission(guest, .read),
            ])
        let number = String(backend.name.number)
        for (key, value) in [
            ("frontend", backend.frontendPath), ("frontend-id", String(guest.rawValue)),
            ("online", "1"), ("state", "1"),
        ] {
            store.write("\(backend.path)/\(key)", value)
        }
        for (key, value) in [
            ("backend", backend.path), ("backend-id", String(backend.domain.rawValue)),
            ("handle", number), ("state", "1"),
        ] {
            store.write("\(backend.frontendPath)/\(key)", value)
        }
    }

    /// Asks for a device back, as a detach does first: `online` 0 and Closing, by the backend's
    /// hand.
    public func askBack(_ backend: ModelBackend) {
        guard store.exists("\(backend.path)/state") else { return }
        store.write("\(backend.path)/online", "0")
        store.write("\(backend.path)/state", XenbusState.closing.text)
        backend.toolstackDetached()
    }

    /// Removes both directories: after a backend's Closed, or by force.
    public func remove(_ backend: ModelBackend) {
        store.remove(backend.frontendPath)
        backend.end()
        store.remove(backend.path)
    }

    /// Whether a backend has come to the Closed that a detach waits for.
    public func isClosed(_ backend: ModelBackend) -> Bool {
        let state = store.read("\(backend.path)/state")
        return state == nil || state == XenbusState.closed.text
    }
}
