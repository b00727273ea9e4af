//! A script becomes machine code, with values kept in vector registers.
//!
//! The order of operations is that of the script. A value that is computed goes to memory when
//! somebody reads it there at the end, or when its vector register is needed for another: that of
//! the value that is used last (Belady, IBM Syst J 1966;5:78-101).

use std::collections::BTreeMap;

use super::assembler::{
    ADD, ADD_PRODUCT, AND, Assembler, BLEND, Comparison, DIVIDE, Form, LESS_PRODUCT, MAXIMUM,
    MINIMUM, MULTIPLY, Mask, Outside, PRODUCT_LESS, SUBTRACT, Source, Vector, XOR,
};
use super::constants::Constants;
use super::functions::{ALONE, Functions, Later, SCRATCH};
use super::pairs::is_function;
use crate::lanes::LANES;
use crate::operation::Operation;
use crate::script::{Operand, Script, Term};

/// The vector registers that hold values; the others are for functions.
const VECTORS: usize = 24;
const NEVER: u32 = u32::MAX;

/// Machine code, and the numbers that it reads.
#[derive(Debug)]
pub(super) struct Emitted {
    pub(super) code: Vec<u8>,
    pub(super) constants: Vec<u64>,
    /// All registers that it reads and writes are below this.
    pub(super) registers: usize,
}

/// The machine code, unless an operation has none. Registers from `first_free` on are free.
pub(super) fn emit(script: &Script, first_free: u32) -> Option<Emitted> {
    if !script.terms.iter().all(|term| has_code(term.operation)) {
        return None;
    }
    let mut emitter = Emitter::new(script, first_free);
    let mut at = 0;
    while let Some(term) = script.terms.get(at) {
        match script.terms.get(at + 1).filter(|next| emitter.is_pair(at, [term, next])) {
            Some(next) => emitter.pair(at, [term, next]),
            None => emitter.term(at, term),
        }
        at = emitter.done;
    }
    emitter.assembler.finish();
    emitter.functions().finish();
    Some(Emitted {
        code: emitter.assembler.into_bytes(),
        constants: emitter.constants.bits,
        registers: emitter.end as usize,
    })
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

/// Where a value stands outside the vector registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Home {
    Nowhere,
    Register(u32),
    Number(u64),
}

/// A value and its fate: where it stands, and when it is used.
#[derive(Debug, Clone)]
struct Value {
    home: Home,
    /// Positions of the terms that are still to use it, the last first.
    uses: Vec<u32>,
    vector: Option<usize>,
}

struct Emitter {
    assembler: Assembler,
    constants: Constants,
    later: Later,
    /// Those of the terms, then those that they read besides.
    values: Vec<Value>,
    /// For each term the values that it reads.
    operands: Vec<[usize; 3]>,
    /// The value in each vector register.
    held: [Option<usize>; VECTORS],
    /// How many of those may be used now.
    vectors: usize,
    /// Registers of memory that were used for a while.
    spent: Vec<u32>,
    /// How many terms are written.
    done: usize,
    first_free: u32,
    end: u32,
}

fn distance(register: u32) -> u32 {
    register * (LANES * size_of::<f64>()) as u32
}

impl Emitter {
    fn new(script: &Script, first_free: u32) -> Self {
        let value = |home| Value { home, uses: Vec::new(), vector: None };
        let mut values = vec![value(Home::Nowhere); script.terms.len()];
        let mut others: BTreeMap<(bool, u64), usize> = BTreeMap::new();
        let mut operands = Vec::with_capacity(script.terms.len());
        let mut end = first_free;
        for (at, term) in script.terms.iter().enumerate() {
            let read = term.operands.map(|operand| {
                let (key, home) = match operand {
                    Operand::Term(term) => return term as usize,
                    Operand::Register(r) => ((false, u64::from(r)), Home::Register(r)),
                    Operand::Number(bits) => ((true, bits), Home::Number(bits)),
                };
                *others.entry(key).or_insert_with(|| {
                    values.push(value(home));
                    values.len() - 1
                })
            });
            for &read in &read[..term.operation.arity()] {
                values[read].uses.push(at as u32);
                if let Home::Register(register) = values[read].home {
                    end = end.max(register + 1);
                }
            }
            end = end.max(term.kept.map_or(0, |register| register + 1));
            operands.push(read);
        }
        for value in &mut values {
            value.uses.reverse();
        }
        Self {
            assembler: Assembler::default(),
            constants: Constants::default(),
            later: Later::default(),
            values,
            operands,
            held: [None; VECTORS],
            vectors: VECTORS,
            spent: Vec::new(),
            done: 0,
            first_free,
            end,
        }
    }

