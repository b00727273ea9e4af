//! One run: counts, the rates that follow from them, its draws, and the jumps that change it.

use model::SymbolId;
use stats::{Sequence, Stream, math::ln};

use super::network::Network;
use super::{StochasticSettings, StochasticStatistics};
use crate::compile::Slice;
use crate::failure::{Failure, Reason};
use crate::graph::{Node, NodeId};
use crate::request::Start;

/// Draws after which a run goes on at the next index of its stream, long before a sequence ends.
const DRAWS: u32 = 1 << 20;

/// Draws in order, without end.
struct Draws {
    stream: Stream,
    index: u32,
    drawn: u32,
    sequence: Sequence,
}

impl Draws {
    fn sequence(&mut self) -> &mut Sequence {
        if self.drawn == DRAWS {
            self.index = self.index.wrapping_add(1);
            self.sequence = self.stream.sequence(self.index);
            self.drawn = 0;
        }
        self.drawn += 1;
        &mut self.sequence
    }
}

/// A run on its way.
pub(crate) struct Course<'a> {
    pub(crate) network: &'a Network,
    pub(crate) settings: &'a StochasticSettings,
    pub(crate) time: f64,
    /// Molecules of each species.
    pub(crate) counts: Vec<f64>,
    /// How often each reaction happens per unit of time.
    pub(crate) rates: Vec<f64>,
    pub(crate) statistics: StochasticStatistics,
    /// What one molecule adds to each species' value.
    units: Vec<f64>,
    values: Vec<f64>,
    terms: Vec<f64>,
    draws: Draws,
}

impl<'a> Course<'a> {
    /// A run at its start.
    pub(crate) fn new(
        network: &'a Network,
        settings: &'a StochasticSettings,
        start: &Start,
    ) -> Result<Self, Failure> {
        let program = &network.program;
        let fail = |symbol: SymbolId, reason: Reason| Failure {
            time: start.time,
            state: program.name(symbol).to_owned(),
            method: settings.method.name(),
            reason,
        };
        let first = network.species[0].symbol;
        let stream = start.stream.ok_or_else(|| fail(first, Reason::NoStream))?;
        let refused = start.overrides.iter().find(|(symbol, _)| !program.is_settable(*symbol));
        if let Some(&(symbol, _)) = refused {
            return Err(fail(symbol, Reason::NotSettable));
        }
        let mut values = vec![0.0; program.value_count()];
        program.initial.values(start.time, &start.overrides, &mut values, &mut Vec::new());
        let draws = Draws { stream, index: 0, drawn: 0, sequence: stream.sequence(0) };
        let number = |node: &Node| match node {
            Node::Number(bits) => f64::from_bits(*bits),
            Node::Value(slot) => values[*slot as usize],
            Node::Time => start.time,
            Node::Apply(..) => 0.0,
        };
        let size = |room: SymbolId| values[room.0 as usize];
        let units: Vec<f64> = network
            .species
            .iter()
            .map(|species| settings.molecule / species.room.map_or(1.0, size))
            .collect();
        let mut course = Self {
            time: start.time,
            counts: Vec::with_capacity(units.len()),
            rates: vec![0.0; network.jumps.len()],
            statistics: StochasticStatistics::default(),
            terms: program.graph.nodes.iter().map(number).collect(),
            network,
            settings,
            units,
            values,
            draws,
        };
        for (position, species) in network.species.iter().enumerate() {
            let count = course.values[species.symbol.0 as usize] / course.units[position];
            if !(0.0..f64::INFINITY).contains(&count) {
                return Err(fail(species.symbol, Reason::NotFinite));
            }
            course.counts.push(count);
        }
        course.compute(&network.order);
        Ok(course)
    }

    /// A failure now.
    pub(crate) fn failure(&self, name: &str, reason: Reason) -> Failure {
        let method = self.settings.method.name();
        Failure { time: self.time, state: name.to_owned(), method, reason }
    }

    /// A uniform number strictly between 0 and 1.
    pub(crate) fn uniform(&mut self) -> f64 {
        self.draws.sequence().uniform()
    }

    /// An exponential number with mean 1.
    pub(crate) fn exponential(&mut self) -> f64 {
        -ln(self.uniform())
    }

    /// A Poisson number.
    pub(crate) fn poisson(&mut self, mean: f64) -> f64 {
        self.draws.sequence().poisson(mean) as f64
    }

    /// A whole number of molecules whose mean is the species' present count.
    pub(crate) fn make_whole(&mut self, position: usize) {
        let count = self.counts[position];
        let nearest = count.round();
        let whole = if (count - nearest).abs() <= 1e-9 * nearest.max(1.0) {
            nearest
        } else {
            count.floor() + f64::from(self.uniform() < count - count.floor())
        };
        self.set_count(position, whole);
    }

    /// Sets a species' count; rates are to be computed afterwards.
    pub(crate) fn set_count(&mut self, position: usize, count: f64) {
        self.counts[position] = count;
        let symbol = self.network.species[position].symbol;
        self.set_value(symbol, count * self.units[position]);
    }

    /// The present value of a symbol that no rule computes.
    pub(crate) fn plain_value(&self, symbol: SymbolId) -> f64 {
        self.values[symbol.0 as usize]
    }

