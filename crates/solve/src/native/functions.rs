//! exp, ln and pow as instructions: the operations of `math`, one by one, so that bits are the same.

use super::assembler::{
    ADD, ADD_PRODUCT, ADD_WHOLE, AND, Assembler, Comparison, DIVIDE, Form, Jump, LESS_PRODUCT,
    MAXIMUM, MINIMUM, MULTIPLY, Mask, OR_WHOLE, Outside, Place, SUBTRACT, SUBTRACT_WHOLE, Source,
    TIMES_PLUS, Vector, XOR,
};
use super::constants::Constants;
use crate::math::{EXP_SERIES, LN_2_HIGH, LN_2_LOW, LN_SERIES, ROUND};
use crate::operation::Operation;

/// The registers that functions may use; everybody else leaves them alone.
pub(super) const SCRATCH: Set = set(24);
/// Those of the second of two functions that are computed side by side.
const SECOND: Set = set(16);

type Set = [Vector; 8];

const fn set(first: u8) -> Set {
    let mut set = [Vector(first); 8];
    let mut position = 1;
    while position < 8 {
        set[position] = Vector(first + position as u8);
        position += 1;
    }
    set
}

/// One of the registers of a function, by its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Own(usize);

const OWN: [Own; 8] = [Own(0), Own(1), Own(2), Own(3), Own(4), Own(5), Own(6), Own(7)];

/// What an instruction of a function reads: a register of its own, or what both functions read.
#[derive(Debug, Clone, Copy)]
enum Read {
    Own(Own),
    Shared(Source),
}

impl Read {
    /// What the function with these registers reads.
    fn of(self, set: Set) -> Source {
        match self {
            Self::Own(own) => Source::Vector(set[own.0]),
            Self::Shared(source) => source,
        }
    }
}

impl From<Own> for Read {
    fn from(own: Own) -> Self {
        Self::Own(own)
    }
}

impl From<Source> for Read {
    fn from(source: Source) -> Self {
        Self::Shared(source)
    }
}

const WHOLE_LIMIT: f64 = 9_007_199_254_740_992.0;

/// Where they are noted, numbers whose logarithm no series gives, and the logarithm.
const SPECIAL_LOGARITHMS: [(Mask, f64, Comparison, f64); 3] = [
    (Mask(4), f64::INFINITY, Comparison::Equal, f64::INFINITY),
    (Mask(5), 0.0, Comparison::Equal, f64::NEG_INFINITY),
    (Mask(6), 0.0, Comparison::NotGreaterOrEqual, f64::NAN),
];

/// A function that stands behind the code and is called from it: where its argument is expected and its
/// result left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Exp,
    Ln,
}

const ARGUMENT: Own = Own(0);

impl Function {
    fn result(self) -> Own {
        match self {
            Self::Exp => Own(4),
            Self::Ln => Own(7),
        }
    }
}

/// Writes functions, with the numbers that they need.
pub(super) struct Functions<'a> {
    pub(super) assembler: &'a mut Assembler,
    pub(super) constants: &'a mut Constants,
    pub(super) later: &'a mut Later,
    /// The registers of the functions that are written, one operation of each after the other.
    pub(super) sets: &'static [Set],
}

/// The registers of one function alone, and of two.
pub(super) const ALONE: &[Set] = &[SCRATCH];
const BOTH: &[Set] = &[SCRATCH, SECOND];

/// What is written behind the code: functions that are called, and what seldom happens.
#[derive(Debug, Default)]
pub(super) struct Later {
    /// What is called, for how many arguments, and from where.
    calls: Vec<(Function, usize, Jump)>,
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
    /// Computes an operation for one or two lists of operands, none of which stands in a register of
    /// functions, up to [`Functions::end`] for each.
    pub(super) fn begin(&mut self, operation: Operation, operands: &[&[Source]]) {
        self.sets = if operands.len() == 2 { BOTH } else { ALONE };
        for (set, operands) in self.sets.iter().zip(operands) {
            if operation == Operation::Power {
                self.magnitude(set[ARGUMENT.0], operands[0]);
            } else {
                self.assembler.load(set[ARGUMENT.0], operands[0]);
            }
        }
        if operation != Operation::Exp {
            self.call(Function::Ln);
        }
        if operation == Operation::Power {
            for (set, operands) in self.sets.iter().zip(operands) {
                let logarithm = set[Function::Ln.result().0];
                self.assembler.apply(MULTIPLY, set[ARGUMENT.0], logarithm, operands[1]);
            }
        }
        if operation != Operation::Ln {
            self.call(Function::Exp);
        }
    }

    /// The register with the result for one of the lists of operands, in their order.
    pub(super) fn end(
        &mut self,
        operation: Operation,
        which: usize,
        operands: &[Source],
    ) -> Vector {
        let function = if operation == Operation::Ln { Function::Ln } else { Function::Exp };
        let result = SCRATCH[function.result().0];
        if which == 1 {
            self.assembler.load(result, Source::Vector(SECOND[function.result().0]));
        }
        if operation == Operation::Power {
            self.end_power(operands[0], operands[1]);
        }
        result
    }

