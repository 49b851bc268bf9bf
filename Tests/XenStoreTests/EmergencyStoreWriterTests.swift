import ModelXen
import Testing
import XenTypes

@testable import XenStore

/// Looks that a test has patience for.
private final class Patience {
    var looks = 0
}

struct EmergencyStoreWriterTests {
    private func write(_ rig: StoreRig, _ path: StaticString, _ value: String) -> Bool {
        var writer = EmergencyStoreWriter(after: rig.client)
        let patience = Patience()
        let bytes = Array(value.utf8)
        return writer.write(path, bytes.span) {
            // What the guest's hypercall to yield does.
            rig.guest.xen.runDue()
            patience.looks += 1
            return patience.looks > 1000
        }
    }

    @Test func `a value is in the store once it was written`() throws {
        let rig = try StoreRig()
        #expect(write(rig, "data/crash/reason", "fault"))
        #expect(rig.store.read("data/crash/reason") == "fault")
    }

    @Test func `values larger than the ring go through it`() throws {
        let rig = try StoreRig()
        let value = String(repeating: "x", count: 1900)
        #expect(write(rig, "data/crash/backtrace", value))
        #expect(rig.store.read("data/crash/backtrace") == value)
    }

    @Test func `a request that is half in the ring is completed first`() throws {
        let rig = try StoreRig()
        rig.store.behaviour.isSilent = true
        // More than fits, for a store that does not read.
        let client = rig.client
        let task = rig.guest.spawn {
            try? await client.write("data/half", String(repeating: "y", count: 1500))
        }
        rig.guest.settle()
        #expect(client.connection.sentCount < client.connection.sending.count)
        rig.store.behaviour.isSilent = false
        #expect(write(rig, "data/crash/reason", "fatal"))
        #expect(rig.store.read("data/half")?.count == 1500)
        #expect(rig.store.read("data/crash/reason") == "fatal")
        task.cancel()
        rig.guest.settle()
    }

    @Test func `a store that does not read is given up`() throws {
        let rig = try StoreRig()
        rig.store.behaviour.isSilent = true
        #expect(!write(rig, "data/crash/reason", "fault"))
    }

    @Test func `a domain that has not asked for a client writes to the ring itself`() throws {
        let rig = try StoreRig()
        let (xen, port) = (rig.guest.xen, rig.store.guestPort)
        var writer = EmergencyStoreWriter(rig.store.ring) { try? xen.hypervisor.send(port) }
        let bytes = Array("early".utf8)
        var looks = 0
        let isRead = writer.write("data/crash/reason", bytes.span) {
            xen.runDue()
            looks += 1
            return looks > 1000
        }
        #expect(isRead)
        #expect(rig.store.read("data/crash/reason") == "early")
    }
}
