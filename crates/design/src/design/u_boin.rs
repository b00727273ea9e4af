//! U-BOIN: BOIN first, then the dose with the highest utility.
//!
//! Zhou, Lee and Yuan, Stat Med 2019;38:5299-5316.

use serde::{Deserialize, Serialize};

use super::boin::{Boin, Settings as BoinSettings};
use super::{Design, DesignError, Entry, Outcomes, suspended, within};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Reason, Step};
use crate::interval;
use crate::utility::{Admission, Utilities, best_of, isotonic_mtd};

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "u-boin",
    title: "U-BOIN",
    least: "toxicity-limit = 0.3\nresponse-limit = 0.25",
    from_toml: |text| Ok(Box::new(UBoin::new(toml::from_str(text)?)?)),
    in_force: |text| Ok(super::as_table(&toml::from_str::<Settings>(text)?)),
    conventions: &[
        "uniform Beta(1, 1) priors for both rates; a dose is closed when the probability reaches the cut-off, whatever its number of patients",
        "the first stage ends when any dose has `first-stage` patients; the second chooses among tried doses only",
        "ties of utility go to the lowest dose",
        "waits while any patient at any dose is in the window",
    ],
};

/// The weight of each outcome in the Dirichlet prior.
const PRIOR: f64 = 0.25;

/// The settings of the design.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The highest tolerable DLT rate, the target of the first stage.
    pub toxicity_limit: f64,
    /// The lowest acceptable response rate.
    pub response_limit: f64,
    /// The first stage ends once a dose has so many patients.
    #[serde(default = "default_first_stage")]
    pub first_stage: u32,
    /// Utility of neither DLT nor response; a response without DLT has 100, a DLT without response 0.
    #[serde(default = "default_neither")]
    pub utility_neither: f64,
    /// Utility of both.
    #[serde(default = "default_both")]
    pub utility_both: f64,
    /// A dose is too toxic when the probability that it exceeds the limit reaches this.
    #[serde(default = "default_toxic")]
    pub toxicity_cutoff: f64,
    /// A dose is futile when the probability that it is below the limit reaches this.
    #[serde(default = "default_futile")]
    pub futility_cutoff: f64,
}

fn default_first_stage() -> u32 {
    12
}

fn default_neither() -> f64 {
    40.0
}

fn default_both() -> f64 {
    60.0
}

fn default_toxic() -> f64 {
    0.95
}

fn default_futile() -> f64 {
    0.9
}

/// The design with the boundaries of its first stage.
#[derive(Debug, Clone, PartialEq)]
pub struct UBoin {
    settings: Settings,
    boin: Boin,
    utilities: Utilities,
    admission: Admission,
}

impl UBoin {
    /// The design of checked settings.
    pub fn new(settings: Settings) -> Result<Self, DesignError> {
        let boin = Boin::new(BoinSettings {
            elimination: settings.toxicity_cutoff,
            ..BoinSettings::new(settings.toxicity_limit)
        })?;
        let least = f64::from(settings.first_stage);
        within("first-stage", least, least >= 1.0, || "at least 1".to_owned())?;
        let utilities = Utilities::new(settings.utility_neither, settings.utility_both)?;
        let admission = Admission::new(
            (settings.toxicity_limit, settings.toxicity_cutoff),
            (settings.response_limit, settings.futility_cutoff),
        )?;
        Ok(Self { settings, boin, utilities, admission })
    }

    /// The posterior mean utility of a dose, 0 to 100.
    pub fn utility(&self, at: DoseCounts) -> f64 {
        let outcomes = at.outcomes().into_iter().zip(self.utilities.of);
        let sum: f64 = outcomes.map(|(count, utility)| (f64::from(count) + PRIOR) * utility).sum();
        sum / (f64::from(at.evaluable) + 4.0 * PRIOR)
    }

    /// The admissible tried dose with the highest utility; of equal ones the lowest.
    fn best(&self, doses: &[DoseCounts], highest: usize) -> Option<usize> {
        let open = self.admission.doses(doses);
        best_of(doses, |dose| {
            let may_be = dose <= highest && open[dose] && doses[dose].evaluable > 0;
            may_be.then(|| self.utility(doses[dose]))
        })
    }
}

