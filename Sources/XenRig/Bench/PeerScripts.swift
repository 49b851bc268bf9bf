// The Linux that is measured beside us: dom0's own kernel, busybox and some tools of dom0's root
// image, packed into an initramfs by dom0 when a bench asks for it.

enum PeerScripts {
    /// fio with its engines, and what works with a network. Their libraries come along.
    static let programs = [
        "/usr/bin/fio", "/usr/bin/iperf3", "/usr/bin/socat", "/usr/sbin/ethtool",
    ]

    static let modules = ["xen-blkfront", "xen-netfront", "pktgen"]

    /// Packs the initramfs `DIRECTORY.cpio` in a directory of dom0 that does not exist, and prints
    /// the kernel's path. Several may be packed at a time.
    static func pack(in directory: String) -> String {
        """
        set -e
        mkdir -p \(directory)
        cd \(directory)
        mkdir -p bin dev proc sys tmp run modules lib64
        cp /usr/bin/busybox bin/
        cp -L /lib64/ld-linux-x86-64.so.2 lib64/
        for program in \(programs.joined(separator: " ")); do
            mkdir -p .${program%/*}
            cp $program .$program
            /lib64/ld-linux-x86-64.so.2 --list $program | awk '$3 ~ /^\\// { print $3 }'
        done | sort -u >\(directory).libraries
        while read -r library; do
            mkdir -p .${library%/*}
            cp -L $library .$library
        done <\(directory).libraries
        # In the order in which they are to be loaded; busybox's modprobe does not tell it.
        number=100
        for module in \(modules.joined(separator: " ")); do
            for file in $(/usr/sbin/modprobe --show-depends $module | awk '{ print $2 }'); do
                number=$((number + 1))
                xz -dc $file >modules/$number-$(basename $file .xz)
            done
        done
        cat >init <<'end'
        \(firstProcess)
        end
        chmod +x init
        find . | cpio -o -H newc >\(directory).cpio 2>/dev/null
        cd /
        rm -rf \(directory) \(directory).libraries
        echo /boot/vmlinuz-$(uname -r)
        """
    }

    /// The peer's first process: takes orders as BenchAnswer says.
    static let firstProcess = """
        #!/bin/busybox sh
        /bin/busybox mkdir -p /applets
        /bin/busybox --install -s /applets
        export PATH=/usr/bin:/usr/sbin:/applets
        mount -t proc proc /proc
        mount -t sysfs sys /sys
        mount -t devtmpfs dev /dev
        for module in /modules/*; do insmod $module; done
        ip link set lo up
        stty -echo -onlcr
        # The block layer's best setting for a disk that is memory.
        for queue in /sys/block/xvd*/queue; do echo none >$queue/scheduler; done
        echo "bench: ready"
        while read -r id order; do
            echo "bench: begin $id"
            sh -c "$order" </dev/null 2>&1
            echo "bench: end $id $?"
        done
        poweroff -f
        """
}
