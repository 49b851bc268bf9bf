// The kinds of messages, and the header that stands before each.
//
// Source: xen-headers/include/xen/xs_wire.h, struct xsd_sockmsg.

import CXen

/// A message's kind, by Xen's number. Only those that this client sends or gets are named.
struct MessageType: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt32

    init(rawValue: UInt32) { self.rawValue = rawValue }
    private init(_ constant: Int32) { rawValue = UInt32(constant) }

    static var directory: Self { Self(XS_DIRECTORY) }
    static var read: Self { Self(XS_READ) }
    static var permissions: Self { Self(XS_GET_PERMS) }
    static var watch: Self { Self(XS_WATCH) }
    static var unwatch: Self { Self(XS_UNWATCH) }
    static var transactionStart: Self { Self(XS_TRANSACTION_START) }
    static var transactionEnd: Self { Self(XS_TRANSACTION_END) }
    static var introduce: Self { Self(XS_INTRODUCE) }
    static var release: Self { Self(XS_RELEASE) }
    static var domainPath: Self { Self(XS_GET_DOMAIN_PATH) }
    static var write: Self { Self(XS_WRITE) }
    static var makeDirectory: Self { Self(XS_MKDIR) }
    static var remove: Self { Self(XS_RM) }
    static var setPermissions: Self { Self(XS_SET_PERMS) }
    static var watchEvent: Self { Self(XS_WATCH_EVENT) }
    static var error: Self { Self(XS_ERROR) }
    static var isIntroduced: Self { Self(XS_IS_DOMAIN_INTRODUCED) }
    static var directoryPart: Self { Self(XS_DIRECTORY_PART) }

    /// Whether the protocol has such a message at all.
    var isKnown: Bool { rawValue <= UInt32(XS_DIRECTORY_PART) }
}

/// The 16 bytes before each payload: four words, little-endian.
struct MessageHeader: Equatable {
    static var byteCount: Int { MemoryLayout<xsd_sockmsg>.size }

    var type: MessageType
    /// Echoed in the reply; 0 in an event.
    var request: UInt32
    /// 0 outside of transactions.
    var transaction: UInt32
    /// Bytes that follow.
    var payloadByteCount: UInt32

    func append(to bytes: inout [UInt8]) {
        for word in [type.rawValue, request, transaction, payloadByteCount] {
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
    }

    /// Reads the first 16 bytes, which must be there.
    init(_ bytes: Span<UInt8>) {
        func word(_ offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
        }
        type = MessageType(rawValue: word(0))
        request = word(4)
        transaction = word(8)
        payloadByteCount = word(12)
    }

    init(type: MessageType, request: UInt32, transaction: UInt32, payloadByteCount: Int) {
        self.type = type
        self.request = request
        self.transaction = transaction
        self.payloadByteCount = UInt32(payloadByteCount)
    }

    /// Whether the store can have sent this: a known kind and no more bytes than allowed.
    var isValid: Bool { type.isKnown && payloadByteCount <= UInt32(XENSTORE_PAYLOAD_MAX) }
}
