// The script that makes a booted Linux serve the host: /share/init of a rig.
//
// One line on the port is one order; the order's text and its answer are files in the shared
// directory, so nothing that a domain or a command prints can be taken for an answer. The status
// appears after the output is whole.

enum AgentScript {
    static let portName = "apus.agent"

    static func text(for kind: RigKind, _ flavour: Flavour) -> String {
        let setup = setup(programs: flavour.xen.programs)
        return switch kind {
        case .xen: setup + xen(store: flavour.store) + agent
        case .qemuXen: setup + nestedKVM + agent
        }
    }

    private static func setup(programs: String) -> String {
        """
        #!/bin/busybox sh
        export PATH=\(programs):/usr/sbin:/usr/bin:/sbin:/bin
        busybox mkdir -p /run/applets
        busybox --install -s /run/applets
        export PATH=$PATH:/run/applets
        ip link set lo up
        failed() { echo "$1" >/share/failed.new; mv /share/failed.new /share/failed; }

        """
    }

    private static func xen(store: StoreDaemon) -> String {
        """
        for module in xen-gntdev xen-gntalloc xen-evtchn xen-privcmd xenfs \\
            xen-netback xen-blkback loop bridge; do
            modprobe $module || failed "dom0 has no module $module"
        done
        mount -t xenfs xenfs /proc/xen
        \(store.rawValue) --pid-file /run/xenstored.pid || failed "the store does not start"
        xen-init-dom0 >/dev/null || failed "xen-init-dom0 failed"
        xenconsoled --log=guest --log-dir=/share/consoles --pid-file=/run/xenconsoled.pid ||
            failed "xenconsoled does not start"
        # A domain that never blocks must not keep the toolstack waiting.
        xl sched-credit2 -d 0 -w 1024

        """
    }

    private static let nestedKVM = """
        modprobe kvm_amd || failed "the kernel has no nested KVM"
        modprobe tun && modprobe bridge || failed "the kernel has no taps"

        """

    /// `run N` runs /share/requests/N; `kill N` ends what it started. A request is a session
    /// of its own, so that all of its processes can be ended together.
    private static let agent = """
        for port in /sys/class/virtio-ports/*; do
            [ "$(cat $port/name)" = \(portName) ] && device=/dev/${port##*/}
        done
        exec 3<>"$device" || failed "the agent's port is missing"
        serve() {
            cd /tmp
            setsid sh "/share/requests/$1" >"/share/answers/$1.output" 2>&1 </dev/null 3>&- &
            echo $! >"/run/apus/$1.pid"
            wait $!
            echo $? >"/share/answers/$1.status"
        }
        echo ready >/share/ready
        while read -r order id <&3; do
            case $order in
            run) serve "$id" & ;;
            kill) kill -KILL "-$(cat /run/apus/$id.pid)" ;;
            off) poweroff -f ;;
            esac
        done
        failed "the host closed the agent's port"
        poweroff -f

        """
}
