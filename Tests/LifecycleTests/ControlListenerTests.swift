import CXen
import Hypercalls
import ModelXen
import Testing
import XenStore

@testable import Lifecycle

struct ControlListenerTests {
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `an order is acknowledged and carried out once`(seed: UInt64) throws {
        let rig = try LifecycleRig(seed: seed)
        let listener = rig.makeListener()
        try rig.whileRunning(listener.run) {
            for word in ["poweroff", "reboot", "halt"] {
                rig.store.write("control/shutdown", word)
                rig.guest.settle()
                #expect(rig.store.read("control/shutdown") == "")
            }
        }
        #expect(rig.requests == [.powerOff, .reboot, .halt])
        #expect(listener.orderCount == 3)
        #expect(rig.lines == [])
        #expect(rig.store.watchCount() == 0)
        #expect(rig.store.transactionCount() == 0)
    }

    @Test func `an order that was there before the guest listened is heard`() throws {
        let rig = try LifecycleRig()
        rig.store.write("control/shutdown", "poweroff")
        rig.store.write("control/sysrq", "m")
        try rig.whileRunning(rig.makeListener().run) {}
        #expect(rig.requests == [.powerOff])
        #expect(rig.keys == [.showMemory])
    }

    @Test func `what is not understood is acknowledged, and told in few words`() throws {
        let rig = try LifecycleRig()
        let hostile = [UInt8](repeating: 0x1B, count: 2000)
        try rig.whileRunning(rig.makeListener().run) {
            rig.store.write("control/shutdown", "suspend")
            rig.guest.settle()
            rig.store.write("control/shutdown", "explode")
            rig.guest.settle()
            rig.store.write("control/shutdown", bytes: hostile)
            rig.guest.settle()
            #expect(rig.store.read("control/shutdown") == "")
        }
        #expect(rig.requests == [])
        #expect(
            rig.lines == [
                "apus: the toolstack asks for a suspend, which is not supported",
                "apus: the toolstack asks for an unknown shutdown: explode",
                "apus: the toolstack asks for an unknown shutdown: "
                    + String(repeating: "?", count: 32),
            ])
    }

    @Test func `empty and missing values are nothing`() throws {
        let rig = try LifecycleRig()
        let listener = rig.makeListener()
        try rig.whileRunning(listener.run) {
            rig.store.write("control/shutdown", "")
            rig.store.write("control/sysrq", bytes: [0])
            rig.guest.settle()
            rig.store.remove("control/shutdown")
            rig.store.remove("control/sysrq")
            rig.store.write("control/other", "poweroff")
        }
        #expect(listener.orderCount == 0)
        #expect(rig.requests.isEmpty)
        #expect(rig.keys.isEmpty)
    }

    @Test func `each key has its order, and others ask for help`() throws {
        let rig = try LifecycleRig()
        try rig.whileRunning(rig.makeListener().run) {
            for key in ["b", "o", "c", "m", "t", "s", "h", "x", "\u{7F}"] {
                rig.store.write("control/sysrq", key)
                rig.guest.settle()
                #expect(rig.store.read("control/sysrq") == "")
            }
        }
        #expect(
            rig.keys == [
                .reboot, .powerOff, .crash, .showMemory, .showTasks, .sync, .help, .help, .help,
            ])
    }

    @Test func `what the guest understands is in the store while it listens`() throws {
        let rig = try LifecycleRig()
        // Where the guest may make nodes of its own, it says more.
        rig.store.setPermissions(
            [ModelStore.Permission(ModelXen.guest, .none)], of: "control")
        rig.store.write("control/feature-reboot", "?")
        let before = contents(rig.store)
        let listener = rig.makeListener()
        try rig.whileRunning(
            listener.run,
            {
                for name in ["poweroff", "reboot", "halt", "sysrq"] {
                    #expect(rig.store.read("control/feature-\(name)") == "1")
                }
                #expect(rig.store.read("control/feature-suspend") == "")
            }, end: { await listener.withdraw() })
        #expect(contents(rig.store) == before)
        #expect(rig.store.watchCount() == 0)
    }

    @Test func `where the guest may make no nodes, it does without`() throws {
        let rig = try LifecycleRig()
        let before = contents(rig.store)
        let listener = rig.makeListener()
        try rig.whileRunning(
            listener.run,
            {
                #expect(rig.store.read("control/feature-poweroff") == "1")
                #expect(!rig.store.exists("control/feature-halt"))
            }, end: { await listener.withdraw() })
        #expect(contents(rig.store) == before)
        #expect(rig.lines == [])
    }

    @Test func `a domain that may not watch says so once`() throws {
        let rig = try LifecycleRig()
        rig.store.quotas.watches = 0
        try rig.whileRunning(rig.makeListener().run) {}
        #expect(
            rig.lines == [
                "apus: the store allows no watch: orders of the toolstack are not heard"
            ])
    }

    @Test func `an order that cannot be acknowledged is not carried out`() throws {
        let rig = try LifecycleRig()
        rig.store.setPermissions(
            [ModelStore.Permission(.control, .none), ModelStore.Permission(ModelXen.guest, .read)],
            of: "control/shutdown")
        try rig.whileRunning(rig.makeListener().run) {
            rig.store.write("control/shutdown", "poweroff")
        }
        #expect(rig.requests == [])
    }

    /// QEMU's store lets a transaction fail when anything at all is written meanwhile, so that one
    /// in vain can go on for as long as the application writes.
    @Test func `a look that finds no order starts no transaction`() throws {
        let rig = try LifecycleRig()
        rig.store.write("control/sysrq", "")
        try rig.whileRunning(rig.makeListener().run) {
            rig.store.write("control/other", "poweroff")
        }
        #expect(rig.store.requestCounts[UInt32(XS_TRANSACTION_START)] == nil)
    }

    private func contents(_ store: ModelStore) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: store.paths(under: store.home).map { ($0, store.read($0) ?? "-") }
        )
    }
}
