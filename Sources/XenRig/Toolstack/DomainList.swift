// Which domains there are.

import RigTools

extension Rig {
    /// The names of the domains that there are, without dom0; a dying one may be `(null)`.
    public func domains() async throws(RigError) -> [String] {
        let result = try await run("exec xl list")
        guard result.succeeded else { throw .rigFailed("xl list: \(result.lastLine)") }
        return XLOutput.domains(inList: result.output)
    }
}
