// What is due with time.

extension NetworkStack {
    /// When ``poll(at:)`` is to be called next; never, while nothing is due.
    public var deadline: NetworkTime { nextDeadline }

    /// Does what is due.
    ///
    /// - Returns: when there is more.
    @discardableResult
    public func poll(at time: NetworkTime) -> NetworkTime {
        enter(time)
        leave()
        guard nextDeadline <= now else { return nextDeadline }
        nextDeadline = loopbackQueue.isEmpty ? .never : now
        for index in 0..<interfaceCount where interfaces[index].isUsed {
            stepAddresses(index)
            stepGroups(index)
            stepSolicitation(index)
        }
        stepNeighbours()
        if reassembly.usedCount > 0 { stepReassembly() }
        expireRoutes()
        leave()
        return nextDeadline
    }

    private func stepAddresses(_ index: Int) {
        guard interfaces[index].isUp else { return }
        // A step may take an address away, or add one: the list is walked by number, and what is
        // skipped by that is due still.
        var place = 0
        while place < interfaces[index].addresses.count {
            if interfaces[index].addresses[place].validUntil <= now {
                removeAddress(at: place, on: index)
                continue
            }
            stepAddress(place, on: index)
            if place < interfaces[index].addresses.count {
                let record = interfaces[index].addresses[place]
                schedule(record.deadline)
                schedule(record.validUntil)
                if record.preferredUntil > now { schedule(record.preferredUntil) }
            }
            place += 1
        }
    }

    private func stepSolicitation(_ index: Int) {
        guard interfaces[index].routers.solicitationsLeft > 0, interfaces[index].isUp else {
            return
        }
        if interfaces[index].routers.solicitationDeadline <= now {
            interfaces[index].routers.solicitationsLeft -= 1
            sendRouterSolicitation(on: index)
            // RFC 4861 section 10: RTR_SOLICITATION_INTERVAL.
            interfaces[index].routers.solicitationDeadline = now.advanced(bySeconds: 4)
        }
        schedule(interfaces[index].routers.solicitationDeadline)
    }

    private func stepNeighbours() {
        for slot in 0..<neighbours.capacity {
            let entry = neighbours.entries + slot
            switch entry.pointee.state {
            case .free, .stale, .reachable: continue
            case .incomplete, .failed, .delay, .probe: break
            }
            if entry.pointee.deadline <= now { stepNeighbour(slot) }
            if entry.pointee.state != .free { schedule(entry.pointee.deadline) }
        }
    }

    private func expireRoutes() {
        let moment = now
        if min(routes4.nextExpiry, routes6.nextExpiry) <= moment {
            removeRoutes { $0.expiry <= moment }
        }
        schedule(routes4.nextExpiry)
        schedule(routes6.nextExpiry)
    }
}
