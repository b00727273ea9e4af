//! How outputs answer to parameters: a model with its derivatives as further states.
//!
//! Forward sensitivities: for x' = f(x, p, t) and s = dx/dp, s' = (df/dx) s + df/dp, from the values
//! at the start on (Dickinson and Gelinas, J Comput Phys 1976;21:123-143).
//!
//! ```
//! use cytotrial_solve::{Settings, Start, compile, sensitivities, trajectories};
//! let model = model::antimony::read("x' = -k*x; x = 2*a; k = 0.3; a = 5").expect("a good text");
//! let symbol = |name| model.symbol(name).expect("it is in the text");
//! let (x, k, a) = (symbol("x"), symbol("k"), symbol("a"));
//! let answers = sensitivities(&model, &[k, a], &[x])?;
//! let program = compile(&answers.model)?;
//! let outputs = [answers.symbol(0, 0), answers.symbol(0, 1)];
//! let settings = Settings { relative: 1e-9, ..Settings::default() };
//! let got = trajectories(&program, &[Start::default()], &settings, &[2.0], &outputs);
//! let gain = (-0.6_f64).exp();
//! assert!((got.value(0, 0, 0) + 2.0 * 10.0 * gain).abs() < 1e-6);
//! assert!((got.value(1, 0, 0) - 2.0 * gain).abs() < 1e-6);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod write;

use model::{Expression, ExpressionId, Kind, Model, Role, Symbol, SymbolId};

use crate::absent::Absent;
use crate::compile::{Builder, CompileError};
use crate::derivative::{Gradient, gradients};
use crate::graph::{Graph, Node, NodeId};
use crate::operation::Operation;

/// Why sensitivities cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SensitivityError {
    /// The model cannot be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// A parameter is computed from a rule.
    #[error("`{symbol}` is computed from a rule: name what the rule uses")]
    Computed {
        /// The symbol's name.
        symbol: String,
    },
    /// An event whose moment moves with a parameter: sensitivities jump there.
    #[error(
        "when event `{event}` happens depends on `{symbol}`, and that on `{parameter}`: sensitivities are known only across events whose moment does not move with a parameter"
    )]
    EventMoves {
        /// The event's name.
        event: String,
        /// What its trigger, delay or priority uses.
        symbol: String,
        /// The parameter's name.
        parameter: String,
    },
    /// An event that sets a concentration where the compartment's size can change.
    #[error(
        "event `{event}` sets a concentration in a compartment whose size can change: set an amount"
    )]
    EventSetsConcentration {
        /// The event's name.
        event: String,
    },
}

/// A model with its sensitivities.
#[derive(Debug, Clone, PartialEq)]
pub struct Sensitivities {
    /// The model of rules, with sensitivities as further states, constants and assigned symbols.
    /// Symbols of the original model keep their numbers.
    pub model: Model,
    symbols: Vec<Vec<SymbolId>>,
}

impl Sensitivities {
    /// The derivative of an output with respect to a parameter, by their positions in what was
    /// asked for; in the unit of the output over that of the parameter.
    pub fn symbol(&self, output: usize, parameter: usize) -> SymbolId {
        self.symbols[output][parameter]
    }
}

/// The model with the derivatives of `outputs` with respect to `parameters`, each an absolute
/// derivative, for any method of [`crate::run`].
///
/// A constant stands for itself, and what the text computes from it at the start follows; a state or
/// variable stands for its value at the start. A start that overrides a value which the text computes
/// from a parameter must override its sensitivity too (its name is `d x/d p`).
///
/// Events take sensitivities along exactly as long as their trigger, delay and priority use only time
/// and what no parameter moves; any other event is refused by name. Where a rate jumps at a value
/// that a parameter moves (a `piecewise` that is not continuous), the jump counts as flat.
pub fn sensitivities(
    model: &Model,
    parameters: &[SymbolId],
    outputs: &[SymbolId],
) -> Result<Sensitivities, SensitivityError> {
    let plain = model::plain(model).map_err(CompileError::from)?.into_owned();
    for parameter in parameters {
        let symbol = &plain.symbols[parameter.0 as usize];
        if matches!(symbol.role, Role::Assigned(_)) {
            return Err(SensitivityError::Computed { symbol: symbol.name.clone() });
        }
    }
    if let Some(event) = plain.events.iter().find(|event| !event.sizes.is_empty()) {
        return Err(SensitivityError::EventSetsConcentration { event: event.name.clone() });
    }
    let mut extension = Extension::new(plain, outputs)?;
    let mut symbols = vec![Vec::new(); outputs.len()];
    for &parameter in parameters {
        let carriers = extension.carriers(parameter);
        extension.refuse_events(parameter, &carriers)?;
        extension.add_symbols(parameter, &carriers);
        for (output, symbols) in outputs.iter().zip(&mut symbols) {
            symbols.push(extension.output(*output, parameter));
        }
    }
    Ok(Sensitivities { model: extension.finish(), symbols })
}

/// Derivatives with respect to symbols.
type Slopes = Vec<(SymbolId, NodeId)>;

