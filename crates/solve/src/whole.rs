//! Everything that is computed from a patient's values, at once: rates and assigned symbols as one script.

use crate::compile::operations;
use crate::execute::Code;
use crate::graph::{Graph, Node, NodeId};
use crate::script::{Operand, Script};

/// How to compute all rates and assigned symbols that move.
#[derive(Debug)]
pub(crate) struct Whole {
    /// What it reads, by register: values of states, time, terms that stay fixed.
    pub(crate) moving: Vec<NodeId>,
    pub(crate) fixed: Vec<NodeId>,
    /// What the fixed terms need, in order.
    pub(crate) fixed_order: Vec<NodeId>,
    /// What it leaves in the registers behind those.
    pub(crate) roots: Vec<NodeId>,
    pub(crate) code: Code,
}

impl Whole {
    pub(crate) fn new(graph: &Graph, wanted: impl Iterator<Item = NodeId>) -> Self {
        let moves = |id: NodeId| graph.moving[id as usize];
        let is_operation = |id: NodeId| matches!(graph.nodes[id as usize], Node::Apply(..));
        let mut roots: Vec<NodeId> = wanted.filter(|&id| moves(id) && is_operation(id)).collect();
        roots.sort_unstable();
        roots.dedup();
        let mut place: Vec<Option<u32>> = vec![None; graph.nodes.len()];
        let (mut moving, mut fixed) = (Vec::new(), Vec::new());
        let needed = graph.needed(&roots);
        for &id in &needed {
            if moves(id) && !is_operation(id) {
                place[id as usize] = Some(moving.len() as u32);
                moving.push(id);
            }
        }
        for &id in &needed {
            let operands = if moves(id) { graph.operands(id) } else { &[] };
            for &operand in operands {
                let at = operand as usize;
                if !graph.moving[at] && graph.number(operand).is_none() && place[at].is_none() {
                    place[at] = Some((moving.len() + fixed.len()) as u32);
                    fixed.push(operand);
                }
            }
        }
        let mut script = Script::default();
        let known = |id: NodeId| place[id as usize].map(Operand::Register);
        let found = script.formulas(graph, &roots, known);
        let first = (moving.len() + fixed.len()) as u32;
        for (position, &value) in found.iter().enumerate() {
            script.keep(value, first + position as u32);
        }
        let code = Code::new(script, first + roots.len() as u32, None);
        let fixed_order = operations(graph, &fixed);
        Self { moving, fixed, fixed_order, roots, code }
    }
}
