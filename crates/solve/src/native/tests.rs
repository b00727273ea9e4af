//! Machine code against the register machine: the same bits for every operation and any values.

use super::Native;
use crate::execute::{REGISTERS, Registers, execute, schedule};
use crate::graph::{Graph, Node, NodeId};
use crate::lanes::{Lanes, Vectors};
use crate::operation::Operation;

const OPERATIONS: [Operation; 27] = [
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

fn registers(numbers: &mut Numbers, inputs: usize) -> Box<Registers> {
    let mut registers: Box<Registers> =
        vec![Lanes::ZERO; REGISTERS].into_boxed_slice().try_into().unwrap();
    for register in &mut registers[..inputs] {
        for value in &mut register.0 {
            *value = if numbers.below(3) == 0 {
                SPECIAL[numbers.below(SPECIAL.len())]
            } else {
                (numbers.below(2_000_000) as f64 - 1e6) * 3.7e-5
            };
        }
    }
    registers
}

/// A random list of instructions over `inputs` registers, some of whose results are asked for.
fn differences(numbers: &mut Numbers, inputs: usize, length: usize) -> usize {
    let mut graph = Graph::default();
    for slot in 0..inputs {
        graph.add_value(slot as u32, true);
    }
    for _ in 0..length {
        let known = graph.nodes.len();
        let operation = if numbers.below(12) == 0 {
            Operation::Select
        } else {
            OPERATIONS[numbers.below(OPERATIONS.len())]
        };
        let operands: [NodeId; 3] = std::array::from_fn(|_| numbers.below(known) as NodeId);
        graph.nodes.push(Node::Apply(operation, operands));
        graph.moving.push(true);
    }
    let nodes = graph.nodes.len();
    let roots: Vec<NodeId> =
        (0..nodes.min(9)).map(|_| (inputs + numbers.below(length)) as NodeId).collect();
    let given: Vec<Option<u16>> = (0..nodes).map(|id| (id < inputs).then_some(id as u16)).collect();
    let code = schedule(&graph, &roots, &given, inputs as u16).expect("few enough");
    let native = Native::new(&code).expect("every operation here has machine code");
    let mut interpreted = registers(numbers, inputs);
    let mut emitted = interpreted.clone();
    execute(&code, &mut interpreted, false);
    native.run(&mut emitted);
    let mut different = 0;
    for &output in &code.outputs {
        let pair = [&interpreted, &emitted].map(|found| found[usize::from(output)].0);
        for (want, got) in pair[0].iter().zip(pair[1]) {
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
