// The functions of <math.h> that the Swift compiler calls by name.
//
// Those of `Float` go by way of `Double`, in which all of them are exact.
#if hasFeature(Embedded)
    import GuestRuntime

    @c(ceil)
    func apusCeil(_ x: Double) -> Double { FloatingPointFunctions.ceil(x) }

    @c(floor)
    func apusFloor(_ x: Double) -> Double { FloatingPointFunctions.floor(x) }

    @c(trunc)
    func apusTruncate(_ x: Double) -> Double { FloatingPointFunctions.truncate(x) }

    @c(round)
    func apusRound(_ x: Double) -> Double { FloatingPointFunctions.round(x) }

    @c(rint)
    func apusRoundToEven(_ x: Double) -> Double { FloatingPointFunctions.roundToEven(x) }

    @c(fmod)
    func apusRemainder(_ x: Double, _ y: Double) -> Double {
        FloatingPointFunctions.remainder(x, y)
    }

    /// One instruction, which the compiler puts here for the method, too.
    @c(sqrt)
    func apusSquareRoot(_ x: Double) -> Double { x.squareRoot() }

    @c(ceilf)
    func apusCeil(float x: Float) -> Float { Float(FloatingPointFunctions.ceil(Double(x))) }

    @c(floorf)
    func apusFloor(float x: Float) -> Float { Float(FloatingPointFunctions.floor(Double(x))) }

    @c(truncf)
    func apusTruncate(float x: Float) -> Float {
        Float(FloatingPointFunctions.truncate(Double(x)))
    }

    @c(roundf)
    func apusRound(float x: Float) -> Float { Float(FloatingPointFunctions.round(Double(x))) }

    @c(rintf)
    func apusRoundToEven(float x: Float) -> Float {
        Float(FloatingPointFunctions.roundToEven(Double(x)))
    }

    @c(fmodf)
    func apusRemainder(float x: Float, _ y: Float) -> Float {
        Float(FloatingPointFunctions.remainder(Double(x), Double(y)))
    }
#endif