    /// Sets a symbol's value; rates are to be computed afterwards.
    pub(crate) fn set_value(&mut self, symbol: SymbolId, value: f64) {
        self.values[symbol.0 as usize] = value;
        if let Some(leaf) = self.network.program.leaf_of[symbol.0 as usize] {
            self.terms[leaf as usize] = value;
        }
    }

    /// Sets the time; rates that depend on it are to be computed afterwards.
    pub(crate) fn set_time(&mut self, time: f64) {
        self.time = time;
        if let Some(leaf) = self.network.program.time_leaf {
            self.terms[leaf as usize] = time;
        }
    }

    /// A computed term.
    pub(crate) fn term(&self, id: NodeId) -> f64 {
        self.terms[id as usize]
    }

    fn compute(&mut self, order: &[NodeId]) {
        for &id in order {
            if let Node::Apply(operation, [a, b, c]) = self.network.program.graph.nodes[id as usize]
            {
                let [a, b, c] = [a, b, c].map(|operand| self.terms[operand as usize]);
                self.terms[id as usize] = operation.apply(a, b, c);
            }
        }
    }

    /// What one molecule adds to a species' value.
    pub(crate) fn unit(&self, position: usize) -> f64 {
        self.units[position]
    }

    /// The value of a slice's root now.
    pub(crate) fn slice(&mut self, slice: &Slice) -> f64 {
        self.compute(&slice.order);
        self.terms[slice.root as usize]
    }

    /// Computes everything anew after values were set, without a look at whether rates can be rates.
    pub(crate) fn renew(&mut self) {
        self.compute(&self.network.order);
        self.compute_rates();
    }

    /// Computes every rate, without a look at whether it can be one.
    pub(crate) fn compute_rates(&mut self) {
        let network = self.network;
        self.compute(&network.moving);
        for (rate, jump) in self.rates.iter_mut().zip(&network.jumps) {
            *rate = self.terms[jump.rate as usize] / self.settings.molecule;
        }
    }

    /// Computes every rate; a failure if one cannot be the rate of jumps.
    pub(crate) fn refresh(&mut self) -> Result<(), Failure> {
        self.compute_rates();
        (0..self.rates.len()).try_for_each(|jump| self.check(jump))
    }

    /// Whether a rate can be the rate of jumps.
    pub(crate) fn check(&self, jump: usize) -> Result<(), Failure> {
        let rate = self.rates[jump];
        let reason = if !rate.is_finite() {
            Reason::NotFinite
        } else if rate < 0.0 {
            Reason::NegativeRate { rate }
        } else {
            return Ok(());
        };
        Err(self.failure(&self.network.jumps[jump].name, reason))
    }

    /// The sum of all rates.
    pub(crate) fn total(&self) -> Result<f64, Failure> {
        let total: f64 = self.rates.iter().sum();
        if total.is_finite() {
            return Ok(total);
        }
        Err(self.failure(&self.network.jumps[0].name, Reason::NotFinite))
    }

    /// One of the reactions, in proportion to their rates; those that `may` refuses are left out.
    pub(crate) fn choose(&mut self, total: f64, may: impl Fn(usize) -> bool) -> Option<usize> {
        let mut left = self.uniform() * total;
        let mut last = None;
        for (jump, &rate) in self.rates.iter().enumerate() {
            if rate > 0.0 && may(jump) {
                last = Some(jump);
                if left < rate {
                    break;
                }
                left -= rate;
            }
        }
        last
    }

    /// Lets a reaction happen once, and brings the rates that it concerns up to date.
    pub(crate) fn fire(&mut self, jump: usize) -> Result<(), Failure> {
        self.happen(jump)?;
        self.compute(self.network.after(jump));
        self.refresh_concerned(jump)
    }

    /// Lets a reaction happen once; rates are to be computed afterwards.
    pub(crate) fn happen(&mut self, jump: usize) -> Result<(), Failure> {
        let network = self.network;
        self.count()?;
        self.statistics.jumps += 1;
        for &(position, change) in &network.jumps[jump].changes {
            let count = self.counts[position] + change;
            if count < 0.0 {
                return Err(self.failure(&network.jumps[jump].name, Reason::BelowZero));
            }
            self.set_count(position, count);
        }
        Ok(())
    }

    fn refresh_concerned(&mut self, jump: usize) -> Result<(), Failure> {
        let network = self.network;
        for &other in &network.jumps[jump].concerns {
            self.rates[other] =
                self.terms[network.jumps[other].rate as usize] / self.settings.molecule;
            self.check(other)?;
        }
        Ok(())
    }

    /// Counts one more jump, leap or step against the limit.
    pub(crate) fn count(&mut self) -> Result<(), Failure> {
        self.statistics.moves += 1;
        let limit = self.settings.max_moves;
        if self.statistics.moves <= limit {
            return Ok(());
        }
        let fastest = (0..self.rates.len())
            .max_by(|&a, &b| self.rates[a].total_cmp(&self.rates[b]))
            .map_or("", |jump| self.network.jumps[jump].name.as_str());
        Err(self.failure(fastest, Reason::TooManyMoves { limit }))
    }

    /// The present value of any symbol, computed ones included.
    pub(crate) fn value(&mut self, symbol: SymbolId) -> f64 {
        let network = self.network;
        match &network.program.assigned[symbol.0 as usize] {
            None => self.values[symbol.0 as usize],
            Some(slice) => self.slice(slice),
        }
    }
}
