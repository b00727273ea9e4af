//! Many terms of one patient computed at once: all rates, or all assigned symbols, as one script.

use crate::compile::operations;
use crate::execute::Code;
use crate::graph::{Graph, Node, NodeId};
use crate::script::{Operand, Script};

/// How to compute those of the wanted terms that move.
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

#[cfg(test)]
mod tests {
    use crate::{Settings, Start, compile, trajectories};

    /// More operations than are computed one by one.
    const LONG_FORMULA: &str = "x*y + x^2*y + x*y^2 + x^3 + y^3 + exp(-x) + exp(-y) + x/(1+y) \
                                + y/(1+x) + x^2/(2+y) + y^2/(2+x) + x*y/(3+x+y)";

    /// What an event sets is computed from a formula that is neither a rate nor an assigned symbol.
    #[test]
    fn a_long_formula_of_an_event_is_computed() {
        let text = format!(
            "model m
               x' = -x; y' = -2*y; x = 1; y = 1; z = 0
               w := {LONG_FORMULA}
               at (time > 0.5): z = {LONG_FORMULA} + x
             end"
        );
        let model = model::antimony::read(&text).unwrap();
        let program = compile(&model).unwrap();
        let z = program.symbol("z").unwrap();
        let settings = Settings::default();
        let found = trajectories(&program, &[Start::default()], &settings, &[1.0], &[z]);
        let exp = crate::math::exp;
        let (x, y) = (exp(-0.5), exp(-1.0));
        let want = x * y
            + x * x * y
            + x * y * y
            + x * x * x
            + y * y * y
            + exp(-x)
            + exp(-y)
            + x / (1.0 + y)
            + y / (1.0 + x)
            + x * x / (2.0 + y)
            + y * y / (2.0 + x)
            + x * y / (3.0 + x + y)
            + x;
        let got = found.value(0, 0, 0);
        assert!((got / want - 1.0).abs() < 1e-5, "{got} against {want}");
    }
}