    fn call(&mut self, function: Function) {
        let jump = self.assembler.call();
        self.later.calls.push((function, self.sets.len(), jump));
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
        // two logarithms call one
        for (function, sets) in [Function::Exp, Function::Ln]
            .into_iter()
            .flat_map(|function| [(function, BOTH), (function, ALONE)])
        {
            let calls = std::mem::take(&mut self.later.calls);
            let (calls, others): (Vec<_>, Vec<_>) = calls
                .into_iter()
                .partition(|&(called, count, _)| called == function && count == sets.len());
            self.later.calls = others;
            if calls.is_empty() {
                continue;
            }
            let here = self.assembler.here();
            for (_, _, jump) in calls {
                self.assembler.lands(jump, here);
            }
            self.sets = sets;
            match function {
                Function::Exp => self.write_exp(),
                Function::Ln => self.write_ln(),
            }
        }
    }

    fn number(&mut self, value: f64) -> Source {
        self.constants.bits(value.to_bits())
    }

    /// out = left op right, in every set.
    fn apply(&mut self, form: Form, out: Own, left: Own, right: impl Into<Read>) {
        let right = right.into();
        for set in self.sets {
            self.assembler.apply(form, set[out.0], set[left.0], right.of(*set));
        }
    }

    /// out = left op a number
    fn apply_number(&mut self, form: Form, out: Own, left: Own, right: f64) {
        let right = self.number(right);
        self.apply(form, out, left, right);
    }

    fn load(&mut self, out: Own, source: impl Into<Read>) {
        let source = source.into();
        for set in self.sets {
            self.assembler.load(set[out.0], source.of(*set));
        }
    }

    fn set(&mut self, out: Own, value: f64) {
        let source = self.number(value);
        self.load(out, source);
    }

    fn shift_left(&mut self, out: Own, bits: u8) {
        for set in self.sets {
            self.assembler.shift_left(set[out.0], set[out.0], bits);
        }
    }

    fn write_exp(&mut self) {
        let [x, round, k, r, p, half, rest, quarter] = OWN;
        for (form, limit) in [(MINIMUM, 750.0), (MAXIMUM, -750.0)] {
            self.set(round, limit);
            self.apply(form, x, round, x);
        }
        self.set(round, ROUND);
        self.load(k, round);
        self.apply_number(ADD_PRODUCT, k, x, std::f64::consts::LOG2_E);
        self.apply(SUBTRACT, k, k, round);
        self.load(r, x);
        for part in [LN_2_HIGH, LN_2_LOW] {
            self.apply_number(LESS_PRODUCT, r, k, part);
        }
        let (square, fourth, pair) = (half, rest, x);
        self.apply(MULTIPLY, square, r, r);
        self.apply(MULTIPLY, fourth, square, square);
        self.quarter(p, &EXP_SERIES[..4], (r, square), pair);
        for terms in EXP_SERIES[4..].chunks(4) {
            self.quarter(quarter, terms, (r, square), pair);
            self.apply(TIMES_PLUS, p, fourth, quarter);
        }
        self.apply(TIMES_PLUS, p, square, r);
        self.apply_number(ADD, p, p, 1.0);
        self.load(half, round);
        self.apply_number(ADD_PRODUCT, half, k, 0.5);
        self.apply(SUBTRACT, rest, half, round);
        self.apply(SUBTRACT, rest, k, rest);
        self.apply(ADD, rest, rest, round);
        let bias = self.constants.bits(1023);
        for power in [half, rest] {
            self.apply(ADD_WHOLE, power, power, bias);
            self.shift_left(power, 52);
            self.apply(MULTIPLY, p, p, power);
        }
        self.assembler.end_function();
    }

    /// Four terms of a series in `r`, from its high power down, by its `square`.
    fn quarter(&mut self, out: Own, terms: &[f64], (r, square): (Own, Own), work: Own) {
        for (own, pair) in [out, work].into_iter().zip(terms.chunks(2)) {
            self.pair(own, pair, r);
        }
        self.apply(TIMES_PLUS, out, square, work);
    }

    /// Two terms of a series.
    fn pair(&mut self, out: Own, terms: &[f64], r: Own) {
        self.set(out, terms[0]);
        self.apply_number(TIMES_PLUS, out, r, terms[1]);
    }

    /// Where all numbers are positive, finite and not below the normal range, a shorter way does.
    fn write_ln(&mut self) {
        let (smallest, infinity) = (self.number(f64::MIN_POSITIVE), self.number(f64::INFINITY));
        let plain = Mask(1);
        let mut within = None;
        for set in self.sets {
            let x = set[ARGUMENT.0];
            self.assembler.compare(Comparison::GreaterOrEqual, plain, within, (x, smallest));
            self.assembler.compare(Comparison::Less, plain, Some(plain), (x, infinity));
            within = Some(plain);
        }
        let jump = self.assembler.jump_unless_all(plain);
        self.write_ln_of(false);
        let here = self.assembler.here();
        self.assembler.lands(jump, here);
        if self.sets.len() == 1 {
            self.write_ln_of(true);
        } else {
            self.write_ln_one_by_one();
        }
    }

