//! exp, ln and pow as instructions: the operations of `math`, one by one, so that bits are the same.

use super::assembler::{
    ADD, ADD_PRODUCT, ADD_WHOLE, AND, Assembler, Comparison, DIVIDE, Jump, LESS_PRODUCT, MAXIMUM,
    MINIMUM, MULTIPLY, Mask, OR_WHOLE, Outside, Place, SUBTRACT, SUBTRACT_WHOLE, Source,
    TIMES_PLUS, Vector, XOR,
};
use super::constants::Constants;
use crate::math::{EXP_SERIES, LN_2_HIGH, LN_2_LOW, LN_SERIES, ROUND};

/// The registers that functions may use; everybody else leaves them alone.
pub(super) const SCRATCH: [Vector; 8] = [
    Vector(24),
    Vector(25),
    Vector(26),
    Vector(27),
    Vector(28),
    Vector(29),
    Vector(30),
    Vector(31),
];
const WHOLE_LIMIT: f64 = 9_007_199_254_740_992.0;

/// A function that stands behind the code and is called from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Function {
    Exp,
    Ln,
}

/// Writes functions, with the numbers that they need.
pub(super) struct Functions<'a> {
    pub(super) assembler: &'a mut Assembler,
    pub(super) constants: &'a mut Constants,
    pub(super) later: &'a mut Later,
}

/// What is written behind the code: functions that are called, and what seldom happens.
#[derive(Debug, Default)]
pub(super) struct Later {
    calls: Vec<(Function, Jump)>,
    powers: Vec<SpecialPower>,
}

/// A power whose special cases are written behind the code.
#[derive(Debug, Clone, Copy)]
struct SpecialPower {
    jump: Jump,
    back: Place,
    x: Source,
    y: Source,
}

