//! Model to a flat program over lanes.
//!
//! Terms of constants and variables alone are computed once per patient, again only when one of
//! them is set. Terms that no rate needs are computed when somebody asks.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use model::{Expression, ExpressionId, Model, Role, SymbolId, Unary};

use crate::absent::{Absent, absent};
use crate::fixed::Fixed;
use crate::graph::{Graph, Node, NodeId};
use crate::initial::{Initial, initial};
use crate::operation::Operation;
use crate::step::{Plan, Shape, Stiff};
use crate::whole::Whole;

/// Why a model cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// A symbol's value at the start, or an assigned symbol, depends on itself.
    #[error("`{symbol}` depends on itself")]
    Circular {
        /// The symbol's name.
        symbol: String,
    },
    /// An assigned symbol is missing from the order of assignment or comes too late in it.
    #[error("`{symbol}` is used before it is computed")]
    OutOfOrder {
        /// The symbol's name.
        symbol: String,
    },
    /// An event sets something that cannot be set.
    #[error("event `{event}` sets `{symbol}`, which is computed from a rule")]
    EventSetsRule {
        /// The event's name.
        event: String,
        /// The symbol's name.
        symbol: String,
    },
    /// A rate of change that a formula asks for is not known.
    #[error(transparent)]
    NoRate(#[from] model::ReadProblem),
}

/// A node and everything it needs, in order of computation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slice {
    pub(crate) root: NodeId,
    pub(crate) order: Vec<NodeId>,
    /// The positions of the states among it.
    pub(crate) states: Vec<usize>,
}

/// A compiled event.
#[derive(Debug, Clone)]
pub(crate) struct CompiledEvent {
    pub(crate) name: String,
    pub(crate) trigger: Slice,
    pub(crate) initially_true: bool,
    pub(crate) delay: Option<Slice>,
    pub(crate) priority: Option<Slice>,
    pub(crate) is_persistent: bool,
    pub(crate) from_trigger: bool,
    /// What is set, to what, and the size by which that is multiplied.
    pub(crate) assignments: Vec<(SymbolId, Slice, Option<Slice>)>,
}

/// What instructions are made of: terms before they are rearranged.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) graph: Graph,
    pub(crate) states: Vec<SymbolId>,
    pub(crate) rates: Vec<NodeId>,
    pub(crate) triggers: Vec<NodeId>,
}

/// A model ready to run.
#[derive(Debug, Clone)]
pub struct Program {
    pub(crate) names: Vec<String>,
    pub(crate) graph: Graph,
    /// The symbols that follow a rate rule, in the order of the text.
    pub(crate) states: Vec<SymbolId>,
    /// Each symbol's position among the states.
    pub(crate) state_of: Vec<Option<u32>>,
    /// What assigned symbols are computed from.
    pub(crate) assigned: Vec<Option<Slice>>,
    pub(crate) initial: Initial,
    /// The node of each symbol that is not computed and that some term reads.
    pub(crate) leaf_of: Vec<Option<NodeId>>,
    /// The node of time, if some term reads it.
    pub(crate) time_leaf: Option<NodeId>,
    /// Each state's rate.
    pub(crate) rate_slices: Vec<Slice>,
    /// Everything the rates need that moves, in order.
    pub(crate) rate_order: Vec<NodeId>,
    rates_at_once: OnceLock<Arc<Whole>>,
    assigned_at_once: OnceLock<Arc<Whole>>,
    /// The hot terms of the explicit method.
    parts: Parts,
    source: Source,
    /// The hot terms of the stiff method, made when it is first used.
    stiff: OnceLock<Arc<Stiff>>,
    /// The steps that were asked for so far.
    plans: Arc<Mutex<Vec<Arc<Plan>>>>,
    /// Triggers that depend on states or time: positions in `events`.
    pub(crate) watched: Vec<usize>,
    /// Comparisons inside conditions that are more than one comparison.
    pub(crate) comparisons: Vec<Slice>,
    pub(crate) events: Vec<CompiledEvent>,
    pub(crate) ports: Vec<SymbolId>,
    absent: Absent,
}

