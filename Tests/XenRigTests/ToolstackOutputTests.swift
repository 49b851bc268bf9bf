import Testing

@testable import XenRig

@Suite("The toolstack's words tell how a domain ended")
struct ToolstackOutputTests {
    static let created = """
        Parsing config from /share/domains/d.cfg
        Waiting for domain d (domid 12) to die [pid 150]

        """

    @Test("a created domain has a number and no end")
    func created() {
        #expect(XLOutput.domainID(in: Self.created) == 12)
        #expect(XLOutput.ending(in: Self.created) == nil)
    }

    @Test(
        "each reason code has its name",
        arguments: [
            (0, Ending.poweroff), (1, .reboot), (2, .suspend), (3, .crash), (4, .watchdog),
            (5, .softReset), (77, .other(77)),
        ])
    func reasons(code: Int, ending: Ending) {
        let text = Self.created + "Domain 12 has shut down, reason code \(code) 0x\(code)\n"
        #expect(XLOutput.ending(in: text) == ending)
    }

    @Test("of several ends the last counts")
    func lastEnd() {
        let text =
            Self.created + "Domain 12 has shut down, reason code 1 0x1\n"
            + "Domain 13 has been destroyed.\n"
        #expect(XLOutput.ending(in: text) == .destroyed)
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
