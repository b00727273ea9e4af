//! BOIN-ET: intervals for toxicity and response.
//!
//! Takeda, Taguri and Morita, Pharm Stat 2018;17:383-395; boundaries by the grid of the R package
//! boinet 1.5.0.

use serde::{Deserialize, Serialize};

use super::{Design, DesignError, Entry, Outcomes, is_rate, suspended, within};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Reason, Step};
use crate::isotonic::pooled;
use crate::outcome::binomial;
use crate::utility::{Admission, best_of};

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "boin-et",
    title: "BOIN-ET",
    least: "",
    from_toml: |text| Ok(Box::new(BoinEt::new(toml::from_str(text)?)?)),
    in_force: |text| {
        let mut table = super::boin_table(&toml::from_str::<Settings>(text)?, 0.1);
        super::follows(&mut table, "low-response", 0.6, "response");
        Ok(table)
    },
    conventions: &[
        "uniform Beta(1, 1) priors for both rates; a dose is closed when the probability reaches the cut-off, whatever its number of patients",
        "the boundaries come from the published grid (R package boinet 1.5.0); `corrected = true` repairs one term of it",
        "among neighbours with equally many responses the lowest is taken; the package draws one at random",
        "waits while any patient at any dose is in the window",
    ],
};

/// A rate this close to a boundary is on it.
const SAME_RATE: f64 = 1e-12;

/// The number of patients for which the boundaries are best.
const PATIENTS: u32 = 100;

/// The settings of the design.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// The DLT rate aimed at (phi).
    pub target: f64,
    /// The highest DLT rate that is too low (phi1); 0.1 of the target if left out.
    pub underdosing: Option<f64>,
    /// The lowest DLT rate that is too high (phi2); 1.4 of the target if left out.
    pub overdosing: Option<f64>,
    /// The response rate aimed at (delta).
    pub response: f64,
    /// The highest response rate that is too low (delta1); 0.6 of the one aimed at if left out.
    pub low_response: Option<f64>,
    /// Whether one term of the error is corrected, in which the published grid has another bound.
    pub corrected: bool,
    /// A dose is too toxic when the probability that it exceeds the target is above this.
    pub toxicity_cutoff: f64,
    /// A dose is futile when the probability of a response rate below the low one is above this.
    pub futility_cutoff: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            target: 0.3,
            underdosing: None,
            overdosing: None,
            response: 0.6,
            low_response: None,
            corrected: false,
            toxicity_cutoff: 0.95,
            futility_cutoff: 0.99,
        }
    }
}

/// The design with its boundaries.
#[derive(Debug, Clone, PartialEq)]
pub struct BoinEt {
    settings: Settings,
    admission: Admission,
    boundaries: Boundaries,
}

/// The boundaries of the observed rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Boundaries {
    /// A DLT rate up to this is low.
    pub lambda_1: f64,
    /// A DLT rate from this on is high.
    pub lambda_2: f64,
    /// A response rate up to this is low.
    pub eta_1: f64,
}

/// The probability of at most so many of a hundred events, a fraction rounded down.
struct AtMost(Vec<f64>);

impl AtMost {
    fn new(rate: f64) -> Self {
        let mut sum = 0.0;
        let add = |cell: f64| {
            sum += cell;
            sum
        };
        Self(binomial(PATIENTS, rate).into_iter().map(add).collect())
    }

    fn at(&self, events: f64) -> f64 {
        let events = (events + 1e-7).floor();
        if events < 0.0 { 0.0 } else { self.0[(events as usize).min(PATIENTS as usize)] }
    }
}

