//! What the stiff method needs of a model: its Jacobian as code, and how to take it apart.

use super::factor::Factor;
use crate::compile::{Codes, Source, arrange};
use crate::derivative::gradients;
use crate::execute::Code;
use crate::graph::{Graph, Node, NodeId};

/// The Jacobian of the rates and their change with time, for one model.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) codes: Codes,
    /// The terms that `codes` and the Jacobian are made of.
    graph: Graph,
    /// Entries of the Jacobian in the order of the factor's pattern, then changes with time.
    pub(super) jacobian: Code,
    pub(super) factor: Factor,
    /// The states whose rates change with time itself.
    pub(super) moved_by_time: Vec<usize>,
}

impl Plan {
    /// `None` when the model needs more registers than there are.
    pub(crate) fn new(source: &Source) -> Option<Self> {
        let mut graph = source.graph.clone();
        let states = source.states.iter().map(|state| graph.add_value(state.0, true));
        let mut variables: Vec<NodeId> = states.collect();
        variables.push(graph.add_time());
        let time = source.states.len() as u32;
        let gradients = gradients(&mut graph, &source.rates, &variables);
        let mut pattern = Vec::new();
        let mut roots = Vec::new();
        let mut moved_by_time = Vec::new();
        let mut time_roots = Vec::new();
        for (row, gradient) in gradients.iter().enumerate() {
            for &(variable, node) in gradient {
                if variable == time {
                    moved_by_time.push(row);
                    time_roots.push(node);
                } else {
                    pattern.push((row as u32, variable));
                    roots.push(node);
                }
            }
        }
        roots.extend(time_roots);
        let factor = Factor::new(source.states.len(), &pattern);
        let changed = Source { graph, ..source.clone() };
        let parts = arrange(changed, &roots).ok()?;
        let (codes, graph, jacobian) = (parts.codes, parts.graph, parts.more);
        Some(Self { codes, graph, jacobian, factor, moved_by_time })
    }

    /// Computes the terms that stay the same while no value is set.
    pub(crate) fn fixed_terms(
        &self,
        values: &[f64],
        scratch: &mut Vec<f64>,
        mut set: impl FnMut(u16, f64),
    ) {
        scratch.clear();
        scratch.resize(self.graph.nodes.len(), 0.0);
        let read = |id: NodeId, scratch: &[f64]| match self.graph.nodes[id as usize] {
            Node::Number(bits) => f64::from_bits(bits),
            Node::Value(slot) => values[slot as usize],
            Node::Time => f64::NAN,
            Node::Apply(..) => scratch[id as usize],
        };
        for &id in &self.codes.fixed_order {
            if let Node::Apply(operation, operands) = self.graph.nodes[id as usize] {
                let [a, b, c] = operands.map(|operand| read(operand, scratch));
                scratch[id as usize] = operation.apply(a, b, c);
            }
        }
        for &(id, register) in &self.codes.fixed_registers {
            set(register, read(id, scratch));
        }
    }
}
