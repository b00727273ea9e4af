//! Simon's two-stage designs: optimal, minimax, admissible.
//!
//! Simon, Control Clin Trials 1989;10:1-10; Jung, Lee, Kim and George, Stat Med 2004;23:561-569.

use serde::{Deserialize, Serialize};
use stats::math::{exp, ln, ln_1p};
use stats::special::ln_gamma;

use super::{Design, DesignError, Entry, Outcomes, is_rate, within};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Reason, Step};
use crate::looks::{Bounds, to_the_next_look};

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "simon",
    title: "Simon two-stage",
    least: "null-rate = 0.1\nalternative-rate = 0.3",
    from_toml: |text| Ok(Box::new(Simon::new(&toml::from_str(text)?)?)),
    in_force: |text| Ok(super::as_table(&toml::from_str::<Settings>(text)?)),
    conventions: &[
        "stop at or below the first limit, promising above the second; both errors are exact",
        "of designs with equally many patients on average the smaller first stage",
    ],
};

/// Mean sizes this close are equal.
const SAME_SIZE: f64 = 1e-9;

/// The settings of the design.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The response rate that is of no interest.
    pub null_rate: f64,
    /// The response rate worth finding.
    pub alternative_rate: f64,
    /// The probability, at most, of calling the former promising.
    #[serde(default = "default_type_one")]
    pub type_one: f64,
    /// The probability, at least, of calling the latter promising.
    #[serde(default = "default_power")]
    pub power: f64,
    /// Patients at most.
    #[serde(default = "default_most")]
    pub max_patients: u32,
    /// Which of the designs that keep both.
    #[serde(default)]
    pub kind: Kind,
}

fn default_type_one() -> f64 {
    0.05
}

fn default_power() -> f64 {
    0.8
}

fn default_most() -> u32 {
    120
}

/// Which of the designs that keep both errors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The fewest patients on average at the null rate.
    #[default]
    Optimal,
    /// The fewest patients at most.
    Minimax,
    /// The least of `weight` x most patients + (1 - `weight`) x mean patients at the null rate.
    Admissible {
        /// The weight, from 0 (optimal) to 1 (minimax).
        weight: f64,
    },
}

/// A two-stage design.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoStage {
    /// Stop after the first stage with so many responses or fewer.
    pub first_at_most: u32,
    /// Patients of the first stage.
    pub first: u32,
    /// Not promising at the end with so many responses or fewer.
    pub all_at_most: u32,
    /// Patients of both stages.
    pub all: u32,
    /// Mean patients at the null rate.
    pub mean_patients: f64,
}

impl TwoStage {
    /// The bounds at both looks.
    pub fn bounds(&self) -> Bounds {
        Bounds {
            looks: vec![self.first, self.all],
            low: vec![Some(self.first_at_most), Some(self.all_at_most)],
            high: vec![None, None],
        }
    }
}

/// An admissible design, and the weights of the most patients for which it is the best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Admissible {
    /// The design.
    pub design: TwoStage,
    /// From this weight on.
    pub from: f64,
    /// Up to this weight.
    pub to: f64,
}

/// The probabilities of 0 to n events for every n up to a limit.
struct Table(Vec<Vec<f64>>);

impl Table {
    fn new(most: u32, rate: f64) -> Self {
        let row = |n: u32| {
            let all = ln_gamma(f64::from(n) + 1.0);
            let cell = |x: u32| {
                let (x, rest) = (f64::from(x), f64::from(n - x));
                exp(all - ln_gamma(x + 1.0) - ln_gamma(rest + 1.0) + x * ln(rate) + rest * ln_1p(-rate))
            };
            (0..=n).map(cell).collect()
        };
        Self((0..=most).map(row).collect())
    }

    /// The probabilities of more than x of n events, for x from 0 to n.
    fn above(&self) -> Vec<Vec<f64>> {
        let row = |cells: &Vec<f64>| {
            let mut sum = 0.0;
            let mut above: Vec<f64> = cells
                .iter()
                .rev()
                .map(|cell| {
                    let before = sum;
                    sum += cell;
                    before
                })
                .collect();
            above.reverse();
            above
        };
        self.0.iter().map(row).collect()
    }
}

/// The search for designs.
struct Search {
    type_one: f64,
    power: f64,
    cells: [Table; 2],
    above: [Vec<Vec<f64>>; 2],
}

impl Search {
    fn new(settings: &Settings) -> Self {
        let rates = [settings.null_rate, settings.alternative_rate];
        let cells = rates.map(|rate| Table::new(settings.max_patients, rate));
        let above = [cells[0].above(), cells[1].above()];
        Self { type_one: settings.type_one, power: settings.power, cells, above }
    }

