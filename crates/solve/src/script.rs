//! Arithmetic without branches as one list: what a step computes from the registers of its patients.

use std::collections::BTreeMap;

use crate::graph::{Graph, Node, NodeId};
use crate::operation::Operation;

/// What an operation reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operand {
    /// What stands in a register when the script begins.
    Register(u32),
    /// A number, by its bits, the same for every patient.
    Number(u64),
    /// The result of an earlier term of the script.
    Term(u32),
}

impl Operand {
    pub(crate) const ZERO: Self = Self::Number(0);

    pub(crate) fn number(value: f64) -> Self {
        Self::Number(value.to_bits())
    }
}

/// One operation; operands beyond its arity repeat the first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Term {
    pub(crate) operation: Operation,
    pub(crate) operands: [Operand; 3],
    /// The register where the result is left, if anybody reads it there afterwards.
    pub(crate) kept: Option<u32>,
}

impl Term {
    /// Those operands that count.
    pub(crate) fn operands(&self) -> &[Operand] {
        &self.operands[..self.operation.arity()]
    }
}

/// Terms in order of computation. No term reads a register in which another leaves its result.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    pub(crate) terms: Vec<Term>,
    /// The term that computes each operation on each operands: none is computed twice.
    known: BTreeMap<(Operation, [Operand; 3]), u32>,
}

impl Script {
    /// A script of terms in this order.
    pub(crate) fn of(terms: Vec<Term>) -> Self {
        Self { terms, known: BTreeMap::new() }
    }

    /// The result of an operation.
    pub(crate) fn apply(&mut self, operation: Operation, operands: &[Operand]) -> Operand {
        let mut three = [operands[0]; 3];
        three[..operands.len()].copy_from_slice(operands);
        let next = self.terms.len() as u32;
        let at = *self.known.entry((operation, three)).or_insert(next);
        if at == next {
            self.terms.push(Term { operation, operands: three, kept: None });
        }
        Operand::Term(at)
    }

    /// a * b + c, rounded once.
    pub(crate) fn multiply_add(&mut self, a: Operand, b: Operand, c: Operand) -> Operand {
        self.apply(Operation::MultiplyAdd, &[a, b, c])
    }

    /// Leaves a value in a register.
    pub(crate) fn keep(&mut self, value: Operand, register: u32) {
        let open = match value {
            Operand::Term(at) => Some(at as usize).filter(|&at| self.terms[at].kept.is_none()),
            _ => None,
        };
        let at = open.unwrap_or_else(|| {
            // a copy of its own: times one changes no bit
            let operands = [value, Operand::number(1.0), value];
            self.terms.push(Term { operation: Operation::Multiply, operands, kept: None });
            self.terms.len() - 1
        });
        self.terms[at].kept = Some(register);
    }

    /// The weighted sum of values, after `start` if there is one, rounded once for each. What is
    /// always zero adds nothing.
    pub(crate) fn weighted(
        &mut self,
        start: Option<Operand>,
        parts: impl IntoIterator<Item = (f64, Operand)>,
    ) -> Option<Operand> {
        let parts = parts.into_iter().filter(|(_, value)| *value != Operand::ZERO);
        parts.fold(start, |sum, (weight, value)| {
            let weight = Operand::number(weight);
            Some(match sum {
                Some(sum) => self.multiply_add(weight, value, sum),
                None => self.apply(Operation::Multiply, &[weight, value]),
            })
        })
    }

    /// The same without terms that nobody reads.
    pub(crate) fn pruned(self) -> Self {
        let mut is_read: Vec<bool> = self.terms.iter().map(|term| term.kept.is_some()).collect();
        for (at, term) in self.terms.iter().enumerate().rev() {
            if is_read[at] {
                for operand in term.operands() {
                    if let Operand::Term(earlier) = operand {
                        is_read[*earlier as usize] = true;
                    }
                }
            }
        }
        let mut place = vec![0; self.terms.len()];
        let mut terms = Vec::with_capacity(self.terms.len());
        for (at, mut term) in self.terms.into_iter().enumerate() {
            place[at] = terms.len() as u32;
            if is_read[at] {
                for operand in &mut term.operands {
                    if let Operand::Term(earlier) = operand {
                        *earlier = place[*earlier as usize];
                    }
                }
                terms.push(term);
            }
        }
        Self::of(terms)
    }

    /// Computes roots of a graph; `leaf` gives what is known already.
    pub(crate) fn formulas(
        &mut self,
        graph: &Graph,
        roots: &[NodeId],
        leaf: impl Fn(NodeId) -> Option<Operand>,
    ) -> Vec<Operand> {
        let mut known: Vec<Option<Operand>> = vec![None; graph.nodes.len()];
        let mut wanted = vec![false; graph.nodes.len()];
        for &root in roots {
            wanted[root as usize] = true;
        }
        for id in (0..graph.nodes.len()).rev() {
            if !wanted[id] {
                continue;
            }
            known[id] = leaf(id as NodeId);
            if known[id].is_none() {
                for &operand in graph.operands(id as NodeId) {
                    wanted[operand as usize] = true;
                }
            }
        }
        for id in 0..graph.nodes.len() {
            if !wanted[id] || known[id].is_some() {
                continue;
            }
            known[id] = Some(match graph.nodes[id] {
                Node::Number(bits) => Operand::Number(bits),
                Node::Apply(operation, operands) => {
                    let read = operands.map(|o| known[o as usize].unwrap_or(Operand::ZERO));
                    self.apply(operation, &read[..operation.arity()])
                }
                Node::Value(_) | Node::Time => unreachable!("leaves are known"),
            });
        }
        roots.iter().map(|&root| known[root as usize].expect("the roots are wanted")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_computed_twice() {
        let mut script = Script::default();
        let (x, y) = (Operand::Register(0), Operand::Register(1));
        let first = script.apply(Operation::Divide, &[x, y]);
        assert_eq!(script.apply(Operation::Divide, &[x, y]), first);
        assert_ne!(script.apply(Operation::Divide, &[y, x]), first);
        // one value in two places is a copy, not another computation
        script.keep(first, 2);
        script.keep(first, 3);
        script.keep(first, 4);
        let kept: Vec<_> = script.terms.iter().map(|term| term.kept).collect();
        assert_eq!(kept, [Some(2), None, Some(3), Some(4)]);
        let script = script.pruned();
        let operations: Vec<_> = script.terms.iter().map(|term| term.operation).collect();
        assert_eq!(operations, [Operation::Divide, Operation::Multiply, Operation::Multiply]);
    }
}
