// A domain as xl's configuration file.
// Source: xl.cfg(5).

extension DomainConfiguration {
    /// - Parameters:
    ///   - name: the name that is unique in the rig.
    ///   - kernel: the image's path in dom0.
    func xlConfiguration(name: String, kernel: String) -> String {
        var lines = [
            "name = \(Quoting.xl(name))",
            "type = \(Quoting.xl(mode.rawValue))",
            "kernel = \(Quoting.xl(kernel))",
            "memory = \(memoryMiB)",
            "vcpus = \(vcpus)",
            // Without it every rdtsc traps, which costs a PVH guest 29 us each here.
            "tsc_mode = \"native\"",
            "on_poweroff = \"\(onPoweroff.rawValue)\"",
            "on_reboot = \"\(onReboot.rawValue)\"",
            "on_crash = \"\(onCrash.rawValue)\"",
            "on_watchdog = \"\(onCrash.rawValue)\"",
        ]
        if let maximumMemoryMiB { lines.append("maxmem = \(maximumMemoryMiB)") }
        if !arguments.isEmpty {
            lines.append("cmdline = \(Quoting.xl(Quoting.commandLine(arguments)))")
        }
        if !disks.isEmpty { lines.append(Self.list("disk", disks.map(\.specification))) }
        if !networkCards.isEmpty {
            lines.append(Self.list("vif", networkCards.map(\.specification)))
        }
        // libxl reserves too little for the page tables of a small PVH domain.
        if mode == .pvh && memoryMiB < 64 { lines.append("shadow_memory = 4") }
        return (lines + extraLines).joined(separator: "\n") + "\n"
    }

    private static func list(_ name: String, _ items: [String]) -> String {
        "\(name) = [\(items.map(Quoting.xl).joined(separator: ", "))]"
    }
}
