// Every kind of request.
//
// Source: Xen's docs/misc/xenstore.txt; where it is silent, what xenstored is known to do.

import CXen
import Hypercalls

extension ModelStore {
    /// A reply's payload, and the watch whose first event follows it.
    typealias Answer = (payload: [UInt8], firstEvent: StoreWatch?)

    private static let done = StoreMessage.strings(["OK"])

    func answer(_ message: StoreMessage) throws(Refusal) -> Answer {
        let arguments = StoreArguments(bytes: message.payload)
        guard let type = Int32(exactly: message.type), isKnown(type) else { throw .notImplemented }
        switch type {
        case XS_WATCH: return (Self.done, try watch(arguments))
        case XS_UNWATCH: try unwatch(arguments)
        case XS_INTRODUCE, XS_RELEASE, XS_IS_DOMAIN_INTRODUCED, XS_CONTROL, XS_RESUME,
            XS_SET_TARGET:
            return (try manageDomain(type, arguments), nil)
        case XS_RESET_WATCHES:
            connection.watches = []
            connection.transactions = [:]
        default:
            var caller = StoreCaller(domain: ModelXen.guest)
            if message.transactionID != 0 {
                guard let transaction = connection.transactions[message.transactionID] else {
                    throw .noEntry
                }
                caller.transaction = transaction
            }
            return (try answer(type, arguments, caller), nil)
        }
        return (Self.done, nil)
    }

    private func isKnown(_ type: Int32) -> Bool {
        switch type {
        case XS_DIRECTORY_PART, XS_RESET_WATCHES: configuration.hasOptionalRequests
        case XS_WATCH_EVENT, XS_ERROR, 20: false
        default: (XS_CONTROL...XS_DIRECTORY_PART).contains(type)
        }
    }

    private func answer(
        _ type: Int32, _ arguments: StoreArguments, _ caller: StoreCaller
    ) throws(Refusal) -> [UInt8] {
        switch type {
        case XS_READ: return try node(single(arguments), .read, caller).value
        case XS_DIRECTORY: return try node(single(arguments), .read, caller).childList
        case XS_DIRECTORY_PART: return try directoryPart(arguments, caller)
        case XS_GET_PERMS:
            let path = try single(arguments, allowingSpecial: true)
            let permissions = try node(path, .read, caller).permissions
            return StoreMessage.strings(permissions.map(\.description))
        case XS_GET_DOMAIN_PATH:
            return StoreMessage.strings([StorePath.home(of: try domain(arguments))])
        case XS_TRANSACTION_START: return try startTransaction(caller)
        case XS_TRANSACTION_END: try endTransaction(arguments, caller)
        case XS_WRITE:
            let (path, value) = try arguments.stringAndRest()
            try write(resolve(path), value, caller)
        case XS_MKDIR: try makeDirectory(single(arguments), caller)
        case XS_RM: try remove(single(arguments), caller)
        case XS_SET_PERMS: try setPermissions(arguments, caller)
        default: throw .notImplemented
        }
        return Self.done
    }

    private func resolve(
        _ path: String, allowingSpecial: Bool = false
    ) throws(Refusal) -> String {
        try StorePath.resolve(
            path, of: ModelXen.guest, limit: quotas.pathByteCount,
            allowingSpecial: allowingSpecial)
    }

    private func single(
        _ arguments: StoreArguments, allowingSpecial: Bool = false
    ) throws(Refusal) -> String {
        try resolve(arguments.single(), allowingSpecial: allowingSpecial)
    }

    /// As many names as fit, after the node's generation; an empty one ends the whole list.
    private func directoryPart(
        _ arguments: StoreArguments, _ caller: StoreCaller
    ) throws(Refusal) -> [UInt8] {
        let strings = arguments.strings
        guard strings.count == 2 else { throw .invalidArgument }
        let node = try node(resolve(strings[0]), .read, caller)
        let list = node.childList
        let generation = StoreMessage.strings([String(node.generation)])
        // As C's atoi: what is no number is 0.
        let offset = Int(strings[1]) ?? 0
        guard (0..<list.count).contains(offset) else { return generation + [0] }
        let room = Int(XENSTORE_PAYLOAD_MAX) - generation.count - 1
        var end = offset
        while end < list.count, let stop = list[end...].firstIndex(of: 0), stop - offset < room {
            end = stop + 1
        }
        return generation + list[offset..<end] + (end == list.count ? [0] : [])
    }

    private func setPermissions(
        _ arguments: StoreArguments, _ caller: StoreCaller
    ) throws(Refusal) {
        let strings = arguments.strings
        guard strings.count >= 2 else { throw .invalidArgument }
        guard strings.count - 1 <= quotas.permissionsPerNode else { throw limitRefusal }
        let permissions = strings.dropFirst().compactMap { Permission($0) }
        guard permissions.count == strings.count - 1 else { throw .invalidArgument }
        try setPermissions(permissions, of: resolve(strings[0], allowingSpecial: true), caller)
    }
}

// Watches.
extension ModelStore {
    private func watch(_ arguments: StoreArguments) throws(Refusal) -> StoreWatch {
        let strings = arguments.strings
        guard strings.count == 2 else { throw .invalidArgument }
        let watch = StoreWatch(
            path: try resolve(strings[0], allowingSpecial: true), token: strings[1],
            isRelative: StorePath.isRelative(strings[0]))
        guard index(of: watch) == nil else { throw .alreadyExists }
        guard connection.watches.count < quotas.watches else { throw limitRefusal }
        connection.watches.append(watch)
        return watch
    }

    private func unwatch(_ arguments: StoreArguments) throws(Refusal) {
        let strings = arguments.strings
        guard strings.count == 2 else { throw .invalidArgument }
        let watch = StoreWatch(
            path: try resolve(strings[0], allowingSpecial: true), token: strings[1],
            isRelative: false)
        guard let index = index(of: watch) else { throw .noEntry }
        connection.watches.remove(at: index)
    }

    /// Relative or not, the same path with the same token is the same watch.
    private func index(of watch: StoreWatch) -> Int? {
        connection.watches.firstIndex { $0.path == watch.path && $0.token == watch.token }
    }
}

// Domains.
extension ModelStore {
    private func domain(_ arguments: StoreArguments) throws(Refusal) -> DomainID {
        guard let number = UInt16(try arguments.single()) else { throw .invalidArgument }
        return DomainID(rawValue: number)
    }

    private func manageDomain(
        _ type: Int32, _ arguments: StoreArguments
    ) throws(Refusal) -> [UInt8] {
        guard configuration.guestIsPrivileged else { throw .accessDenied }
        switch type {
        case XS_INTRODUCE:
            guard arguments.strings.count >= 3, let number = UInt16(arguments.strings[0]) else {
                throw .invalidArgument
            }
            introducedDomains.insert(DomainID(rawValue: number))
            announce("@introduceDomain")
        case XS_RELEASE:
            guard introducedDomains.remove(try domain(arguments)) != nil else { throw .noEntry }
            announce("@releaseDomain")
        case XS_IS_DOMAIN_INTRODUCED:
            let domain = try domain(arguments)
            let isKnown = domain == ModelXen.guest || introducedDomains.contains(domain)
            return StoreMessage.strings([isKnown ? "T" : "F"])
        default: throw .notImplemented
        }
        return Self.done
    }
}