/// What a symbol's derivative with respect to one parameter is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Carrier {
    /// Always 0.
    None,
    /// Always 1: the parameter itself.
    One,
    /// A symbol of its own.
    Symbol,
}

/// What is to become an expression of the extended model.
#[derive(Debug, Clone, Copy)]
enum Place {
    Rate(SymbolId),
    Initial(SymbolId),
    Assigned(SymbolId),
    Event(usize, SymbolId),
}

struct Extension {
    model: Model,
    graph: Graph,
    /// Derivatives of each symbol's rate, of its value at the start, and of assigned symbols.
    rates: Vec<Slopes>,
    initial: Vec<Slopes>,
    assigned: Vec<Slopes>,
    /// Event, what it sets, and the derivatives of that.
    events: Vec<(usize, SymbolId, Slopes)>,
    /// What each symbol carries for the parameter at hand, and the node of that.
    nodes: Vec<Option<NodeId>>,
    placed: Vec<(Place, NodeId)>,
}

impl Extension {
    /// Differentiates everything with respect to everything that no rule computes.
    fn new(model: Model, outputs: &[SymbolId]) -> Result<Self, CompileError> {
        let mut builder = Builder::new(&model, &Absent::default());
        let roots = roots(&model, &mut builder, outputs)?;
        let mut graph = builder.graph;
        let leaves = |node: &Node| matches!(node, Node::Value(_));
        let variables: Vec<NodeId> = (0..graph.nodes.len() as NodeId)
            .filter(|&id| leaves(&graph.nodes[id as usize]))
            .collect();
        let ends: Vec<NodeId> = roots.iter().map(|&(_, root)| root).collect();
        let found = gradients(&mut graph, &ends, &variables);
        let count = model.symbols.len();
        let mut extension = Self {
            rates: vec![Slopes::new(); count],
            initial: vec![Slopes::new(); count],
            assigned: vec![Slopes::new(); count],
            events: Vec::new(),
            nodes: Vec::new(),
            placed: Vec::new(),
            model,
            graph,
        };
        for ((place, _), gradient) in roots.into_iter().zip(found) {
            let slopes = extension.by_symbol(&variables, gradient);
            match place {
                Place::Rate(id) => extension.rates[id.0 as usize] = slopes,
                Place::Initial(id) => extension.initial[id.0 as usize] = slopes,
                Place::Assigned(id) => extension.assigned[id.0 as usize] = slopes,
                Place::Event(event, target) => extension.events.push((event, target, slopes)),
            }
        }
        Ok(extension)
    }

    fn by_symbol(&self, variables: &[NodeId], gradient: Gradient) -> Slopes {
        let slot = |place: u32| match self.graph.nodes[variables[place as usize] as usize] {
            Node::Value(slot) => Some(SymbolId(slot)),
            _ => None,
        };
        gradient.into_iter().filter_map(|(place, node)| Some((slot(place)?, node))).collect()
    }

    fn role(&self, id: SymbolId) -> Role {
        self.model.symbols[id.0 as usize].role
    }

    /// What each symbol carries for a parameter: everything that depends on it, through rates,
    /// values at the start, or events.
    fn carriers(&self, parameter: SymbolId) -> Vec<Carrier> {
        let count = self.rates.len();
        let mut carriers = vec![Carrier::None; count];
        let fixed = self.role(parameter) == Role::Constant;
        carriers[parameter.0 as usize] = if fixed { Carrier::One } else { Carrier::Symbol };
        let mut grows = true;
        while grows {
            grows = false;
            for i in 0..count {
                if carriers[i] != Carrier::None {
                    continue;
                }
                let moved = |slopes: &Slopes| {
                    slopes.iter().any(|(symbol, _)| carriers[symbol.0 as usize] != Carrier::None)
                };
                let set = |(_, target, slopes): &(usize, SymbolId, Slopes)| {
                    target.0 as usize == i && moved(slopes)
                };
                if moved(&self.rates[i]) || moved(&self.initial[i]) || self.events.iter().any(set) {
                    carriers[i] = Carrier::Symbol;
                    grows = true;
                }
            }
        }
        carriers
    }

    /// An event may not depend on what the parameter moves.
    fn refuse_events(
        &self,
        parameter: SymbolId,
        carriers: &[Carrier],
    ) -> Result<(), SensitivityError> {
        let name = |id: SymbolId| self.model.symbols[id.0 as usize].name.clone();
        for event in &self.model.events {
            let formulas = [Some(event.trigger), event.delay, event.priority];
            for symbol in write::used(&self.model, formulas.into_iter().flatten()) {
                if carriers[symbol.0 as usize] != Carrier::None {
                    let (event, symbol) = (event.name.clone(), name(symbol));
                    let parameter = name(parameter);
                    return Err(SensitivityError::EventMoves { event, symbol, parameter });
                }
            }
        }
        Ok(())
    }

