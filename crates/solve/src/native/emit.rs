//! Instructions of the register machine become machine code, with values kept in vector registers.
//!
//! The order of operations is that of the register machine. A value has a place in memory, which is the
//! register that the machine gave it; it is written there when it is asked for at the end, or when
//! its vector register is needed for another: that of the value that is used last (Belady, IBM Syst J
//! 1966;5:78-101).

use super::assembler::{
    ADD, ADD_PRODUCT, AND, Assembler, BLEND, Comparison, DIVIDE, Form, LESS_PRODUCT, MAXIMUM,
    MINIMUM, MULTIPLY, Mask, Outside, PRODUCT_LESS, SUBTRACT, Source, Vector, XOR,
};
use super::constants::Constants;
use super::functions::{Functions, SCRATCH};
use crate::execute::{Code, Instruction};
use crate::lanes::LANES;
use crate::operation::Operation;

/// The vector registers that hold values; the others are for functions.
const VECTORS: usize = 24;
const NEVER: usize = usize::MAX;

/// Machine code, and the numbers that it reads.
#[derive(Debug)]
pub(super) struct Emitted {
    pub(super) code: Vec<u8>,
    pub(super) constants: Vec<u64>,
}

/// The machine code, unless an operation has none.
pub(super) fn emit(code: &Code) -> Option<Emitted> {
    let instructions: Vec<(Operation, Instruction)> = code.instructions().collect();
    if !instructions.iter().all(|(operation, _)| has_code(*operation)) {
        return None;
    }
    let mut emitter = Emitter::new(&instructions, &code.outputs);
    for (at, &(operation, instruction)) in instructions.iter().enumerate() {
        emitter.at = at;
        emitter.instruction(operation, instruction);
    }
    emitter.assembler.finish();
    Some(Emitted { code: emitter.assembler.bytes, constants: emitter.constants.bits })
}

fn has_code(operation: Operation) -> bool {
    use Operation as O;
    !matches!(
        operation,
        O::Log10
            | O::Floor
            | O::Ceiling
            | O::Sin
            | O::Cos
            | O::Tan
            | O::Tanh
            | O::Sinh
            | O::Cosh
            | O::Arcsin
            | O::Arccos
            | O::Arctan
            | O::Arcsinh
            | O::Arccosh
            | O::Arctanh
            | O::Factorial
            | O::Xor
            | O::Quotient
            | O::Remainder
    )
}

/// A value and its fate: where it stands in memory, and when it is used.
#[derive(Debug, Clone)]
struct Value {
    place: u16,
    /// Positions of the instructions that use it, the last first.
    uses: Vec<usize>,
    /// Somebody reads it from memory at the end.
    is_output: bool,
    is_in_memory: bool,
    vector: Option<usize>,
}

struct Emitter {
    assembler: Assembler,
    constants: Constants,
    values: Vec<Value>,
    /// For each instruction the values that it reads and the one that it makes.
    operands: Vec<([usize; 3], usize)>,
    /// The value in each vector register.
    held: [Option<usize>; VECTORS],
    /// The instruction at which is emitted.
    at: usize,
}

fn distance(place: u16) -> u32 {
    u32::from(place) * (LANES * size_of::<f64>()) as u32
}

impl Emitter {
    fn new(instructions: &[(Operation, Instruction)], outputs: &[u16]) -> Self {
        let mut values: Vec<Value> = Vec::new();
        let mut present: Vec<Option<usize>> = Vec::new();
        let mut operands = Vec::with_capacity(instructions.len());
        let value_at = |place: u16, present: &mut Vec<Option<usize>>, is_made: bool| {
            let at = usize::from(place);
            if present.len() <= at {
                present.resize(at + 1, None);
            }
            if let Some(value) = present[at].filter(|_| !is_made) {
                return (value, None);
            }
            let value = Value {
                place,
                uses: Vec::new(),
                is_output: false,
                is_in_memory: !is_made,
                vector: None,
            };
            (usize::MAX, Some(value))
        };
        let mut find = |place: u16, is_made: bool, values: &mut Vec<Value>| {
            let (known, new) = value_at(place, &mut present, is_made);
            match new {
                None => known,
                Some(value) => {
                    values.push(value);
                    present[usize::from(place)] = Some(values.len() - 1);
                    values.len() - 1
                }
            }
        };
        for (at, (operation, instruction)) in instructions.iter().enumerate() {
            let read = instruction.operands().map(|place| find(place, false, &mut values));
            for &value in &read[..operation.arity()] {
                values[value].uses.push(at);
            }
            operands.push((read, find(instruction.out(), true, &mut values)));
        }
        for &output in outputs {
            let value = find(output, false, &mut values);
            values[value].is_output = true;
        }
        for value in &mut values {
            value.uses.reverse();
        }
        Self {
            assembler: Assembler::default(),
            constants: Constants::default(),
            values,
            operands,
            held: [None; VECTORS],
            at: 0,
        }
    }

