//! BOIN12: the optimal biological dose by a utility of toxicity and response.
//!
//! Lin, Zhou, Yan, Li and Yuan, JCO Precis Oncol 2020;4:1393-1402.

use serde::{Deserialize, Serialize};

use super::boin::boundaries_of;
use super::{Design, DesignError, Entry, Outcomes, suspended, within};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Reason, Step};
use crate::utility::{Admission, Utilities, best_of, isotonic_mtd};

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "boin12",
    title: "BOIN12",
    least: "toxicity-limit = 0.35\nresponse-limit = 0.25",
    from_toml: |text| Ok(Box::new(Boin12::new(toml::from_str(text)?)?)),
    in_force: |text| Ok(super::as_table(&toml::from_str::<Settings>(text)?)),
    conventions: &[
        "uniform Beta(1, 1) priors for both rates; a dose is closed when the probability reaches the cut-off, whatever its number of patients",
        "a DLT rate equal to the de-escalation boundary de-escalates; ties of desirability go to the higher dose",
        "the isotonic DLT rates of the recommendation are weighed by patients; ties of utility go to the lowest dose",
        "waits while any patient at any dose is in the window",
    ],
};

/// A rate this close to a boundary is on it.
const SAME_RATE: f64 = 1e-12;

/// The settings of the design.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The highest tolerable DLT rate (phi T).
    pub toxicity_limit: f64,
    /// The lowest acceptable response rate (phi E).
    pub response_limit: f64,
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
    /// With this many patients or more, escalation needs a DLT rate at the escalation boundary.
    #[serde(default = "default_enough")]
    pub enough_to_judge: u32,
    /// Patients at a dose from which an untried dose above is tried if toxicity allows; never if
    /// left out.
    #[serde(default)]
    pub explore_from: Option<u32>,
    /// The trial ends once a dose has so many patients; never if left out.
    #[serde(default)]
    pub max_per_dose: Option<u32>,
    /// While a cohort is under evaluation, patients who come are treated at the most desirable
    /// admissible lower dose with a response and fewer patients than this; never if left out.
    #[serde(default)]
    pub backfill_most: Option<u32>,
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

fn default_enough() -> u32 {
    6
}

impl Settings {
    /// The default settings for the limits of toxicity and response.
    pub fn new(toxicity_limit: f64, response_limit: f64) -> Self {
        Self {
            toxicity_limit,
            response_limit,
            utility_neither: default_neither(),
            utility_both: default_both(),
            toxicity_cutoff: default_toxic(),
            futility_cutoff: default_futile(),
            enough_to_judge: default_enough(),
            explore_from: None,
            max_per_dose: None,
            backfill_most: None,
        }
    }
}

/// The design with its boundaries and benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct Boin12 {
    settings: Settings,
    utilities: Utilities,
    admission: Admission,
    lambda_e: f64,
    lambda_d: f64,
    benchmark: f64,
}

/// One row of the table of rank-based desirability scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreRow {
    /// Evaluable patients.
    pub evaluable: u32,
    /// Patients with a DLT.
    pub dlts: u32,
    /// Patients with a response.
    pub responses: u32,
    /// The rank of the desirability, 1 the worst; `None` if the dose is not admissible.
    pub score: Option<f64>,
}

impl Boin12 {
    /// The design of checked settings.
    pub fn new(settings: Settings) -> Result<Self, DesignError> {
        let limit = settings.toxicity_limit;
        within("toxicity-limit", limit, (0.05..=0.6).contains(&limit), || {
            "between 0.05 and 0.6".to_owned()
        })?;
        let utilities = Utilities::new(settings.utility_neither, settings.utility_both)?;
        let admission = Admission::new(
            (limit, settings.toxicity_cutoff),
            (settings.response_limit, settings.futility_cutoff),
        )?;
        let (lambda_e, lambda_d) = boundaries_of(limit, 0.6 * limit, 1.4 * limit);
        let benchmark = utilities.benchmark(limit, settings.response_limit);
        Ok(Self { settings, utilities, admission, lambda_e, lambda_d, benchmark })
    }

    /// The utility, 0 to 100, that a dose should exceed.
    pub fn benchmark(&self) -> f64 {
        self.benchmark
    }

    /// Which doses are admissible.
    pub fn admissible(&self, doses: &[DoseCounts]) -> Vec<bool> {
        self.admission.doses(doses)
    }