impl Functions<'_> {
    fn call(&mut self, function: Function) -> Vector {
        let jump = self.assembler.call();
        self.later.calls.push((function, jump));
        match function {
            Function::Exp => SCRATCH[4],
            Function::Ln => SCRATCH[7],
        }
    }

    /// e to what stands in the first scratch register; says where the result stands.
    pub(super) fn exp(&mut self) -> Vector {
        self.call(Function::Exp)
    }

    /// The logarithm of what stands in the first scratch register; says where the result stands.
    pub(super) fn ln(&mut self) -> Vector {
        self.call(Function::Ln)
    }

    /// Writes what was left for later, behind the end of the code.
    pub(super) fn finish(&mut self) {
        for power in std::mem::take(&mut self.later.powers) {
            let here = self.assembler.here();
            self.assembler.lands(power.jump, here);
            self.special_power(power.x, power.y);
            let jump = self.assembler.jump();
            self.assembler.lands(jump, power.back);
        }
        for function in [Function::Exp, Function::Ln] {
            let calls = std::mem::take(&mut self.later.calls);
            let (calls, others) = calls.into_iter().partition(|(called, _)| *called == function);
            self.later.calls = others;
            let calls: Vec<(Function, Jump)> = calls;
            if calls.is_empty() {
                continue;
            }
            let here = self.assembler.here();
            for (_, jump) in calls {
                self.assembler.lands(jump, here);
            }
            match function {
                Function::Exp => self.write_exp(),
                Function::Ln => self.write_ln(),
            }
        }
    }

    pub(super) fn number(&mut self, value: f64) -> Source {
        self.constants.bits(value.to_bits())
    }

    fn set(&mut self, out: Vector, value: f64) {
        let source = self.number(value);
        self.assembler.load(out, source);
    }

    fn write_exp(&mut self) {
        let [x, round, k, r, p, half, rest, _] = SCRATCH;
        for (form, limit) in [(MINIMUM, 750.0), (MAXIMUM, -750.0)] {
            self.set(round, limit);
            self.assembler.apply(form, x, round, Source::Vector(x));
        }
        self.set(round, ROUND);
        self.assembler.load(k, Source::Vector(round));
        let factor = self.number(std::f64::consts::LOG2_E);
        self.assembler.apply(ADD_PRODUCT, k, x, factor);
        self.assembler.apply(SUBTRACT, k, k, Source::Vector(round));
        self.assembler.load(r, Source::Vector(x));
        for part in [LN_2_HIGH, LN_2_LOW] {
            let part = self.number(part);
            self.assembler.apply(LESS_PRODUCT, r, k, part);
        }
        self.set(p, EXP_SERIES[0]);
        for &term in &EXP_SERIES[1..] {
            let term = self.number(term);
            self.assembler.apply(TIMES_PLUS, p, r, term);
        }
        self.assembler.apply(MULTIPLY, half, r, Source::Vector(r));
        self.assembler.apply(TIMES_PLUS, p, half, Source::Vector(r));
        let one = self.number(1.0);
        self.assembler.apply(ADD, p, p, one);
        let one_half = self.number(0.5);
        self.assembler.load(half, Source::Vector(round));
        self.assembler.apply(ADD_PRODUCT, half, k, one_half);
        self.assembler.apply(SUBTRACT, rest, half, Source::Vector(round));
        self.assembler.apply(SUBTRACT, rest, k, Source::Vector(rest));
        self.assembler.apply(ADD, rest, rest, Source::Vector(round));
        let bias = self.constants.bits(1023);
        for power in [half, rest] {
            self.assembler.apply(ADD_WHOLE, power, power, bias);
            self.assembler.shift_left(power, power, 52);
            self.assembler.apply(MULTIPLY, p, p, Source::Vector(power));
        }
        self.assembler.end_function();
    }

    /// Where all numbers are positive, finite and not below the normal range, a shorter way does.
    fn write_ln(&mut self) {
        let x = SCRATCH[0];
        let (smallest, infinity) = (self.number(f64::MIN_POSITIVE), self.number(f64::INFINITY));
        let plain = Mask(1);
        self.assembler.compare(Comparison::GreaterOrEqual, plain, None, (x, smallest));
        self.assembler.compare(Comparison::Less, plain, Some(plain), (x, infinity));
        let jump = self.assembler.jump_unless_all(plain);
        self.write_ln_of(false);
        let here = self.assembler.here();
        self.assembler.lands(jump, here);
        self.write_ln_of(true);
    }

    #[expect(clippy::many_single_char_names, reason = "the letters of e_log.c")]
    fn write_ln_of(&mut self, anything: bool) {
        const ONE: u64 = 1023 << 52;
        let [x, bits, shifted, f, k, s, z, value] = SCRATCH;
        let small = Mask(1);
        self.assembler.load(bits, Source::Vector(x));
        if anything {
            let smallest = self.number(f64::MIN_POSITIVE);
            self.assembler.compare(Comparison::Less, small, None, (x, smallest));
            let scale = self.number(18_014_398_509_481_984.0);
            self.assembler.apply_inside(MULTIPLY, small, bits, (x, scale));
        }
        let (half, one) = (self.constants.bits(0x3FE6_A09E_667F_3BCD), self.constants.bits(ONE));
        self.assembler.apply(SUBTRACT_WHOLE, shifted, bits, half);
        self.assembler.apply(ADD_WHOLE, shifted, shifted, one);
        self.assembler.shift_right(f, shifted, 52);
        let behind = self.constants.bits(0x4330_0000_0000_0000);
        self.assembler.apply(OR_WHOLE, k, f, behind);
        for less in [4_503_599_627_370_496.0, 1023.0] {
            let less = self.number(less);
            self.assembler.apply(SUBTRACT, k, k, less);
        }
        if anything {
            let less = self.number(54.0);
            self.assembler.apply_inside(SUBTRACT, small, k, (k, less));
        }
        self.assembler.shift_left(f, f, 52);
        self.assembler.apply(SUBTRACT_WHOLE, f, f, one);
        self.assembler.apply(SUBTRACT_WHOLE, f, bits, Source::Vector(f));
        let (one, two) = (self.number(1.0), self.number(2.0));
        self.assembler.apply(SUBTRACT, f, f, one);
        self.assembler.apply(ADD, s, f, two);
        self.assembler.apply(DIVIDE, s, f, Source::Vector(s));
        self.assembler.apply(MULTIPLY, z, s, Source::Vector(s));
        let (p, square) = (bits, shifted);
        self.set(p, LN_SERIES[0]);
        for &term in &LN_SERIES[1..] {
            let term = self.number(term);
            self.assembler.apply(TIMES_PLUS, p, z, term);
        }
        let one_half = self.number(0.5);
        self.assembler.apply(MULTIPLY, square, f, one_half);
        self.assembler.apply(MULTIPLY, square, square, Source::Vector(f));
        self.assembler.apply(TIMES_PLUS, p, z, Source::Vector(square));
        let (low, high) = (self.number(LN_2_LOW), self.number(LN_2_HIGH));
        self.assembler.apply(MULTIPLY, value, k, low);
        self.assembler.apply(ADD_PRODUCT, value, s, Source::Vector(p));
        self.assembler.apply(SUBTRACT, value, value, Source::Vector(square));
        self.assembler.apply(ADD, value, value, Source::Vector(f));
        self.assembler.apply(ADD_PRODUCT, value, k, high);
        if anything {
            self.ln_of_special(x, value);
        }
        self.assembler.end_function();
    }

    fn ln_of_special(&mut self, x: Vector, value: Vector) {
        let mask = Mask(1);
        for (at, comparison, result) in [
            (f64::INFINITY, Comparison::Equal, f64::INFINITY),
            (0.0, Comparison::Equal, f64::NEG_INFINITY),
            (0.0, Comparison::NotGreaterOrEqual, f64::NAN),
        ] {
            let (at, result) = (self.number(at), self.number(result));
            self.assembler.compare(comparison, mask, None, (x, at));
            self.assembler.load_inside(mask, Outside::Kept, value, result);
        }
    }

    /// x to the power y; neither may stand in a scratch register.
    pub(super) fn pow(&mut self, x: Source, y: Source) -> Vector {
        let (first, second, plain) = (SCRATCH[0], SCRATCH[1], Mask(1));
        self.magnitude(first, x);
        let logarithm = self.ln();
        self.assembler.apply(MULTIPLY, first, logarithm, y);
        let result = self.exp();
        // Where x is positive and finite, and y finite and not 1, that was all.
        let (zero, infinity) = (self.number(0.0), self.number(f64::INFINITY));
        let (one, limit) = (self.number(1.0), self.number(WHOLE_LIMIT));
        self.assembler.load(first, x);
        self.assembler.compare(Comparison::Greater, plain, None, (first, zero));
        self.assembler.compare(Comparison::Less, plain, Some(plain), (first, infinity));
        self.assembler.load(first, y);
        self.assembler.compare(Comparison::NotEqual, plain, Some(plain), (first, one));
        self.magnitude(second, Source::Vector(first));
        self.assembler.compare(Comparison::Less, plain, Some(plain), (second, limit));
        let jump = self.assembler.jump_unless_all(plain);
        let back = self.assembler.here();
        self.later.powers.push(SpecialPower { jump, back, x, y });
        result
    }

    /// Negative bases and powers whose value is plain, after [`Functions::pow`].
    fn special_power(&mut self, x: Source, y: Source) {
        let result = SCRATCH[4];
        let [base, exponent, work, other, _, kept, ..] = SCRATCH;
        self.assembler.load(exponent, y);
        let (zero, one, round) = (self.number(0.0), self.number(1.0), self.number(ROUND));
        let (not_whole, odd, mask) = (Mask(1), Mask(2), Mask(3));
        self.magnitude(work, Source::Vector(exponent));
        let limit = self.number(WHOLE_LIMIT);
        self.assembler.compare(Comparison::Less, mask, None, (work, limit));
        self.assembler.apply(ADD, work, exponent, round);
        self.assembler.apply(SUBTRACT, work, work, round);
        let rounded = (work, Source::Vector(exponent));
        self.assembler.compare(Comparison::NotEqual, not_whole, Some(mask), rounded);
        self.assembler.compare(Comparison::Equal, odd, Some(mask), rounded);
        let one_half = self.number(0.5);
        self.assembler.apply(MULTIPLY, other, exponent, one_half);
        self.assembler.apply(ADD, work, other, round);
        self.assembler.apply(SUBTRACT, work, work, round);
        let halves = (work, Source::Vector(other));
        self.assembler.compare(Comparison::NotEqual, odd, Some(odd), halves);
        let (sign, nan) = (self.number(-0.0), self.number(f64::NAN));
        self.assembler.load(kept, Source::Vector(result));
        self.assembler.apply_inside(XOR, odd, kept, (result, sign));
        self.assembler.load_inside(not_whole, Outside::Kept, kept, nan);
        self.assembler.load(base, x);
        self.assembler.compare(Comparison::Less, mask, None, (base, zero));
        self.assembler.load_inside(mask, Outside::Kept, result, Source::Vector(kept));
        for (tested, at, becomes) in
            [(exponent, one, Source::Vector(base)), (exponent, zero, one), (base, one, one)]
        {
            self.assembler.compare(Comparison::Equal, mask, None, (tested, at));
            self.assembler.load_inside(mask, Outside::Kept, result, becomes);
        }
    }

    /// The value without its sign.
    pub(super) fn magnitude(&mut self, out: Vector, source: Source) {
        let rest = self.constants.bits(!(1 << 63));
        self.assembler.load(out, source);
        self.assembler.apply(AND, out, out, rest);
    }
}
