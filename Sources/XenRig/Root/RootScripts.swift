// The scripts inside a root image: those that get a machine as far as its shared directory, where
// everything that a rig does differently from another comes from, and those that xl calls.

enum RootScripts {
    /// The initramfs: loads the modules of the root disk and goes there.
    static let earlyInit = """
        #!/bin/busybox sh
        /bin/busybox mount -t devtmpfs dev /dev
        /bin/busybox mount -t proc proc /proc
        /bin/busybox mount -t sysfs sys /sys
        for module in /modules/*; do /bin/busybox insmod "$module"; done
        /bin/busybox mount -t ext4 -o ro /dev/vda /newroot
        exec /bin/busybox switch_root /newroot /usr/sbin/rig-init

        """

    /// The first process on the root disk, which is read-only: what is written goes to memory.
    /// /var/run must be /run, with xen in it: else xl cannot lock and dead domains stay.
    static func rigInit(_ release: XenRelease) -> String {
        """
        #!/bin/busybox sh
        export PATH=\(release.programs):/usr/sbin:/usr/bin:/sbin:/bin
        b=/bin/busybox
        $b mount -t proc proc /proc
        $b mount -t sysfs sys /sys
        $b mount -t devtmpfs dev /dev
        $b mkdir -p /dev/pts /dev/shm
        $b mount -t devpts devpts /dev/pts
        for directory in /run /tmp /var; do $b mount -t tmpfs tmpfs $directory; done
        $b mkdir -p /var/lib/xen/dump /var/log/xen /var/lock /run/xen /run/xenstored /run/lock
        $b mkdir -p /var/tmp /run/apus /tmp/disks
        $b ln -s /run /var/run
        $b mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 share /share
        exec $b sh /share/init

        """
    }

    /// What xl calls for a disk, where a distribution has udev and longer scripts: `add` makes the
    /// file or device in `params` one that the backend can open, `remove` takes it back.
    ///
    /// The backend starts at `physical-device`; xl waits for `hotplug-status`. Busybox's shell
    /// takes its own programs first, and its losetup knows nothing of sectors.
    /// Source: Xen's docs, xen-block hotplug scripts ("block-script").
    static func disk(_ sectorSize: Disk.SectorSize) -> String {
        """
        #!/bin/busybox sh
        refuse() {
            xenstore-write "$XENBUS_PATH/hotplug-error" "$1" "$XENBUS_PATH/hotplug-status" error
            exit 1
        }
        case $1 in
        add)
            file=$(xenstore-read "$XENBUS_PATH/params") || refuse "no params"
            device=$file
            if [ -f "$file" ]; then
                # Another script may take the free device first.
                for attempt in 1 2 3 4 5 6 7 8 9; do
                    device=$(/usr/sbin/losetup -f --show -b \(sectorSize.rawValue) "$file") && break
                    device=
                done
                [ -n "$device" ] || refuse "no loop device for $file"
                xenstore-write "$XENBUS_PATH/rig-loop" "$device"
            fi
            [ -b "$device" ] || refuse "$file is neither a file nor a block device"
            xenstore-write "$XENBUS_PATH/physical-device" "$(stat -L -c %t:%T "$device")" \\
                "$XENBUS_PATH/hotplug-status" connected
            ;;
        remove)
            device=$(xenstore-read "$XENBUS_PATH/rig-loop" 2>/dev/null) && losetup -d "$device"
            xenstore-rm "$XENBUS_PATH/hotplug-status" 2>/dev/null
            ;;
        esac
        exit 0

        """
    }

    /// The name of that script for each size of sectors.
    static func diskScript(_ sectorSize: Disk.SectorSize) -> String {
        "rig-disk-\(sectorSize.rawValue)"
    }

    /// What xl calls for a network card: puts its interface (`$vif`) on its bridge, which is made
    /// where there is none, and tells both ends of the MTU that the configuration asks for.
    static let network = """
        #!/bin/busybox sh
        bridge=$(xenstore-read "$XENBUS_PATH/bridge" 2>/dev/null)
        [ -n "$bridge" ] || bridge=xenbr0
        case $1 in
        online | add)
            ip link show "$bridge" >/dev/null 2>&1 || ip link add "$bridge" type bridge
            ip link set "$bridge" up
            mtu=$(xenstore-read "$XENBUS_PATH/mtu" 2>/dev/null) &&
                ip link set "$vif" mtu "$mtu" &&
                xenstore-write "$(xenstore-read "$XENBUS_PATH/frontend")/mtu" "$mtu"
            if ip link set "$vif" master "$bridge" && ip link set "$vif" up; then
                xenstore-write "$XENBUS_PATH/hotplug-status" connected
            else
                xenstore-write "$XENBUS_PATH/hotplug-error" "no interface $vif" \\
                    "$XENBUS_PATH/hotplug-status" error
                exit 1
            fi
            ;;
        offline | remove)
            ip link set "$vif" down 2>/dev/null
            xenstore-rm "$XENBUS_PATH/hotplug-status" 2>/dev/null
            ;;
        esac
        exit 0

        """

    /// What QEMU calls for the tap (`$1`) behind a network card of its own: the same.
    static let tap = """
        #!/bin/busybox sh
        ip link show xenbr0 >/dev/null 2>&1 || ip link add xenbr0 type bridge
        ip link set xenbr0 up && ip link set "$1" master xenbr0 && ip link set "$1" up

        """
}