impl Program {
    /// The symbol of that name.
    pub fn symbol(&self, name: &str) -> Option<SymbolId> {
        self.names.iter().position(|n| n == name).map(|i| SymbolId(i as u32))
    }

    /// The symbol's name.
    pub fn name(&self, symbol: SymbolId) -> &str {
        &self.names[symbol.0 as usize]
    }

    /// How many symbols there are; every [`SymbolId`] is below this.
    pub fn value_count(&self) -> usize {
        self.names.len()
    }

    /// The symbols that follow a rate rule, in the order of the text.
    pub fn states(&self) -> &[SymbolId] {
        &self.states
    }

    /// The symbols that the protocol may set.
    pub fn ports(&self) -> &[SymbolId] {
        &self.ports
    }

    /// Whether the symbol may be given a value; assigned symbols may not, nor may those that were
    /// compiled as zero.
    pub fn is_settable(&self, symbol: SymbolId) -> bool {
        let is_computed = |slot: usize| self.assigned.get(slot).is_none_or(Option::is_some);
        !is_computed(symbol.0 as usize) && !self.absent.has(symbol)
    }

    /// How many instructions one evaluation of all rates takes.
    pub fn instruction_count(&self) -> usize {
        let moves = |id: &NodeId| self.graph.moving[*id as usize];
        operations(&self.graph, &self.parts.rates).iter().filter(|id| moves(id)).count()
    }

    /// The hot terms of a method.
    pub(crate) fn parts(&self, is_stiff: bool) -> &Parts {
        if is_stiff { &self.stiff().parts } else { &self.parts }
    }

    /// All rates as one script.
    pub(crate) fn rates_at_once(&self) -> &Whole {
        let rates = || self.rate_slices.iter().map(|slice| slice.root);
        self.rates_at_once.get_or_init(|| Arc::new(Whole::new(&self.graph, rates())))
    }

    /// All assigned symbols as one script.
    pub(crate) fn assigned_at_once(&self) -> &Whole {
        let assigned = || self.assigned.iter().flatten().map(|slice| slice.root);
        self.assigned_at_once.get_or_init(|| Arc::new(Whole::new(&self.graph, assigned())))
    }

    fn stiff(&self) -> &Stiff {
        self.stiff.get_or_init(|| Arc::new(Stiff::new(&self.source)))
    }

    /// A step of that shape, made when it is first asked for.
    pub(crate) fn plan(&self, shape: &Shape) -> Arc<Plan> {
        // Whoever panicked while holding the list left it whole.
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans.iter().find(|plan| plan.shape() == shape) {
            return plan.clone();
        }
        let is_stiff = shape.kind.is_stiff();
        let stiff = is_stiff.then(|| self.stiff());
        let plan = Arc::new(Plan::new(self.parts(is_stiff), stiff, shape));
        plans.push(plan.clone());
        plan
    }
}

/// Turns a checked model into a program.
pub fn compile(model: &Model) -> Result<Program, CompileError> {
    compile_without(model, &[])
}

