// Looks into the store where something changed, and no further.

import XenStore

/// Reads device directories, and remembers which devices there are.
struct DeviceScanner: Sendable {
    /// The directory of all devices, relative to that of this domain.
    static var root: String { "device" }

    let store: XenStoreClient
    private var directory = DeviceDirectory()

    init(store: XenStoreClient) { self.store = store }

    /// What a change at `path` means.
    ///
    /// - Throws: what the store could not answer; then nothing has been taken for departed.
    mutating func look(at path: String) async throws(XenStoreError) -> [DeviceEvent] {
        let parts = path.utf8.split(separator: 0x2F).map { String(decoding: $0, as: UTF8.self) }
        guard parts.count >= 3 else { return try await lookAtAll() }
        guard let name = DeviceName(type: parts[1], parsing: parts[2]) else { return [] }
        // A key of a device that is being served: its own task looks.
        if parts.count > 3, directory.contains(name) { return [.touched(name)] }
        let entry = try await readEntry(name.type, parts[2])
        let events = directory.update(name, entry)
        return events.isEmpty && directory.contains(name) ? [.touched(name)] : events
    }

    private mutating func lookAtAll() async throws(XenStoreError) -> [DeviceEvent] {
        var entries: [DeviceEntry] = []
        let types = try await children(of: Self.root).filter(DeviceName.isType)
        for type in types.prefix(DeviceDirectory.typeLimit) {
            for number in try await children(of: "\(Self.root)/\(type)") {
                guard entries.count < DeviceDirectory.deviceLimit else { break }
                guard DeviceName(type: type, parsing: number) != nil else { continue }
                entries.append(try await readEntry(type, number))
            }
        }
        let known = directory.devices.map { $0.name }
        let events = directory.update(entries)
        return events + known.filter(directory.contains).map { .touched($0) }
    }

    private func children(of path: String) async throws(XenStoreError) -> [String] {
        do throws(XenStoreError) {
            return try await store.list(path)
        } catch {
            if error == .refused(.notFound) || error == .refused(.accessDenied) { return [] }
            throw error
        }
    }

    private func readEntry(
        _ type: String, _ number: String
    ) async throws(XenStoreError) -> DeviceEntry {
        let path = "\(Self.root)/\(type)/\(number)"
        return DeviceEntry(
            type: type, number: number, backend: try await value("\(path)/backend"),
            backendID: try await value("\(path)/backend-id"),
            hasState: try await value("\(path)/state") != nil)
    }

    private func value(_ path: String) async throws(XenStoreError) -> String? {
        do throws(XenStoreError) {
            return try await store.readIfPresent(path)
        } catch {
            if error == .refused(.accessDenied) { return nil }
            throw error
        }
    }
}
