//! The register machine: a list of instructions over lanes.

#![allow(unsafe_code, reason = "registers were checked when the code was made, not at every use")]

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::graph::{Graph, Node, NodeId};
use crate::lanes::{LANES, Lanes};
use crate::native::Native;
use crate::operation::Operation;

/// Registers of a block.
pub(crate) const REGISTERS: usize = 4096;

/// The registers of a block of patients.
pub(crate) type Registers = [Lanes; REGISTERS];

/// The registers of one operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instruction {
    out: u16,
    a: u16,
    b: u16,
    c: u16,
}

impl Instruction {
    pub(crate) fn out(self) -> u16 {
        self.out
    }

    /// Those beyond the operation's arity repeat the first.
    pub(crate) fn operands(self) -> [u16; 3] {
        [self.a, self.b, self.c]
    }
}

/// Instructions, and where they leave their results.
///
/// Instructions with the same operation stand together, so that the processor meets one
/// unforeseeable jump for a group and not for each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Code {
    groups: Vec<(Operation, Vec<Instruction>)>,
    pub(crate) outputs: Vec<u16>,
    /// The same as machine code, made when it is first used; `None` inside if it cannot be.
    native: OnceLock<Option<Arc<Native>>>,
}

impl Code {
    /// How many instructions there are.
    pub(crate) fn len(&self) -> usize {
        self.groups.iter().map(|(_, instructions)| instructions.len()).sum()
    }

    /// The instructions in their order.
    pub(crate) fn instructions(&self) -> impl Iterator<Item = (Operation, Instruction)> {
        self.groups.iter().flat_map(|(operation, group)| group.iter().map(|one| (*operation, *one)))
    }

    fn native(&self) -> Option<&Native> {
        self.native.get_or_init(|| Native::new(self).map(Arc::new)).as_deref()
    }
}

/// Runs the instructions in order on every lane, as machine code where that is allowed and possible.
#[inline(always)]
#[expect(clippy::inline_always, reason = "must be compiled for each set of vector instructions")]
pub(crate) fn execute(code: &Code, registers: &mut Registers, allows_native: bool) {
    if allows_native && let Some(native) = code.native() {
        native.run(registers);
        return;
    }
    macro_rules! each {
        ($chosen:expr, $group:expr, $($operation:ident)*) => {
            match $chosen {
                $(Operation::$operation => for i in $group {
                    // SAFETY: `schedule` alone makes instructions, and only with registers below
                    // `REGISTERS`, the length of the array.
                    let (a, b, c) = unsafe {(
                        *registers.get_unchecked(usize::from(i.a)),
                        *registers.get_unchecked(usize::from(i.b)),
                        *registers.get_unchecked(usize::from(i.c)),
                    )};
                    // SAFETY: as above.
                    let out = unsafe { registers.get_unchecked_mut(usize::from(i.out)) };
                    for lane in 0..LANES {
                        out.0[lane] = Operation::$operation.apply(a.0[lane], b.0[lane], c.0[lane]);
                    }
                })*
            }
        };
    }
    for (operation, group) in &code.groups {
        each!(operation, group, Negate Not Abs Exp Ln Log10 Sqrt Floor Ceiling Sin Cos Tan Tanh Sinh
            Cosh Arcsin Arccos Arctan Arcsinh Arccosh Arctanh Factorial Reciprocal Add Subtract
            Multiply Divide Power Minimum Maximum Less LessOrEqual Greater GreaterOrEqual Equal
            NotEqual And Or Xor Quotient Remainder MultiplyAdd MultiplySubtract SubtractProduct
            Product Sum Select);
    }
}

