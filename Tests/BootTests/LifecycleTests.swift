// A domain's life as the toolstack rules it: each order again and again, and nothing is left.

import Testing
import XenRig

/// The life of domains under their toolstack.
extension Boot {
    @Suite struct Lifecycle {
        private static let modes = [BootMode.pv, .pvh]

        private func prepare(
            _ subject: String, _ mode: BootMode, on rig: Rig,
            _ change: (inout DomainConfiguration) -> Void = { _ in }
        ) async throws -> PreparedDomain {
            var configuration = DomainConfiguration(
                name: subject, image: try await Image.probe.file, mode: mode, memoryMiB: 8,
                arguments: [subject], onReboot: .restart)
            change(&configuration)
            return try rig.prepare(configuration)
        }

        private func run(
            _ flavour: Flavour, _ mode: BootMode, subject: String = "idle",
            greeting: String = "idle from now on", vcpus: Int = 1, _ steps: String
        ) async throws -> String {
            try await Stage.own(of: flavour).run {
                try await Stage.ordinary.run {
                    let rig = try await Machine.rig(for: mode, flavour: flavour)
                    let domain = try await prepare(subject, mode, on: rig) { $0.vcpus = vcpus }
                    let rounds = Rounds(
                        domain: domain, greeting: greeting, steps: steps,
                        count: Rounds.count(on: flavour))
                    try await rounds.run(on: rig)
                    return domain.console
                }
            }
        }

        private func count(_ line: String, in console: String) -> Int {
            console.split(separator: "\n").count { $0 == line }
        }

        @Test(arguments: Flavour.tested, modes)
        func `a domain that is shut down ends in order`(
            flavour: Flavour, mode: BootMode
        ) async throws {
            let console = try await run(
                flavour, mode, subject: "linger", greeting: "lingering",
                """
                for round in $(rounds); do
                    create
                    note
                    greets $round
                    shut_down $round
                done
                """)
            #expect(count("clean-up: first registered", in: console) == Rounds.count(on: flavour))
            let endings = count("apus: exit status 0", in: console)
            #expect(endings == Rounds.count(on: flavour), "\(console)")
        }

        @Test(arguments: Flavour.tested, modes)
        func `a domain that is rebooted comes again under its name`(
            flavour: Flavour, mode: BootMode
        ) async throws {
            let console = try await run(
                flavour, mode,
                """
                create
                greets 1
                for round in $(rounds); do
                    note
                    former=$(xl domid $name)
                    xl reboot $name >/tmp/$name.log 2>&1 || fail "$(cat /tmp/$name.log)"
                    greets $((round + 1))
                    [ "$(xl domid $name)" != "$former" ] || fail "the domain is the same"
                done
                note
                xl destroy $name
                gone
                """)
            // Last words may be lost where xl destroys at once, first words are not.
            #expect(count("idle from now on", in: console) == Rounds.count(on: flavour) + 1)
        }

        @Test(arguments: Flavour.tested, modes)
        func `a domain that is destroyed while it starts leaves nothing`(
            flavour: Flavour, mode: BootMode
        ) async throws {
            _ = try await run(
                flavour, mode,
                """
                is_there() { ! is_gone; }
                for round in $(rounds); do
                    xl create $configuration >/tmp/$name.log 2>&1 &
                    # Not noted: xl, still creating, may write to the store after the end.
                    await "there is a domain" is_there
                    usleep $((round * 15000))
                    xl destroy $name >/dev/null 2>&1
                    # It may have refused, too early, or xl may have failed to create.
                    wait $!
                    xl destroy $name >/dev/null 2>&1
                    gone
                done
                """)
        }

        @Test(arguments: Flavour.tested, modes)
        func `pauses, keys and processors come and go`(
            flavour: Flavour, mode: BootMode
        ) async throws {
            let console = try await run(
                flavour, mode, vcpus: 4,
                """
                create
                note
                greets 1
                # The third letter of the state: r, b, p.
                is_paused() { xl list $name | awk 'NR == 2 { exit substr($5, 3, 1) != "p" }'; }
                for round in $(rounds); do
                    xl pause $name || fail pause
                    is_paused || fail "not paused"
                    xl unpause $name || fail unpause
                    ! is_paused || fail "still paused"
                done
                for round in $(rounds); do
                    xl sysrq $name s || fail sysrq
                    await "the key is heard" says 'apus: sysrq: nothing is kept back' $round
                done
                online() { xl vcpu-list $name | awk 'NR > 1 && $5 != "--p"' | wc -l; }
                has_online() { [ "$(online)" = "$1" ]; }
                for round in $(rounds); do
                    wanted=$((round % 4 + 1))
                    xl vcpu-set --ignore-host $name $wanted || fail vcpu-set
                    await "$wanted processors are online" has_online $wanted
                done
                shut_down 1
                """)
            #expect(count("apus: exit status 0", in: console) == 1, "\(console)")
        }
    }
}
