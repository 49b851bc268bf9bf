import CXen
import Hypercalls
import ModelXen
import Testing

/// The tree: what is asked, what is refused.
struct ModelStoreTests {
    let wire = StoreWire()
    var store: ModelStore { wire.store }

    @Test func `A value is read as it was written, whatever its bytes`() {
        let value = (0...255).map { UInt8($0) }
        let sent = wire.send(XS_WRITE, bytes: Array("data/v\0".utf8) + value)
        #expect(wire.reply(to: sent, of: XS_WRITE) == "OK|")
        #expect(store.readBytes("/local/domain/1/data/v") == value)
        let asked = wire.send(XS_READ, "data/v|")
        #expect(wire.take(asked)?.payload == value)
    }

    @Test func `A path may be given in full or from the guest's own directory`() {
        store.write("/local/domain/1/data/x", "7")
        #expect(wire.ask(XS_READ, "data/x|") == "7")
        #expect(wire.ask(XS_READ, "/local/domain/1/data/x|") == "7")
        #expect(wire.ask(XS_GET_DOMAIN_PATH, "1|") == "/local/domain/1|")
        #expect(wire.ask(XS_GET_DOMAIN_PATH, "12|") == "/local/domain/12|")
    }

    @Test func `Parents are made on the way, with no value`() {
        #expect(wire.ask(XS_WRITE, "data/a/b/c|1") == "OK|")
        #expect(store.read("data/a/b") == "")
        #expect(wire.ask(XS_DIRECTORY, "data/a|") == "b|")
        #expect(wire.ask(XS_MKDIR, "data/m/n|") == "OK|")
        #expect(wire.ask(XS_WRITE, "data/m/n|x") == "OK|")
        #expect(wire.ask(XS_MKDIR, "data/m/n|") == "OK|")
        #expect(wire.ask(XS_READ, "data/m/n|") == "x")
    }

    @Test func `Children are listed in the order in which they were made`() {
        for name in ["z", "a", "m"] { store.write("data/" + name, "") }
        #expect(wire.ask(XS_DIRECTORY, "data|") == "z|a|m|")
        #expect(wire.ask(XS_DIRECTORY, "data/z|") == "")
    }

    @Test func `Removal takes all below with it, and needs only a parent`() {
        store.write("data/a/b/c", "1")
        store.setPermissions([.init(ModelXen.guest, .none)], of: "data/a")
        #expect(wire.ask(XS_RM, "data/a|") == "OK|")
        #expect(!store.exists("data/a/b/c"))
        #expect(store.list("data") == [])
        #expect(wire.ask(XS_RM, "data/a|") == "OK|")
        #expect(wire.ask(XS_RM, "data/a/b|") == "!ENOENT")
    }

    @Test(arguments: ["a//b|", "a/|", "a b|", "|", "data", "a|b|", "@releaseDomain|", "\u{e9}|"])
    func `A path that cannot be is refused`(path: String) {
        #expect(wire.ask(XS_READ, path) == "!EINVAL")
    }

    @Test func `A path is long enough at its limit and too long beyond it`() {
        let path = "data/" + String(repeating: "x", count: 2043)
        #expect(wire.ask(XS_READ, path + "|") == "!ENOENT")
        #expect(wire.ask(XS_READ, path + "x|") == "!EINVAL")
    }

    @Test func `What a guest must not touch is refused without a hint at what there is`() {
        #expect(wire.ask(XS_READ, "/libxl|") == "!EACCES")
        #expect(wire.ask(XS_READ, "/libxl/nothing|") == "!EACCES")
        #expect(wire.ask(XS_READ, "/nothing|") == "!EACCES")
        #expect(wire.ask(XS_READ, "nothing|") == "!ENOENT")
        #expect(wire.ask(XS_WRITE, "name|me") == "!EACCES")
        #expect(wire.ask(XS_READ, "name|") == "model")
        #expect(wire.ask(XS_WRITE, "new|me") == "!EACCES")
        #expect(wire.ask(XS_RM, "name|") == "!EACCES")
    }

