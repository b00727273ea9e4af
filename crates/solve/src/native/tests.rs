//! Machine code against the register machine: the same bits for every operation and any values.

use super::Native;
use crate::execute::Code;
use crate::lanes::{Lanes, Vectors};
use crate::operation::Operation;
use crate::script::{Operand, Script};

const OPERATIONS: [Operation; 28] = [
    Operation::Negate,
    Operation::Not,
    Operation::Abs,
    Operation::Exp,
    Operation::Ln,
    Operation::Sqrt,
    Operation::Reciprocal,
    Operation::Add,
    Operation::Subtract,
    Operation::Multiply,
    Operation::Divide,
    Operation::Power,
    Operation::Minimum,
    Operation::Maximum,
    Operation::Less,
    Operation::LessOrEqual,
    Operation::Greater,
    Operation::GreaterOrEqual,
    Operation::Equal,
    Operation::NotEqual,
    Operation::And,
    Operation::Or,
    Operation::ZeroBelow,
    Operation::MultiplyAdd,
    Operation::MultiplySubtract,
    Operation::SubtractProduct,
    Operation::Product,
    Operation::Sum,
];

const SPECIAL: [f64; 22] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    -3.0,
    0.5,
    2.5,
    -2.5,
    1e-310,
    -1e-310,
    1e300,
    -1e300,
    7e2,
    -7.3e2,
    751.0,
    9_007_199_254_740_993.0,
    f64::MIN_POSITIVE,
    f64::EPSILON,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

/// A sequence of numbers that is the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % limit
    }
}

fn number(numbers: &mut Numbers) -> f64 {
    if numbers.below(3) == 0 {
        SPECIAL[numbers.below(SPECIAL.len())]
    } else {
        (numbers.below(2_000_000) as f64 - 1e6) * 3.7e-5
    }
}

/// A random script over `inputs` registers, some of whose results are asked for.
fn differences(numbers: &mut Numbers, inputs: usize, length: usize) -> usize {
    let mut script = Script::default();
    let mut results = Vec::new();
    for made in 0..length {
        let operation = if numbers.below(12) == 0 {
            Operation::Select
        } else {
            OPERATIONS[numbers.below(OPERATIONS.len())]
        };
        let operands: [Operand; 3] = std::array::from_fn(|_| match numbers.below(10) {
            0 => Operand::number(number(numbers)),
            _ => match numbers.below(inputs + made) {
                at if at < inputs => Operand::Register(at as u32),
                at => results[at - inputs],
            },
        });
        results.push(script.apply(operation, &operands[..operation.arity()]));
    }
    let kept = length.min(9);
    for place in 0..kept {
        let value = results[numbers.below(length)];
        script.keep(value, (inputs + place) as u32);
    }
    let first_free = (inputs + kept) as u32;
    let native = Native::new(&script, first_free).expect("every operation has machine code");
    let code = Code::new(script, first_free, None);
    let mut interpreted = code.registers(false);
    let mut emitted = vec![Lanes::ZERO; native.registers()];
    for register in 0..inputs {
        interpreted[register] = Lanes::each(|_| 0.0);
        for lane in &mut interpreted[register].0 {
            *lane = number(numbers);
        }
        emitted[register] = interpreted[register];
    }
    code.run(&mut interpreted, false);
    native.run(&mut emitted);
    let mut different = 0;
    for place in inputs..inputs + kept {
        for (want, got) in interpreted[place].0.iter().zip(emitted[place].0) {
            let same = want.to_bits() == got.to_bits() || (want.is_nan() && got.is_nan());
            different += usize::from(!same);
        }
    }
    different
}

#[test]
fn machine_code_gives_the_bits_of_the_register_machine() {
    if Vectors::detect() != Vectors::Avx512 {
        return; // such a processor never runs machine code
    }
    let mut numbers = Numbers(20_240_418);
    for round in 0..400 {
        let (inputs, length) = (1 + numbers.below(40), 1 + numbers.below(300));
        let different = differences(&mut numbers, inputs, length);
        assert_eq!(different, 0, "round {round}: {inputs} inputs, {length} instructions");
    }
    for round in 0..3000 {
        let different = differences(&mut numbers, 3, 1);
        assert_eq!(different, 0, "one instruction, round {round}");
    }
}
