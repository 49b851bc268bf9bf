import Clock
import ModelXen
import SeededRandomness
import Testing

struct TimeInfoTests {
    private func record(
        multiplier: UInt32, shift: Int8, timeStamp: UInt64 = 1000, systemTime: UInt64 = 50
    ) -> TimeInfo {
        TimeInfo(
            timeStamp: timeStamp, systemTime: systemTime, multiplier: multiplier, shift: shift)
    }

    @Test func `Ticks of two gigahertz are half nanoseconds`() {
        let record = record(multiplier: 1 << 31, shift: 0)
        #expect(record.nanoseconds(at: 1000) == 50)
        #expect(record.nanoseconds(at: 1001) == 50)
        #expect(record.nanoseconds(at: 1002) == 51)
        #expect(record.nanoseconds(at: 1000 + 2_000_000_000) == 1_000_000_050)
        #expect(record.ticksPerSecond == 2_000_000_000)
    }

    @Test func `A positive shift makes slow ticks long, a negative one fast ticks short`() {
        #expect(record(multiplier: 1 << 31, shift: 1).nanoseconds(at: 1007) == 57)
        #expect(record(multiplier: 1 << 31, shift: -1).nanoseconds(at: 1008) == 52)
        #expect(record(multiplier: 1 << 31, shift: 1).ticksPerSecond == 1_000_000_000)
        #expect(record(multiplier: 1 << 31, shift: -1).ticksPerSecond == 4_000_000_000)
    }

    @Test func `A product wider than 64 bits is exact`() {
        let record = record(multiplier: .max, shift: 0, timeStamp: 0, systemTime: 0)
        let ticks = UInt64(1) << 62
        #expect(record.nanoseconds(at: ticks) == ticks - (1 << 30))
    }

    @Test func `A time stamp that wraps around counts on`() {
        let record = record(multiplier: 1 << 31, shift: 0, timeStamp: .max - 1)
        #expect(record.nanoseconds(at: 8) == 55)
    }

    @Test func `A time stamp from before the record counts as the record's`() {
        #expect(record(multiplier: 1 << 31, shift: 0).nanoseconds(at: 999) == 50)
        #expect(record(multiplier: 1 << 31, shift: 0).nanoseconds(at: 0) == 50)
    }

    @Test func `No record and no time stamp traps`() {
        var generator = SeededGenerator(seed: 11)
        for shift in Int8.min...Int8.max {
            for _ in 0..<20 {
                let record = record(
                    multiplier: .random(in: 0...(.max), using: &generator), shift: shift,
                    timeStamp: generator.next(), systemTime: generator.next())
                _ = record.nanoseconds(at: generator.next())
                _ = record.ticksPerSecond
            }
        }
        #expect(record(multiplier: 0, shift: 0).ticksPerSecond == 0)
    }

    @Test func `Time that is too late to name is the last there is`() {
        let late = SystemTime(nanoseconds: .max - 5)
        #expect(late.advanced(byNanoseconds: 6) == SystemTime(nanoseconds: .max))
        #expect(SystemTime(nanoseconds: 3).nanoseconds(since: late) == 0)
        #expect(late.nanoseconds(since: SystemTime(nanoseconds: 0)) == UInt64.max - 5)
    }

    @Test func `Nanoseconds beyond a second are carried over`() {
        let date = WallTime(seconds: 5, nanoseconds: 2_000_000_001)
        #expect(date.seconds == 7)
        #expect(date.nanoseconds == 1)
        #expect(WallTime(seconds: 7, nanoseconds: 0) < date)
    }
}