/// Turns a checked model into a program for runs in which the ports `unused` stay at zero: what they
/// alone would bring about is left out. Giving such a symbol a value ends the patient with
/// [`crate::Reason::NotSettable`]. Results are those of [`compile`] but for rounding, as long as
/// what is left out multiplies nothing infinite.
pub fn compile_without(model: &Model, unused: &[SymbolId]) -> Result<Program, CompileError> {
    let model = &*model::plain(model)?;
    let absent = absent(model, unused)?;
    let mut builder = Builder::new(model, &absent);
    builder.assign()?;
    let states: Vec<SymbolId> = model.states().collect();
    let mut rate_roots = Vec::with_capacity(states.len());
    for symbol in &model.symbols {
        if let Role::State(expression) = symbol.role {
            rate_roots.push(builder.node(expression)?);
        }
    }
    let events = event_nodes(model, &absent, &mut builder)?;
    let mut assigned = vec![None; model.symbols.len()];
    for (i, symbol) in model.symbols.iter().enumerate() {
        if let Role::Assigned(expression) = symbol.role {
            assigned[i] = Some(builder.node(expression)?);
        }
    }
    let triggers: Vec<NodeId> = events.iter().map(|event| event.trigger).collect();
    let source = Source { graph: builder.graph, states, rates: rate_roots, triggers };
    let parts = Parts::new(source.clone(), &[]);
    let slice = |root: NodeId| {
        let states = parts.graph.needed(&[root]).into_iter().filter_map(|id| {
            let Node::Value(slot) = parts.graph.nodes[id as usize] else { return None };
            parts.state_place(slot)
        });
        Slice { root, order: operations(&parts.graph, &[root]), states: states.collect() }
    };
    let events = model
        .events
        .iter()
        .zip(events)
        .map(|(event, nodes)| CompiledEvent {
            name: event.name.clone(),
            trigger: slice(nodes.trigger),
            initially_true: event.initially_true,
            delay: nodes.delay.map(slice),
            priority: nodes.priority.map(slice),
            is_persistent: event.is_persistent,
            from_trigger: event.from_trigger,
            assignments: nodes
                .assignments
                .into_iter()
                .map(|(symbol, value, size)| (symbol, slice(value), size.map(slice)))
                .collect(),
        })
        .collect();
    let assigned = assigned.into_iter().map(|node| node.map(slice)).collect();
    let mut state_of = vec![None; model.symbols.len()];
    for (position, state) in source.states.iter().enumerate() {
        state_of[state.0 as usize] = Some(position as u32);
    }
    let nodes = &parts.graph.nodes;
    let node_of = |node: Node| nodes.iter().position(|known| *known == node).map(|id| id as NodeId);
    let leaf_of = (0..model.symbols.len()).map(|slot| node_of(Node::Value(slot as u32))).collect();
    Ok(Program {
        names: model.symbols.iter().map(|symbol| symbol.name.clone()).collect(),
        initial: initial(model)?,
        rate_order: operations(&parts.graph, &source.rates),
        stiff: OnceLock::new(),
        rates_at_once: OnceLock::new(),
        assigned_at_once: OnceLock::new(),
        plans: Arc::default(),
        watched: source.watched().collect(),
        comparisons: parts.comparisons().iter().map(|&comparison| slice(comparison)).collect(),
        ports: model.ports.clone(),
        rate_slices: source.rates.iter().map(|&root| slice(root)).collect(),
        leaf_of,
        time_leaf: node_of(Node::Time),
        graph: parts.graph.clone(),
        parts,
        states: source.states.clone(),
        source,
        state_of,
        assigned,
        events,
        absent,
    })
}

/// The nodes of an event.
struct EventNodes {
    trigger: NodeId,
    delay: Option<NodeId>,
    priority: Option<NodeId>,
    assignments: Vec<(SymbolId, NodeId, Option<NodeId>)>,
}

fn event_nodes(
    model: &Model,
    absent: &Absent,
    builder: &mut Builder<'_>,
) -> Result<Vec<EventNodes>, CompileError> {
    let mut events = Vec::with_capacity(model.events.len());
    for event in &model.events {
        let mut assignments = Vec::with_capacity(event.assignments.len());
        for (position, &(symbol, expression)) in event.assignments.iter().enumerate() {
            if absent.has(symbol) {
                continue;
            }
            let target = &model.symbols[symbol.0 as usize];
            if matches!(target.role, Role::Assigned(_)) {
                let (event, symbol) = (event.name.clone(), target.name.clone());
                return Err(CompileError::EventSetsRule { event, symbol });
            }
            let size = event.sizes.iter().find(|(at, _)| *at == position);
            let size = size.map(|(_, room)| builder.symbol(*room)).transpose()?;
            assignments.push((symbol, builder.node(expression)?, size));
        }
        let trigger = builder.node(event.trigger)?;
        let mut node = |formula: Option<ExpressionId>| formula.map(|f| builder.node(f)).transpose();
        let (delay, priority) = (node(event.delay)?, node(event.priority)?);
        events.push(EventNodes { trigger, delay, priority, assignments });
    }
    Ok(events)
}

