// What the toolstack says of a virtual network card, in the guest's own directory.

import TCPIP
import XenBus
import XenStore
import XenTypes

/// Keys that others write into the frontend's directory.
struct InterfaceIdentity: Hashable, Sendable {
    /// `mac`.
    let macAddress: MACAddress
    /// `mtu`; 1500 where there is none, or none that makes sense.
    let mtu: Int
    /// `trusted`.
    let isTrusting: Bool

    /// - Throws: when there is no address that one interface can have.
    init(_ words: Words, backend: BackendKeys) throws(DeviceFault) {
        let text = words.macAddress ?? backend.string("mac")
        guard let address = text.flatMap({ MACAddress($0) }), address.isUnicast else {
            throw DeviceFault(.invalidArgument, "no usable MAC address")
        }
        macAddress = address
        mtu = Self.mtu(words.mtu)
        isTrusting = words.trusted != "0"
    }

    /// What a word for an MTU comes to.
    static func mtu(_ word: String?) -> Int {
        word.flatMap { Int($0) }.flatMap { 68...65_517 ~= $0 ? $0 : nil } ?? 1500
    }

    /// The keys as they were read.
    struct Words: Hashable, Sendable {
        var macAddress: String?
        var mtu: String?
        var trusted: String?

        static func read(_ device: FrontendDevice) async throws(DeviceError) -> Words {
            let path = device.frontendPath
            var words = Words()
            do throws(XenStoreError) {
                words.macAddress = try await device.store.readIfPresent("\(path)/mac")
                words.mtu = try await device.store.readIfPresent("\(path)/mtu")
                words.trusted = try await device.store.readIfPresent("\(path)/trusted")
            } catch {
                throw error == .cancelled ? .cancelled : .store(error)
            }
            return words
        }

        /// The MTU alone, once the backend is connected: with a card that comes to a running guest
        /// the toolstack's script may write it later than the rest.
        static func readMTU(_ device: FrontendDevice) async throws(DeviceError) -> Int {
            do throws(XenStoreError) {
                let word = try await device.store.readIfPresent("\(device.frontendPath)/mtu")
                return InterfaceIdentity.mtu(word)
            } catch {
                throw error == .cancelled ? .cancelled : .store(error)
            }
        }
    }
}
