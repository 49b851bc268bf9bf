// Messages out of a stream of bytes that comes in pieces of any size.

/// Puts messages together. Keeps no more than one of them: 16 bytes of header, 4096 of payload.
struct MessageDecoder {
    /// A whole message.
    struct Message: Equatable {
        let type: MessageType
        let request: UInt32
        let transaction: UInt32
        let payload: ReplyPayload
    }

    /// A header that the store cannot have meant: where the next message starts is not known.
    struct Nonsense: Error {}

    private var headerBytes = InlineArray<16, UInt8>(repeating: 0)
    private var headerCount = 0
    private var header: MessageHeader?
    private var payload: [UInt8] = []

    init() {}

    /// Whether a message has begun and not ended.
    var isWithinMessage: Bool { headerCount > 0 }

    /// How many more bytes are of use until the present part of the message is whole; 1 or more.
    private var wanted: Int {
        guard let header else { return MessageHeader.byteCount - headerCount }
        return Int(header.payloadByteCount) - payload.count
    }

    /// Takes bytes up to the end of a message, and drops them from `bytes`.
    ///
    /// - Returns: the message; nil when all of the bytes were taken and it has not ended.
    mutating func next(_ bytes: inout Span<UInt8>) throws(Nonsense) -> Message? {
        while true {
            if let header, wanted == 0 { return finish(header) }
            guard bytes.count > 0 else { return nil }
            let count = min(wanted, bytes.count)
            for index in 0..<count { take(bytes[index]) }
            bytes = bytes.extracting(count...)
            if header == nil, headerCount == MessageHeader.byteCount { try readHeader() }
        }
    }

    private mutating func take(_ byte: UInt8) {
        if header != nil {
            payload.append(byte)
        } else {
            headerBytes[headerCount] = byte
            headerCount += 1
        }
    }

    private mutating func readHeader() throws(Nonsense) {
        let header = MessageHeader(headerBytes.span)
        guard header.isValid else { throw Nonsense() }
        self.header = header
        payload.reserveCapacity(Int(header.payloadByteCount))
    }

    private mutating func finish(_ header: MessageHeader) -> Message {
        let message = Message(
            type: header.type, request: header.request, transaction: header.transaction,
            payload: ReplyPayload(payload))
        self = MessageDecoder()
        return message
    }
}
