// What a message of the store means.

extension Connection {
    /// Takes a whole message to whom it concerns.
    mutating func handle(_ message: MessageDecoder.Message) {
        futileReconnectionCount = 0
        if message.type == .watchEvent { return handleEvent(message.payload) }
        guard let entry = entries[message.request], entry.isSent else {
            counts.unmatchedReplyCount += 1
            return
        }
        entries[message.request] = nil
        let result = result(of: message, for: entry.request.type)
        if result == .failure(.malformedReply) { counts.malformedReplyCount += 1 }
        followUp(entry, result)
        guard entry.isAwaited else { return }
        let reply = result.map { Reply(payload: $0, generation: generation) }
        report(message.request, reply)
    }

    private func result(
        of message: MessageDecoder.Message, for type: MessageType
    ) -> Result<ReplyPayload, XenStoreError> {
        if message.type == .error {
            let refusal = message.payload.refusal
            return .failure(refusal.map { .refused($0) } ?? .malformedReply)
        }
        guard message.type == type, isSound(message.payload, for: type) else {
            return .failure(.malformedReply)
        }
        return .success(message.payload)
    }

    /// Whether an answer is what its request asks for. What only the asker can judge he judges.
    private func isSound(_ payload: ReplyPayload, for type: MessageType) -> Bool {
        switch type {
        case .transactionStart: payload.transaction != nil
        case .read, .directory, .directoryPart, .permissions, .domainPath, .isIntroduced: true
        default: payload.isAcknowledgement
        }
    }

    /// What the connection itself has to do about an answer.
    private mutating func followUp(
        _ entry: Entry, _ result: Result<ReplyPayload, XenStoreError>
    ) {
        switch entry.request.type {
        case .watch: registrationAnswered(entry, result)
        case .unwatch: entry.watch.map { forgetWatch($0) }
        case .transactionStart:
            guard case .success(let payload) = result, let transaction = payload.transaction
            else { return freeTransactionSlot() }
            transactions.insert(transaction)
            // Whoever wanted it has gone meanwhile.
            if !entry.isAwaited { dropTransaction(transaction, generation: generation) }
        case .transactionEnd: freeTransactionSlot()
        default: break
        }
    }

    private mutating func freeTransactionSlot() { transactionSlotsInUse -= 1 }
}