    /// Adds the derivatives with respect to one parameter.
    fn add_symbols(&mut self, parameter: SymbolId, carriers: &[Carrier]) {
        self.nodes = vec![None; carriers.len()];
        let mut own = Vec::new();
        for (i, carrier) in carriers.iter().enumerate() {
            self.nodes[i] = match carrier {
                Carrier::None => None,
                Carrier::One => Some(self.graph.add_number(1.0)),
                Carrier::Symbol => {
                    let of = SymbolId(i as u32);
                    // the rate or rule follows when everything has a node
                    let added = self.add_symbol(of, parameter, self.role(of));
                    own.push((of, added));
                    let moves = matches!(self.role(of), Role::State(_));
                    Some(self.graph.add_value(added.0, moves))
                }
            };
        }
        for &(of, added) in &own {
            if matches!(self.role(of), Role::State(_)) {
                let rate = self.chain(&self.rates[of.0 as usize].clone());
                self.placed.push((Place::Rate(added), rate));
            }
            let initial = if of == parameter {
                self.graph.add_number(1.0)
            } else {
                self.chain(&self.initial[of.0 as usize].clone())
            };
            self.placed.push((Place::Initial(added), initial));
        }
        for (event, target, slopes) in self.events.clone() {
            if let Some(&(_, added)) = own.iter().find(|(of, _)| *of == target) {
                let value = self.chain(&slopes);
                self.placed.push((Place::Event(event, added), value));
            }
        }
    }

    fn add_symbol(&mut self, of: SymbolId, parameter: SymbolId, role: Role) -> SymbolId {
        let symbol = &self.model.symbols[of.0 as usize];
        let name = format!("d {}/d {}", symbol.name, self.model.symbols[parameter.0 as usize].name);
        let span = symbol.span;
        let (kind, title, unit, initial) = (Kind::Parameter, None, None, None);
        self.model.symbols.push(Symbol { name, title, kind, unit, role, initial, span });
        SymbolId(self.model.symbols.len() as u32 - 1)
    }

    /// The sum over symbols of slope times what the symbol carries.
    fn chain(&mut self, slopes: &Slopes) -> NodeId {
        let mut total = None;
        for &(symbol, slope) in slopes {
            let Some(carried) = self.nodes[symbol.0 as usize] else { continue };
            let term = self.graph.apply(Operation::Multiply, &[slope, carried]);
            total = Some(match total {
                Some(total) => self.graph.apply(Operation::Add, &[total, term]),
                None => term,
            });
        }
        total.unwrap_or_else(|| self.graph.add_number(0.0))
    }

    /// The derivative of an output, after [`Extension::add_symbols`] for the parameter.
    fn output(&mut self, output: SymbolId, parameter: SymbolId) -> SymbolId {
        let carried = self.nodes[output.0 as usize];
        if let Some(node) = carried
            && let Node::Value(slot) = self.graph.nodes[node as usize]
        {
            return SymbolId(slot);
        }
        let value = match carried {
            Some(node) => node,
            None => self.chain(&self.assigned[output.0 as usize].clone()),
        };
        let role = Role::Assigned(ExpressionId(0));
        let added = self.add_symbol(output, parameter, role);
        self.placed.push((Place::Assigned(added), value));
        self.model.assignment_order.push(added);
        added
    }

    /// Writes everything into the model.
    fn finish(mut self) -> Model {
        let roots: Vec<NodeId> = self.placed.iter().map(|&(_, root)| root).collect();
        let expressions = write::expressions(&mut self.model, &self.graph, &roots);
        for ((place, _), id) in self.placed.iter().zip(expressions) {
            match *place {
                Place::Rate(symbol) => self.model.symbols[symbol.0 as usize].role = Role::State(id),
                Place::Initial(symbol) => {
                    self.model.symbols[symbol.0 as usize].initial = Some(id);
                }
                Place::Assigned(symbol) => {
                    self.model.symbols[symbol.0 as usize].role = Role::Assigned(id);
                }
                Place::Event(event, symbol) => {
                    self.model.events[event].assignments.push((symbol, id));
                }
            }
        }
        self.model
    }
}

/// Everything that is to be differentiated.
fn roots(
    model: &Model,
    builder: &mut Builder<'_>,
    outputs: &[SymbolId],
) -> Result<Vec<(Place, NodeId)>, CompileError> {
    builder.assign()?;
    let mut roots = Vec::new();
    for (i, symbol) in model.symbols.iter().enumerate() {
        let id = SymbolId(i as u32);
        if let Role::Assigned(rule) = symbol.role {
            if outputs.contains(&id) {
                roots.push((Place::Assigned(id), builder.node(rule)?));
            }
            continue;
        }
        if let Role::State(rate) = symbol.role {
            roots.push((Place::Rate(id), builder.node(rate)?));
        }
        if let Some(formula) = symbol.initial {
            roots.push((Place::Initial(id), builder.node(formula)?));
        }
    }
    for (i, event) in model.events.iter().enumerate() {
        for &(target, formula) in &event.assignments {
            roots.push((Place::Event(i, target), builder.node(formula)?));
        }
    }
    Ok(roots)
}

/// An expression at the end of the arena.
fn push(model: &mut Model, expression: Expression) -> ExpressionId {
    model.expressions.push(expression);
    model.spans.push(model::Span::default());
    ExpressionId(model.expressions.len() as u32 - 1)
}