    /// Two logarithms one after the other.
    fn write_ln_one_by_one(&mut self) {
        let result = Function::Ln.result();
        self.sets = ALONE;
        self.call(Function::Ln);
        let kept = SECOND[1];
        self.assembler.load(kept, Source::Vector(SCRATCH[result.0]));
        self.assembler.load(SCRATCH[ARGUMENT.0], Source::Vector(SECOND[ARGUMENT.0]));
        self.call(Function::Ln);
        self.assembler.load(SECOND[result.0], Source::Vector(SCRATCH[result.0]));
        self.assembler.load(SCRATCH[result.0], Source::Vector(kept));
        self.assembler.end_function();
    }

    /// With `anything`, for one set alone.
    #[expect(clippy::many_single_char_names, reason = "the letters of e_log.c")]
    fn write_ln_of(&mut self, anything: bool) {
        const ONE: u64 = 1023 << 52;
        let [x, bits, shifted, f, k, s, z, value] = OWN;
        let small = Mask(1);
        self.load(bits, x);
        if anything {
            let x = SCRATCH[x.0];
            self.ln_notes_special(x);
            let smallest = self.number(f64::MIN_POSITIVE);
            self.assembler.compare(Comparison::Less, small, None, (x, smallest));
            let scale = self.number(18_014_398_509_481_984.0);
            self.assembler.apply_inside(MULTIPLY, small, SCRATCH[bits.0], (x, scale));
        }
        let (half, one) = (self.constants.bits(0x3FE6_A09E_667F_3BCD), self.constants.bits(ONE));
        self.apply(SUBTRACT_WHOLE, shifted, bits, half);
        self.apply(ADD_WHOLE, shifted, shifted, one);
        for set in self.sets {
            self.assembler.shift_right(set[f.0], set[shifted.0], 52);
        }
        let behind = self.constants.bits(0x4330_0000_0000_0000);
        self.apply(OR_WHOLE, k, f, behind);
        for less in [4_503_599_627_370_496.0, 1023.0] {
            self.apply_number(SUBTRACT, k, k, less);
        }
        if anything {
            let (k, less) = (SCRATCH[k.0], self.number(54.0));
            self.assembler.apply_inside(SUBTRACT, small, k, (k, less));
        }
        self.shift_left(f, 52);
        self.apply(SUBTRACT_WHOLE, f, f, one);
        self.apply(SUBTRACT_WHOLE, f, bits, f);
        self.apply_number(SUBTRACT, f, f, 1.0);
        self.apply_number(ADD, s, f, 2.0);
        self.apply(DIVIDE, s, f, s);
        self.apply(MULTIPLY, z, s, s);
        let (p, low, pair, square) = (bits, shifted, x, value);
        self.apply(MULTIPLY, square, z, z);
        self.set(p, LN_SERIES[0]);
        self.pair(pair, &LN_SERIES[1..3], z);
        self.apply(TIMES_PLUS, p, square, pair);
        self.quarter(low, &LN_SERIES[3..], (z, square), pair);
        self.apply(MULTIPLY, square, square, square);
        self.apply(TIMES_PLUS, p, square, low);
        let half_square = low;
        self.apply_number(MULTIPLY, half_square, f, 0.5);
        self.apply(MULTIPLY, half_square, half_square, f);
        self.apply(TIMES_PLUS, p, z, half_square);
        self.apply_number(MULTIPLY, value, k, LN_2_LOW);
        self.apply(ADD_PRODUCT, value, s, p);
        self.apply(SUBTRACT, value, value, half_square);
        self.apply(ADD, value, value, f);
        self.apply_number(ADD_PRODUCT, value, k, LN_2_HIGH);
        if anything {
            self.ln_of_special(SCRATCH[value.0]);
        }
        self.assembler.end_function();
    }

    /// Notes where numbers stand whose logarithm no series gives, before they are overwritten.
    fn ln_notes_special(&mut self, x: Vector) {
        for (mask, at, comparison, _) in SPECIAL_LOGARITHMS {
            let at = self.number(at);
            self.assembler.compare(comparison, mask, None, (x, at));
        }
    }

    fn ln_of_special(&mut self, value: Vector) {
        for (mask, _, _, result) in SPECIAL_LOGARITHMS {
            let result = self.number(result);
            self.assembler.load_inside(mask, Outside::Kept, value, result);
        }
    }

    /// Goes on where x is positive and finite, and y finite and not 1: there the result is that already.
    fn end_power(&mut self, x: Source, y: Source) {
        let (first, second, plain) = (SCRATCH[0], SCRATCH[1], Mask(1));
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
    fn magnitude(&mut self, out: Vector, source: Source) {
        let rest = self.constants.bits(!(1 << 63));
        self.assembler.load(out, source);
        self.assembler.apply(AND, out, out, rest);
    }
}
