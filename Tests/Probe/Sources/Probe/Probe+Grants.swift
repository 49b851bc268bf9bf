// Grants of one domain: many at once, and to itself, where it can be its own peer.

import Apus

extension Probe {
    /// Lends more pages than one frame of the table has entries, and takes them back, twice.
    static func lendMany() {
        preferVersion()
        for _ in 0..<2 {
            let loans = (0..<600).map { _ in lend(to: .control) }
            let references = Set(loans.map { $0.reference })
            require(references.count == 600, "a reference was given twice")
            require(references.allSatisfy { $0.rawValue >= 8 }, "the toolstack's was given")
            for loan in loans { require(loan.reclaim(), "the control domain holds a page") }
        }
        require(Guest.quarantine.totalCount == 0, "a page is in quarantine")
        print("grants: version \(Guest.grantVersion?.rawValue ?? 0)")
    }

    private static func preferVersion() {
        guard Guest.argument("grants") == "2" else { return }
        require(Guest.preferGrantVersion(.two), "the version is settled too early")
    }

    /// Maps and copies what the domain lends to itself.
    static func lendToSelf() async {
        preferVersion()
        await expect("the domain's own number") { () async throws(XenStoreError) in
            let number = UInt16(try await Guest.xenStore.read("domid")) ?? 0
            await borrow(from: DomainID(rawValue: number))
        }
        print("grants: version \(Guest.grantVersion?.rawValue ?? 0)")
    }

    private static func borrow(from own: DomainID) async {
        copy(own)
        guard Guest.mode == .pv else {
            // There Xen would move the page, not map it once more.
            let loan = lend(to: own, filledWith: 3)
            require(!canMap([loan.reference], own, .readWrite), "a page of its own is mapped")
            return require(loan.reclaim() && loan.word(at: 0) == 0, "a page is left over")
        }
        for round in 0..<3 as Range<UInt64> {
            let loan = lend(to: own, filledWith: round)
            await mapAndRelease(loan, own, round)
        }
        refuseToWrite(own)
    }

    private static func mapAndRelease(_ loan: Loan, _ own: DomainID, _ word: UInt64) async {
        do throws(SharingError) {
            let pages = try MappedPages([loan.reference, loan.reference], of: own)
            require(pages.bytes.load(as: UInt64.self) == word, "another page was mapped")
            pages.bytes.storeBytes(of: 77, toByteOffset: 4096 + 8, as: UInt64.self)
            require(loan.word(at: 8) == 77, "what was written is not there")
            require(!loan.reclaim(), "a page came back that is mapped")
            loan.drop()
            require(Guest.quarantine.count == 1, "a page that is mapped is not in quarantine")
        } catch {
            require(false, "not mapped: \(name(of: error))")
        }
        // Unmapped now; the quarantine looks ten times a second.
        for _ in 0..<50 where Guest.quarantine.count > 0 {
            try? await Task.sleep(for: .milliseconds(100))
        }
        require(Guest.quarantine.count == 0, "a page stays in quarantine")
    }

    private static func refuseToWrite(_ own: DomainID) {
        let loan = lend(to: own, .readOnly, filledWith: 5)
        require(!canMap([loan.reference], own, .readWrite), "mapped for writing")
        let wrong = GrantReference(rawValue: loan.reference.rawValue + 100)
        require(!canMap([loan.reference, wrong], own, .readOnly), "mapped what is not lent")
        require(canMap([loan.reference], own, .readOnly), "not mapped for reading")
        require(loan.reclaim(), "a refused mapping is left over")
    }

    private static func canMap(
        _ references: [GrantReference], _ domain: DomainID, _ access: GrantAccess
    ) -> Bool {
        do throws(SharingError) {
            return try MappedPages(references, of: domain, access).bytes.count > 0
        } catch {
            return false
        }
    }

    private static func copy(_ own: DomainID) {
        guard let page = SharedPage() else { return require(false, "no memory") }
        let loan = lend(to: own, filledWith: 0x1122_3344_5566_7788)
        let wrong = GrantReference(rawValue: loan.reference.rawValue + 100)
        let lent = CopyPlace.granted(loan.reference, of: own, offset: 0)
        var batch = CopyBatch()
        add(to: &batch, from: lent, to: page.place(at: 4088), byteCount: 8)
        add(to: &batch, from: .granted(wrong, of: own), to: page.place(), byteCount: 8)
        add(
            to: &batch, from: page.place(at: 4092),
            to: .granted(loan.reference, of: own, offset: 100), byteCount: 4)
        do throws(SharingError) {
            try batch.run()
        } catch {
            require(false, "no copies: \(name(of: error))")
        }
        require(batch.status(at: 0) == .okay && batch.status(at: 2) == .okay, "not copied")
        require(batch.firstFailure?.index == 1, "copied what is not lent")
        require(
            page.bytes.load(fromByteOffset: 4088, as: UInt64.self) == 0x1122_3344_5566_7788,
            "a copy is wrong")
        require(
            loan.word(at: 100) & 0xFFFF_FFFF == 0x1122_3344, "a copy to a lent page is wrong")
        require(loan.reclaim(), "a copy is left over")
    }

    static func add(
        to batch: inout CopyBatch, from source: CopyPlace, to target: CopyPlace, byteCount: Int
    ) {
        do throws(CopyBatch.AddError) {
            try batch.add(from: source, to: target, byteCount: byteCount)
        } catch {
            require(false, "no room for a copy")
        }
    }

    static func name(of error: SharingError) -> String {
        switch error {
        case .noGrantLeft: "no grant is left"
        case .noRoom: "no room"
        case .outOfMemory: "no memory"
        case .refused(let status, let index): "status \(status.rawValue) for number \(index)"
        case .unavailable(let error): "error \(error)"
        }
    }
}

/// A lent page that an array can hold.
final class Loan {
    let reference: GrantReference
    private var page: LentPage?

    init(_ page: consuming LentPage) {
        reference = page.reference
        self.page = consume page
    }

    func word(at offset: Int) -> UInt64 {
        page?.bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) ?? 0
    }

    /// Takes the page back and frees it; false when it is in use, and then it stays lent.
    func reclaim() -> Bool {
        guard let lent = page.take() else { return false }
        switch lent.reclaim() {
        case .reclaimed: return true
        case .stillInUse(let again):
            page = consume again
            return false
        }
    }

    func drop() { page = nil }
}

extension Probe {
    static func lend(
        to peer: DomainID, _ access: GrantAccess = .readWrite, filledWith word: UInt64 = 0
    ) -> Loan {
        guard let page = SharedPage() else {
            require(false, "no memory")
            Guest.exit(1)
        }
        require(page.bytes.allSatisfy { $0 == 0 }, "a page has something of before")
        page.bytes.storeBytes(of: word, as: UInt64.self)
        do throws(SharingError) {
            return Loan(try page.lend(to: peer, access))
        } catch {
            require(false, "not lent: \(name(of: error))")
            Guest.exit(1)
        }
    }
}
