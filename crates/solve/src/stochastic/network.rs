//! A model's reactions as jumps: what each changes, how likely it is, and what depends on what.

use model::{Amount, Kind, Model, Role, SymbolId};

use super::StochasticMethod;
use super::events::Watched;
use crate::compile::{CompileError, Program, compile, operations};
use crate::graph::{Node, NodeId};

/// Why a model cannot be simulated reaction by reaction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The model cannot be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// There is nothing that could happen by chance.
    #[error("the model has no reaction that changes a species: write `name: A -> B; rate`")]
    NoReactions,
    /// A reaction has no kinetic law.
    #[error(
        "reaction `{reaction}` has no rate: write it after the reaction, `{reaction}: ...; rate`"
    )]
    NoRate {
        /// The reaction's name.
        reaction: String,
    },
    /// A reaction makes or uses up a number that is not whole or that can change.
    #[error("reaction `{reaction}` changes `{species}` by a number that is not whole and fixed")]
    NotWhole {
        /// The reaction's name.
        reaction: String,
        /// The species' name.
        species: String,
    },
    /// A species is in a compartment whose size can change.
    #[error(
        "`{species}` is a concentration in a compartment whose size can change: declare it an amount, `substanceOnly species {species}`"
    )]
    SizeChanges {
        /// The species' name.
        species: String,
    },
    /// A condition that turns at a time which cannot be told beforehand.
    #[error(
        "the condition of event `{event}` uses time other than by comparing it: write `time >= ...`"
    )]
    EventTime {
        /// The event's name.
        event: String,
    },
    /// A condition over something that moves between the moments at which a method looks.
    #[error(
        "the condition of event `{event}` depends on `{symbol}`, and {method} would miss when it turns: use the direct method"
    )]
    EventWatches {
        /// The event's name.
        event: String,
        /// What its condition depends on.
        symbol: String,
        /// The method.
        method: &'static str,
    },
    /// A rate rule beside reactions; only the hybrid method follows both.
    #[error(
        "`{symbol}` follows a rate rule, which jumps alone cannot follow: use the hybrid method"
    )]
    RateRule {
        /// The symbol's name.
        symbol: String,
    },
    /// A rate that changes between jumps; only the hybrid method follows it.
    #[error("the rate of reaction `{reaction}` depends on time: use the hybrid method")]
    TimeInRate {
        /// The reaction's name.
        reaction: String,
    },
}

/// A species that reactions change.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    pub(crate) symbol: SymbolId,
    /// The compartment over whose size its amount is taken.
    pub(crate) room: Option<SymbolId>,
    /// The largest number of molecules that meet in one reaction which uses it, and how many of
    /// them are its own; 0 if no rate depends on it.
    pub(crate) order: (u32, u32),
}

/// A reaction as a jump.
#[derive(Debug, Clone)]
pub(crate) struct Jump {
    pub(crate) name: String,
    /// Its rate, in amount per time.
    pub(crate) rate: NodeId,
    /// By how many molecules it changes which species (by position).
    pub(crate) changes: Vec<(usize, f64)>,
    /// What is to be computed anew after it, in order, and which rates that concerns.
    after: Vec<NodeId>,
    pub(crate) concerns: Vec<usize>,
}

/// A model's reactions, ready to be simulated one by one.
#[derive(Debug, Clone)]
pub struct Network {
    pub(crate) program: Program,
    pub(crate) species: Vec<Counted>,
    pub(crate) jumps: Vec<Jump>,
    /// States under rate rules: symbol and rate.
    pub(crate) ruled: Vec<(SymbolId, NodeId)>,
    /// Everything the rates need, in order; and those of it that move within a run.
    pub(crate) order: Vec<NodeId>,
    pub(crate) moving: Vec<NodeId>,
    /// The first reaction whose rate depends on time.
    pub(crate) timed: Option<usize>,
    pub(crate) watched: Watched,
}

