import CXen
import SeededRandomness
import Testing

@testable import XenStore

struct MessageDecoderTests {
    private static let stream =
        ScriptedStore.message(.read, 1, Array("value".utf8))
        + ScriptedStore.message(.write, 2, Array("OK\0".utf8), transaction: 9)
        + ScriptedStore.message(.directory, 3, [])
        + ScriptedStore.message(.watchEvent, 0, Array("a\u{0}1\u{0}".utf8))

    /// The messages of pieces; nil where they make no sense.
    private func decode(_ pieces: [[UInt8]]) -> [MessageDecoder.Message]? {
        var decoder = MessageDecoder()
        var messages: [MessageDecoder.Message] = []
        for piece in pieces {
            var rest = piece.span
            do throws(MessageDecoder.Nonsense) {
                while let message = try decoder.next(&rest) { messages.append(message) }
            } catch {
                return nil
            }
            let restCount = rest.count
            #expect(restCount == 0)
        }
        return messages
    }

    @Test func `Messages come out whole`() throws {
        let messages = try #require(decode([Self.stream]))
        #expect(messages.map(\.request) == [1, 2, 3, 0])
        #expect(messages.map(\.transaction) == [0, 9, 0, 0])
        #expect(messages.map(\.type) == [.read, .write, .directory, .watchEvent])
        #expect(messages.map(\.payload.bytes.count) == [5, 3, 0, 4])
    }

    @Test func `The stream may be cut anywhere, once or twice`() {
        let whole = decode([Self.stream])
        for first in 0...Self.stream.count {
            for second in first...Self.stream.count {
                let pieces = [
                    Array(Self.stream[..<first]), Array(Self.stream[first..<second]),
                    Array(Self.stream[second...]),
                ]
                #expect(decode(pieces) == whole)
            }
        }
        #expect(decode(Self.stream.map { [$0] }) == whole)
    }

    @Test func `A payload may be as long as allowed and no longer`() {
        let longest = ScriptedStore.message(.read, 1, [UInt8](repeating: 7, count: 4096))
        #expect(decode([longest])?.first?.payload.bytes.count == 4096)
        let tooLong = ScriptedStore.message(.read, 1, [UInt8](repeating: 7, count: 4097))
        #expect(decode([tooLong]) == nil)
        var endless = longest
        for index in 12..<16 { endless[index] = 0xFF }
        #expect(decode([endless]) == nil)
    }

    @Test func `A kind that the protocol does not have makes no sense`() {
        for type in [UInt32(XS_DIRECTORY_PART) + 1, UInt32(XS_INVALID), .max] {
            let bytes = ScriptedStore.message(MessageType(rawValue: type), 1, [])
            #expect(decode([bytes]) == nil)
        }
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func `Changed bytes make messages within the limits or no sense`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var bytes = Self.stream
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
            let place = bytes.indices.randomElement(using: &generator) ?? 0
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 2: bytes.remove(at: place)
            default: bytes.insert(bytes.randomElement(using: &generator) ?? 0, at: place)
            }
        }
        for message in decode([bytes]) ?? [] {
            #expect(message.payload.bytes.count <= 4096)
            read(message.payload)
        }
    }

    /// Looks at a payload in every way that there is. None may trap.
    private func read(_ payload: ReplyPayload) {
        _ = (payload.isAcknowledgement, payload.refusal, payload.names, payload.part)
        _ = (payload.permissions, payload.transaction, payload.path, payload.truth, payload.event)
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `Random payloads are read without harm`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let alphabet: [UInt8] = [0, 0, 0x30, 0x31, 0x61, 0x2F, 0x72, 0x45, 0x54, 0xFF]
        for _ in 0..<50 {
            let count = Int.random(in: 0..<24, using: &generator)
            read(
                ReplyPayload(
                    (0..<count).map { _ in alphabet.randomElement(using: &generator) ?? 0 }))
        }
    }
}
