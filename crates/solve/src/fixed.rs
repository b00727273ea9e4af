//! Terms that stay the same while no value of a patient is set, one patient at a time.

use crate::graph::{Graph, Node, NodeId};
use crate::lanes::{Vectors, Work};
use crate::operation::Operation;

/// How to compute fixed terms from the values of a patient's symbols.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fixed {
    /// Numbers where they are read, and zeros elsewhere.
    template: Vec<f64>,
    /// Place and symbol of every value that is read.
    values: Vec<(u32, u32)>,
    operations: Vec<(Operation, [u32; 3], u32)>,
    /// Where the wanted terms stand at the end, in their order.
    places: Vec<u32>,
}

impl Fixed {
    /// The wanted terms of a graph, none of which moves.
    pub(crate) fn new(graph: &Graph, wanted: &[NodeId]) -> Self {
        let mut fixed = Self::default();
        let mut place = vec![0_u32; graph.nodes.len()];
        for (at, id) in graph.needed(wanted).into_iter().enumerate() {
            let at = at as u32;
            place[id as usize] = at;
            fixed.template.push(0.0);
            match graph.nodes[id as usize] {
                Node::Number(bits) => fixed.template[at as usize] = f64::from_bits(bits),
                Node::Value(slot) => fixed.values.push((at, slot)),
                Node::Apply(operation, operands) => {
                    let read = operands.map(|operand| place[operand as usize]);
                    fixed.operations.push((operation, read, at));
                }
                Node::Time => {}
            }
        }
        fixed.places = wanted.iter().map(|&id| place[id as usize]).collect();
        fixed
    }

    /// How many terms are wanted.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Computes the terms into `scratch`; [`Fixed::read`] finds them there.
    pub(crate) fn compute(&self, vectors: Vectors, values: &[f64], scratch: &mut Vec<f64>) {
        scratch.clear();
        scratch.extend_from_slice(&self.template);
        for &(place, slot) in &self.values {
            scratch[place as usize] = values[slot as usize];
        }
        vectors.run(Compute { fixed: self, terms: scratch });
    }

    /// The wanted terms, in their order.
    pub(crate) fn read(&self, scratch: &[f64]) -> impl Iterator<Item = f64> {
        self.places.iter().map(|&place| scratch[place as usize])
    }
}

/// Terms to compute from those that are there.
struct Compute<'a> {
    fixed: &'a Fixed,
    terms: &'a mut [f64],
}

impl Work for Compute<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn run(self) {
        let Self { fixed, terms } = self;
        for &(operation, [a, b, c], out) in &fixed.operations {
            let read = |place: u32| terms[place as usize];
            terms[out as usize] = operation.apply(read(a), read(b), read(c));
        }
    }
}
