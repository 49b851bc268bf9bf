import Foundation
import RigTools
import Testing

@testable import XenRig

@Suite("Arguments survive the way to the guest")
struct QuotingTests {
    @Test(
        "a command line quotes only what needs it",
        arguments: [
            ([], ""), (["a", "b=c"], "a b=c"), (["a b"], "\"a b\""), ([""], "\"\""),
            (["say \"hi\""], "\"say \\\"hi\\\"\""), (["back\\slash"], "\"back\\\\slash\""),
            (["é"], "é"),
        ])
    func quotesCommandLine(arguments: [String], line: String) {
        #expect(Quoting.commandLine(arguments) == line)
    }

    @Test(
        "a shell word is one word to a real shell", arguments: ["a b", "it's", "$(x)`y`", "", "\\"])
    func quotesForShell(word: String) async throws {
        let printed = try await Command(
            URL(fileURLWithPath: "/bin/sh"), ["-c", "printf %s \(Quoting.shell(word))"]
        ).run()
        #expect(printed.output == word)
    }

    @Test("xl's strings escape their quote and the backslash")
    func quotesForXL() {
        #expect(Quoting.xl("a \"b\" \\ c") == "\"a \\\"b\\\" \\\\ c\"")
    }
}

@Suite("A domain's configuration is what the toolstack reads")
struct ConfigurationTests {
    let base = DomainConfiguration(
        name: "d", image: URL(fileURLWithPath: "/x"), mode: .pvh, memoryMiB: 8, arguments: ["a b"])

    @Test("a small PVH domain gets memory for its page tables")
    func smallPVH() {
        let text = base.xlConfiguration(name: "d-2", kernel: "/share/k")
        #expect(text.contains("name = \"d-2\"\n"))
        #expect(text.contains("type = \"pvh\"\n"))
        #expect(text.contains("shadow_memory = 4\n"))
        #expect(text.contains("tsc_mode = \"native\"\n"))
        #expect(text.contains("cmdline = \"\\\"a b\\\"\"\n"))
    }

    @Test("a PV domain does not, and extra lines come last")
    func extraLines() {
        var pv = base
        pv.mode = .pv
        pv.maximumMemoryMiB = 16
        pv.extraLines = ["vif = []"]
        let text = pv.xlConfiguration(name: "d", kernel: "/k")
        #expect(!text.contains("shadow_memory"))
        #expect(text.contains("maxmem = 16\n"))
        #expect(text.hasSuffix("vif = []\n"))
    }

    @Test("devices come with the rig's own scripts")
    func devices() {
        var domain = base
        domain.disks = [
            Disk(path: "/tmp/disks/a", device: "xvda"),
            Disk(path: "/dev/loop0", device: "xvdb", isReadOnly: true),
        ]
        domain.networkCards = [NetworkCard(address: "00:16:3e:00:00:01"), NetworkCard()]
        let text = domain.xlConfiguration(name: "d", kernel: "/k")
        #expect(text.contains("script=rig-disk-512,target=/tmp/disks/a\", \"format=raw,"))
        #expect(text.contains("vdev=xvdb,access=ro,"))
        let network = "\"mac=00:16:3e:00:00:01,script=rig-network\", \"script=rig-network\""
        #expect(text.contains("vif = [\(network)]\n"))
        #expect(
            NetworkCard(bridge: "other", mtu: 9000).specification
                == "bridge=other,mtu=9000,script=rig-network")
    }

    @Test("QEMU gets the same as arguments")
    func qemu() {
        let words = base.qemuArguments(kernel: "/k", events: "/e", orders: "/o")
        #expect(words.contains("file,id=monitor,path=/e,input-path=/o"))
        #expect(words.suffix(2) == ["-append", "\"a b\""])
        var domain = base
        domain.networkCards = [NetworkCard(), NetworkCard(address: "00:16:3e:00:00:01")]
        let cards = domain.qemuArguments(kernel: "/k", events: "/e", orders: "/o").suffix(8)
        #expect(cards.contains("tap,id=net0,script=/etc/xen/scripts/rig-tap,downscript=no"))
        #expect(cards.last == "xen-net-device,netdev=net1,mac=00:16:3e:00:00:01")
    }
}