/// The operations among everything the roots need.
pub(crate) fn operations(graph: &Graph, roots: &[NodeId]) -> Vec<NodeId> {
    let is_operation = |id: &NodeId| matches!(graph.nodes[*id as usize], Node::Apply(..));
    graph.needed(roots).into_iter().filter(is_operation).collect()
}

impl Source {
    /// Triggers that depend on states or time, by position.
    fn watched(&self) -> impl Iterator<Item = usize> {
        let moves = |&i: &usize| self.graph.moving[self.triggers[i] as usize];
        (0..self.triggers.len()).filter(moves)
    }
}

/// The hot terms of a method: what it computes again and again, and what of that stays fixed while
/// no value is set.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) graph: Graph,
    pub(crate) states: Vec<SymbolId>,
    pub(crate) rates: Vec<NodeId>,
    /// The watched conditions, then the comparisons inside those that are not one themselves.
    pub(crate) conditions: Vec<NodeId>,
    watched: usize,
    /// How to compute what stays fixed, and each term's position among it.
    pub(crate) fixed: Fixed,
    pub(crate) fixed_place: Vec<Option<u32>>,
    /// Each symbol's position among the states.
    state_places: Vec<Option<usize>>,
}

impl Parts {
    /// Optimises the hot terms, `more` among them.
    pub(crate) fn new(source: Source, more: &[NodeId]) -> Self {
        let mut conditions: Vec<NodeId> = source.watched().map(|i| source.triggers[i]).collect();
        let Source { mut graph, states, rates, .. } = source;
        let watched = conditions.len();
        conditions.extend(comparisons(&graph, &conditions));
        let hot: Vec<NodeId> = rates.iter().chain(&conditions).chain(more).copied().collect();
        graph.restore_divisions(&hot);
        graph.fuse(&hot);
        let mut is_fixed = vec![false; graph.nodes.len()];
        for id in graph.needed(&hot) {
            for &operand in graph.operands(id) {
                is_fixed[operand as usize] |= graph.moving[id as usize];
            }
        }
        for &root in &hot {
            is_fixed[root as usize] = true;
        }
        let stays = |id: NodeId| is_fixed[id as usize] && !graph.moving[id as usize];
        let all = 0..graph.nodes.len() as NodeId;
        let fixed: Vec<NodeId> =
            all.filter(|&id| stays(id) && graph.number(id).is_none()).collect();
        let mut fixed_place = vec![None; graph.nodes.len()];
        for (place, &id) in fixed.iter().enumerate() {
            fixed_place[id as usize] = Some(place as u32);
        }
        let fixed = Fixed::new(&graph, &fixed);
        let symbols = states.iter().map(|state| state.0 as usize + 1).max().unwrap_or(0);
        let mut state_places = vec![None; symbols];
        for (place, state) in states.iter().enumerate() {
            state_places[state.0 as usize] = Some(place);
        }
        Self { graph, states, rates, conditions, watched, fixed, fixed_place, state_places }
    }

    /// The position of a symbol among the states.
    pub(crate) fn state_place(&self, slot: u32) -> Option<usize> {
        self.state_places.get(slot as usize).copied().flatten()
    }