impl Boundaries {
    /// The boundaries with the smallest probability of a wrong decision over the hypotheses of the
    /// paper, on grids of one per cent.
    fn search(phi: [f64; 3], delta: [f64; 2], is_corrected: bool) -> Self {
        let grid = |from: f64, to: f64| -> Vec<f64> {
            let steps = ((to - from) / 0.01 + 1e-10).floor() as u32;
            (0..=steps).map(|step| from + 0.01 * f64::from(step)).collect()
        };
        let [phi, phi_1, phi_2] = phi;
        let toxicity = [phi, phi_1, phi_2].map(AtMost::new);
        let response = delta.map(AtMost::new);
        let size = f64::from(PATIENTS);
        let mut best: Option<(Self, f64)> = None;
        for eta_1 in grid(delta[1], delta[0]) {
            let [good, poor] = [response[0].at(size * eta_1), response[1].at(size * eta_1)];
            for lambda_2 in grid(phi, phi_2) {
                let high = [0, 1, 2].map(|which: usize| toxicity[which].at(size * lambda_2 - 1.0));
                for lambda_1 in grid(phi_1, phi) {
                    let low = [0, 1, 2].map(|which: usize| toxicity[which].at(size * lambda_1));
                    let between = [0, 1, 2].map(|which: usize| high[which] - low[which]);
                    // The published grid subtracts the probability at phi 1 here.
                    let on_target = if is_corrected { between[0] } else { high[0] - low[1] };
                    let explored = 2.0 / 3.0;
                    let error = low[1] * (1.0 - poor)
                        + explored * between[1] * poor
                        + between[1] * (1.0 - poor)
                        + (1.0 - high[1])
                        + low[1] * good
                        + explored * between[1] * good
                        + (1.0 - high[1])
                        + low[0] * good
                        + explored * on_target * good
                        + (1.0 - high[0])
                        + 2.0 * low[2]
                        + explored * between[2] * (poor + good)
                        + between[2] * (2.0 - poor - good);
                    if best.is_none_or(|(_, least)| error < least - 1e-13) {
                        best = Some((Self { lambda_1, lambda_2, eta_1 }, error));
                    }
                }
            }
        }
        best.expect("every grid has a first point").0
    }
}

impl BoinEt {
    /// The design of checked settings.
    pub fn new(settings: Settings) -> Result<Self, DesignError> {
        let Settings { target, response, corrected, .. } = settings;
        is_rate("target", target)?;
        is_rate("response", response)?;
        let phi_1 = settings.underdosing.unwrap_or(0.1 * target);
        let phi_2 = settings.overdosing.unwrap_or(1.4 * target);
        let delta_1 = settings.low_response.unwrap_or(0.6 * response);
        within("underdosing", phi_1, phi_1 > 0.0 && phi_1 < target, || {
            format!("above 0 and below the target {target}")
        })?;
        within("overdosing", phi_2, phi_2 > target && phi_2 < 1.0, || {
            format!("above the target {target} and below 1")
        })?;
        within("low-response", delta_1, delta_1 > 0.0 && delta_1 < response, || {
            format!("above 0 and below {response}")
        })?;
        let admission = Admission::new(
            (target, settings.toxicity_cutoff),
            (delta_1, settings.futility_cutoff),
        )?;
        let boundaries =
            Boundaries::search([target, phi_1, phi_2], [response, delta_1], corrected);
        Ok(Self { settings, admission, boundaries })
    }

    /// The boundaries.
    pub fn boundaries(&self) -> Boundaries {
        self.boundaries
    }

    /// The level wanted by the rates at the current dose; below the lowest is `None`.
    fn wanted(&self, level: usize, doses: &[DoseCounts]) -> Option<usize> {
        let Boundaries { lambda_1, lambda_2, eta_1 } = self.boundaries;
        let at = doses[level];
        let patients = f64::from(at.evaluable);
        let (toxicity, response) = (f64::from(at.dlts) / patients, f64::from(at.responses) / patients);
        let is_good = response > eta_1 + SAME_RATE;
        if toxicity >= lambda_2 - SAME_RATE {
            return level.checked_sub(1);
        }
        if is_good {
            return Some(level);
        }
        let top = doses.len() - 1;
        if toxicity <= lambda_1 + SAME_RATE {
            return Some((level + 1).min(top));
        }
        if level < top && doses[level + 1].evaluable == 0 {
            return Some(level + 1);
        }
        // The dose with the most responses among the neighbours; of equal ones the lowest.
        let rate = |dose: usize| {
            f64::from(doses[dose].responses) / f64::from(doses[dose].evaluable.max(1))
        };
        let mut best = level.saturating_sub(1);
        for dose in best + 1..=(level + 1).min(top) {
            if rate(dose) > rate(best) + SAME_RATE {
                best = dose;
            }
        }
        Some(best)
    }
}

