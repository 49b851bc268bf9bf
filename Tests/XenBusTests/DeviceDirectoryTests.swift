// Arrivals and departures, from lists that may hold anything.

import Testing
import XenBus

@Suite struct DeviceDirectoryTests {
    private func entry(
        _ type: String, _ number: String, backend: String? = "/local/domain/0/backend/vbd/7/0",
        id: String? = "0", hasState: Bool = true
    ) -> DeviceEntry {
        DeviceEntry(
            type: type, number: number, backend: backend, backendID: id, hasState: hasState)
    }

    private func device(_ type: String, _ number: UInt32, _ path: String) throws -> XenbusDevice {
        XenbusDevice(
            name: try #require(DeviceName(type: type, number: number)),
            backend: try BackendPath(parsing: path, backendID: "0"))
    }

    private let path = "/local/domain/0/backend/vbd/7/0"

    @Test func `a device arrives once and departs once`() throws {
        var directory = DeviceDirectory()
        let disk = try device("vbd", 51712, path)
        let entries = [entry("vbd", "51712")]
        #expect(directory.update(entries) == [.arrived(disk)])
        #expect(directory.update(entries) == [])
        #expect(directory.update([]) == [.departed(disk)])
        #expect(directory.update([]) == [])
    }

    @Test func `a device whose keys are not all there has not arrived`() throws {
        var directory = DeviceDirectory()
        #expect(directory.update([entry("vbd", "1", backend: nil)]) == [])
        #expect(directory.update([entry("vbd", "1", id: nil)]) == [])
        #expect(directory.update([entry("vbd", "1", hasState: false)]) == [])
        #expect(directory.update([entry("suspend", "event-channel")]) == [])
        #expect(directory.update([entry("vbd", "1")]) == [.arrived(try device("vbd", 1, path))])
    }

    @Test func `a device with another backend is another device`() throws {
        var directory = DeviceDirectory()
        let other = "/local/domain/0/backend/vbd/8/0"
        _ = directory.update([entry("vbd", "1")])
        #expect(
            directory.update([entry("vbd", "1", backend: other)]) == [
                .departed(try device("vbd", 1, path)), .arrived(try device("vbd", 1, other)),
            ])
    }

    @Test func `a backend that cannot be believed is told of once`() throws {
        var directory = DeviceDirectory()
        let name = try #require(DeviceName(type: "vbd", number: 1))
        let bad = [entry("vbd", "1", backend: "/etc/passwd")]
        #expect(directory.update(bad) == [.rejected(name, .malformed)])
        #expect(directory.update(bad) == [])
        #expect(directory.update([entry("vbd", "1")]) == [.arrived(try device("vbd", 1, path))])
        #expect(
            directory.update(bad) == [
                .departed(try device("vbd", 1, path)), .rejected(name, .malformed),
            ])
        #expect(directory.update([]) == [])
    }

    @Test func `there are no more devices than can be served`() {
        var directory = DeviceDirectory()
        let many = (0..<1000).map { entry("vbd", "\($0)") }
        #expect(directory.update(many).count == DeviceDirectory.deviceLimit)
        #expect(directory.devices.count == DeviceDirectory.deviceLimit)
        #expect(directory.update([]).count == DeviceDirectory.deviceLimit)
    }

    @Test func `the same directory listed twice is one device`() {
        var directory = DeviceDirectory()
        #expect(directory.update([entry("vbd", "1"), entry("vbd", "1")]).count == 1)
    }

    @Test func `one device is looked at by itself`() throws {
        var directory = DeviceDirectory()
        let disk = try device("vbd", 1, path)
        _ = directory.update([entry("vbd", "2")])
        #expect(directory.update(disk.name, entry("vbd", "1")) == [.arrived(disk)])
        #expect(directory.update(disk.name, entry("vbd", "1")) == [])
        #expect(directory.update(disk.name, nil) == [.departed(disk)])
        #expect(directory.devices.count == 1)
    }
}