impl Network {
    /// The reactions of a model. Rates are taken as they are written: a law for two molecules of one
    /// kind reads `k*A*(A - 1)/2`.
    ///
    /// The error names the first thing that cannot be simulated reaction by reaction.
    pub fn new(model: &Model) -> Result<Self, NetworkError> {
        let program = compile(model)?;
        let mut network = Self {
            species: Vec::new(),
            jumps: Vec::new(),
            ruled: Vec::new(),
            order: Vec::new(),
            moving: Vec::new(),
            timed: None,
            watched: Watched::default(),
            program,
        };
        for symbol in model.states() {
            let position = network.program.state_of[symbol.0 as usize];
            let Some(position) = position else { continue };
            network.ruled.push((symbol, network.program.rate_slices[position as usize].root));
        }
        for reaction in &model.reactions {
            network.add(model, reaction)?;
        }
        if network.jumps.is_empty() {
            return Err(NetworkError::NoReactions);
        }
        network.arrange();
        network.set_orders(model);
        let ruled = network.ruled.iter().map(|(symbol, _)| *symbol);
        let moving: Vec<SymbolId> = network.species().chain(ruled).collect();
        network.watched = Watched::new(&network.program, &moving)?;
        Ok(network)
    }

    /// The symbol of that name.
    pub fn symbol(&self, name: &str) -> Option<SymbolId> {
        self.program.symbol(name)
    }

