//! Derivatives of a graph's terms with respect to states and time, as further terms of the graph.

use crate::graph::{Graph, Node, NodeId};
use crate::operation::Operation;

/// The derivatives of one term: with respect to which variable (by its place), and what.
pub(crate) type Gradient = Vec<(u32, NodeId)>;

/// The derivatives of the roots with respect to the variables, without those that are zero for any
/// values. Jumps of floors, comparisons and choices count as flat.
pub(crate) fn gradients(
    graph: &mut Graph,
    roots: &[NodeId],
    variables: &[NodeId],
) -> Vec<Gradient> {
    let needed = graph.needed(roots);
    let mut known: Vec<Gradient> = vec![Gradient::new(); graph.nodes.len()];
    for id in needed {
        let found = match graph.nodes[id as usize] {
            Node::Apply(operation, operands) => {
                let inner = operands.map(|operand| known[operand as usize].clone());
                Rules { graph, id, operands }.gradient(operation, &inner)
            }
            _ => match variables.iter().position(|&variable| variable == id) {
                Some(place) => vec![(place as u32, graph.add_number(1.0))],
                None => Vec::new(),
            },
        };
        known[id as usize] = found;
    }
    roots.iter().map(|&root| known[root as usize].clone()).collect()
}

/// The term being differentiated.
struct Rules<'a> {
    graph: &'a mut Graph,
    id: NodeId,
    operands: [NodeId; 3],
}