    /// The best design with exactly so many patients, by the mean at the null rate.
    fn best_of(&self, all: u32) -> Option<TwoStage> {
        let n = all as usize;
        // With more responses than this required, the power is lost even without a first look.
        let highest = (0..n).rev().find(|&r| self.above[1][n][r] >= self.power)?;
        let mut best: Option<TwoStage> = None;
        for first in 1..n {
            // The probability of calling the trial promising, by rate and number required.
            let mut promising = [0, 1].map(|rate| self.above[rate][n][..=highest].to_vec());
            let mut stopped = [0.0, 0.0];
            for r1 in 0..first {
                for rate in [0, 1] {
                    let share = self.cells[rate].0[first][r1];
                    stopped[rate] += share;
                    // Who stops here would have been promising with the rest of the patients.
                    for (r, value) in promising[rate].iter_mut().enumerate().skip(r1) {
                        *value -= share * self.above[rate][n - first].get(r - r1).unwrap_or(&0.0);
                    }
                    for value in &mut promising[rate][..r1.min(highest + 1)] {
                        *value = f64::NAN;
                    }
                }
                if stopped[1] > 1.0 - self.power || r1 > highest {
                    break;
                }
                let mean = first as f64 + (n - first) as f64 * (1.0 - stopped[0]);
                if best.is_some_and(|best| mean > best.mean_patients - SAME_SIZE) {
                    continue;
                }
                let keeps = |r: &usize| {
                    promising[0][*r] <= self.type_one && promising[1][*r] >= self.power
                };
                if let Some(r) = (r1..=highest).find(keeps) {
                    best = Some(TwoStage {
                        first_at_most: r1 as u32,
                        first: first as u32,
                        all_at_most: r as u32,
                        all,
                        mean_patients: mean,
                    });
                }
            }
        }
        best
    }
}

/// The best design for every number of patients that allows one.
fn candidates(settings: &Settings) -> Result<Vec<TwoStage>, DesignError> {
    let Settings { null_rate, alternative_rate, type_one, power, max_patients, .. } = *settings;
    is_rate("null-rate", null_rate)?;
    within("alternative-rate", alternative_rate, alternative_rate > null_rate && alternative_rate < 1.0, || {
        format!("above the null rate {null_rate} and below 1")
    })?;
    is_rate("type-one", type_one)?;
    within("power", power, power > type_one && power < 1.0, || format!("above {type_one} and below 1"))?;
    within("max-patients", f64::from(max_patients), (2..=500).contains(&max_patients), || {
        "from 2 to 500".to_owned()
    })?;
    let search = Search::new(settings);
    let found: Vec<TwoStage> = (2..=max_patients).filter_map(|all| search.best_of(all)).collect();
    if found.is_empty() {
        return Err(DesignError::Settings(format!(
            "no two-stage design with at most {max_patients} patients keeps a type I error of \
             {type_one} and a power of {power}: raise `max-patients`"
        )));
    }
    Ok(found)
}

/// The admissible designs, from minimax to optimal.
pub fn admissible(settings: &Settings) -> Result<Vec<Admissible>, DesignError> {
    let found = candidates(settings)?;
    let optimal = optimum(&found);
    let mut result = Vec::new();
    let mut at = 0;
    let mut to = 1.0;
    loop {
        let here = found[at];
        // The next corner of the lower hull: the steepest fall of the mean per patient more.
        let mut next: Option<(usize, f64)> = None;
        for (place, other) in found.iter().enumerate().skip(at + 1) {
            let fall = (here.mean_patients - other.mean_patients) / f64::from(other.all - here.all);
            if fall > 0.0 && next.is_none_or(|(_, steepest)| fall > steepest + 1e-12) {
                next = Some((place, fall));
            }
        }
        let from = next.filter(|_| here != optimal).map_or(0.0, |(_, fall)| fall / (1.0 + fall));
        result.push(Admissible { design: here, from, to });
        match next {
            Some((place, _)) if here != optimal => at = place,
            _ => return Ok(result),
        }
        to = from;
    }
}

/// The fewest patients on average; of equal ones the smaller first stage.
fn optimum(found: &[TwoStage]) -> TwoStage {
    let mut best = found[0];
    for &other in &found[1..] {
        let by = other.mean_patients - best.mean_patients;
        if by < -SAME_SIZE || (by < SAME_SIZE && other.first < best.first) {
            best = other;
        }
    }
    best
}

/// The design with its bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Simon {
    settings: Settings,
    design: TwoStage,
    bounds: Bounds,
}