/// Gives every needed node of the graph a register, reusing those whose value is spent.
///
/// `given` says which nodes already have one; those below `first_free` are never reused.
/// `None` when there are not enough registers.
pub(crate) fn schedule(
    graph: &Graph,
    roots: &[NodeId],
    given: &[Option<u16>],
    first_free: u16,
) -> Option<Code> {
    let groups = group(graph, &needed_beyond(graph, roots, given));
    let mut last_use = vec![0_usize; graph.nodes.len()];
    for (position, &id) in groups.iter().flat_map(|(_, ids)| ids).enumerate() {
        for &operand in graph.operands(id) {
            last_use[operand as usize] = position;
        }
    }
    for &root in roots {
        last_use[root as usize] = usize::MAX;
    }
    let mut place = given.to_vec();
    let mut spent: Vec<u16> = Vec::new();
    let mut end = first_free;
    let mut position = 0;
    let mut code = Code::default();
    for (operation, ids) in groups {
        let mut instructions = Vec::with_capacity(ids.len());
        for id in ids {
            let operands = graph.operands(id);
            let read: Vec<u16> = operands.iter().filter_map(|&o| place[o as usize]).collect();
            for (&operand, &register) in operands.iter().zip(&read) {
                let ends = last_use[operand as usize] == position && register >= first_free;
                if ends && !spent.contains(&register) {
                    spent.push(register);
                }
            }
            let out = spent.pop().unwrap_or_else(|| {
                end += 1;
                end - 1
            });
            if usize::from(out) >= REGISTERS {
                return None;
            }
            place[id as usize] = Some(out);
            let at = |i: usize| *read.get(i).unwrap_or(&read[0]);
            assert!([at(0), at(1), at(2), out].iter().all(|&r| usize::from(r) < REGISTERS));
            instructions.push(Instruction { out, a: at(0), b: at(1), c: at(2) });
            position += 1;
        }
        code.groups.push((operation, instructions));
    }
    code.outputs = roots.iter().map(|&root| place[root as usize]).collect::<Option<Vec<u16>>>()?;
    Some(code)
}

/// An order of computation in which equal operations stand together as far as possible: always
/// the operation of which most are ready, until none of it is.
fn group(graph: &Graph, order: &[NodeId]) -> Vec<(Operation, Vec<NodeId>)> {
    let operation = |id: NodeId| match graph.nodes[id as usize] {
        Node::Apply(operation, _) => operation,
        _ => unreachable!("leaves have registers from the start"),
    };
    let mut open = vec![false; graph.nodes.len()];
    for &id in order {
        open[id as usize] = true;
    }
    let mut waiting = order.to_vec();
    let mut groups: Vec<(Operation, Vec<NodeId>)> = Vec::new();
    while !waiting.is_empty() {
        let is_ready = |id: NodeId, open: &[bool]| {
            graph.operands(id).iter().all(|&operand| !open[operand as usize])
        };
        let mut ready: BTreeMap<Operation, usize> = BTreeMap::new();
        for &id in &waiting {
            if is_ready(id, &open) {
                *ready.entry(operation(id)).or_default() += 1;
            }
        }
        let most = ready.iter().max_by_key(|(_, count)| **count);
        let chosen = *most.expect("operands come before their users").0;
        let mut members = Vec::new();
        waiting.retain(|&id| {
            let takes = operation(id) == chosen && is_ready(id, &open);
            if takes {
                open[id as usize] = false;
                members.push(id);
            }
            !takes
        });
        groups.push((chosen, members));
    }
    groups
}

/// The needed nodes that have no register yet, in order of computation.
fn needed_beyond(graph: &Graph, roots: &[NodeId], given: &[Option<u16>]) -> Vec<NodeId> {
    let mut wanted = vec![false; graph.nodes.len()];
    for &root in roots {
        wanted[root as usize] = true;
    }
    for id in (0..graph.nodes.len() as NodeId).rev() {
        if wanted[id as usize] && given[id as usize].is_none() {
            for &operand in graph.operands(id) {
                wanted[operand as usize] = true;
            }
        }
    }
    let open = |id: &NodeId| wanted[*id as usize] && given[*id as usize].is_none();
    (0..graph.nodes.len() as NodeId).filter(open).collect()
}
