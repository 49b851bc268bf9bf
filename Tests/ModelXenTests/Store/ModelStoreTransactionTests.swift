import CXen
import Hypercalls
import ModelXen
import Testing

/// What a transaction sees, and when it is in conflict.
struct ModelStoreTransactionTests {
    private func makeWire(_ flavour: ModelStore.Flavour) -> StoreWire {
        var configuration = ModelStore.Configuration()
        configuration.flavour = flavour
        return StoreWire(configuration: configuration)
    }

    private func start(_ wire: StoreWire) throws -> UInt32 {
        try #require(UInt32(wire.ask(XS_TRANSACTION_START).dropLast()))
    }

    @Test(arguments: ModelStore.Flavour.allCases)
    func `Changes are seen within, and by others at the end`(flavour: ModelStore.Flavour) throws {
        let wire = makeWire(flavour)
        let transaction = try start(wire)
        wire.ask(XS_WATCH, "data|t|")
        _ = wire.takeEvents()
        #expect(wire.ask(XS_WRITE, "data/x|1", in: transaction) == "OK|")
        #expect(wire.ask(XS_READ, "data/x|", in: transaction) == "1")
        #expect(wire.ask(XS_DIRECTORY, "data|", in: transaction) == "x|")
        #expect(wire.ask(XS_READ, "data/x|") == "!ENOENT")
        #expect(wire.takeEvents() == [])
        #expect(wire.ask(XS_TRANSACTION_END, "T|", in: transaction) == "OK|")
        #expect(wire.takeEvents() == ["data/x|t|"])
        #expect(wire.store.read("data/x") == "1")
        #expect(wire.store.transactionCount() == 0)
    }

    @Test func `What is thrown away leaves nothing`() throws {
        let wire = makeWire(.xenstored)
        let transaction = try start(wire)
        let before = wire.store.nodeCount()
        wire.ask(XS_WRITE, "data/x|1", in: transaction)
        wire.ask(XS_RM, "data/x|", in: transaction)
        wire.ask(XS_WRITE, "data/y|1", in: transaction)
        #expect(wire.ask(XS_TRANSACTION_END, "F|", in: transaction) == "OK|")
        #expect(wire.store.nodeCount() == before)
        #expect(wire.ask(XS_READ, "data|", in: transaction) == "!ENOENT")
        #expect(wire.ask(XS_TRANSACTION_END, "T|", in: transaction) == "!ENOENT")
        #expect(wire.ask(XS_TRANSACTION_END, "T|") == "!ENOENT")
    }

    @Test(arguments: ModelStore.Flavour.allCases, ["read", "missing", "written", "listed"])
    func `What was seen and has changed since is a conflict`(
        flavour: ModelStore.Flavour, kind: String
    ) throws {
        let wire = makeWire(flavour)
        wire.store.write("data/x", "1")
        let transaction = try start(wire)
        switch kind {
        case "read": wire.ask(XS_READ, "data/x|", in: transaction)
        case "missing": wire.ask(XS_READ, "data/new|", in: transaction)
        case "written": wire.ask(XS_WRITE, "data/x|2", in: transaction)
        default: wire.ask(XS_DIRECTORY, "data|", in: transaction)
        }
        wire.store.write("data/x", "3")
        wire.store.write("data/new", "3")
        #expect(wire.ask(XS_TRANSACTION_END, "T|", in: transaction) == "!EAGAIN")
        #expect(wire.store.read("data/x") == "3")
        #expect(wire.store.transactionCount() == 0)
    }

    @Test(arguments: ModelStore.Flavour.allCases)
    func `What was not looked at is no conflict`(flavour: ModelStore.Flavour) throws {
        let wire = makeWire(flavour)
        wire.store.write("data/x", "1")
        let transaction = try start(wire)
        wire.ask(XS_READ, "data/x|", in: transaction)
        wire.store.write("name", "another")
        #expect(wire.ask(XS_TRANSACTION_END, "T|", in: transaction) == "OK|")
    }

    @Test func `One flavour copies the tree at the start, the other a node when it is seen`() throws
    {
        for flavour in ModelStore.Flavour.allCases {
            let wire = makeWire(flavour)
            wire.store.write("data/x", "old")
            let transaction = try start(wire)
            wire.store.write("data/x", "new")
            let isCopied = flavour == .oxenstored
            #expect(
                wire.ask(XS_READ, "data/x|", in: transaction) == (isCopied ? "old" : "new"))
            #expect(
                wire.ask(XS_TRANSACTION_END, "T|", in: transaction)
                    == (isCopied ? "!EAGAIN" : "OK|"))
        }
    }

    @Test func `Removal within a transaction is told below and above at its end`() throws {
        let wire = makeWire(.xenstored)
        wire.ask(XS_WRITE, "data/a/b|1")
        wire.ask(XS_WATCH, "data/a/b|low|")
        wire.ask(XS_WATCH, "data|high|")
        _ = wire.takeEvents()
        let transaction = try start(wire)
        wire.ask(XS_RM, "data/a|", in: transaction)
        #expect(wire.takeEvents() == [])
        wire.ask(XS_TRANSACTION_END, "T|", in: transaction)
        #expect(Set(wire.takeEvents()) == ["data/a|high|", "data/a/b|low|"])
        #expect(!wire.store.exists("data/a"))
    }

    @Test func `A transaction within a transaction is refused`() throws {
        let wire = makeWire(.xenstored)
        let transaction = try start(wire)
        #expect(wire.ask(XS_TRANSACTION_START, "|", in: transaction) == "!EBUSY")
        #expect(wire.ask(XS_TRANSACTION_END, "X|", in: transaction) == "!EINVAL")
        #expect(wire.store.transactionCount() == 1)
    }

    @Test func `A transaction may look at so many nodes only`() throws {
        let wire = makeWire(.xenstored)
        wire.store.quotas.transactionNodes = 3
        let transaction = try start(wire)
        #expect(wire.ask(XS_WRITE, "data/a|1", in: transaction) == "OK|")
        #expect(wire.ask(XS_WRITE, "data/b/c/d|1", in: transaction) == "!ENOSPC")
    }
}