    /// When the value is used next.
    fn next_use(&self, value: usize) -> u32 {
        self.values[value].uses.last().copied().unwrap_or(NEVER)
    }

    /// Where the value is read when it is in no vector register.
    fn source(&mut self, value: usize) -> Source {
        match self.values[value].home {
            Home::Register(register) => Source::Memory(distance(register)),
            Home::Number(bits) => self.constants.bits(bits),
            Home::Nowhere => unreachable!("a value that leaves its vector register goes to memory"),
        }
    }

    /// A vector register for a new value, that of none of those `kept`.
    fn free(&mut self, kept: &[usize]) -> usize {
        let usable = &self.held[..self.vectors];
        if let Some(vector) = usable.iter().position(Option::is_none) {
            return vector;
        }
        let open = (0..self.vectors)
            .filter(|&vector| self.held[vector].is_none_or(|value| !kept.contains(&value)));
        let last = open.max_by_key(|&vector| self.held[vector].map_or(NEVER, |v| self.next_use(v)));
        let vector = last.expect("an instruction keeps few values");
        self.vacate(vector);
        vector
    }

    /// Takes the value out of a vector register, to memory if it is used again and stands nowhere else.
    fn vacate(&mut self, vector: usize) {
        let Some(value) = self.held[vector].take() else { return };
        if self.values[value].home == Home::Nowhere && self.next_use(value) != NEVER {
            let register = self.spent.pop().unwrap_or_else(|| {
                self.end += 1;
                self.end - 1
            });
            self.assembler.store(distance(register), Vector(vector as u8));
            self.values[value].home = Home::Register(register);
        }
        self.values[value].vector = None;
    }

    /// The value in a vector register.
    fn in_vector(&mut self, value: usize, kept: &[usize]) -> Vector {
        if let Some(vector) = self.values[value].vector {
            return Vector(vector as u8);
        }
        let vector = self.free(kept);
        let source = self.source(value);
        self.assembler.load(Vector(vector as u8), source);
        self.values[value].vector = Some(vector);
        self.held[vector] = Some(value);
        Vector(vector as u8)
    }

    /// The value wherever it is, in a vector register if that pays: if it is used again before all
    /// those are that have a register now.
    fn anywhere(&mut self, value: usize, kept: &[usize]) -> Source {
        let next = self.next_use(value);
        let is_known = self.values[value].vector.is_some();
        let pays = || {
            self.held[..self.vectors].iter().any(|held| {
                held.is_none_or(|other| !kept.contains(&other) && self.next_use(other) > next)
            })
        };
        if is_known || (next != NEVER && pays()) {
            Source::Vector(self.in_vector(value, kept))
        } else {
            self.source(value)
        }
    }

    /// The two in an order in which the first is in a vector register, if one is.
    fn ordered(&self, a: usize, b: usize) -> (usize, usize) {
        let is_known = |value: usize| self.values[value].vector.is_some();
        if is_known(b) && !is_known(a) { (b, a) } else { (a, b) }
    }

    /// Forgets values that no later term uses.
    fn release(&mut self, values: &[usize]) {
        for &value in values {
            if self.next_use(value) == NEVER
                && let Some(vector) = self.values[value].vector.take()
            {
                self.held[vector] = None;
            }
        }
    }

