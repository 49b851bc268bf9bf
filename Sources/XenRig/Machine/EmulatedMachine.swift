// The command line of the outer QEMU: the machine on which Xen, or nested KVM, runs.

import Foundation

struct EmulatedMachine: Sendable {
    let kind: RigKind
    let options: RigOptions
    let image: RootImage
    let run: RunDirectory

    /// What dom0 gets; the rest is for domains.
    static let dom0MiB = 768

    /// The descriptor on which QEMU finds the agent's end of a socket pair.
    static let agentDescriptor = 3

    /// - smap: a PV dom0 dies in its first trap with QEMU 7.2's SMAP.
    /// - rdtscp: the emulated SVM reports it as RDTSC, and a PVH Linux hangs.
    /// - xsave, and AVX with it: user space is corrupted once a domU runs.
    static let processor = "max,-smap,-rdtscp,-avx,-avx2,-xsave"

    var arguments: [String] {
        let acceleration =
            options.instructionCounting
            ? ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off"]
            : ["-accel", "tcg,thread=multi"]
        let share = Self.escaped(run.share.path)
        let agent = Self.agentDescriptor
        return acceleration
            + ["-cpu", Self.processor, "-smp", "1", "-m", String(options.memoryMiB)]
            + ["-nic", "none", "-display", "none", "-monitor", "none", "-no-reboot"]
            + ["-serial", "file:\(run.serialLog.path)"] + boot
            + ["-drive", "file=\(Self.escaped(image.disk.path)),\(Self.driveOptions)"]
            + ["-virtfs", "local,path=\(share),mount_tag=share,security_model=none"]
            + ["-device", "virtio-serial-pci", "-chardev", "socket,id=agent,fd=\(agent)"]
            + ["-device", "virtserialport,chardev=agent,name=\(AgentScript.portName)"]
    }

    private static let driveOptions = "format=raw,if=virtio,readonly=on"

    private var boot: [String] {
        let quiet = "loglevel=4 quiet panic=-1"
        switch kind {
        case .xen:
            let hypervisor =
                "com1=115200,8n1 console=com1 loglvl=all guest_loglvl=all "
                + "dom0_mem=\(Self.dom0MiB)M,max:\(Self.dom0MiB)M"
            let kernel = "\(Self.escaped(image.kernel.path)) console=hvc0 \(quiet)"
            return ["-kernel", image.xen.path, "-append", hypervisor]
                + ["-initrd", "\(kernel),\(Self.escaped(image.initialRamdisk.path))"]
        case .qemuXen:
            return ["-kernel", image.kernel.path, "-append", "console=ttyS0 \(quiet)"]
                + ["-initrd", image.initialRamdisk.path]
        }
    }

    /// QEMU takes a comma for the end of an option; two of them are one.
    static func escaped(_ path: String) -> String {
        path.replacingOccurrences(of: ",", with: ",,")
    }
}
