import CXen
import Hypercalls
import ModelXen
import Testing

/// Which change is told to whom, and when.
struct ModelStoreWatchTests {
    let wire = StoreWire()
    var store: ModelStore { wire.store }

    @Test func `A new watch fires once, after its reply`() {
        wire.send(XS_WATCH, "data|t|")
        wire.receive()
        #expect(wire.messages.map(\.text) == ["OK|", "data|t|"])
        #expect(wire.messages[1].requestID == 0 && wire.messages[1].transactionID == 0)
        #expect(store.watchCount() == 1)
    }

    @Test func `A watch hears of its node and of what is below, by the names it used`() {
        wire.ask(XS_WATCH, "data/a|relative|")
        wire.ask(XS_WATCH, "/local/domain/1/data/a|absolute|")
        _ = wire.takeEvents()
        store.write("data/a/b", "1")
        store.write("data/other", "1")
        store.write("data/ab", "1")
        store.setPermissions([.init(ModelXen.guest, .none)], of: "data/a")
        #expect(
            wire.takeEvents() == [
                "data/a/b|relative|", "/local/domain/1/data/a/b|absolute|",
                "data/a|relative|", "/local/domain/1/data/a|absolute|",
            ])
    }

    @Test func `The removal of a parent is told to watches below under their own names`() {
        store.write("data/a/b/c", "1")
        wire.ask(XS_WATCH, "data/a/b/c|low|")
        wire.ask(XS_WATCH, "data|high|")
        _ = wire.takeEvents()
        store.remove("data/a")
        #expect(wire.takeEvents() == ["data/a/b/c|low|", "data/a|high|"])
    }

    @Test func `The same watch twice is refused, and so is ending one that is not there`() {
        #expect(wire.ask(XS_WATCH, "data|t|") == "OK|")
        #expect(wire.ask(XS_WATCH, "data|t|") == "!EEXIST")
        #expect(wire.ask(XS_WATCH, "/local/domain/1/data|t|") == "!EEXIST")
        #expect(wire.ask(XS_WATCH, "data|u|") == "OK|")
        #expect(wire.ask(XS_UNWATCH, "data|v|") == "!ENOENT")
        #expect(wire.ask(XS_UNWATCH, "data|t|") == "OK|")
        #expect(store.watchCount() == 1)
        #expect(wire.ask(XS_RESET_WATCHES) == "OK|")
        #expect(store.watchCount() == 0)
        #expect(wire.ask(XS_WATCH, "data|") == "!EINVAL")
    }

    @Test func `What the guest cannot read is not told`() {
        wire.ask(XS_WATCH, "/libxl|t|")
        #expect(wire.takeEvents() == ["/libxl|t|"])
        store.write("/libxl/secret/x", "1")
        #expect(wire.takeEvents() == [])
    }

    @Test func `The end of a domain is told to everybody, its beginning to the privileged`() {
        wire.ask(XS_WATCH, "@releaseDomain|r|")
        wire.ask(XS_WATCH, "@introduceDomain|i|")
        #expect(wire.takeEvents() == ["@releaseDomain|r|", "@introduceDomain|i|"])
        store.announce("@releaseDomain")
        store.announce("@introduceDomain")
        #expect(wire.takeEvents() == ["@releaseDomain|r|"])
    }

    @Test func `An event that waits already is not queued twice`() {
        wire.ask(XS_WATCH, "data|t|")
        _ = wire.takeEvents()
        store.behaviour.isSilent = true
        for value in 0..<10 { store.write("data/x", "\(value)") }
        store.behaviour.isSilent = false
        store.wake()
        #expect(wire.takeEvents() == ["data/x|t|"])
    }

    @Test func `Changes of the guest are told to dom0 in their order`() {
        var seen: [String] = []
        let observer = store.onChange(under: "/local/domain/1/data") { seen.append($0) }
        wire.ask(XS_WRITE, "data/b|1")
        wire.ask(XS_WRITE, "data/a|1")
        _ = wire.takeEvents()
        #expect(seen == ["/local/domain/1/data/b", "/local/domain/1/data/a"])
        store.removeObserver(observer)
        wire.ask(XS_WRITE, "data/c|1")
        _ = wire.takeEvents()
        #expect(seen.count == 2)
    }
}
