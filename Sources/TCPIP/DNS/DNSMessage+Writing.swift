// How a message is written. Nothing is compressed: a question has one name.

extension DNSMessage {
    /// The message as it is sent. Records of other types than this resolver knows have no
    /// content.
    public var wireBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(wire: id)
        bytes.append(wire: flags)
        bytes.append(wire: UInt16(questions.count))
        bytes.append(wire: UInt16(answers.count))
        bytes.append(wire: UInt16(authorities.count))
        let extensionCount = acceptedByteCount == nil ? 0 : 1
        bytes.append(wire: UInt16(additionals.count + extensionCount))
        for question in questions {
            bytes += question.name.wireBytes
            bytes.append(wire: question.type.rawValue)
            bytes.append(wire: Self.internetClass)
        }
        for record in answers { Self.append(record, to: &bytes) }
        for record in authorities { Self.append(record, to: &bytes) }
        for record in additionals { Self.append(record, to: &bytes) }
        if let acceptedByteCount {
            bytes.append(0)
            bytes.append(wire: DNSRecordType.opt.rawValue)
            bytes.append(wire: acceptedByteCount)
            // Version 0, and the upper bits of the response code (RFC 6891 section 6.1.3).
            bytes.append(wire: UInt32(code.rawValue >> 4) << 24)
            bytes.append(wire: UInt16(0))
        }
        return bytes
    }

    private var flags: UInt16 {
        var flags = code.rawValue & 0xF | UInt16(opcode & 0xF) << 11
        if isResponse { flags |= 0x8000 }
        if isAuthoritative { flags |= 0x0400 }
        if isTruncated { flags |= 0x0200 }
        if wantsRecursion { flags |= 0x0100 }
        if offersRecursion { flags |= 0x0080 }
        return flags
    }

    private static func append(_ record: DNSRecord, to bytes: inout [UInt8]) {
        bytes += record.name.wireBytes
        bytes.append(wire: record.content.type.rawValue)
        bytes.append(wire: internetClass)
        bytes.append(wire: record.ttl)
        let content = contentBytes(record.content)
        bytes.append(wire: UInt16(content.count))
        bytes += content
    }

    private static func contentBytes(_ content: DNSRecord.Content) -> [UInt8] {
        var bytes: [UInt8] = []
        switch content {
        case .address(.v4(let address)): bytes.append(wire: address.rawValue)
        case .address(.v6(let address)):
            bytes.append(wire: address.high)
            bytes.append(wire: address.low)
        case .alias(let name), .pointer(let name): bytes = name.wireBytes
        case .zoneStart(let negativeTTL):
            // Without names and with times of zero, as nobody here reads them.
            bytes = [UInt8](repeating: 0, count: 2 + 16)
            bytes.append(wire: negativeTTL)
        case .other: break
        }
        return bytes
    }
}