impl Design for UBoin {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        let doses = &known.doses;
        if doses.iter().any(|dose| dose.pending > 0) {
            return suspended(doses, reason);
        }
        if doses.iter().all(|dose| dose.evaluable < self.settings.first_stage) {
            return interval::step(&self.boin, known, reason);
        }
        let Some(next) = self.best(doses, doses.len()) else {
            reason.say(|| "no tried dose is admissible".to_owned());
            let is_toxic = self.admission.is_toxic(doses[0]);
            let action = if is_toxic { Action::StopForSafety } else { Action::StopForFutility };
            return Step::end(action);
        };
        reason.say(|| {
            let utility = self.utility(doses[next]);
            format!("dose {} has the highest mean utility, {utility:.1} of 100", next + 1)
        });
        Step::to(known.level, next)
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        self.best(doses, isotonic_mtd(doses, self.settings.toxicity_limit)?)
    }

    fn outcomes(&self) -> Outcomes {
        Outcomes::ToxicityAndResponse
    }

    fn response_floor(&self) -> Option<f64> {
        Some(self.settings.response_limit)
    }

    fn describe(&self) -> String {
        let Settings { toxicity_limit, response_limit, first_stage, .. } = self.settings;
        format!(
            "U-BOIN has two stages. The first is BOIN with the target DLT rate {toxicity_limit}, \
             until a dose has {first_stage} patients. In the second, each cohort gets the admissible \
             tried dose with the highest posterior mean utility: 100 for a response without DLT, {} \
             for neither, {} for both, 0 for a DLT without response (Dirichlet prior with the weight \
             of one patient). A dose is admissible while the posterior probability that its DLT rate \
             exceeds {toxicity_limit} is below {} and that its response rate is below \
             {response_limit} is below {}. The optimal biological dose is the admissible dose with \
             the highest utility, not above the dose whose isotonic DLT rate is nearest to \
             {toxicity_limit}.",
            self.settings.utility_neither,
            self.settings.utility_both,
            self.settings.toxicity_cutoff,
            self.settings.futility_cutoff
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn design() -> UBoin {
        UBoin::new(toml::from_str(ENTRY.least).unwrap()).unwrap()
    }

    #[test]
    fn the_first_stage_is_boin_whatever_the_responses() {
        let boin = Boin::new(BoinSettings::new(0.3)).unwrap();
        for dlts in 0..=6 {
            for responses in [0, 3] {
                let doses = [
                    DoseCounts::of(3, 0),
                    DoseCounts { responses, ..DoseCounts::of(6, dlts) },
                    DoseCounts::default(),
                ];
                let (got, want) = (design().decide(1, &doses), boin.decide(1, &doses));
                assert_eq!((got.action, got.next_level), (want.action, want.next_level));
            }
        }
    }

    /// The mean utility again, by integrating over the Dirichlet posterior one cell after another:
    /// the share of a cell in what is left is Beta distributed.
    fn by_sticks(at: DoseCounts) -> f64 {
        let weights = at.outcomes().map(|count| f64::from(count) + 0.25);
        let utilities = [40.0, 100.0, 0.0, 60.0];
        let mut left = 1.0;
        let mut rest: f64 = weights.iter().sum();
        let mut mean = 0.0;
        for (weight, utility) in weights.into_iter().zip(utilities) {
            let share = if rest > weight {
                // On the scale of log odds, where the density has no poles.
                let density = |log_odds: f64| {
                    use crate::skeleton::logistic;
                    use stats::math::{exp, ln};
                    let (a, b) = (weight, rest - weight);
                    let (x, other) = (logistic(log_odds), logistic(-log_odds));
                    x * exp(a * ln(x) + b * ln(other) - stats::special::ln_beta(a, b))
                };
                stats::quadrature::integrate(&density, -160.0, 160.0, 1e-11)
            } else {
                1.0
            };
            mean += left * share * utility;
            left *= 1.0 - share;
            rest -= weight;
        }
        mean
    }

    #[test]
    fn utilities_are_those_of_another_computation() {
        for outcomes in [[3, 0, 0, 0], [1, 5, 2, 4], [0, 0, 3, 0], [7, 2, 1, 2]] {
            let at = DoseCounts::of_outcomes(outcomes);
            let (got, want) = (design().utility(at), by_sticks(at));
            assert!((got - want).abs() < 1e-7, "{outcomes:?}: {got} for {want}");
        }
    }

    #[test]
    fn the_second_stage_goes_to_the_highest_utility() {
        let doses = [
            DoseCounts::of_outcomes([5, 1, 0, 0]),
            DoseCounts::of_outcomes([2, 8, 1, 1]),
            DoseCounts::of_outcomes([3, 2, 1, 0]),
            DoseCounts::default(),
        ];
        assert_eq!(design().decide(2, &doses).next_level, Some(1));
        assert_eq!(design().recommend(&doses), Some(1));
        let futile = [DoseCounts::of_outcomes([12, 0, 0, 0]), DoseCounts::default()];
        assert_eq!(design().decide(0, &futile).action, Action::StopForFutility);
    }
}
