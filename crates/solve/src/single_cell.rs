//! What becomes of a fraction of a cell: nothing, or a draw between extinction and survival.
//!
//! The stochastic rule follows the linear birth-death process with immigration: Kendall, Ann Math
//! Stat 1948;19:1-15.

use model::SymbolId;
use stats::Sequence;
use stats::math::{exp, ln};

use crate::compile::Program;
use crate::patient::Patient;

/// States listed here read as 0 inside the rates below this share of a cell.
const FLOOR_CELLS: f64 = 1e-5;

/// The single-cell rule, applied at every stop and event. Without it a solver's rounding grows
/// back into a tumour.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum SingleCell {
    /// No rule.
    #[default]
    Off,
    /// Less than one cell becomes none.
    Deterministic {
        /// The states that count cells.
        states: Vec<SymbolId>,
        /// One cell in the unit of those states.
        cell: f64,
    },
    /// Small numbers of cells live and die one by one between stops, with the net rate that the
    /// equations showed over the interval, so that the mean is that of the equations. Immigration
    /// (the state's rate without its own cells) is told apart from growth. A patient without a
    /// stream falls under the deterministic rule.
    Stochastic {
        /// The states that count cells.
        states: Vec<SymbolId>,
        /// One cell in the unit of those states.
        cell: f64,
        /// Deaths per cell and day, which divisions replace; one for each state.
        turnover_per_day: Vec<f64>,
        /// From this many cells on, chance no longer matters.
        below_cells: f64,
    },
}

impl SingleCell {
    fn parts(&self) -> Option<(&[SymbolId], f64)> {
        match self {
            Self::Off => None,
            Self::Deterministic { states, cell } | Self::Stochastic { states, cell, .. } => {
                Some((states, *cell))
            }
        }
    }

    /// The positions of states that read as 0 inside the rates, and below which value.
    pub(crate) fn floors(&self, program: &Program) -> Vec<(usize, f64)> {
        let Some((states, cell)) = self.parts() else { return Vec::new() };
        let position = |symbol: &SymbolId| program.state_of.get(symbol.0 as usize).copied()?;
        let positions = states.iter().filter_map(position);
        positions.map(|state| (state as usize, FLOOR_CELLS * cell)).collect()
    }

    /// Starts the patient's first interval.
    pub(crate) fn begin(&self, program: &Program, patient: &mut Patient) {
        patient.anchors.clear();
        if let Some((states, _)) = self.parts() {
            patient.anchors.resize(states.len(), 0.0);
        }
        self.round_down(program, patient);
    }

    /// Less than one cell becomes none; from here the next interval is measured.
    pub(crate) fn round_down(&self, program: &Program, patient: &mut Patient) {
        let Some((states, cell)) = self.parts() else { return };
        for (position, &state) in states.iter().enumerate() {
            let value = patient.values()[state.0 as usize];
            if value < cell && value != 0.0 {
                patient.round(program, state, 0.0);
            }
            patient.anchors[position] = patient.values()[state.0 as usize];
        }
        patient.anchor_time = patient.time();
    }

    /// Decides what the interval since the rule was last applied did to small numbers of cells.
    pub(crate) fn pass_interval(&self, program: &Program, patient: &mut Patient) {
        let Self::Stochastic { states, cell, turnover_per_day, below_cells } = self else {
            return;
        };
        let days = patient.time() - patient.anchor_time;
        let Some(stream) = patient.stream else { return };
        if days <= 0.0 {
            return;
        }
        let first_draw = minute(patient.time()).wrapping_mul(states.len() as u32);
        let mut drawn = Vec::new();
        for (position, &state) in states.iter().enumerate() {
            let value = patient.values()[state.0 as usize];
            // Most kinds of cells are not there in most patients.
            if value <= 0.0 {
                continue;
            }
            let before = patient.anchors[position] / cell;
            let after = value / cell;
            if (before >= *below_cells || before == 0.0) && after >= *below_cells
                || after <= 0.0
                || !after.is_finite()
            {
                continue;
            }
            let mut sequence = stream.sequence(first_draw.wrapping_add(position as u32));
            let count = if before == 0.0 {
                sequence.poisson(after)
            } else {
                let immigration = immigration(program, patient, state) / cell;
                let death = turnover_per_day.get(position).copied().unwrap_or(0.0);
                let passage = Passage::new(before, after, days, death, immigration);
                let cells = whole(before, &mut sequence);
                passage.draw(&mut sequence, cells)
            };
            drawn.push((state, count as f64 * cell));
        }
        for (state, value) in drawn {
            patient.round(program, state, value);
        }
    }
}

