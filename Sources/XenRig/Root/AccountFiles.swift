// The accounts that unconfigured packages would have made: nginx and dnsmasq look them up.

enum AccountFiles {
    static let all = [
        "passwd": """
        root:x:0:0:root:/:/bin/busybox
        www-data:x:33:33:www-data:/var/www:/bin/false
        nobody:x:65534:65534:nobody:/:/bin/false

        """,
        "group": """
        root:x:0:
        adm:x:4:
        www-data:x:33:
        nogroup:x:65534:

        """,
        "hosts": "127.0.0.1 localhost\n",
        "hostname": "apus-rig\n",
    ]
}
