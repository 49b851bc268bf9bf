import Testing

@testable import GuestRuntime

@Suite("ChaCha20")
struct ChaCha20Tests {
    private func words(_ block: ChaCha20.Block) -> [UInt32] { (0..<16).map { block[$0] } }

    @Test("The block of RFC 8439, 2.3.2")
    func section232() {
        let key = ChaCha20.Key { index in
            let first = UInt32(index * 4)
            return first | (first + 1) << 8 | (first + 2) << 16 | (first + 3) << 24
        }
        let block = ChaCha20.block(
            key: key, counter: 1, nonce: (0x0900_0000, 0x4A00_0000, 0))
        #expect(
            words(block) == [
                0xE4E7_F110, 0x1559_3BD1, 0x1FDD_0F50, 0xC471_20A3,
                0xC7F4_D1C7, 0x0368_C033, 0x9AAA_2204, 0x4E6C_D4C3,
                0x4664_82D2, 0x09AA_9F07, 0x05D7_C214, 0xA202_8BD9,
                0xD19C_12B5, 0xB94E_16DE, 0xE883_D0CB, 0x4E3C_50A2,
            ])
    }

    @Test("The blocks of RFC 8439, A.1, vectors 1 and 2: key and nonce zero")
    func zeroKey() {
        let key = ChaCha20.Key(repeating: 0)
        #expect(
            words(ChaCha20.block(key: key, counter: 0, nonce: (0, 0, 0))) == [
                0xADE0_B876, 0x903D_F1A0, 0xE56A_5D40, 0x28BD_8653,
                0xB819_D2BD, 0x1AED_8DA0, 0xCCEF_36A8, 0xC70D_778B,
                0x7C59_41DA, 0x8D48_5751, 0x3FE0_2477, 0x374A_D8B8,
                0xF4B8_436A, 0x1CA1_1815, 0x69B6_87C3, 0x8665_EEB2,
            ])
        #expect(
            words(ChaCha20.block(key: key, counter: 1, nonce: (0, 0, 0))) == [
                0xBEE7_079F, 0x7A38_5155, 0x7C97_BA98, 0x0D08_2D73,
                0xA029_0FCB, 0x6965_E348, 0x3E53_C612, 0xED7A_EE32,
                0x7621_B729, 0x434E_E69C, 0xB033_71D5, 0xD539_D874,
                0x281F_ED31, 0x45FB_0A51, 0x1F0A_E1AC, 0x6F4D_794B,
            ])
    }
}
