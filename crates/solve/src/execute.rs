//! The register machine: a list of instructions over lanes.

use crate::graph::{Graph, Node, NodeId};
use crate::lanes::{LANES, Lanes};
use crate::operation::Operation;

/// Registers of a block; a power of two so that an index needs no check.
pub(crate) const REGISTERS: usize = 4096;

/// The registers of a block of patients.
pub(crate) type Registers = [Lanes; REGISTERS];

/// One operation on registers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instruction {
    operation: Operation,
    out: u16,
    a: u16,
    b: u16,
    c: u16,
}

/// Instructions, and where they leave their results.
#[derive(Debug, Clone, Default)]
pub(crate) struct Code {
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) outputs: Vec<u16>,
}

/// Runs the instructions in order on every lane.
#[inline(always)]
#[expect(clippy::inline_always, reason = "must be compiled for each set of vector instructions")]
pub(crate) fn execute(instructions: &[Instruction], registers: &mut Registers) {
    macro_rules! each {
        ($i:expr, $($operation:ident)*) => {
            match $i.operation {
                $(Operation::$operation => {
                    let a = registers[usize::from($i.a) % REGISTERS];
                    let b = registers[usize::from($i.b) % REGISTERS];
                    let c = registers[usize::from($i.c) % REGISTERS];
                    let out = &mut registers[usize::from($i.out) % REGISTERS];
                    for lane in 0..LANES {
                        out.0[lane] = Operation::$operation.apply(a.0[lane], b.0[lane], c.0[lane]);
                    }
                })*
            }
        };
    }
    for i in instructions {
        each!(i, Negate Not Abs Exp Ln Log10 Sqrt Floor Ceiling Sin Cos Tan Tanh Reciprocal Add
            Subtract Multiply Divide Power Minimum Maximum Less LessOrEqual Greater GreaterOrEqual
            Equal NotEqual And Or Xor MultiplyAdd MultiplySubtract SubtractProduct Select);
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
    let order: Vec<NodeId> = needed_beyond(graph, roots, given);
    let mut last_use = vec![0_usize; graph.nodes.len()];
    for (position, &id) in order.iter().enumerate() {
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
    let mut instructions = Vec::with_capacity(order.len());
    for (position, &id) in order.iter().enumerate() {
        let Node::Apply(operation, operands) = graph.nodes[id as usize] else {
            unreachable!("leaves have registers from the start")
        };
        let read: Vec<u16> = graph.operands(id).iter().filter_map(|&o| place[o as usize]).collect();
        for (i, &operand) in graph.operands(id).iter().enumerate() {
            let ends = last_use[operand as usize] == position && read[i] >= first_free;
            if ends && !spent.contains(&read[i]) {
                spent.push(read[i]);
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
        debug_assert!(operands.len() == 3);
        instructions.push(Instruction { operation, out, a: at(0), b: at(1), c: at(2) });
    }
    let outputs = roots.iter().map(|&root| place[root as usize]).collect::<Option<Vec<u16>>>()?;
    Some(Code { instructions, outputs })
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