/// A whole number whose mean is `count`.
fn whole(count: f64, sequence: &mut Sequence) -> u64 {
    let floor = count.floor();
    let more = sequence.uniform() < count - floor;
    floor as u64 + u64::from(more)
}

/// The state's present rate if it held no cells.
fn immigration(program: &Program, patient: &mut Patient, state: SymbolId) -> f64 {
    let slot = state.0 as usize;
    let Some(position) = program.state_of[slot] else { return 0.0 };
    let rate = patient.slice_with(program, &program.rate_slices[position as usize], state, 0.0);
    if rate > 0.0 && rate.is_finite() { rate } else { 0.0 }
}

/// The address of an interval's draws: the minute at which it ends, counted from day -1000. So a
/// stop that one run has and another has not moves no later draw.
fn minute(time: f64) -> u32 {
    ((time + 1000.0) * 1440.0).round().max(0.0) as u32
}

/// A linear birth-death process with immigration over one interval.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Passage {
    /// Probability that a cell leaves no descendant (Kendall's alpha).
    extinction: f64,
    /// A surviving line has j cells with probability (1 - b) b^(j-1) (Kendall's beta).
    branching: f64,
    /// Mean number of immigrants and their descendants.
    immigrants: f64,
    /// Immigrants per birth: the shape of their negative binomial law; `None` without births.
    shape: Option<f64>,
}

impl Passage {
    /// The process whose mean goes from `before` to `after` cells in that many days, with the
    /// given deaths per cell and day and immigrants per day.
    pub(crate) fn new(before: f64, after: f64, days: f64, death: f64, immigration: f64) -> Self {
        let exponent = solve_exponent(before, after, immigration * days);
        let net = exponent / days;
        let birth = if net + death > 0.0 { net + death } else { 0.0 };
        let death = birth - net;
        // (e^x - 1)/x, which stays exact where birth and death balance
        let gain = growth_integral(exponent, exp(exponent)) * days;
        let denominator = birth.mul_add(gain, 1.0);
        Self {
            extinction: (death * gain / denominator).clamp(0.0, 1.0),
            branching: (birth * gain / denominator).clamp(0.0, 1.0),
            immigrants: immigration * gain,
            shape: (birth > 0.0).then(|| immigration / birth),
        }
    }

    /// How many cells there are at the end.
    pub(crate) fn draw(&self, sequence: &mut Sequence, cells: u64) -> u64 {
        let survival = 1.0 - self.extinction;
        let lines = if cells > 1_000_000 {
            sequence.poisson(cells as f64 * survival)
        } else {
            sequence.binomial(cells, survival)
        };
        let per_line = self.branching / (1.0 - self.branching);
        let mut count = lines;
        if self.branching > 0.0 && lines > 0 {
            let spread = sequence.gamma(lines as f64);
            count += sequence.poisson(spread * per_line);
        }
        if self.immigrants > 0.0 {
            let mean = match self.shape {
                Some(shape) if shape < 1e6 => sequence.gamma(shape) * self.immigrants / shape,
                _ => self.immigrants,
            };
            count += sequence.poisson(mean);
        }
        count
    }
}

/// (e^x - 1)/x, with e^x at hand.
fn growth_integral(x: f64, power: f64) -> f64 {
    if x.abs() < 1e-3 {
        return 1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0));
    }
    (power - 1.0) / x
}

/// The x for which before e^x + immigrants (e^x - 1)/x = after; the left side rises with x.
fn solve_exponent(before: f64, after: f64, immigrants: f64) -> f64 {
    if immigrants == 0.0 {
        return ln(after / before);
    }
    let (mut low, mut high) = (-700.0, 100.0);
    let mut x = ln(after / (before + immigrants));
    // Newton's steps, halving the bracket where they leave it
    for _ in 0..80 {
        let power = exp(x);
        let excess = before * power + immigrants * growth_integral(x, power) - after;
        if excess < 0.0 {
            low = x;
        } else {
            high = x;
        }
        let next = x - excess / (before * power + immigrants * growth_slope(x, power));
        let next = if next > low && next < high { next } else { 0.5 * (low + high) };
        if (next - x).abs() <= 1e-14 * x.abs().max(1e-3) {
            return next;
        }
        x = next;
    }
    x
}

/// The derivative of (e^x - 1)/x, with e^x at hand.
fn growth_slope(x: f64, power: f64) -> f64 {
    if x.abs() < 1e-2 {
        return 0.5 + x * (1.0 / 3.0 + x * (1.0 / 8.0 + x / 30.0));
    }
    (power * (x - 1.0) + 1.0) / (x * x)
}