    /// The posterior probability that the mean utility of a dose exceeds the benchmark.
    pub fn desirability(&self, at: DoseCounts) -> f64 {
        self.utilities.exceeds(at, self.benchmark)
    }

    /// The table of rank-based desirability scores for 0, `cohort`, ... up to `most` patients.
    ///
    /// Only where both utilities add up to 100 do the counts of DLTs and of responses say enough.
    pub fn scores(&self, cohort: u32, most: u32) -> Result<Vec<ScoreRow>, DesignError> {
        let (neither, both) = (self.settings.utility_neither, self.settings.utility_both);
        if (neither + both - 100.0).abs() > 1e-9 {
            return Err(DesignError::Settings(format!(
                "the utilities {neither} and {both} do not add up to 100, so the numbers of DLTs \
                 and of responses do not say how desirable a dose is: there is no table of scores"
            )));
        }
        let mut rows = Vec::new();
        for evaluable in (0..=most).step_by(cohort.max(1) as usize) {
            for (dlts, responses) in
                (0..=evaluable).flat_map(|dlts| (0..=evaluable).map(move |eff| (dlts, eff)))
            {
                // As few patients with both as can be: which ones does not matter here.
                let both = (dlts + responses).saturating_sub(evaluable);
                let at = DoseCounts { responses, responses_with_dlt: both, ..DoseCounts::of(evaluable, dlts) };
                let is_admissible = !self.admission.is_toxic(at) && !self.admission.is_futile(at);
                let score = is_admissible.then(|| self.desirability(at));
                rows.push(ScoreRow { evaluable, dlts, responses, score });
            }
        }
        let mut order: Vec<f64> = rows.iter().filter_map(|row| row.score).collect();
        order.sort_by(f64::total_cmp);
        for row in &mut rows {
            row.score = row.score.map(|score| {
                let below = order.partition_point(|&other| other < score - 1e-12);
                let up_to = order.partition_point(|&other| other <= score + 1e-12);
                // The mean rank of equal scores.
                0.5 * (below + 1 + up_to) as f64
            });
        }
        Ok(rows)
    }

    /// The level of the next patients; `None` if no dose may be given.
    fn next(&self, level: usize, doses: &[DoseCounts]) -> Option<usize> {
        let open = self.admissible(doses);
        let at = doses[level];
        let below = (0..level).rev().find(|&dose| open[dose]);
        let above = (level + 1..doses.len()).find(|&dose| open[dose]);
        let here = open[level].then_some(level);
        let patients = f64::from(at.evaluable);
        let dlts = f64::from(at.dlts);
        if at.evaluable > 0 && dlts >= patients * self.lambda_d - SAME_RATE {
            return below.or(here);
        }
        let is_high = dlts > patients * self.lambda_e + SAME_RATE;
        let is_barred = is_high && at.evaluable >= self.settings.enough_to_judge;
        let mut best: Option<(usize, f64)> = None;
        for dose in [below, here, above.filter(|_| !is_barred)].into_iter().flatten() {
            let desirability = self.desirability(doses[dose]);
            // Ties go to the higher dose.
            if best.is_none_or(|(_, most)| desirability >= most - 1e-12) {
                best = Some((dose, desirability));
            }
        }
        let explores = self.settings.explore_from.is_some_and(|from| at.evaluable >= from);
        if best.is_some() && explores && above.is_some_and(|dose| doses[dose].evaluable == 0) {
            return above;
        }
        best.map(|(dose, _)| dose)
    }
}