    /// When the value is used next, this instruction left out.
    fn next_use(&self, value: usize) -> usize {
        let uses = &self.values[value].uses;
        uses.iter().rev().copied().find(|&at| at > self.at).unwrap_or(NEVER)
    }

    /// A vector register for a new value, that of none of those `kept`.
    fn free(&mut self, kept: &[usize]) -> usize {
        if let Some(vector) = self.held.iter().position(Option::is_none) {
            return vector;
        }
        let open = (0..VECTORS)
            .filter(|&vector| self.held[vector].is_none_or(|value| !kept.contains(&value)));
        let last = open.max_by_key(|&vector| self.held[vector].map_or(NEVER, |v| self.next_use(v)));
        let vector = last.expect("an instruction keeps at most three values");
        if let Some(value) = self.held[vector].take() {
            let next = self.next_use(value);
            let value = &mut self.values[value];
            if !value.is_in_memory && next != NEVER {
                self.assembler.store(distance(value.place), Vector(vector as u8));
                value.is_in_memory = true;
            }
            value.vector = None;
        }
        vector
    }

    /// The value in a vector register.
    fn in_vector(&mut self, value: usize, kept: &[usize]) -> Vector {
        if let Some(vector) = self.values[value].vector {
            return Vector(vector as u8);
        }
        let vector = self.free(kept);
        self.assembler
            .load(Vector(vector as u8), Source::Memory(distance(self.values[value].place)));
        self.values[value].vector = Some(vector);
        self.held[vector] = Some(value);
        Vector(vector as u8)
    }

    /// The value wherever it is, in a vector register if it is used again.
    fn anywhere(&mut self, value: usize, kept: &[usize]) -> Source {
        let known = self.values[value].vector.is_some();
        if known || self.next_use(value) != NEVER {
            Source::Vector(self.in_vector(value, kept))
        } else {
            Source::Memory(distance(self.values[value].place))
        }
    }

    /// Forgets values that no later instruction uses.
    fn release(&mut self, values: &[usize]) {
        for &value in values {
            if self.next_use(value) == NEVER
                && let Some(vector) = self.values[value].vector.take()
            {
                self.held[vector] = None;
            }
        }
    }

    fn instruction(&mut self, operation: Operation, instruction: Instruction) {
        let (read, made) = self.operands[self.at];
        let read = &read[..operation.arity()];
        debug_assert_eq!(self.values[made].place, instruction.out());
        let out = match operation {
            Operation::MultiplyAdd => self.fused(ADD_PRODUCT, read),
            Operation::MultiplySubtract => self.fused(PRODUCT_LESS, read),
            Operation::SubtractProduct => self.fused(LESS_PRODUCT, read),
            Operation::Exp | Operation::Ln | Operation::Power => self.function(operation, read),
            _ if read.len() == 1 => self.one(operation, read[0]),
            _ if read.len() == 2 => self.two(operation, read[0], read[1]),
            _ => self.three(operation, read),
        };
        self.values[made].vector = Some(out);
        self.held[out] = Some(made);
        if self.values[made].is_output {
            self.assembler.store(distance(self.values[made].place), Vector(out as u8));
            self.values[made].is_in_memory = true;
        }
        self.release(&[made]);
    }

    /// out = +-(a * b) +- c in one rounding: c is copied to where the result will stand.
    fn fused(&mut self, form: Form, read: &[usize]) -> usize {
        let [a, b, c] = [read[0], read[1], read[2]];
        let left = self.in_vector(a, read);
        let right = self.anywhere(b, read);
        let third = self.values[c].vector;
        let is_free = self.next_use(c) == NEVER && c != a && c != b;
        let out = if let Some(vector) = third.filter(|_| is_free) {
            self.release(&[c]);
            vector
        } else {
            let source = match third {
                Some(vector) => Source::Vector(Vector(vector as u8)),
                None => Source::Memory(distance(self.values[c].place)),
            };
            let out = self.free(read);
            self.assembler.load(Vector(out as u8), source);
            out
        };
        self.assembler.apply(form, Vector(out as u8), left, right);
        self.release(read);
        out
    }

    fn function(&mut self, operation: Operation, read: &[usize]) -> usize {
        let sources: Vec<Source> = read.iter().map(|&value| self.anywhere(value, read)).collect();
        let mut functions =
            Functions { assembler: &mut self.assembler, constants: &mut self.constants };
        let result = if operation == Operation::Power {
            functions.pow(sources[0], sources[1])
        } else {
            functions.assembler.load(SCRATCH[0], sources[0]);
            if operation == Operation::Exp { functions.exp() } else { functions.ln() }
        };
        self.release(read);
        let out = self.free(&[]);
        self.assembler.load(Vector(out as u8), Source::Vector(result));
        out
    }

