//! Values at the start: numbers and formulas over other symbols' values at the start.

use model::{Expression, ExpressionId, Model, Role, SymbolId};

use crate::compile::{CompileError, add_expression, operations, reachable};
use crate::graph::{Graph, Node, NodeId};
use crate::lanes::{Vectors, Work};

/// How the values at the start are computed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Initial {
    graph: Graph,
    /// Symbols in an order in which each needs only earlier ones: its node, and the operations
    /// that lead to it.
    steps: Vec<(SymbolId, NodeId, Vec<NodeId>)>,
}

/// Orders the symbols by what their start values need.
pub(crate) fn initial(model: &Model) -> Result<Initial, CompileError> {
    let formula = |symbol: SymbolId| -> Option<ExpressionId> {
        let symbol = &model.symbols[symbol.0 as usize];
        match symbol.role {
            Role::Assigned(expression) => Some(expression),
            _ => symbol.initial,
        }
    };
    let mut graph = Graph::default();
    let symbols: Vec<Option<NodeId>> =
        (0..model.symbols.len()).map(|slot| Some(graph.add_value(slot as u32, true))).collect();
    let mut done: Vec<Option<NodeId>> = vec![None; model.expressions.len()];
    let mut steps = Vec::new();
    let sorted = order(model, &formula)?;
    let wanted = wanted(model, &sorted, &formula);
    for symbol in sorted {
        let Some(root) = formula(symbol).filter(|_| wanted[symbol.0 as usize]) else { continue };
        for id in reachable(model, root) {
            let expression = &model.expressions[id];
            let node = add_expression(&mut graph, expression, &done, &symbols)
                .expect("every symbol has a node here");
            done[id] = Some(node);
        }
        let root = done[root.0 as usize].expect("the root reaches itself");
        steps.push((symbol, root));
    }
    graph.restore_divisions(&[]);
    let steps = steps
        .into_iter()
        .map(|(symbol, root)| (symbol, root, operations(&graph, &[root])))
        .collect();
    Ok(Initial { graph, steps })
}

/// Which symbols have to be computed: those that are not assigned, and what they need. `sorted` has
/// each after what it needs.
fn wanted(
    model: &Model,
    sorted: &[SymbolId],
    formula: &impl Fn(SymbolId) -> Option<ExpressionId>,
) -> Vec<bool> {
    let is_assigned = |symbol: &model::Symbol| matches!(symbol.role, Role::Assigned(_));
    let mut wanted: Vec<bool> = model.symbols.iter().map(|symbol| !is_assigned(symbol)).collect();
    for &symbol in sorted.iter().rev() {
        if wanted[symbol.0 as usize] {
            for needed in needs(model, formula(symbol)) {
                wanted[needed.0 as usize] = true;
            }
        }
    }
    wanted
}

/// The symbols that a formula reads.
fn needs(model: &Model, formula: Option<ExpressionId>) -> Vec<SymbolId> {
    let Some(root) = formula else { return Vec::new() };
    reachable(model, root)
        .into_iter()
        .filter_map(|id| match model.expressions[id] {
            Expression::Symbol(symbol) => Some(symbol),
            _ => None,
        })
        .collect()
}

/// Depth-first order of all symbols; an error where a symbol needs itself.
fn order(
    model: &Model,
    formula: &impl Fn(SymbolId) -> Option<ExpressionId>,
) -> Result<Vec<SymbolId>, CompileError> {
    let needs = |symbol: SymbolId| needs(model, formula(symbol));
    // 0 untouched, 1 open, 2 done
    let mut mark = vec![0_u8; model.symbols.len()];
    let mut sorted = Vec::with_capacity(model.symbols.len());
    for first in 0..model.symbols.len() as u32 {
        if mark[first as usize] != 0 {
            continue;
        }
        mark[first as usize] = 1;
        let mut open = vec![(SymbolId(first), needs(SymbolId(first)))];
        while let Some((symbol, rest)) = open.last_mut() {
            let Some(next) = rest.pop() else {
                mark[symbol.0 as usize] = 2;
                sorted.push(*symbol);
                open.pop();
                continue;
            };
            match mark[next.0 as usize] {
                0 => {
                    mark[next.0 as usize] = 1;
                    let further = needs(next);
                    open.push((next, further));
                }
                1 => {
                    let symbol = model.symbols[next.0 as usize].name.clone();
                    return Err(CompileError::Circular { symbol });
                }
                _ => {}
            }
        }
    }
    Ok(sorted)
}

impl Initial {
    /// All values at the start. What `overrides` give is taken, the rest computed; a symbol with
    /// neither is not a number, nor is an assigned one that no other needs.
    pub(crate) fn values(
        &self,
        time: f64,
        overrides: &[(SymbolId, f64)],
        values: &mut [f64],
        scratch: &mut Vec<f64>,
    ) {
        scratch.clear();
        scratch.resize(self.graph.nodes.len(), 0.0);
        Vectors::detect().run(Compute { initial: self, time, overrides, values, scratch });
    }

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn compute(
        &self,
        time: f64,
        overrides: &[(SymbolId, f64)],
        values: &mut [f64],
        scratch: &mut [f64],
    ) {
        values.fill(f64::NAN);
        let mut is_given = vec![false; values.len()];
        for &(symbol, value) in overrides {
            values[symbol.0 as usize] = value;
            is_given[symbol.0 as usize] = true;
        }
        for (symbol, root, order) in &self.steps {
            if is_given[symbol.0 as usize] {
                continue;
            }
            for &id in order {
                if let Node::Apply(operation, operands) = self.graph.nodes[id as usize] {
                    let read = |operand: NodeId| self.read(operand, time, values, scratch);
                    let [a, b, c] = operands;
                    scratch[id as usize] = operation.apply(read(a), read(b), read(c));
                }
            }
            values[symbol.0 as usize] = self.read(*root, time, values, scratch);
        }
    }

    fn read(&self, id: NodeId, time: f64, values: &[f64], scratch: &[f64]) -> f64 {
        match self.graph.nodes[id as usize] {
            Node::Number(bits) => f64::from_bits(bits),
            Node::Value(slot) => values[slot as usize],
            Node::Time => time,
            Node::Apply(..) => scratch[id as usize],
        }
    }
}

/// Values to compute.
struct Compute<'a> {
    initial: &'a Initial,
    time: f64,
    overrides: &'a [(SymbolId, f64)],
    values: &'a mut [f64],
    scratch: &'a mut [f64],
}

impl Work for Compute<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn run(self) {
        self.initial.compute(self.time, self.overrides, self.values, self.scratch);
    }
}
