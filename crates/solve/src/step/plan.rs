//! What the stiff method needs of a model: its Jacobian as code, and how to take it apart.

use super::factor::Factor;
use crate::compile::{Codes, Source, arrange};
use crate::derivative::gradients;
use crate::execute::Code;
use crate::graph::{Graph, Node, NodeId};
use crate::lanes::{Vectors, Work};

/// The Jacobian of the rates and their change with time, for one model.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) codes: Codes,
    /// The terms that `codes` and the Jacobian are made of.
    graph: Graph,
    /// What a step needs at its start: entries of the Jacobian in the order of the factor's pattern,
    /// changes with time, rates.
    pub(super) start: Code,
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
        roots.extend(&source.rates);
        let factor = Factor::new(source.states.len(), &pattern);
        let changed = Source { graph, ..source.clone() };
        let parts = arrange(changed, &roots).ok()?;
        let (codes, graph, start) = (parts.codes, parts.graph, parts.more);
        Some(Self { codes, graph, start, factor, moved_by_time })
    }

    /// Computes the terms that stay the same while no value is set.
    pub(crate) fn fixed_terms(
        &self,
        values: &[f64],
        scratch: &mut Vec<f64>,
        mut set: impl FnMut(u16, f64),
    ) {
        scratch.clear();
        scratch.extend(self.graph.nodes.iter().map(|node| match *node {
            Node::Number(bits) => f64::from_bits(bits),
            Node::Value(slot) => values[slot as usize],
            Node::Time | Node::Apply(..) => f64::NAN,
        }));
        Vectors::detect().run(Fixed { plan: self, terms: scratch });
        for &(id, register) in &self.codes.fixed_registers {
            set(register, scratch[id as usize]);
        }
    }
}

/// Terms to compute from those that are there.
struct Fixed<'a> {
    plan: &'a Plan,
    terms: &'a mut [f64],
}

impl Work for Fixed<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn run(self) {
        let Self { plan, terms } = self;
        for &id in &plan.codes.fixed_order {
            if let Node::Apply(operation, [a, b, c]) = plan.graph.nodes[id as usize] {
                let read = |id: NodeId| terms[id as usize];
                terms[id as usize] = operation.apply(read(a), read(b), read(c));
            }
        }
    }
}
