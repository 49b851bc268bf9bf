// A domain as the command line of the inner QEMU.
// Source: QEMU's documentation, "Xen HVM guest support".

extension DomainConfiguration {
    /// - Parameters:
    ///   - kernel: the image's path in dom0.
    ///   - events, orders: the paths of the monitor's output file and input fifo.
    func qemuArguments(kernel: String, events: String, orders: String) -> [String] {
        var words = [
            "-accel", "kvm,xen-version=0x40011,kernel-irqchip=split",
            "-cpu", "host", "-smp", String(vcpus), "-m", String(memoryMiB),
            "-display", "none", "-nodefaults", "-no-reboot",
            "-kernel", kernel,
            "-chardev", "stdio,id=console,signal=off", "-device", "xen-console,chardev=console",
            "-chardev", "file,id=monitor,path=\(events),input-path=\(orders)",
            "-mon", "chardev=monitor,mode=control",
        ]
        if !arguments.isEmpty { words += ["-append", Quoting.commandLine(arguments)] }
        if startsPaused { words.append("-S") }
        let cards = networkCards.enumerated().flatMap { $1.qemuArguments(number: $0) }
        return words + disks.flatMap(\.qemuArguments) + cards + extraLines
    }
}
