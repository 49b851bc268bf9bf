// The toolstack's orders: `control/shutdown` and `control/sysrq`.
//
// The toolstack writes a word; the guest takes it away, which is the acknowledgement that `xl` and
// XAPI wait for, and then acts.
// Source: Xen's docs/misc/xenstore-paths.pandoc, ~/control/*.

import XenStore

/// Hears orders for as long as it runs.
public final class ControlListener: @unchecked Sendable {
    // Unchecked: everything is on the guest's one executor.

    /// What an order leads to. Called between suspensions; none may block.
    public struct Orders {
        let shutDown: (ShutdownRequest) -> Void
        let press: (SysRqKey) -> Void
        let say: (String) -> Void

        /// - Parameters:
        ///   - shutDown: the domain is to end.
        ///   - press: an order that does not wait.
        ///   - say: a line for the console.
        public init(
            shutDown: @escaping (ShutdownRequest) -> Void,
            press: @escaping (SysRqKey) -> Void, say: @escaping (String) -> Void
        ) {
            self.shutDown = shutDown
            self.press = press
            self.say = say
        }
    }

    /// Bytes of an unknown word that are shown.
    private static var shownByteCount: Int { 32 }

    private let store: XenStoreClient
    private let orders: Orders
    private let features: Advertisement

    /// Orders that were taken, known or not.
    public private(set) var orderCount = 0

    /// A listener to the orders for this domain.
    public init(store: XenStoreClient, orders: Orders) {
        self.store = store
        self.orders = orders
        features = Advertisement(store: store)
    }

    /// Says in the store what is understood, and hears orders until the task is cancelled or there
    /// is no store any more.
    public func run() async {
        let watch: XenStoreWatch
        do throws(XenStoreError) {
            watch = try await store.watch("control")
        } catch {
            if error != .cancelled {
                orders.say("apus: the store allows no watch: orders of the toolstack are not heard")
            }
            return
        }
        // Not suspend: a domain that says so is saved, and killed when that fails.
        for name in ["poweroff", "reboot", "halt", "sysrq"] {
            await features.set("control/feature-\(name)", to: "1")
        }
        while let path = await watch.next() {
            if path == "control" || path == "control/shutdown" { await takeWord() }
            if path == "control" || path == "control/sysrq" { await takeKey() }
        }
        await watch.end()
    }

    /// Takes back what ``run()`` said in the store.
    public func withdraw() async { await features.withdraw() }

    private func takeWord() async {
        let bytes = await take("control/shutdown")
        switch ShutdownWord(bytes) {
        case .none: break
        case .request(let request): orders.shutDown(request)
        case .suspend:
            orders.say("apus: the toolstack asks for a suspend, which is not supported")
        case .unknown:
            let word = printable(bytes)
            orders.say("apus: the toolstack asks for an unknown shutdown: \(word)")
        }
    }

    private func takeKey() async {
        guard let key = SysRqKey(await take("control/sysrq")) else { return }
        orders.press(key)
    }

    /// Reads a value and empties it, as one, so that no later order is taken for this one.
    private func take(_ path: String) async -> [UInt8] {
        do throws(XenStoreError) {
            // Most looks find nothing. They do without a transaction, which in QEMU's store fails
            // when anything at all is written meanwhile.
            guard Self.isOrder(try await store.readBytes(path)) else { return [] }
            let value = try await store.transaction {
                (transaction) async throws(XenStoreError) -> [UInt8] in
                let value = try await transaction.readBytes(path)
                if Self.isOrder(value) { try await transaction.write(path, "") }
                return value
            }
            if Self.isOrder(value) { orderCount += 1 }
            return value
        } catch {
            // Not there, or not to be emptied: then it would be carried out again and again.
            return []
        }
    }

    private static func isOrder(_ value: [UInt8]) -> Bool { value.contains { $0 != 0 } }

    private func printable(_ bytes: [UInt8]) -> String {
        let shown = bytes.prefix(Self.shownByteCount).map { byte in
            byte >= 0x20 && byte < 0x7F ? byte : UInt8(ascii: "?")
        }
        return String(decoding: shown, as: UTF8.self)
    }
}