impl Rules<'_> {
    fn apply(&mut self, operation: Operation, operands: &[NodeId]) -> NodeId {
        self.graph.apply(operation, operands)
    }

    fn number(&mut self, value: f64) -> NodeId {
        self.graph.add_number(value)
    }

    fn gradient(&mut self, operation: Operation, inner: &[Gradient; 3]) -> Gradient {
        use Operation as O;
        let [a, b, _] = self.operands;
        match operation {
            O::Add | O::Subtract | O::Multiply | O::Divide => self.arithmetic(operation, inner),
            O::Power => self.power(inner),
            O::Minimum | O::Maximum => {
                let compare = if operation == O::Minimum { O::Less } else { O::Greater };
                let second = self.apply(compare, &[b, a]);
                self.choose(second, &inner[1], &inner[0])
            }
            O::Select => self.choose(a, &inner[1], &inner[2]),
            // Flat, but for b: a - q b.
            O::Remainder => {
                let quotient = self.apply(O::Quotient, &[a, b]);
                let quotient = self.apply(O::Negate, &[quotient]);
                let second = self.scaled(&inner[1], quotient);
                self.sum(&inner[0], &second)
            }
            O::Not
            | O::Floor
            | O::Ceiling
            | O::Factorial
            | O::Quotient
            | O::Less
            | O::LessOrEqual
            | O::Greater
            | O::GreaterOrEqual
            | O::Equal
            | O::NotEqual
            | O::And
            | O::Or
            | O::Xor => Gradient::new(),
            O::MultiplyAdd | O::MultiplySubtract | O::SubtractProduct | O::Product | O::Sum => {
                unreachable!("terms are joined after they are differentiated")
            }
            _ if inner[0].is_empty() => Gradient::new(),
            _ => {
                let slope = self.slope(operation);
                self.scaled(&inner[0], slope)
            }
        }
    }

    fn arithmetic(&mut self, operation: Operation, inner: &[Gradient; 3]) -> Gradient {
        let [a, b, _] = self.operands;
        match operation {
            Operation::Add => self.sum(&inner[0], &inner[1]),
            Operation::Subtract => {
                let second = self.each(&inner[1], |rules, d| rules.apply(Operation::Negate, &[d]));
                self.sum(&inner[0], &second)
            }
            Operation::Multiply => {
                let (first, second) = (self.scaled(&inner[0], b), self.scaled(&inner[1], a));
                self.sum(&first, &second)
            }
            _ => {
                // a/b: (a' - (a/b) b')/b
                let id = self.id;
                let quotient = self.apply(Operation::Negate, &[id]);
                let second = self.scaled(&inner[1], quotient);
                let above = self.sum(&inner[0], &second);
                self.each(&above, |rules, d| rules.apply(Operation::Divide, &[d, b]))
            }
        }
    }

    /// (a^b)' = b a^(b-1) a' + a^b ln(a) b'
    fn power(&mut self, inner: &[Gradient; 3]) -> Gradient {
        let [a, b, _] = self.operands;
        let one = self.number(1.0);
        let mut total = Gradient::new();
        if !inner[0].is_empty() {
            let less = self.apply(Operation::Subtract, &[b, one]);
            let power = self.apply(Operation::Power, &[a, less]);
            let slope = self.apply(Operation::Multiply, &[b, power]);
            total = self.scaled(&inner[0], slope);
        }
        if !inner[1].is_empty() {
            let ln = self.apply(Operation::Ln, &[a]);
            let slope = self.apply(Operation::Multiply, &[self.id, ln]);
            let second = self.scaled(&inner[1], slope);
            total = self.sum(&total, &second);
        }
        total
    }

    /// The derivative of a function of one argument.
    fn slope(&mut self, operation: Operation) -> NodeId {
        use Operation as O;
        let (a, id) = (self.operands[0], self.id);
        let one = self.number(1.0);
        match operation {
            O::Negate => self.number(-1.0),
            O::Abs => {
                let (zero, minus) = (self.number(0.0), self.number(-1.0));
                let below = self.apply(O::Less, &[a, zero]);
                self.apply(O::Select, &[below, minus, one])
            }
            O::Exp => id,
            O::Ln => self.apply(O::Reciprocal, &[a]),
            O::Log10 => {
                let ten = self.number(std::f64::consts::LN_10);
                let below = self.apply(O::Multiply, &[a, ten]);
                self.apply(O::Reciprocal, &[below])
            }
            O::Sqrt => {
                let half = self.number(0.5);
                self.apply(O::Divide, &[half, id])
            }
            O::Sin => self.apply(O::Cos, &[a]),
            O::Cos => {
                let sine = self.apply(O::Sin, &[a]);
                self.apply(O::Negate, &[sine])
            }
            O::Sinh => self.apply(O::Cosh, &[a]),
            O::Cosh => self.apply(O::Sinh, &[a]),
            O::Reciprocal => {
                let square = self.apply(O::Multiply, &[id, id]);
                self.apply(O::Negate, &[square])
            }
            _ => self.slope_with_square(operation),
        }
    }

    fn slope_with_square(&mut self, operation: Operation) -> NodeId {
        use Operation as O;
        let of = match operation {
            O::Tan | O::Tanh => self.id,
            _ => self.operands[0],
        };
        let one = self.number(1.0);
        let square = self.apply(O::Multiply, &[of, of]);
        let inner = match operation {
            O::Tan | O::Arctan | O::Arcsinh => self.apply(O::Add, &[one, square]),
            O::Arccosh => self.apply(O::Subtract, &[square, one]),
            _ => self.apply(O::Subtract, &[one, square]),
        };
        match operation {
            O::Tan | O::Tanh => inner,
            O::Arctan | O::Arctanh => self.apply(O::Reciprocal, &[inner]),
            _ => {
                let root = self.apply(O::Sqrt, &[inner]);
                let slope = self.apply(O::Reciprocal, &[root]);
                if operation == O::Arccos { self.apply(O::Negate, &[slope]) } else { slope }
            }
        }
    }

    fn each(&mut self, gradient: &Gradient, f: impl Fn(&mut Self, NodeId) -> NodeId) -> Gradient {
        gradient.iter().map(|&(variable, d)| (variable, f(self, d))).collect()
    }

    fn scaled(&mut self, gradient: &Gradient, factor: NodeId) -> Gradient {
        self.each(gradient, |rules, d| rules.apply(Operation::Multiply, &[d, factor]))
    }

    /// Both lists by variable; `join` gets what each has.
    fn merged(
        &mut self,
        left: &Gradient,
        right: &Gradient,
        join: impl Fn(&mut Self, Option<NodeId>, Option<NodeId>) -> NodeId,
    ) -> Gradient {
        let (mut i, mut j) = (0, 0);
        let mut merged = Gradient::new();
        while i < left.len() || j < right.len() {
            let at = |list: &Gradient, i: usize| list.get(i).map_or(u32::MAX, |(place, _)| *place);
            let place = at(left, i).min(at(right, j));
            let first = left.get(i).filter(|(found, _)| *found == place).map(|(_, d)| *d);
            let second = right.get(j).filter(|(found, _)| *found == place).map(|(_, d)| *d);
            i += usize::from(first.is_some());
            j += usize::from(second.is_some());
            merged.push((place, join(self, first, second)));
        }
        merged
    }

    fn sum(&mut self, left: &Gradient, right: &Gradient) -> Gradient {
        self.merged(left, right, |rules, first, second| match (first, second) {
            (Some(first), Some(second)) => rules.apply(Operation::Add, &[first, second]),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => rules.number(0.0),
        })
    }

    fn choose(&mut self, condition: NodeId, then: &Gradient, otherwise: &Gradient) -> Gradient {
        let zero = self.number(0.0);
        self.merged(then, otherwise, |rules, first, second| {
            let values = [condition, first.unwrap_or(zero), second.unwrap_or(zero)];
            rules.apply(Operation::Select, &values)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(graph: &Graph, root: NodeId, first: f64, second: f64) -> f64 {
        let mut values = vec![0.0; graph.nodes.len()];
        for id in graph.needed(&[root]) {
            values[id as usize] = match graph.nodes[id as usize] {
                Node::Number(bits) => f64::from_bits(bits),
                Node::Value(slot) => [first, second][slot as usize],
                Node::Time => 0.0,
                Node::Apply(operation, operands) => {
                    let [a, b, c] = operands.map(|operand| values[operand as usize]);
                    operation.apply(a, b, c)
                }
            };
        }
        values[root as usize]
    }

    /// The largest difference between derivatives and differences, for f(x, y) built by `build`.
    fn deviation(x: f64, y: f64, build: impl Fn(&mut Graph, NodeId, NodeId) -> NodeId) -> f64 {
        let mut graph = Graph::default();
        let variables = [graph.add_value(0, true), graph.add_value(1, true)];
        let root = build(&mut graph, variables[0], variables[1]);
        let gradient = gradients(&mut graph, &[root], &variables).remove(0);
        let step = 1e-6;
        let difference = |dx: f64, dy: f64| {
            let (after, before) =
                (value(&graph, root, x + dx, y + dy), value(&graph, root, x - dx, y - dy));
            (after - before) / (2.0 * step)
        };
        let want = [difference(step, 0.0), difference(0.0, step)];
        let mut worst = 0.0_f64;
        for (place, want) in want.into_iter().enumerate() {
            let found = gradient.iter().find(|(variable, _)| *variable == place as u32);
            let got = found.map_or(0.0, |(_, node)| value(&graph, *node, x, y));
            worst = worst.max((got - want).abs() / want.abs().max(1.0));
        }
        worst
    }

    #[test]
    fn derivatives_agree_with_differences() {
        use Operation as O;
        let unary = [
            O::Negate,
            O::Not,
            O::Abs,
            O::Exp,
            O::Ln,
            O::Log10,
            O::Sqrt,
            O::Floor,
            O::Ceiling,
            O::Sin,
            O::Cos,
            O::Tan,
            O::Tanh,
            O::Sinh,
            O::Cosh,
            O::Arctan,
            O::Arcsinh,
            O::Reciprocal,
        ];
        for operation in unary {
            let worst = deviation(0.7, 1.3, |graph, x, y| {
                let product = graph.apply(O::Multiply, &[x, y]);
                graph.apply(operation, &[product])
            });
            assert!(worst < 1e-8, "{operation:?}: {worst:e}");
        }
        for (operation, at) in [
            (O::Arcsin, 0.3),
            (O::Arccos, 0.3),
            (O::Arctanh, 0.3),
            (O::Arccosh, 2.3),
            (O::Abs, -2.0),
        ] {
            let worst = deviation(at, 1.0, |graph, x, _| graph.apply(operation, &[x]));
            assert!(worst < 1e-8, "{operation:?}: {worst:e}");
        }
        let binary = [
            O::Add,
            O::Subtract,
            O::Multiply,
            O::Divide,
            O::Power,
            O::Minimum,
            O::Maximum,
            O::Quotient,
            O::Remainder,
            O::Less,
            O::And,
        ];
        for operation in binary {
            for (x, y) in [(2.3, 0.7), (0.7, 2.3)] {
                let worst = deviation(x, y, |graph, x, y| {
                    let square = graph.apply(O::Multiply, &[x, x]);
                    graph.apply(operation, &[square, y])
                });
                assert!(worst < 1e-8, "{operation:?}: {worst:e}");
            }
        }
        let worst = deviation(0.4, 0.9, |graph, x, y| {
            let below = graph.apply(O::Less, &[x, y]);
            let product = graph.apply(O::Multiply, &[x, y]);
            graph.apply(O::Select, &[below, product, x])
        });
        assert!(worst < 1e-8, "{worst:e}");
    }

    #[test]
    fn a_whole_power_of_zero_has_a_slope() {
        let mut graph = Graph::default();
        let x = graph.add_value(0, true);
        let three = graph.add_number(3.0);
        let cube = graph.apply(Operation::Power, &[x, three]);
        let gradient = gradients(&mut graph, &[cube], &[x]).remove(0);
        assert_eq!(value(&graph, gradient[0].1, 0.0, 0.0).to_bits(), 0.0_f64.to_bits());
    }
}