impl Design for Boin12 {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        let (level, doses, at) = (known.level, &known.doses, known.at());
        // Backfilled patients at other doses are not waited for.
        let waits_for_all = self.settings.backfill_most.is_none();
        if at.pending > 0 || (waits_for_all && doses.iter().any(|dose| dose.pending > 0)) {
            return suspended(doses, reason);
        }
        if doses.iter().all(|dose| dose.evaluable == 0) {
            reason.say(|| "no patient is evaluable yet".to_owned());
            return Step::to(level, level);
        }
        if self.settings.max_per_dose.is_some_and(|most| at.evaluable >= most) {
            reason.say(|| format!("{} patients were treated at this dose", at.evaluable));
            return Step::end(Action::Finish);
        }
        let seen = || format!("{} DLTs and {} responses in {} patients", at.dlts, at.responses, at.evaluable);
        let Some(next) = self.next(level, doses) else {
            let is_toxic = doses.first().is_some_and(|&lowest| self.admission.is_toxic(lowest));
            let (action, why) = if is_toxic {
                (Action::StopForSafety, "the lowest dose is too toxic")
            } else {
                (Action::StopForFutility, "no dose may be given")
            };
            reason.say(|| format!("{}; {why}", seen()));
            return Step::end(action);
        };
        reason.say(|| {
            let desirability = 100.0 * self.desirability(doses[next]);
            format!(
                "{}; the mean utility of dose {} exceeds {:.1} with probability {desirability:.0} %",
                seen(),
                next + 1,
                self.benchmark
            )
        });
        Step::to(level, next)
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        let mtd = isotonic_mtd(doses, self.settings.toxicity_limit)?;
        let open = self.admissible(doses);
        best_of(doses, |dose| {
            (dose <= mtd && open[dose] && doses[dose].evaluable > 0)
                .then(|| self.utilities.mean(doses[dose]))
        })
    }

    fn backfill(&self, known: &Known, assigned: &[u32]) -> Option<usize> {
        let most = self.settings.backfill_most?;
        let doses = &known.doses;
        let open = self.admissible(doses);
        best_of(&doses[..known.level], |dose| {
            let may_be = open[dose] && doses[dose].responses > 0 && assigned[dose] < most;
            may_be.then(|| self.desirability(doses[dose]))
        })
    }

    fn outcomes(&self) -> Outcomes {
        Outcomes::ToxicityAndResponse
    }

    fn response_floor(&self) -> Option<f64> {
        Some(self.settings.response_limit)
    }

    fn describe(&self) -> String {
        let Settings { toxicity_limit, response_limit, enough_to_judge, .. } = self.settings;
        let backfill = self.settings.backfill_most.map_or(String::new(), |most| {
            format!(
                " While a cohort is under evaluation, patients who come are treated at the most \
                 desirable admissible lower dose where a response was seen and fewer than {most} \
                 patients were treated."
            )
        });
        format!(
            "BOIN12 looks for the optimal biological dose. A response without DLT has the utility \
             100, neither {}, both {}, and a DLT without response 0. A dose is admissible while the \
             posterior probability that its DLT rate exceeds {toxicity_limit} is below {} and that \
             its response rate is below {response_limit} is below {} (uniform priors); a dose too \
             toxic closes all above it. When the observed DLT rate at the current dose is {:.4} or \
             more, the next cohort gets the nearest admissible dose below. Otherwise it gets, among \
             the nearest admissible doses below and above and the current one, the dose with the \
             highest posterior probability that its mean utility exceeds {:.1}; the dose above is \
             left out once {enough_to_judge} patients were treated and the DLT rate is above \
             {:.4}. At the end, the admissible dose with the highest mean utility, not above the \
             dose whose isotonic DLT rate is nearest to {toxicity_limit}, is recommended.{backfill}",
            self.settings.utility_neither,
            self.settings.utility_both,
            self.settings.toxicity_cutoff,
            self.settings.futility_cutoff,
            self.lambda_d,
            self.benchmark,
            self.lambda_e
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_need_utilities_that_add_up() {
        let settings = Settings { utility_both: 50.0, ..Settings::new(0.35, 0.25) };
        let design = Boin12::new(settings).unwrap();
        assert!(design.scores(3, 6).unwrap_err().to_string().contains("do not add up to 100"));
    }

    #[test]
    fn a_toxic_lowest_dose_and_a_futile_only_dose_end_the_trial() {
        let design = Boin12::new(Settings::new(0.35, 0.25)).unwrap();
        let toxic = [DoseCounts::of(6, 6), DoseCounts::default()];
        assert_eq!(design.decide(0, &toxic).action, Action::StopForSafety);
        let futile = [DoseCounts::of(20, 0)];
        assert_eq!(design.decide(0, &futile).action, Action::StopForFutility);
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        for (text, setting) in [
            ("toxicity-limit = 35\nresponse-limit = 0.25", "toxicity-limit"),
            ("toxicity-limit = 0.35\nresponse-limit = 25", "response-limit"),
            ("toxicity-limit = 0.3\nresponse-limit = 0.2\nutility-both = 120", "utility-both"),
        ] {
            let message = (ENTRY.from_toml)(text).unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{setting}` is ")), "{message}");
        }
    }
}
