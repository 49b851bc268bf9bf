// What `xl` asks of a running domain. All of it needs the guest's cooperation or its devices, and
// none of it exists under QEMU's Xen emulation.
//
// Source: xl(1).

import Foundation
import RigTools

extension RunningDomain {
    /// Asks it to power off (`control/shutdown`); returns once it has acknowledged.
    ///
    /// - Throws: `rigFailed` when it does not acknowledge, after 60 s.
    public func requestShutdown() async throws(RigError) { try await xl("shutdown") }

    /// Asks it to reboot; returns once it has acknowledged.
    public func requestReboot() async throws(RigError) { try await xl("reboot") }

    /// Presses a key of the magic SysRq.
    public func sendSysRq(_ key: Character) async throws(RigError) {
        try await xl("sysrq", String(key))
    }

    /// Says how many of its processors are to be online. The machine has one, and xl is told that
    /// this is no matter.
    public func setOnlineVCPUs(_ count: Int) async throws(RigError) {
        try await xl("vcpu-set", options: ["--ignore-host"], [String(count)])
    }

    /// Waits until its toolstack has made a new domain of it (`onReboot: .restart`), from the one
    /// that had the number `former`; returns the new number. The console goes on in the same file.
    @discardableResult
    public func waitForRestart(
        after former: Int, timeout: Duration = .seconds(300)
    ) async throws(RigError) -> Int {
        try await rig.poll("\(name) to start again", timeout: timeout) { () -> Int? in
            domainID.flatMap { $0 == former ? nil : $0 }
        }
    }

    /// Gives it a disk.
    public func attach(_ disk: Disk) async throws(RigError) {
        try await xl("block-attach", disk.specification)
    }

    /// Takes a disk away, with the guest's cooperation unless by force.
    public func detachDisk(_ device: String, byForce: Bool = false) async throws(RigError) {
        try await xl("block-detach", [device] + (byForce ? ["--force"] : []))
    }

    /// Gives it a network card on the rig's bridge.
    public func attach(_ card: NetworkCard) async throws(RigError) {
        try await xl("network-attach", card.words)
    }

    /// Takes a network card away.
    ///
    /// - Parameter card: its number, from 0 in the order of attachment, or its MAC address.
    public func detachNetworkCard(_ card: String) async throws(RigError) {
        try await xl("network-detach", card)
    }

    /// Its directory in the store, without a slash at the end.
    public func storePath() throws(RigError) -> String {
        guard let domainID else { throw .rigFailed("\(name) has no number") }
        return "/local/domain/\(domainID)"
    }

    /// How many watches it holds in the store.
    public func watchCount() async throws(RigError) -> Int {
        guard let domainID else { throw .rigFailed("\(name) has no number") }
        return try await rig.store.watchCount(of: domainID)
    }

    private func xl(_ verb: String, _ words: String...) async throws(RigError) {
        try await xl(verb, words)
    }

    /// xl reads options only before the domain's name.
    private func xl(
        _ verb: String, options: [String] = [], _ words: [String]
    ) async throws(RigError) {
        precondition(isXen, "QEMU has no xl")
        let line = ([verb] + options + [name] + words).map(Quoting.shell).joined(separator: " ")
        // xl itself gives up after 60 s.
        let result = try await rig.run("exec xl \(line)", timeout: .seconds(300))
        guard result.succeeded else { throw .rigFailed("xl \(verb): \(result.output)") }
    }
}
