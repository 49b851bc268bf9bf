import Testing

@testable import XenRig

@Suite("The store's programs are read as they write")
struct StoreOutputTests {
    @Test("a tree is absolute paths and values on one line")
    func tree() {
        let text = """
            /local/domain/3 = ""
            /local/domain/3/name = "a = \\"b\\""
            /local/domain/3/lines = "one\\ntwo"

            """
        let nodes = StoreOutput.tree(in: text)
        #expect(nodes["/local/domain/3"] == "")
        #expect(nodes["/local/domain/3/name"] == "a = \\\"b\\\"")
        #expect(nodes["/local/domain/3/lines"] == "one\\ntwo")
        #expect(nodes.count == 3)
    }

    @Test(
        "each release has the count of watches in a line of its own",
        arguments: [
            "Domain 7:\nnodes       :     19 (max   36)\nwatches     :      8 (max    8)\n",
            "Domain 7:\nnodes           :       12\nwatches         :        8\n",
        ])
    func quota(text: String) {
        #expect(StoreOutput.watchCount(inQuota: text) == 8)
    }

    @Test("a domain that the store does not know has no count")
    func unknown() {
        #expect(StoreOutput.watchCount(inQuota: "Error 2 when trying to execute command.\n") == nil)
    }

    @Test("the other store lists each watch with its connection")
    func watches() {
        let text = """
            watch D1: control/shutdown t1
            watch D1: device t2
            watch D12: device t2
            watch A4: @releaseDomain domlist

            """
        #expect(StoreOutput.watchCount(of: 1, inWatches: text) == 2)
        #expect(StoreOutput.watchCount(of: 2, inWatches: text) == 0)
    }

    @Test(
        "a missing node is told from other refusals",
        arguments: [
            ("xenstore-read: couldn't read path /a\n", true),
            ("xenstore-ls: xs_directory (/a): No such file or directory\n", true),
            ("xenstore-rm: could not remove path /a\n", true),
            ("xenstore-write: could not write path /a\n", false),
        ])
    func missing(text: String, isMissing: Bool) {
        #expect(StoreOutput.isMissing(text) == isMissing)
    }
}

@Suite("A root image is named by what is in it")
struct RootRecipeTests {
    @Test("each release has its own image, suite and hypervisor")
    func releases() {
        let recipes = XenRelease.allCases.map { RootRecipe($0) }
        #expect(Set(recipes.map(\.key)).count == recipes.count)
        #expect(Set(recipes.map(\.suite)).count == recipes.count)
        for recipe in recipes {
            let version = recipe.release.rawValue
            #expect(recipe.packages.contains("xen-hypervisor-\(version)-amd64"))
            #expect(recipe.scripts.contains { $0.text.contains("/usr/lib/xen-\(version)/bin") })
        }
    }

    @Test("the agent starts the store that was asked for", arguments: StoreDaemon.allCases)
    func store(daemon: StoreDaemon) {
        let script = AgentScript.text(for: .xen, Flavour(store: daemon))
        #expect(script.contains("\n\(daemon.rawValue) --pid-file "))
    }

    @Test("modules may be packed or not")
    func modules() {
        let text = "insmod /a b/x.ko.xz\nbuiltin y\ninsmod /a b/z.ko option=1\n"
        #expect(ModprobeOutput.paths(in: text) == ["/a b/x.ko.xz", "/a b/z.ko"])
    }
}
