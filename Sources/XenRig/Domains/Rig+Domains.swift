// Starting a domain on a rig.

import Foundation
import RigTools

extension Rig {
    private static let creationTimeout = Duration.seconds(120)

    /// Starts a domain; returns when the toolstack has created it.
    ///
    /// - Throws: `wrongImage` before anything is started, `domainRefused` with the toolstack's
    ///   reason.
    public func start(_ configuration: DomainConfiguration) async throws(RigError) -> RunningDomain
    {
        precondition(configuration.mode.rig == kind, "this rig has no mode \(configuration.mode)")
        try ImageCheck.check(configuration.image, for: configuration.mode)
        return try await start(configuration, image: try share(configuration.image))
    }

    /// - Parameter image: what boots, by its path in dom0.
    func start(
        _ configuration: DomainConfiguration, image: String
    ) async throws(RigError) -> RunningDomain {
        let name = uniqueName(configuration.name)
        let domain = RunningDomain(rig: self, name: name, configuration: configuration)
        await creation.enter()
        do throws(RigError) {
            switch kind {
            case .xen: try await startXen(domain, image: image)
            case .qemuXen: try await startQEMU(domain, image: image)
            }
        } catch {
            await creation.leave()
            throw error
        }
        await creation.leave()
        return domain
    }

    /// xl stays in the foreground of a background job: it is what sees the domain's end.
    private func startXen(_ domain: RunningDomain, image: String) async throws(RigError) {
        let file = run.domain(domain.name, "cfg")
        let configuration = domain.configuration
        try Files.write(
            configuration.xlConfiguration(name: domain.name, kernel: image), to: file)
        let options = configuration.startsPaused ? "-F -p" : "-F"
        let exit = run.inside(domain.exitMark)
        let script = """
            (
                xl create \(options) \(run.inside(file)) </dev/null >\(run.inside(domain.log)) 2>&1
                echo $? >\(exit)
            ) &
            """
        _ = try await run(script)
        try await poll("xl create", timeout: Self.creationTimeout) { () throws(RigError) -> Bool? in
            let ended = Files.exists(domain.exitMark)
            let output = Files.read(domain.log) ?? ""
            if XLOutput.domainID(in: output) != nil { return true }
            if ended { throw .domainRefused("xl: \(XLOutput.complaint(in: output))") }
            return nil
        }
    }

    private func startQEMU(_ domain: RunningDomain, image: String) async throws(RigError) {
        let base = "/run/apus/\(domain.name)"
        let events = run.inside(domain.log)
        let exit = run.inside(domain.exitMark)
        let words = domain.configuration.qemuArguments(
            kernel: image, events: events, orders: "\(base).orders")
        let errors = run.domain(domain.name, "err")
        // The fifos are held open for reading and writing, so that no end of input is ever seen.
        let script = """
            mkfifo \(base).in \(base).orders
            (
                exec 8<>\(base).orders
                echo '{"execute":"qmp_capabilities"}' >&8
                qemu-system-x86_64 \(words.map(Quoting.shell).joined(separator: " ")) \\
                    <>\(base).in >\(run.inside(domain.consoleFile)) 2>\(run.inside(errors)) &
                echo $! >\(base).pid
                wait $!
                echo $? >\(exit)
            ) &
            """
        _ = try await run(script)
        try await poll("QEMU", timeout: Self.creationTimeout) { () throws(RigError) -> Bool? in
            let ended = Files.exists(domain.exitMark)
            let output = Files.read(domain.log) ?? ""
            if output.contains("{\"return\"") { return true }
            guard ended else { return nil }
            let reason = Files.read(errors)?.split(whereSeparator: \.isNewline).first
            throw .domainRefused("QEMU: \(reason ?? "no reason given")")
        }
    }
}
