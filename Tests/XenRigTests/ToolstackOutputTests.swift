import Testing

@testable import XenRig

/// What `xl create -F` writes, up to a point.
enum XLWords {
    static let created = """
        Parsing config from /share/domains/d.cfg
        Waiting for domain d (domid 12) to die [pid 150]

        """
    static let rebooted = created + "Domain 12 has shut down, reason code 1 0x1\n"
    static let restarted =
        rebooted + "Action for shutdown reason code 1 is restart\nDone. Rebooting now\n"
    static let again = restarted + "Waiting for domain d (domid 13) to die [pid 150]\n"
}

@Suite("The toolstack's words tell how a domain ended")
struct ToolstackOutputTests {
    @Test("a created domain has a number and no end")
    func created() {
        #expect(XLOutput.domainID(in: XLWords.created) == 12)
        #expect(XLOutput.ending(in: XLWords.created) == nil)
    }

    @Test(
        "each reason code has its name",
        arguments: [
            (0, Ending.poweroff), (1, .reboot), (2, .suspend), (3, .crash), (4, .watchdog),
            (5, .softReset), (77, .other(77)),
        ])
    func reasons(code: Int, ending: Ending) {
        let text =
            XLWords.created + "Domain 12 has shut down, reason code \(code) 0x\(code)\n"
            + "Action for shutdown reason code \(code) is preserve\n"
        #expect(XLOutput.ending(in: text) == ending)
    }

    @Test(
        "a domain that is restarted has not ended",
        arguments: [(XLWords.rebooted, 12), (XLWords.restarted, 12), (XLWords.again, 13)])
    func restart(text: String, number: Int) {
        #expect(XLOutput.ending(in: text) == nil)
        #expect(XLOutput.domainID(in: text) == number)
    }

    @Test("of several ends the last counts")
    func lastEnd() {
        let text = XLWords.again + "Domain 13 has been destroyed.\n"
        #expect(XLOutput.ending(in: text) == .destroyed)
    }

    @Test("dom0 is none of the domains, a dying one is")
    func domains() {
        let text = """
            Name                                        ID   Mem VCPUs\tState\tTime(s)
            Domain-0                                     0   768     1     r-----       8.5
            d-2                                          2    64     1     -b----       0.1
            (null)                                       3     0     1     --ps-d       0.1

            """
        #expect(XLOutput.domains(inList: text) == ["d-2", "(null)"])
    }

    @Test("a refusal is the first complaint")
    func complaint() {
        let text = "Parsing config from x\nxc: error: no memory\nlibxl: error: more\n"
        #expect(XLOutput.complaint(in: text) == "xc: error: no memory")
    }

    @Test(
        "QEMU's monitor says it with events, in lines that end with CR LF",
        arguments: [
            ("{\"event\": \"SHUTDOWN\", \"data\": {\"reason\": \"guest-shutdown\"}}", .poweroff),
            ("{\"event\": \"SHUTDOWN\", \"data\": {\"reason\": \"guest-reset\"}}", .reboot),
            ("{\"event\": \"SHUTDOWN\", \"data\": {\"reason\": \"host-qmp-quit\"}}", .destroyed),
            (
                "{\"event\": \"GUEST_PANICKED\", \"data\": {}}\r\n"
                    + "{\"event\": \"SHUTDOWN\", \"data\": {\"reason\": \"guest-panic\"}}", .crash
            ),
            ("{\"event\": \"RESUME\"}", nil),
            ("not json", nil),
        ] as [(String, Ending?)])
    func monitor(events: String, ending: Ending?) {
        let text = "{\"QMP\": {}}\r\n{\"return\": {}}\r\n\(events)\r\n"
        #expect(QMPOutput.ending(in: text) == ending)
    }
}
