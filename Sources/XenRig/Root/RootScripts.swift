// The two scripts inside the root image. Everything that a rig does differently from another
// comes later, from its shared directory: these only get there.

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
    static let rigInit = """
        #!/bin/busybox sh
        export PATH=/usr/lib/xen-4.20/bin:/usr/sbin:/usr/bin:/sbin:/bin
        b=/bin/busybox
        $b mount -t proc proc /proc
        $b mount -t sysfs sys /sys
        $b mount -t devtmpfs dev /dev
        $b mkdir -p /dev/pts /dev/shm
        $b mount -t devpts devpts /dev/pts
        for directory in /run /tmp /var; do $b mount -t tmpfs tmpfs $directory; done
        $b mkdir -p /var/lib/xen/dump /var/log/xen /var/lock /run/xen /run/xenstored /run/lock
        $b mkdir -p /var/tmp /run/apus
        $b ln -s /run /var/run
        $b mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 share /share
        exec $b sh /share/init

        """
}