impl Simon {
    /// The design of checked settings.
    pub fn new(settings: &Settings) -> Result<Self, DesignError> {
        let design = match settings.kind {
            Kind::Optimal => optimum(&candidates(settings)?),
            Kind::Minimax => candidates(settings)?[0],
            Kind::Admissible { weight } => {
                within("weight", weight, (0.0..=1.0).contains(&weight), || "from 0 to 1".to_owned())?;
                let all = admissible(settings)?;
                let fits = |one: &&Admissible| weight >= one.from;
                all.iter().find(fits).expect("the optimal design reaches down to 0").design
            }
        };
        Ok(Self { settings: settings.clone(), bounds: design.bounds(), design })
    }

    /// The design found.
    pub fn two_stage(&self) -> TwoStage {
        self.design
    }
}

impl Design for Simon {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        step_by_looks(&self.bounds, known, reason)
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        let at = doses.first()?;
        (at.evaluable >= self.design.all && at.responses > self.design.all_at_most).then_some(0)
    }

    fn levels(&self) -> Option<usize> {
        Some(1)
    }

    fn outcomes(&self) -> Outcomes {
        Outcomes::Response
    }

    fn response_floor(&self) -> Option<f64> {
        Some(self.settings.alternative_rate)
    }

    fn describe(&self) -> String {
        let Settings { null_rate, alternative_rate, .. } = self.settings;
        let TwoStage { first_at_most, first, all_at_most, all, mean_patients } = self.design;
        let course = |rate: f64| self.bounds.course(rate);
        let kind = match self.settings.kind {
            Kind::Optimal => "optimal",
            Kind::Minimax => "minimax",
            Kind::Admissible { .. } => "admissible",
        };
        format!(
            "Simon's {kind} two-stage design treats {first} patients; with {first_at_most} or fewer \
             responses the trial stops for futility, otherwise {} more are treated. With more than \
             {all_at_most} responses in {all} patients the treatment is promising. At a response \
             rate of {null_rate} this happens with probability {:.4}, and {mean_patients:.1} \
             patients are treated on average; at {alternative_rate} it happens with probability \
             {:.4}.",
            all - first,
            course(null_rate).passed,
            course(alternative_rate).passed
        )
    }
}

/// The step of a design on responses that looks at fixed numbers of patients.
pub(super) fn step_by_looks(bounds: &Bounds, known: &Known, reason: &mut Reason) -> Step {
    let at = known.at();
    let seen = || format!("{} responses in {} evaluable patients", at.responses, at.evaluable);
    if let Some(look) = bounds.at(at.evaluable) {
        let is_last = look + 1 == bounds.looks.len();
        if let Some(low) = bounds.low[look].filter(|&low| at.responses <= low && !is_last) {
            reason.say(|| format!("{}; futile at {low} or fewer", seen()));
            return Step::end(Action::StopForFutility);
        }
        if let Some(high) = bounds.high[look].filter(|&high| at.responses >= high && !is_last) {
            reason.say(|| format!("{}; promising at {high} or more", seen()));
            return Step::end(Action::Finish);
        }
    }
    reason.say(seen);
    to_the_next_look(&bounds.looks, known, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_textbook_design_is_found() {
        // Simon 1989, table 1: 10 % against 30 %, errors 5 % and 20 %.
        let design = (ENTRY.from_toml)("null-rate = 0.1\nalternative-rate = 0.3").unwrap();
        let after = |n, responses| {
            let at = DoseCounts { responses, ..DoseCounts::of(n, 0) };
            let decision = design.decide(0, &[at]);
            (decision.action, decision.patients)
        };
        assert_eq!(after(0, 0), (Action::Stay, Some(10)));
        assert_eq!(after(10, 1), (Action::StopForFutility, None));
        assert_eq!(after(10, 2), (Action::Stay, Some(19)));
        assert_eq!(after(29, 6), (Action::Finish, None));
        let promising = DoseCounts { responses: 6, ..DoseCounts::of(29, 0) };
        assert_eq!(design.recommend(&[promising]), Some(0));
        assert_eq!(design.recommend(&[DoseCounts { responses: 5, ..promising }]), None);
    }

    #[test]
    fn settings_that_make_no_design_are_refused() {
        for (text, want) in [
            ("null-rate = 10\nalternative-rate = 0.3", "`null-rate` is 10"),
            ("null-rate = 0.3\nalternative-rate = 0.3", "`alternative-rate` is 0.3"),
            ("null-rate = 0.3\nalternative-rate = 0.32\nmax-patients = 40", "raise `max-patients`"),
            ("null-rate = 0.1\nalternative-rate = 0.3\npower = 0.01", "`power` is 0.01"),
        ] {
            let message = (ENTRY.from_toml)(text).unwrap_err().to_string();
            assert!(message.contains(want), "{message}");
        }
    }
}
