//! A model's formulas as one graph in which equal terms are one node.
//!
//! Operands always come before the nodes that use them. Constants are folded while it is built.

use std::collections::BTreeMap;

use crate::operation::Operation;

/// The index of a node.
pub(crate) type NodeId = u32;

/// One term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Node {
    /// A number, by its bits.
    Number(u64),
    /// The value of a symbol that is not computed.
    Value(u32),
    /// Model time.
    Time,
    /// An operation; operands beyond its arity repeat the first.
    Apply(Operation, [NodeId; 3]),
}

/// The terms, and which of them move within a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    /// Whether the node depends on a state or on time.
    pub(crate) moving: Vec<bool>,
    known: BTreeMap<Node, NodeId>,
    /// Whether zero times anything is zero: everything that a zero multiplies is finite.
    pub(crate) zero_stays: bool,
}

impl Graph {
    /// The operands of a node.
    pub(crate) fn operands(&self, id: NodeId) -> &[NodeId] {
        match &self.nodes[id as usize] {
            Node::Apply(operation, operands) => &operands[..operation.arity()],
            _ => &[],
        }
    }

    /// The number, if the node is one.
    pub(crate) fn number(&self, id: NodeId) -> Option<f64> {
        match self.nodes[id as usize] {
            Node::Number(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    fn intern(&mut self, node: Node, moving: bool) -> NodeId {
        let next = self.nodes.len() as NodeId;
        let id = *self.known.entry(node).or_insert(next);
        if id == next {
            self.nodes.push(node);
            self.moving.push(moving);
        }
        id
    }

    pub(crate) fn add_number(&mut self, value: f64) -> NodeId {
        self.intern(Node::Number(value.to_bits()), false)
    }

    pub(crate) fn add_value(&mut self, slot: u32, moving: bool) -> NodeId {
        self.intern(Node::Value(slot), moving)
    }

    pub(crate) fn add_time(&mut self) -> NodeId {
        self.intern(Node::Time, true)
    }

    /// A node for an operation, simplified only where no bit of the value can change, but for
    /// division: a / b becomes a * (1 / b), which [`Graph::restore_divisions`] undoes where it
    /// does not pay; and for zeros, where they stay.
    pub(crate) fn apply(&mut self, operation: Operation, operands: &[NodeId]) -> NodeId {
        let first = operands[0];
        let mut three = [first; 3];
        three[..operands.len()].copy_from_slice(operands);
        let numbers = three.map(|id| self.number(id));
        if let [Some(a), Some(b), Some(c)] = numbers {
            return self.add_number(operation.apply(a, b, c));
        }
        if let Some(simple) = self.without_zeros(operation, three) {
            return simple;
        }
        let one = Some(1.0);
        match operation {
            Operation::Multiply if numbers[0] == one => return three[1],
            Operation::Multiply | Operation::Divide | Operation::Power if numbers[1] == one => {
                return first;
            }
            Operation::Power if numbers[1] == Some(2.0) => {
                return self.apply(Operation::Multiply, &[first, first]);
            }
            Operation::Divide => {
                let reciprocal = self.apply(Operation::Reciprocal, &[three[1]]);
                return self.apply(Operation::Multiply, &[first, reciprocal]);
            }
            Operation::Select => {
                if let Some(condition) = numbers[0] {
                    return if condition == 0.0 { three[2] } else { three[1] };
                }
                if three[1] == three[2] {
                    return three[1];
                }
            }
            _ => {}
        }
        if commutes(operation) && three[1] < three[0] {
            three = [three[1], three[0], three[1]];
        }
        let moving = operands.iter().any(|&id| self.moving[id as usize]);
        self.intern(Node::Apply(operation, three), moving)
    }

    /// What an operation with a number that is zero comes to, where zeros stay.
    fn without_zeros(&mut self, operation: Operation, [a, b, _]: [NodeId; 3]) -> Option<NodeId> {
        if !self.zero_stays {
            return None;
        }
        let [first, second] = [a, b].map(|id| self.number(id) == Some(0.0));
        match operation {
            Operation::Multiply if first || second => Some(self.add_number(0.0)),
            Operation::Divide if first => Some(self.add_number(0.0)),
            Operation::Add if first => Some(b),
            Operation::Add | Operation::Subtract if second => Some(a),
            Operation::Subtract if first => Some(self.apply(Operation::Negate, &[b])),
            _ => None,
        }
    }

    /// Everything that the roots need, in order of computation, leaves included.
    pub(crate) fn needed(&self, roots: &[NodeId]) -> Vec<NodeId> {
        let mut wanted = vec![false; self.nodes.len()];
        for &root in roots {
            wanted[root as usize] = true;
        }
        for id in (0..self.nodes.len() as NodeId).rev() {
            if wanted[id as usize] {
                for &operand in self.operands(id) {
                    wanted[operand as usize] = true;
                }
            }
        }
        (0..self.nodes.len() as NodeId).filter(|&id| wanted[id as usize]).collect()
    }

    /// How often each node is used by others of `needed` and as a root.
    fn uses(&self, needed: &[NodeId], roots: &[NodeId]) -> Vec<u32> {
        let mut uses = vec![0; self.nodes.len()];
        for &id in needed {
            for &operand in self.operands(id) {
                uses[operand as usize] += 1;
            }
        }
        for &root in roots {
            uses[root as usize] += 1;
        }
        uses
    }

    /// Turns a * (1 / b) back into a / b: everywhere outside the hot terms, and inside them where
    /// 1 / b moves and has no other user.
    pub(crate) fn restore_divisions(&mut self, roots: &[NodeId]) {
        let needed = self.needed(roots);
        let uses = self.uses(&needed, roots);
        let mut hot = vec![false; self.nodes.len()];
        for &id in &needed {
            hot[id as usize] = self.moving[id as usize];
        }
        for (id, &is_hot) in hot.iter().enumerate() {
            let Node::Apply(Operation::Multiply, [a, b, _]) = self.nodes[id] else { continue };
            for (numerator, reciprocal) in [(a, b), (b, a)] {
                let at = reciprocal as usize;
                let Node::Apply(Operation::Reciprocal, [divisor, ..]) = self.nodes[at] else {
                    continue;
                };
                if !is_hot || (self.moving[at] && uses[at] == 1) {
                    let operands = [numerator, divisor, numerator];
                    self.nodes[id] = Node::Apply(Operation::Divide, operands);
                    break;
                }
            }
        }
    }

    /// Joins a product and the sum that alone uses it into one instruction, in the hot terms; then
    /// products of three and sums of three, whose bits stay.
    pub(crate) fn fuse(&mut self, roots: &[NodeId]) {
        let needed = self.needed(roots);
        let uses = self.uses(&needed, roots);
        let inner = |graph: &Self, operation: Operation, id: NodeId| match graph.nodes[id as usize]
        {
            Node::Apply(found, [a, b, _])
                if found == operation && graph.moving[id as usize] && uses[id as usize] == 1 =>
            {
                Some((a, b))
            }
            _ => None,
        };
        let product = |graph: &Self, id: NodeId| inner(graph, Operation::Multiply, id);
        for &id in &needed {
            let Node::Apply(operation, [a, b, _]) = self.nodes[id as usize] else { continue };
            let fused = match operation {
                Operation::Add => product(self, a)
                    .map(|(x, y)| (Operation::MultiplyAdd, [x, y, b]))
                    .or_else(|| product(self, b).map(|(x, y)| (Operation::MultiplyAdd, [x, y, a]))),
                Operation::Subtract => {
                    product(self, b).map(|(x, y)| (Operation::SubtractProduct, [x, y, a])).or_else(
                        || product(self, a).map(|(x, y)| (Operation::MultiplySubtract, [x, y, b])),
                    )
                }
                _ => None,
            };
            if let Some((operation, operands)) = fused {
                self.nodes[id as usize] = Node::Apply(operation, operands);
            }
        }
        for &id in &needed {
            let Node::Apply(operation, [a, b, _]) = self.nodes[id as usize] else { continue };
            let joined = match operation {
                Operation::Multiply => Operation::Product,
                Operation::Add => Operation::Sum,
                _ => continue,
            };
            let found = inner(self, operation, a)
                .map(|(x, y)| [x, y, b])
                .or_else(|| inner(self, operation, b).map(|(x, y)| [x, y, a]));
            if let Some(operands) = found {
                self.nodes[id as usize] = Node::Apply(joined, operands);
            }
        }
    }
}

/// Whether the operands may change places without changing a bit.
fn commutes(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Add
            | Operation::Multiply
            | Operation::Equal
            | Operation::NotEqual
            | Operation::And
            | Operation::Or
            | Operation::Xor
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_terms_are_one_node_and_numbers_fold() {
        let mut graph = Graph::default();
        let (x, y) = (graph.add_value(0, true), graph.add_value(1, false));
        let first = graph.apply(Operation::Add, &[x, y]);
        let second = graph.apply(Operation::Add, &[y, x]);
        assert_eq!(first, second);
        let (two, three) = (graph.add_number(2.0), graph.add_number(3.0));
        let six = graph.apply(Operation::Multiply, &[two, three]);
        assert_eq!(graph.number(six), Some(6.0));
    }

    #[test]
    fn shared_divisors_are_inverted_once_and_lone_ones_divide() {
        let mut graph = Graph::default();
        let (x, y, z) =
            (graph.add_value(0, true), graph.add_value(1, true), graph.add_value(2, true));
        let shared = [
            graph.apply(Operation::Divide, &[x, z]),
            graph.apply(Operation::Divide, &[y, z]),
            graph.apply(Operation::Divide, &[z, x]),
        ];
        graph.restore_divisions(&shared);
        let operation = |id: NodeId| match graph.nodes[id as usize] {
            Node::Apply(operation, _) => operation,
            _ => panic!("an operation"),
        };
        assert_eq!(operation(shared[0]), Operation::Multiply);
        assert_eq!(operation(shared[1]), Operation::Multiply);
        assert_eq!(operation(shared[2]), Operation::Divide);
    }
}
