//! The register machine: a list of instructions over lanes.

#![allow(unsafe_code, reason = "registers were checked when the code was made, not at every use")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, OnceLock};

use crate::lanes::{LANES, Lanes};
use crate::native::Native;
use crate::operation::Operation;
use crate::script::{Operand, Script};

/// The registers of one operation.
#[derive(Debug, Clone, Copy)]
struct Instruction {
    out: u32,
    a: u32,
    b: u32,
    c: u32,
}

/// A script in a form that can be run: as instructions, or as machine code, whichever is asked for first.
#[derive(Debug)]
pub(crate) struct Code {
    script: Script,
    /// The registers from here on are free, or those that another code on the same registers leaves.
    first_free: u32,
    before: Option<Arc<Code>>,
    machine: OnceLock<Machine>,
    native: OnceLock<Option<Native>>,
}

impl Code {
    /// A code whose registers are free from `first_free` on, or where the code `before` on the same
    /// registers leaves them free.
    pub(crate) fn new(script: Script, first_free: u32, before: Option<Arc<Self>>) -> Self {
        let (machine, native) = (OnceLock::new(), OnceLock::new());
        Self { script, first_free, before, machine, native }
    }

    fn native(&self, allows_native: bool) -> Option<&Native> {
        let emit = || Native::new(&self.script, self.first_free);
        if allows_native { self.native.get_or_init(emit).as_ref() } else { None }
    }

    /// Whether there is machine code; the processor must have what it needs.
    pub(crate) fn has_native(&self) -> bool {
        self.native(true).is_some()
    }

    fn machine(&self) -> &Machine {
        self.machine.get_or_init(|| {
            let taken = self.before.as_ref().map_or(0, |before| before.machine().registers as u32);
            Machine::new(&self.script, self.first_free.max(taken))
        })
    }

    /// All registers that running needs, with those numbers in place that the instructions read.
    pub(crate) fn registers(&self, allows_native: bool) -> Vec<Lanes> {
        let before = self.before.as_ref().map(|before| before.registers(allows_native));
        let mut registers = before.unwrap_or_default();
        if let Some(native) = self.native(allows_native) {
            registers.resize(native.registers().max(registers.len()), Lanes::ZERO);
            return registers;
        }
        let machine = self.machine();
        registers.resize(machine.registers.max(registers.len()), Lanes::ZERO);
        for &(register, number) in &machine.numbers {
            registers[register as usize] = Lanes::all(number);
        }
        registers
    }

    /// Runs the script on every lane, as machine code where that is allowed and possible. The
    /// registers are those that [`Code::registers`] gave.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    pub(crate) fn run(&self, registers: &mut [Lanes], allows_native: bool) {
        match self.native(allows_native) {
            Some(native) => native.run(registers),
            None => self.machine().run(registers),
        }
    }
}

/// Instructions over registers.
///
/// Instructions with the same operation stand together, so that the processor meets one
/// unforeseeable jump for a group and not for each.
#[derive(Debug)]
struct Machine {
    groups: Vec<(Operation, Vec<Instruction>)>,
    /// Registers that hold numbers.
    numbers: Vec<(u32, f64)>,
    /// All registers are below this.
    registers: usize,
}

impl Machine {
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn run(&self, registers: &mut [Lanes]) {
        assert!(registers.len() >= self.registers, "made for this code");
        macro_rules! each {
            ($chosen:expr, $group:expr, $($operation:ident)*) => {
                match $chosen {
                    $(Operation::$operation => for i in $group {
                        // SAFETY: `new` alone makes instructions, and only with registers below
                        // `self.registers`, which there are.
                        let (a, b, c) = unsafe {(
                            *registers.get_unchecked(i.a as usize),
                            *registers.get_unchecked(i.b as usize),
                            *registers.get_unchecked(i.c as usize),
                        )};
                        // SAFETY: as above.
                        let out = unsafe { registers.get_unchecked_mut(i.out as usize) };
                        for lane in 0..LANES {
                            out.0[lane] =
                                Operation::$operation.apply(a.0[lane], b.0[lane], c.0[lane]);
                        }
                    })*
                }
            };
        }
        for (operation, group) in &self.groups {
            each!(operation, group, Negate Not Abs Exp Ln Log10 Sqrt Floor Ceiling Sin Cos Tan Tanh
                Sinh Cosh Arcsin Arccos Arctan Arcsinh Arccosh Arctanh Factorial Reciprocal Add
                Subtract Multiply Divide Power Minimum Maximum Less LessOrEqual Greater
                GreaterOrEqual Equal NotEqual And Or Xor Quotient Remainder ZeroBelow MultiplyAdd
                MultiplySubtract SubtractProduct Product Sum Select);
        }
    }

