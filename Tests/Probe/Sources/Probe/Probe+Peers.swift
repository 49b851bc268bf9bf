// Grants between two domains. The test carries numbers from one to the other, by their consoles.

import Apus

extension Probe {
    private static let pageCount = 40

    /// Lends pages to the domain whose number comes as a line, says their references, and after
    /// another line wants them back.
    static func lendToPeer() async {
        if Guest.argument("grants") == "2" { _ = Guest.preferGrantVersion(.two) }
        print("ready")
        var lines = consoleLines.makeAsyncIterator()
        guard let peer = UInt16(await lines.next() ?? "") else { return }
        let loans = (0..<pageCount).map {
            lend(to: DomainID(rawValue: peer), filledWith: UInt64($0) &* 0x0101_0101)
        }
        print("lent " + loans.map { "\($0.reference.rawValue)" }.joined(separator: " "))
        _ = await lines.next()
        for (index, loan) in loans.enumerated() {
            require(loan.word(at: 8) == UInt64(index) + 1000, "page \(index) was not written")
            require(loan.word(at: 4088) == UInt64(index) + 2000, "page \(index): no copy")
            require(!loan.reclaim(), "page \(index) came back while it is mapped")
            loan.drop()
        }
        print("quarantined \(Guest.quarantine.count)")
        for _ in 0..<300 where Guest.quarantine.count > 0 {
            try? await Task.sleep(for: .milliseconds(100))
        }
        let statistics = Guest.quarantine
        print("left \(statistics.count) of \(statistics.totalCount)")
        require(statistics.count == 0, "pages stay in quarantine")
    }

    /// Maps the pages of a line (a domain's number, then references), writes to them, and holds
    /// them until another line comes.
    static func borrowFromPeer() async {
        print("ready")
        var lines = consoleLines.makeAsyncIterator()
        let numbers = (await lines.next() ?? "").split(separator: " ").compactMap { UInt32($0) }
        require(numbers.count == pageCount + 1, "\(numbers.count) numbers")
        let peer = DomainID(rawValue: UInt16(numbers[0]))
        let references = numbers.dropFirst().map { GrantReference(rawValue: $0) }
        do throws(SharingError) {
            let pages = try MappedPages(references, of: peer)
            for index in 0..<pageCount {
                let start = index * 4096
                let word = pages.bytes.load(fromByteOffset: start, as: UInt64.self)
                require(word == UInt64(index) &* 0x0101_0101, "page \(index) has \(word)")
                pages.bytes.storeBytes(
                    of: UInt64(index) + 1000, toByteOffset: start + 8, as: UInt64.self)
            }
            try copy(to: references, of: peer)
            print("mapped")
            _ = await lines.next()
            require(pages.bytes.count == pageCount * 4096, "the mapping is gone")
        } catch {
            require(false, "not mapped: \(name(of: error))")
        }
        print("unmapped")
        _ = await lines.next()
    }

    private static func copy(
        to references: [GrantReference], of peer: DomainID
    ) throws(SharingError) {
        guard let page = SharedPage() else { return require(false, "no memory") }
        var batch = CopyBatch()
        for (index, reference) in references.enumerated() {
            page.bytes.storeBytes(
                of: UInt64(index) + 2000, toByteOffset: index * 8, as: UInt64.self)
            add(
                to: &batch, from: page.place(at: index * 8),
                to: .granted(reference, of: peer, offset: 4088), byteCount: 8)
        }
        try batch.run()
        require(batch.firstFailure == nil, "a copy failed")
    }
}
