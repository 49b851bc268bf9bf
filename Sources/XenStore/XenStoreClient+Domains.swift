// What the store knows of domains, and, for the control domain, is to know.

import XenTypes

extension XenStoreClient {
    /// A domain's own directory, `/local/domain/N`, which relative paths of that domain are
    /// within. No domain need have this number.
    public func domainPath(of domain: DomainID) async throws(XenStoreError) -> String {
        let payload = ReplyPayload(try await perform(.domainPath(of: domain)))
        guard let path = payload.path else { throw .malformedReply }
        return path
    }

    /// Whether the store is connected to a domain.
    public func isIntroduced(_ domain: DomainID) async throws(XenStoreError) -> Bool {
        let payload = ReplyPayload(try await perform(.isIntroduced(domain)))
        guard let truth = payload.truth else { throw .malformedReply }
        return truth
    }

    /// Connects the store to a domain. For the control domain.
    ///
    /// - Parameters:
    ///   - frame: that domain's page for the ring.
    ///   - port: that domain's event channel for it, not yet bound.
    /// - Throws: `EACCES` where the caller is not the control domain; `connectionLost` where
    ///   nobody knows whether it was done, as it is not to be done twice.
    public func introduce(
        domain: DomainID, frame: GuestFrame, port: Port
    ) async throws(XenStoreError) {
        _ = try await perform(.introduce(domain, frame: frame, port: port))
    }

    /// Disconnects the store from a domain. For the control domain; throws as
    /// ``introduce(domain:frame:port:)`` does.
    public func release(domain: DomainID) async throws(XenStoreError) {
        _ = try await perform(.release(domain))
    }
}