    /// The conditions, by position, that say which of two numbers is the larger, and those numbers, one of which can
    /// turn within a step.
    pub(crate) fn bending(&self) -> Vec<(usize, [NodeId; 2])> {
        let graph = &self.graph;
        let is_straight =
            |id: NodeId| !graph.moving[id as usize] || graph.nodes[id as usize] == Node::Time;
        let sides = |(position, &id): (usize, &NodeId)| match graph.nodes[id as usize] {
            Node::Apply(operation, [first, second, _]) if operation.orders() => {
                (!is_straight(first) || !is_straight(second)).then_some((position, [first, second]))
            }
            _ => None,
        };
        self.conditions.iter().enumerate().filter_map(sides).collect()
    }

    /// The comparisons among the conditions.
    fn comparisons(&self) -> &[NodeId] {
        &self.conditions[self.watched..]
    }
}

/// The comparisons that move, inside those conditions that are not one themselves.
fn comparisons(graph: &Graph, conditions: &[NodeId]) -> Vec<NodeId> {
    let is_comparison = |id: NodeId| {
        let compares = matches!(
            graph.nodes[id as usize],
            Node::Apply(operation, _) if Operation::Less <= operation && operation <= Operation::NotEqual
        );
        compares && graph.moving[id as usize]
    };
    let composed: Vec<NodeId> =
        conditions.iter().copied().filter(|&condition| !is_comparison(condition)).collect();
    graph.needed(&composed).into_iter().filter(|&id| is_comparison(id)).collect()
}

/// Turns expressions into nodes.
pub(crate) struct Builder<'a> {
    model: &'a Model,
    pub(crate) graph: Graph,
    expressions: Vec<Option<NodeId>>,
    /// The node of each symbol, once it is known.
    symbols: Vec<Option<NodeId>>,
}

impl<'a> Builder<'a> {
    /// Begins with the symbols that are not computed; those that are absent are zero.
    pub(crate) fn new(model: &'a Model, absent: &Absent) -> Self {
        let mut graph = Graph::default();
        graph.zero_stays = !absent.is_empty();
        let symbols = model
            .symbols
            .iter()
            .enumerate()
            .map(|(slot, symbol)| match symbol.role {
                _ if absent.has(SymbolId(slot as u32)) => Some(graph.add_number(0.0)),
                Role::Assigned(_) => None,
                Role::State(_) => Some(graph.add_value(slot as u32, true)),
                Role::Constant | Role::Variable => Some(graph.add_value(slot as u32, false)),
            })
            .collect();
        Self { model, graph, expressions: vec![None; model.expressions.len()], symbols }
    }

    /// The node of a symbol's value.
    fn symbol(&self, symbol: SymbolId) -> Result<NodeId, CompileError> {
        self.symbols[symbol.0 as usize].ok_or_else(|| CompileError::OutOfOrder {
            symbol: self.model.symbols[symbol.0 as usize].name.clone(),
        })
    }

    /// The nodes of the assigned symbols, in their order.
    pub(crate) fn assign(&mut self) -> Result<(), CompileError> {
        for &symbol in &self.model.assignment_order {
            if let Role::Assigned(expression) = self.model.symbols[symbol.0 as usize].role {
                let node = self.node(expression)?;
                self.symbols[symbol.0 as usize] = Some(node);
            }
        }
        Ok(())
    }

    pub(crate) fn node(&mut self, root: ExpressionId) -> Result<NodeId, CompileError> {
        for id in reachable(self.model, root) {
            if self.expressions[id].is_none() {
                let node = add_expression(
                    &mut self.graph,
                    &self.model.expressions[id],
                    &self.expressions,
                    &self.symbols,
                )
                .map_err(|symbol| CompileError::OutOfOrder {
                    symbol: self.model.symbols[symbol.0 as usize].name.clone(),
                })?;
                self.expressions[id] = Some(node);
            }
        }
        Ok(self.expressions[root.0 as usize].expect("the root reaches itself"))
    }
}