    /// The species that reactions change.
    pub fn species(&self) -> impl Iterator<Item = SymbolId> + '_ {
        self.species.iter().map(|species| species.symbol)
    }

    /// Whether a method can follow the model; the error names the first thing that it cannot.
    pub fn can_follow(&self, method: StochasticMethod) -> Result<(), NetworkError> {
        if !matches!(method, StochasticMethod::Hybrid { .. }) {
            self.jumps_only()?;
        }
        self.watched.refuse(&self.program, method)
    }

    /// What forbids jumps alone: a rate rule or a rate that changes with time.
    fn jumps_only(&self) -> Result<(), NetworkError> {
        if let Some((symbol, _)) = self.ruled.first() {
            return Err(NetworkError::RateRule { symbol: self.program.name(*symbol).to_owned() });
        }
        match self.timed {
            Some(jump) => Err(NetworkError::TimeInRate { reaction: self.jumps[jump].name.clone() }),
            None => Ok(()),
        }
    }

    fn add(&mut self, model: &Model, reaction: &model::Reaction) -> Result<(), NetworkError> {
        let name = self.program.name(reaction.symbol).to_owned();
        let Some(rate) = self.program.assigned[reaction.symbol.0 as usize].as_ref() else {
            return Err(NetworkError::NoRate { reaction: name });
        };
        let rate = rate.root;
        let mut changes: Vec<(usize, f64)> = Vec::new();
        let used = reaction.reactants.iter().map(|part| (part, -1.0));
        for (part, sign) in used.chain(reaction.products.iter().map(|part| (part, 1.0))) {
            let Some(position) = self.position(model, part.species)? else { continue };
            let whole = match part.amount {
                Amount::Number(number) if number >= 0.0 && number.fract() == 0.0 => number,
                _ => {
                    let species = self.program.name(part.species).to_owned();
                    return Err(NetworkError::NotWhole { reaction: name, species });
                }
            };
            match changes.iter_mut().find(|(known, _)| *known == position) {
                Some((_, change)) => *change += sign * whole,
                None => changes.push((position, sign * whole)),
            }
        }
        changes.retain(|(_, change)| *change != 0.0);
        if !changes.is_empty() {
            let (after, concerns) = (Vec::new(), Vec::new());
            self.jumps.push(Jump { name, rate, changes, after, concerns });
        }
        Ok(())
    }

    /// The position of a species among those that reactions change, if they change it.
    fn position(&mut self, model: &Model, id: SymbolId) -> Result<Option<usize>, NetworkError> {
        let symbol = &model.symbols[id.0 as usize];
        let Kind::Species(species) = symbol.kind else { return Ok(None) };
        if species.is_boundary || symbol.role != Role::Variable {
            return Ok(None);
        }
        if let Some(known) = self.species.iter().position(|known| known.symbol == id) {
            return Ok(Some(known));
        }
        if self.program.state_of[id.0 as usize].is_none() {
            return Err(NetworkError::SizeChanges { species: symbol.name.clone() });
        }
        let room = species.compartment.filter(|_| !species.is_amount);
        self.species.push(Counted { symbol: id, room, order: (0, 0) });
        Ok(Some(self.species.len() - 1))
    }

    /// Finds out what is to be computed, and what after each reaction.
    fn arrange(&mut self) {
        let graph = &self.program.graph;
        let rates = self.jumps.iter().map(|jump| jump.rate);
        let roots: Vec<NodeId> = rates.chain(self.ruled.iter().map(|(_, rate)| *rate)).collect();
        self.order = operations(graph, &roots);
        self.moving = self.order.iter().copied().filter(|&id| graph.moving[id as usize]).collect();
        let leaf = |symbol: SymbolId| self.program.leaf_of[symbol.0 as usize];
        for jump in &mut self.jumps {
            let leaves = jump.changes.iter().map(|&(position, _)| self.species[position].symbol);
            let touched = touched(&self.program, &self.order, leaves.filter_map(leaf));
            jump.after = self.order.iter().copied().filter(|&id| touched[id as usize]).collect();
        }
        let concerns: Vec<Vec<usize>> = self
            .jumps
            .iter()
            .map(|jump| {
                let leaves = jump.changes.iter().map(|&(place, _)| self.species[place].symbol);
                let touched = touched(&self.program, &self.order, leaves.filter_map(leaf));
                (0..self.jumps.len()).filter(|&j| touched[self.jumps[j].rate as usize]).collect()
            })
            .collect();
        for (jump, concerns) in self.jumps.iter_mut().zip(concerns) {
            jump.concerns = concerns;
        }
        let timed = touched(&self.program, &self.order, self.program.time_leaf.into_iter());
        self.timed = self.jumps.iter().position(|jump| timed[jump.rate as usize]);
    }

    /// What is to be computed anew after a reaction.
    pub(crate) fn after(&self, jump: usize) -> &[NodeId] {
        &self.jumps[jump].after
    }

    /// How many molecules meet in the reactions that depend on each species. One that changes a rate
    /// without being used up counts as one more molecule.
    fn set_orders(&mut self, model: &Model) {
        let mut orders = vec![(0, 0); self.species.len()];
        for jump in &self.jumps {
            let reaction =
                model.reactions.iter().find(|r| self.program.name(r.symbol) == jump.name);
            let mut meeting = vec![0_u32; self.species.len()];
            for part in reaction.iter().flat_map(|reaction| &reaction.reactants) {
                let position = self.species.iter().position(|s| s.symbol == part.species);
                if let (Some(position), Amount::Number(number)) = (position, part.amount) {
                    meeting[position] += number as u32;
                }
            }
            let leaf = |species: &Counted| self.program.leaf_of[species.symbol.0 as usize];
            let mut acts = vec![false; self.species.len()];
            for (position, species) in self.species.iter().enumerate() {
                let touched = touched(&self.program, &self.order, leaf(species).into_iter());
                acts[position] = touched[jump.rate as usize];
                if acts[position] && meeting[position] == 0 {
                    meeting[position] = 1;
                }
            }
            let total = meeting.iter().sum();
            for (position, order) in orders.iter_mut().enumerate() {
                if acts[position] {
                    *order = (*order).max((total, meeting[position]));
                }
            }
        }
        for (species, order) in self.species.iter_mut().zip(orders) {
            species.order = order;
        }
    }
}

/// Which nodes of the order depend on the leaves, and the leaves.
pub(crate) fn touched(
    program: &Program,
    order: &[NodeId],
    leaves: impl Iterator<Item = NodeId>,
) -> Vec<bool> {
    let mut touched = vec![false; program.graph.nodes.len()];
    for leaf in leaves {
        touched[leaf as usize] = true;
    }
    for &id in order {
        if let Node::Apply(..) = program.graph.nodes[id as usize] {
            let operands = program.graph.operands(id);
            touched[id as usize] = operands.iter().any(|&operand| touched[operand as usize]);
        }
    }
    touched
}