    @Test func `Permissions are inherited, but what a guest makes is its own`() {
        #expect(wire.ask(XS_GET_PERMS, "name|") == "n0|r1|")
        #expect(wire.ask(XS_GET_PERMS, "data|") == "n1|")
        #expect(wire.ask(XS_WRITE, "data/x|1") == "OK|")
        #expect(wire.ask(XS_SET_PERMS, "data/x|n1|r5|b6|") == "OK|")
        #expect(wire.ask(XS_WRITE, "data/x/y|1") == "OK|")
        #expect(wire.ask(XS_GET_PERMS, "data/x/y|") == "n1|r5|b6|")
        store.write("data/x/z", "by dom0")
        #expect(wire.ask(XS_GET_PERMS, "data/x/z|") == "n1|r5|b6|")
        #expect(wire.ask(XS_SET_PERMS, "data/x|n2|") == "!EPERM")
        #expect(wire.ask(XS_SET_PERMS, "name|n1|") == "!EACCES")
        #expect(wire.ask(XS_SET_PERMS, "data/x|") == "!EINVAL")
        #expect(wire.ask(XS_SET_PERMS, "data/x|q1|") == "!EINVAL")
        #expect(wire.ask(XS_SET_PERMS, "data/x|n1|r2|r3|r4|r5|r6|") == "!ENOSPC")
    }

    @Test func `A list that does not fit is refused whole and given in parts`() {
        for index in 0..<600 { store.write("data/list/child-\(index)", "") }
        #expect(wire.ask(XS_DIRECTORY, "data/list|") == "!E2BIG")
        var names: [Substring] = []
        var offset = 0
        while true {
            let part = wire.ask(XS_DIRECTORY_PART, "data/list|\(offset)|")
            let strings = part.split(separator: "|", omittingEmptySubsequences: false).dropLast()
            let chunk = strings.dropFirst().filter { !$0.isEmpty }
            names += chunk
            offset += chunk.reduce(0) { $0 + $1.utf8.count + 1 }
            if strings.last == "" { break }
        }
        #expect(names.map(String.init) == store.list("data/list"))
        #expect(wire.ask(XS_DIRECTORY_PART, "data/list|100000|").hasSuffix("||"))
        #expect(wire.ask(XS_DIRECTORY_PART, "data/list|") == "!EINVAL")
    }

    @Test func `What is dom0's to ask is refused, unless the guest is privileged`() {
        for type in [XS_INTRODUCE, XS_RELEASE, XS_IS_DOMAIN_INTRODUCED, XS_CONTROL, XS_RESUME] {
            #expect(wire.ask(type, "2|") == "!EACCES")
        }
        var configuration = ModelStore.Configuration()
        configuration.guestIsPrivileged = true
        let wire = StoreWire(configuration: configuration)
        #expect(wire.ask(XS_IS_DOMAIN_INTRODUCED, "2|") == "F|")
        #expect(wire.ask(XS_INTRODUCE, "2|77|3|") == "OK|")
        #expect(wire.ask(XS_IS_DOMAIN_INTRODUCED, "2|") == "T|")
        #expect(wire.ask(XS_RELEASE, "2|") == "OK|")
        #expect(wire.ask(XS_RELEASE, "2|") == "!ENOENT")
    }

    @Test func `Unknown kinds of request are refused as such`() {
        for type in [XS_WATCH_EVENT, XS_ERROR, 20, 99, XS_INVALID] {
            #expect(wire.ask(type, "x|") == "!ENOSYS")
        }
        var old = ModelStore.Configuration()
        old.hasOptionalRequests = false
        #expect(StoreWire(configuration: old).ask(XS_DIRECTORY_PART, "data|0|") == "!ENOSYS")
    }

    @Test(arguments: ModelStore.Flavour.allCases)
    func `Quotas are refused by the name that the flavour has for them`(
        flavour: ModelStore.Flavour
    ) {
        var configuration = ModelStore.Configuration()
        configuration.flavour = flavour
        let wire = StoreWire(configuration: configuration)
        let name = flavour == .xenstored ? "!ENOSPC" : "!EQUOTA"
        wire.store.quotas.nodes = wire.store.nodeCount() + 2
        wire.store.quotas.watches = 1
        wire.store.quotas.transactions = 1
        #expect(wire.ask(XS_WRITE, "data/a/b|") == "OK|")
        #expect(wire.ask(XS_WRITE, "data/c|") == name)
        #expect(!wire.store.exists("data/c"))
        #expect(wire.ask(XS_RM, "data/a/b|") == "OK|")
        #expect(wire.ask(XS_WRITE, "data/c|") == "OK|")
        #expect(wire.ask(XS_WATCH, "a|1|") == "OK|")
        #expect(wire.ask(XS_WATCH, "a|2|") == name)
        #expect(wire.ask(XS_TRANSACTION_START) == "1|")
        #expect(wire.ask(XS_TRANSACTION_START) == name)
        let long = String(repeating: "v", count: 2049)
        let tooBig = flavour == .xenstored ? "!ENOSPC" : "!E2BIG"
        #expect(wire.ask(XS_WRITE, "data/c|" + long) == tooBig)
    }
}