/// The expressions that a root needs, children first.
pub(crate) fn reachable(model: &Model, root: ExpressionId) -> Vec<usize> {
    let mut seen = vec![false; root.0 as usize + 1];
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        if std::mem::replace(&mut seen[id.0 as usize], true) {
            continue;
        }
        match &model.expressions[id.0 as usize] {
            Expression::Number(_)
            | Expression::Symbol(_)
            | Expression::Time
            | Expression::RateOf(_) => {}
            Expression::Unary(_, a) => open.push(*a),
            Expression::Binary(_, a, b) => open.extend([*a, *b]),
            Expression::Piecewise { cases, otherwise } => {
                open.extend(cases.iter().flat_map(|&(value, condition)| [value, condition]));
                open.push(*otherwise);
            }
        }
    }
    (0..seen.len()).filter(|&id| seen[id]).collect()
}

/// Adds one expression whose children are there. The error names a symbol without a node.
pub(crate) fn add_expression(
    graph: &mut Graph,
    expression: &Expression,
    done: &[Option<NodeId>],
    symbols: &[Option<NodeId>],
) -> Result<NodeId, SymbolId> {
    let at = |id: ExpressionId| done[id.0 as usize].expect("children come first");
    Ok(match expression {
        Expression::Number(value) => graph.add_number(*value),
        Expression::Symbol(symbol) => symbols[symbol.0 as usize].ok_or(*symbol)?,
        Expression::Time => graph.add_time(),
        Expression::RateOf(_) => unreachable!("a plain model has rules in place of rates"),
        Expression::Unary(function, a) => graph.apply(unary(*function), &[at(*a)]),
        Expression::Binary(function, a, b) => graph.apply(binary(*function), &[at(*a), at(*b)]),
        Expression::Piecewise { cases, otherwise } => {
            cases.iter().rev().fold(at(*otherwise), |rest, &(value, condition)| {
                graph.apply(Operation::Select, &[at(condition), at(value), rest])
            })
        }
    })
}

fn unary(function: Unary) -> Operation {
    match function {
        Unary::Negate => Operation::Negate,
        Unary::Not => Operation::Not,
        Unary::Abs => Operation::Abs,
        Unary::Exp => Operation::Exp,
        Unary::Ln => Operation::Ln,
        Unary::Log10 => Operation::Log10,
        Unary::Sqrt => Operation::Sqrt,
        Unary::Floor => Operation::Floor,
        Unary::Ceiling => Operation::Ceiling,
        Unary::Sin => Operation::Sin,
        Unary::Cos => Operation::Cos,
        Unary::Tan => Operation::Tan,
        Unary::Tanh => Operation::Tanh,
        Unary::Sinh => Operation::Sinh,
        Unary::Cosh => Operation::Cosh,
        Unary::Arcsin => Operation::Arcsin,
        Unary::Arccos => Operation::Arccos,
        Unary::Arctan => Operation::Arctan,
        Unary::Arcsinh => Operation::Arcsinh,
        Unary::Arccosh => Operation::Arccosh,
        Unary::Arctanh => Operation::Arctanh,
        Unary::Factorial => Operation::Factorial,
    }
}

fn binary(function: model::Binary) -> Operation {
    match function {
        model::Binary::Add => Operation::Add,
        model::Binary::Subtract => Operation::Subtract,
        model::Binary::Multiply => Operation::Multiply,
        model::Binary::Divide => Operation::Divide,
        model::Binary::Power => Operation::Power,
        model::Binary::Minimum => Operation::Minimum,
        model::Binary::Maximum => Operation::Maximum,
        model::Binary::Less => Operation::Less,
        model::Binary::LessOrEqual => Operation::LessOrEqual,
        model::Binary::Greater => Operation::Greater,
        model::Binary::GreaterOrEqual => Operation::GreaterOrEqual,
        model::Binary::Equal => Operation::Equal,
        model::Binary::NotEqual => Operation::NotEqual,
        model::Binary::And => Operation::And,
        model::Binary::Or => Operation::Or,
        model::Binary::Xor => Operation::Xor,
        model::Binary::Quotient => Operation::Quotient,
        model::Binary::Remainder => Operation::Remainder,
    }
}