    fn term(&mut self, at: usize, term: &Term) {
        let (operation, read) = (term.operation, self.operands[at]);
        let read = &read[..operation.arity()];
        for &value in read {
            self.values[value].uses.pop();
        }
        let out = match operation {
            Operation::MultiplyAdd => self.fused(ADD_PRODUCT, read),
            Operation::MultiplySubtract => self.fused(PRODUCT_LESS, read),
            Operation::SubtractProduct => self.fused(LESS_PRODUCT, read),
            _ if is_function(operation) => self.function(operation, read),
            _ if read.len() == 1 => self.one(operation, read[0]),
            _ if read.len() == 2 => self.two(operation, read[0], read[1]),
            _ => self.three(operation, read),
        };
        self.reuse(read);
        self.define(at, term, out);
        self.release(&[at]);
    }

    /// The value of a term stands in a vector register.
    fn define(&mut self, at: usize, term: &Term, out: usize) {
        self.values[at].vector = Some(out);
        self.held[out] = Some(at);
        if let Some(register) = term.kept {
            self.assembler.store(distance(register), Vector(out as u8));
            self.values[at].home = Home::Register(register);
        }
        self.done = at + 1;
    }

    /// Whether the term and the next one are functions that can be computed side by side.
    fn is_pair(&self, at: usize, terms: [&Term; 2]) -> bool {
        let [first, second] = terms.map(|term| term.operation);
        let reads = &self.operands[at + 1][..second.arity()];
        is_function(first) && first == second && !reads.contains(&at)
    }

    /// A term and the next one, side by side.
    fn pair(&mut self, at: usize, terms: [&Term; 2]) {
        let operation = terms[0].operation;
        let count = operation.arity();
        let reads = [self.operands[at], self.operands[at + 1]].map(|read| read[..count].to_vec());
        self.vectors = VECTORS - SCRATCH.len();
        (self.vectors..VECTORS).for_each(|vector| self.vacate(vector));
        let all = reads.concat();
        for &value in &all {
            self.values[value].uses.pop();
        }
        let sources = reads.map(|read| {
            let sources = read.iter().map(|&value| self.anywhere(value, &all));
            sources.collect::<Vec<_>>()
        });
        self.functions().begin(operation, &[&sources[0], &sources[1]]);
        for (which, (term, sources)) in terms.into_iter().zip(&sources).enumerate() {
            let result = self.functions().end(operation, which, sources);
            let out = self.free(&all);
            self.assembler.load(Vector(out as u8), Source::Vector(result));
            self.define(at + which, term, out);
        }
        self.release(&all);
        self.reuse(&all);
        self.release(&[at, at + 1]);
        self.vectors = VECTORS;
    }

    /// Gives back the memory of values that no later term uses.
    fn reuse(&mut self, values: &[usize]) {
        for &value in values {
            if let Home::Register(register) = self.values[value].home
                && self.next_use(value) == NEVER
                && register >= self.first_free
            {
                self.spent.push(register);
                self.values[value].home = Home::Nowhere;
            }
        }
    }

    /// out = +-(a * b) +- c in one rounding: c is copied to where the result will stand.
    fn fused(&mut self, form: Form, read: &[usize]) -> usize {
        let c = read[2];
        let (a, b) = self.ordered(read[0], read[1]);
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
                None => self.source(c),
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
        self.functions().begin(operation, &[&sources]);
        let result = self.functions().end(operation, 0, &sources);
        self.release(read);
        let out = self.free(&[]);
        self.assembler.load(Vector(out as u8), Source::Vector(result));
        out
    }

    fn functions(&mut self) -> Functions<'_> {
        let Self { assembler, constants, later, .. } = self;
        Functions { assembler, constants, later, sets: ALONE }
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
        let (first, second) = match operation {
            O::Add | O::Multiply => self.ordered(a, b),
            _ if swaps => (b, a),
            _ => (a, b),
        };
        let left = self.in_vector(first, &[a, b]);
        let right = self.anywhere(second, &[a, b]);
        self.release(&[a, b]);
        let (out, target) = self.target();
        if let Some(form) = form {
            self.assembler.apply(form, target, left, right);
            return out;
        }
        if operation == O::ZeroBelow {
            self.assembler.compare(Comparison::NotLess, Mask(1), None, (left, right));
            self.assembler.load_inside(Mask(1), Outside::Zero, target, Source::Vector(left));
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
        let (a, b) = self.ordered(a, b);
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