    /// Gives every term a register, reusing those whose value is spent.
    fn new(script: &Script, first_free: u32) -> Self {
        let groups = group(script);
        let mut last_use = vec![0_usize; script.terms.len()];
        let order = groups.iter().flat_map(|(_, members)| members);
        for (position, &at) in order.enumerate() {
            for operand in script.terms[at as usize].operands() {
                if let Operand::Term(read) = *operand {
                    last_use[read as usize] = position;
                }
            }
        }
        let mut machine = Self { groups: Vec::new(), numbers: Vec::new(), registers: 0 };
        let mut end = first_free;
        let mut numbers: BTreeMap<u64, u32> = BTreeMap::new();
        let mut place = vec![0_u32; script.terms.len()];
        let mut spent: Vec<u32> = Vec::new();
        let mut position = 0;
        for (operation, members) in groups {
            let mut instructions = Vec::with_capacity(members.len());
            for at in members {
                let term = &script.terms[at as usize];
                let [a, b, c] = term.operands.map(|operand| match operand {
                    Operand::Register(register) => register,
                    Operand::Term(read) => place[read as usize],
                    Operand::Number(bits) => *numbers.entry(bits).or_insert_with(|| {
                        end += 1;
                        machine.numbers.push((end - 1, f64::from_bits(bits)));
                        end - 1
                    }),
                });
                for operand in term.operands() {
                    let Operand::Term(read) = *operand else { continue };
                    let register = place[read as usize];
                    if last_use[read as usize] == position && register >= first_free {
                        spent.push(register);
                        last_use[read as usize] = usize::MAX; // an operand may stand there twice
                    }
                }
                let out = term.kept.or_else(|| spent.pop()).unwrap_or_else(|| {
                    end += 1;
                    end - 1
                });
                place[at as usize] = out;
                machine.registers =
                    [out, a, b, c].iter().fold(machine.registers, |m, &r| m.max(r as usize + 1));
                instructions.push(Instruction { out, a, b, c });
                position += 1;
            }
            machine.groups.push((operation, instructions));
        }
        machine.registers = machine.registers.max(end as usize);
        machine
    }
}

/// An order of computation in which equal operations stand together as far as possible: always
/// the operation of which most are ready, until none of it is.
fn group(script: &Script) -> Vec<(Operation, Vec<u32>)> {
    let mut users: Vec<Vec<u32>> = vec![Vec::new(); script.terms.len()];
    let mut missing = vec![0_u32; script.terms.len()];
    let mut ready: BTreeMap<Operation, VecDeque<u32>> = BTreeMap::new();
    for (at, term) in script.terms.iter().enumerate() {
        for operand in term.operands() {
            if let Operand::Term(read) = *operand {
                users[read as usize].push(at as u32);
                missing[at] += 1;
            }
        }
        if missing[at] == 0 {
            ready.entry(term.operation).or_default().push_back(at as u32);
        }
    }
    let mut groups = Vec::new();
    while let Some(operation) = most_ready(&ready) {
        let mut members = Vec::new();
        while let Some(at) = ready.get_mut(&operation).and_then(VecDeque::pop_front) {
            members.push(at);
            for &user in &users[at as usize] {
                missing[user as usize] -= 1;
                if missing[user as usize] == 0 {
                    let queue = ready.entry(script.terms[user as usize].operation).or_default();
                    queue.push_back(user);
                }
            }
        }
        groups.push((operation, members));
    }
    groups
}

/// The operation of which most terms are ready; the first among equals.
fn most_ready(ready: &BTreeMap<Operation, VecDeque<u32>>) -> Option<Operation> {
    let open = ready.iter().filter(|(_, queue)| !queue.is_empty());
    open.rev().max_by_key(|(_, queue)| queue.len()).map(|(operation, _)| *operation)
}
