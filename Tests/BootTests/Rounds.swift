// The same step of a toolstack again and again, as one script in dom0.

import Testing
import XenRig

/// A script over one prepared domain. A failed step ends it with a line that says which round.
struct Rounds {
    /// Fewer on flavours that are not the standard one: there it is the flavour that is tested.
    static func count(on flavour: Flavour) -> Int {
        Thoroughness.rounds(everyday: flavour == .standard ? 5 : 2, thorough: 20)
    }

    let domain: PreparedDomain
    /// The line that says that the guest is up.
    let greeting: String
    /// Shell commands, with what `prelude` offers.
    let steps: String

    let count: Int

    /// Runs it to the end, and looks whether a domain is left.
    func run(on rig: Rig, timeout: Duration = .seconds(1800)) async throws {
        let result = try await rig.run(prelude + steps + epilogue, timeout: timeout)
        #expect(result.succeeded, "\(result.output)\n\(domain.console.suffix(500))")
        #expect(try await !rig.domains().contains { $0 == domain.name || $0 == "(null)" })
    }

    private var prelude: String {
        """
        name=\(Quoting.shell(domain.name))
        configuration=\(domain.configurationPath)
        console=\(domain.consolePath)
        ids=
        round=0
        fail() {
            echo "round $round: $1"
            xl list
            xl destroy $name 2>/dev/null
            exit 1
        }
        # Until the rest of the words, a command, succeed.
        await() {
            what=$1
            shift
            for attempt in $(seq 600); do
                "$@" && return 0
                usleep 50000
            done
            fail "waited in vain until $what"
        }
        # Whether the console has the text $1 at least $2 times.
        says() { [ "$(grep -c "$1" $console 2>/dev/null)" -ge "$2" ]; }
        greets() { await "the guest is up" says '\(greeting)' "$1"; }
        is_gone() { ! xl domid $name >/dev/null 2>&1; }
        gone() { await "the domain is gone" is_gone; }
        note() { ids="$ids $(xl domid $name)"; }
        create() { xl create $configuration >/tmp/$name.log 2>&1 || fail "$(cat /tmp/$name.log)"; }
        # In order, and kept until its console is read: to be destroyed may lose the last words.
        shut_down() {
            xl shutdown -w $name >/tmp/$name.log 2>&1 || fail "$(cat /tmp/$name.log)"
            await "its last words are there" says 'apus: exit status 0' "$1"
            xl destroy $name
            gone
        }
        rounds() { seq \(count); }

        """
    }

    /// The store has nothing of the domains either.
    private var epilogue: String {
        """

        is_forgotten() { ! xenstore-exists /local/domain/$id; }
        for id in $ids; do await "the store has forgotten domain $id" is_forgotten; done
        exit 0

        """
    }
}
