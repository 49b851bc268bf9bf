// What a test does as dom0: at once, without a message, never refused.

import Hypercalls

extension ModelStore {
    /// A node's value; nil when there is no such node.
    public func readBytes(_ path: String) -> [UInt8]? { tree[absolute(path)]?.value }

    /// A node's value as text; nil when there is no such node or its value is none.
    public func read(_ path: String) -> String? {
        readBytes(path).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Whether there is such a node.
    public func exists(_ path: String) -> Bool { tree[absolute(path)] != nil }

    /// The names of a node's children in the order in which they were made; nil without a node.
    public func list(_ path: String) -> [String]? { tree[absolute(path)]?.children }

    /// Sets a value, making what is missing on the way to it. New nodes get the permissions of
    /// the node above.
    public func write(_ path: String, _ value: String) { write(path, bytes: Array(value.utf8)) }

    /// As ``write(_:_:)``, for any bytes.
    public func write(_ path: String, bytes: [UInt8]) {
        asControl { caller throws(Refusal) in try write(absolute(path), bytes, caller) }
    }

    /// Makes a node without a value, unless there is one, and gives it these permissions.
    public func makeDirectory(_ path: String, permissions: [Permission]? = nil) {
        asControl { caller throws(Refusal) in try makeDirectory(absolute(path), caller) }
        if let permissions { setPermissions(permissions, of: path) }
    }

    /// Removes a node and all below it. Nothing happens when there is none.
    public func remove(_ path: String) {
        guard exists(path) else { return }
        asControl { caller throws(Refusal) in try remove(absolute(path), caller) }
    }

    /// The list of a node, the owner first; nil without a node.
    public func permissions(of path: String) -> [Permission]? { tree[absolute(path)]?.permissions }

    /// Sets the list of a node, which must exist.
    public func setPermissions(_ permissions: [Permission], of path: String) {
        asControl { caller throws(Refusal) in
            try setPermissions(permissions, of: absolute(path), caller)
        }
    }

    /// Every path at or below `top`, in alphabetical order: for comparing stores.
    public func paths(under top: String = "/") -> [String] {
        tree.nodes.keys.filter { StorePath.contains(absolute(top), $0) }.sorted()
    }

    /// For convenience, a relative path is the guest's.
    private func absolute(_ path: String) -> String {
        StorePath.isRelative(path) ? StorePath.child(path, of: home) : path
    }

    private func asControl(_ operation: (StoreCaller) throws(Refusal) -> Void) {
        do throws(Refusal) {
            try operation(.control)
        } catch {
            preconditionFailure("dom0 was refused with \(error.name)")
        }
    }

    /// What xenstored starts with, and what libxl makes for a guest.
    func makeInitialTree() {
        let root = StoreNode(permissions: [Permission(.control, .none)])
        tree.set("/", to: root)
        tree.set("@introduceDomain", to: root)
        var released = root
        released.permissions.append(Permission(Self.anyDomain, .read))
        tree.set("@releaseDomain", to: released)
        makeDirectory("/tool/xenstored")
        makeDirectory("/libxl")
        makeDirectory("/vm")
        let shown = [Permission(.control, .none), Permission(ModelXen.guest, .read)]
        let own = [Permission(ModelXen.guest, .none)]
        makeDirectory(home, permissions: shown)
        for name in ["cpu", "memory", "device", "control", "console", "store"] {
            makeDirectory(name)
        }
        for name in [
            "control/shutdown", "control/feature-poweroff", "control/feature-reboot",
            "control/feature-suspend", "control/sysrq", "device/suspend/event-channel", "data",
            "drivers", "feature", "attr", "error",
        ] {
            makeDirectory(name, permissions: own)
        }
        write("domid", String(ModelXen.guest.rawValue))
        write("name", "model")
        write("vm", "/vm/00000000-0000-0000-0000-000000000001")
        write("memory/target", "32768")
        write("memory/static-max", "32768")
        write("cpu/0/availability", "online")
        write("store/port", String(guestPort.rawValue))
        write("store/ring-ref", String(page.frame.rawValue))
        write("control/platform-feature-multiprocessor-suspend", "1")
        write("control/platform-feature-xs_reset_watches", "1")
    }
}