    fn number(&mut self, value: f64) -> Source {
        self.constants.bits(value.to_bits())
    }

    fn one(&mut self, operation: Operation, read: usize) -> usize {
        let source = self.anywhere(read, &[read]);
        self.release(&[read]);
        let work = SCRATCH[0];
        let (out, target) = self.target();
        match operation {
            Operation::Negate => {
                let sign = self.number(-0.0);
                self.assembler.load(work, sign);
                self.assembler.apply(XOR, target, work, source);
            }
            Operation::Abs => {
                let rest = self.constants.bits(!(1 << 63));
                self.assembler.load(work, rest);
                self.assembler.apply(AND, target, work, source);
            }
            Operation::Sqrt => self.assembler.square_root(target, source),
            Operation::Reciprocal => {
                let one = self.number(1.0);
                self.assembler.load(work, one);
                self.assembler.apply(DIVIDE, target, work, source);
            }
            _ => {
                let zero = self.number(0.0);
                self.assembler.load(work, zero);
                self.assembler.compare(Comparison::Equal, Mask(1), None, (work, source));
                self.truth(target);
            }
        }
        out
    }

    /// A free vector register, by number and as such.
    fn target(&mut self) -> (usize, Vector) {
        let out = self.free(&[]);
        (out, Vector(out as u8))
    }

    /// 1 inside the first mask, 0 outside it.
    fn truth(&mut self, out: Vector) {
        let one = self.number(1.0);
        self.assembler.load_inside(Mask(1), Outside::Zero, out, one);
    }

    fn two(&mut self, operation: Operation, a: usize, b: usize) -> usize {
        use Operation as O;
        let (form, swaps) = match operation {
            O::Add => (Some(ADD), false),
            O::Subtract => (Some(SUBTRACT), false),
            O::Multiply => (Some(MULTIPLY), false),
            O::Divide => (Some(DIVIDE), false),
            // the second where it is less (or more), else the first
            O::Minimum => (Some(MINIMUM), true),
            O::Maximum => (Some(MAXIMUM), true),
            O::Greater | O::GreaterOrEqual => (None, true),
            _ => (None, false),
        };
        let (first, second) = if swaps { (b, a) } else { (a, b) };
        let left = self.in_vector(first, &[a, b]);
        let right = self.anywhere(second, &[a, b]);
        self.release(&[a, b]);
        let (out, target) = self.target();
        if let Some(form) = form {
            self.assembler.apply(form, target, left, right);
            return out;
        }
        let comparison = match operation {
            O::Less | O::Greater => Some(Comparison::Less),
            O::LessOrEqual | O::GreaterOrEqual => Some(Comparison::LessOrEqual),
            O::Equal => Some(Comparison::Equal),
            O::NotEqual => Some(Comparison::NotEqual),
            _ => None,
        };
        if let Some(comparison) = comparison {
            self.assembler.compare(comparison, Mask(1), None, (left, right));
            self.truth(target);
        } else {
            self.logic(operation, target, (left, right));
        }
        out
    }

    /// Both are not 0, or one is not 0.
    fn logic(&mut self, operation: Operation, out: Vector, (left, right): (Vector, Source)) {
        let zero = self.number(0.0);
        let work = SCRATCH[0];
        self.assembler.load(work, zero);
        let (test, is_and) = match operation {
            Operation::And => (Comparison::NotEqual, true),
            _ => (Comparison::Equal, false),
        };
        let mask = Mask(1);
        self.assembler.compare(test, mask, None, (work, Source::Vector(left)));
        self.assembler.compare(test, mask, Some(mask), (work, right));
        if is_and {
            self.truth(out);
        } else {
            // inside the mask both are 0
            let one = self.number(1.0);
            self.assembler.load(out, one);
            self.assembler.load_inside(mask, Outside::Kept, out, zero);
        }
    }

    fn three(&mut self, operation: Operation, read: &[usize]) -> usize {
        let [a, b, c] = [read[0], read[1], read[2]];
        if operation == Operation::Select {
            let test = self.anywhere(a, read);
            let work = SCRATCH[0];
            let zero = self.number(0.0);
            self.assembler.load(work, zero);
            self.assembler.compare(Comparison::Equal, Mask(1), None, (work, test));
            let kept = self.in_vector(b, read);
            let other = self.anywhere(c, read);
            self.release(read);
            let (out, target) = self.target();
            self.assembler.apply_inside(BLEND, Mask(1), target, (kept, other));
            return out;
        }
        let form = if operation == Operation::Product { MULTIPLY } else { ADD };
        let left = self.in_vector(a, read);
        let right = self.anywhere(b, read);
        let work = SCRATCH[0];
        self.assembler.apply(form, work, left, right);
        let third = self.anywhere(c, read);
        self.release(read);
        let (out, target) = self.target();
        self.assembler.apply(form, target, work, third);
        out
    }
}