impl Design for BoinEt {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        let (level, doses, at) = (known.level, &known.doses, known.at());
        if doses.iter().any(|dose| dose.pending > 0) {
            return suspended(doses, reason);
        }
        if at.evaluable == 0 {
            reason.say(|| "no patient is evaluable yet".to_owned());
            return Step::to(level, level);
        }
        reason.say(|| {
            let Boundaries { lambda_1, lambda_2, eta_1 } = self.boundaries;
            format!(
                "{} DLTs and {} responses in {} patients; DLT rates up to {lambda_1:.2} are low and \
                 from {lambda_2:.2} high, response rates up to {eta_1:.2} low",
                at.dlts, at.responses, at.evaluable
            )
        });
        let open = self.admission.doses(doses);
        let wanted = self.wanted(level, doses);
        let next = match wanted {
            None => Some(0).filter(|_| open[0]),
            Some(wanted) if open[wanted] => Some(wanted),
            Some(wanted) if wanted > level => {
                (wanted..doses.len()).find(|&dose| open[dose]).or(Some(level).filter(|_| open[level]))
            }
            Some(wanted) => (0..wanted).rev().find(|&dose| open[dose]),
        };
        if let Some(next) = next {
            return Step::to(level, next);
        }
        reason.add(|| "; no admissible dose is left".to_owned());
        let is_toxic = self.admission.is_toxic(doses[0]);
        Step::end(if is_toxic { Action::StopForSafety } else { Action::StopForFutility })
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        let tried: Vec<usize> = (0..doses.len()).filter(|&d| doses[d].evaluable > 0).collect();
        let rate = |count: u32, dose: usize| f64::from(count) / f64::from(doses[dose].evaluable);
        let rates: Vec<(f64, f64)> = tried.iter().map(|&d| (rate(doses[d].dlts, d), 1.0)).collect();
        let target = self.settings.target;
        let mut mtd: Option<(usize, f64)> = None;
        for (place, (&dose, pooled)) in tried.iter().zip(pooled(&rates)).enumerate() {
            let distance = (pooled + (place + 1) as f64 * 1e-10 - target).abs();
            if mtd.is_none_or(|(_, least)| distance < least) {
                mtd = Some((dose, distance));
            }
        }
        let (mtd, _) = mtd?;
        let open = self.admission.doses(doses);
        best_of(doses, |dose| {
            let may_be = dose <= mtd && open[dose] && doses[dose].evaluable > 0;
            may_be.then(|| rate(doses[dose].responses, dose))
        })
    }

    fn outcomes(&self) -> Outcomes {
        Outcomes::ToxicityAndResponse
    }

    fn response_floor(&self) -> Option<f64> {
        Some(self.settings.low_response.unwrap_or(0.6 * self.settings.response))
    }

    fn describe(&self) -> String {
        let Boundaries { lambda_1, lambda_2, eta_1 } = self.boundaries;
        let Settings { target, response, .. } = self.settings;
        format!(
            "BOIN-ET aims at a DLT rate of {target} and a response rate of {response}. When the \
             observed DLT rate at the current dose is {lambda_2:.2} or more, the dose is \
             de-escalated. Otherwise it is kept when the response rate is above {eta_1:.2}. With \
             fewer responses it is escalated when the DLT rate is {lambda_1:.2} or less; in between, \
             the dose above is tried if it is untried, else the one with the most responses among \
             the current dose and its neighbours is next. Doses that are probably too toxic (and \
             all above) or futile are left out. The optimal biological dose is the admissible dose \
             with the highest response rate, not above the dose whose isotonic DLT rate is nearest \
             to the target."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(evaluable: u32, dlts: u32, responses: u32) -> DoseCounts {
        DoseCounts { responses, ..DoseCounts::of(evaluable, dlts) }
    }

    #[test]
    fn the_rates_at_the_current_dose_decide() {
        let design = BoinEt::new(Settings::default()).unwrap();
        let next = |dose, above| {
            design.decide(1, &[at(3, 0, 1), dose, above]).next_level
        };
        let untried = DoseCounts::default();
        assert_eq!(next(at(6, 0, 1), untried), Some(2));
        assert_eq!(next(at(6, 1, 4), untried), Some(1));
        assert_eq!(next(at(6, 3, 4), untried), Some(0));
        // Between the boundaries with few responses: the untried dose, else the best neighbour.
        assert_eq!(next(at(6, 1, 1), untried), Some(2));
        assert_eq!(next(at(6, 1, 1), at(3, 1, 0)), Some(0));
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        for (text, setting) in [
            ("target = 30", "target"),
            ("underdosing = 0.4", "underdosing"),
            ("overdosing = 0.2", "overdosing"),
            ("low-response = 0.7", "low-response"),
        ] {
            let message = (ENTRY.from_toml)(text).unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{setting}` is ")), "{message}");
        }
    }
}
