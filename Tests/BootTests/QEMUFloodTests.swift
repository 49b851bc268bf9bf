// A console under QEMU that leads nowhere: a pipe that nobody empties.

import Testing

@testable import XenRig

extension Boot.ConsoleOutputAndInput {
    @Test func `under QEMU, too, a flood that nobody reads stops nobody`() async throws {
        let rig = try await Machine.rig(for: .qemu)
        let image = try await Image.probe
        let outcome = try await Stage.ordinary.run {
            let configuration = DomainConfiguration(
                name: "unread", image: image.file, mode: .qemu, arguments: ["flood", "100000"])
            let words = configuration.qemuArguments(
                kernel: try rig.share(image.file), events: "/tmp/unread.qmp",
                orders: "/tmp/unread.orders")
            return try await rig.run(
                """
                cd /tmp && mkfifo unread.in unread.out unread.orders
                (
                    exec 6<>unread.in 7<>unread.out 8<>unread.orders
                    echo '{"execute":"qmp_capabilities"}' >&8
                    echo 'go on' >&6
                    qemu-system-x86_64 \(words.map(Quoting.shell).joined(separator: " ")) \\
                        <&6 >&7 2>unread.err &
                    wait $!
                    timeout 1 cat <&7 >unread.seen
                    touch unread.exit
                ) >/dev/null 2>&1 &
                for i in $(seq 2000); do [ -e unread.exit ] && break; usleep 100000; done
                wc -c <unread.seen
                cat unread.qmp
                """, timeout: .seconds(240))
        }
        // No more than the pipe holds came out, and the guest went on to its own end.
        let first = outcome.output.split(separator: "\n").first?.split(separator: " ").first
        let seen = try #require(first.flatMap { Int($0) }, "\(outcome.output)")
        // The pipe was full: 64 KiB.
        #expect(seen > 60_000)
        #expect(seen < 200_000)
        #expect(QMPOutput.ending(in: outcome.output) == .poweroff, "\(outcome.output)")
    }
}
