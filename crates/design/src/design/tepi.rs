//! The toxicity and efficacy probability interval design (TEPI).
//!
//! Li, Whitmore, Guo and Ji, Clin Cancer Res 2017;23:13-20.

use serde::{Deserialize, Serialize};
use stats::special::beta_cdf;

use super::{Design, DesignError, Entry, Outcomes, is_rate, suspended, within};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Reason, Step};
use crate::posterior::exceeds;
use crate::utility::best_of;

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "tepi",
    title: "TEPI",
    least: "",
    from_toml: |text| Ok(Box::new(Tepi::new(toml::from_str(text)?)?)),
    in_force: |text| Ok(super::as_table(&toml::from_str::<Settings>(text)?)),
    conventions: &[
        "uniform priors, both rates independent; of equally heavy intervals the lower decides",
        "no dose with fewer than `exclusion-min-patients` is excluded (assumed)",
        "the mean utility is exact, where the paper draws it at random",
        "waits while any patient at any dose is in the window",
    ],
};

/// The settings of the design; the defaults are those of the paper.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// Where the intervals of the DLT rate end, without 0 and 1.
    pub toxicity_edges: Vec<f64>,
    /// Where the intervals of the response rate end, without 0 and 1.
    pub response_edges: Vec<f64>,
    /// The decisions: one row per interval of the DLT rate, lowest first, with one letter (E, S or
    /// D) per interval of the response rate, lowest first.
    pub decisions: Vec<String>,
    /// The highest tolerable DLT rate.
    pub toxicity_limit: f64,
    /// The lowest acceptable response rate.
    pub response_limit: f64,
    /// A dose and all above are excluded when the probability of exceeding the limit is above this.
    pub toxicity_cutoff: f64,
    /// A dose is excluded when the probability of exceeding the lowest response rate is below this.
    pub response_cutoff: f64,
    /// No dose with fewer patients is excluded (assumed).
    pub exclusion_min_patients: u32,
    /// The utility of toxicity falls from 1 at the first to 0 at the second DLT rate.
    pub utility_toxicity: [f64; 2],
    /// The utility of response rises from 0 at the first to 1 at the second response rate.
    pub utility_response: [f64; 2],
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            toxicity_edges: vec![0.15, 0.33, 0.40],
            response_edges: vec![0.2, 0.4, 0.6],
            decisions: ["EEEE", "EEES", "DSSS", "DDDD"].map(str::to_owned).to_vec(),
            toxicity_limit: 0.4,
            response_limit: 0.2,
            toxicity_cutoff: 0.95,
            response_cutoff: 0.3,
            exclusion_min_patients: 3,
            utility_toxicity: [0.15, 0.4],
            utility_response: [0.2, 0.6],
        }
    }
}

/// The design with its table.
#[derive(Debug, Clone, PartialEq)]
pub struct Tepi {
    settings: Settings,
    table: Vec<Vec<Action>>,
}

impl Tepi {
    /// The design of checked settings.
    pub fn new(settings: Settings) -> Result<Self, DesignError> {
        for (name, edges) in [
            ("toxicity-edges", &settings.toxicity_edges[..]),
            ("response-edges", &settings.response_edges[..]),
            ("utility-toxicity", &settings.utility_toxicity[..]),
            ("utility-response", &settings.utility_response[..]),
        ] {
            let mut before = 0.0;
            for &edge in edges {
                within(name, edge, edge > before && edge < 1.0, || {
                    format!("above {before} and below 1: edges rise")
                })?;
                before = edge;
            }
        }
        is_rate("toxicity-limit", settings.toxicity_limit)?;
        is_rate("response-limit", settings.response_limit)?;
        is_rate("toxicity-cutoff", settings.toxicity_cutoff)?;
        is_rate("response-cutoff", settings.response_cutoff)?;
        let rows = settings.toxicity_edges.len() + 1;
        let columns = settings.response_edges.len() + 1;
        let letter = |letter: char| match letter {
            'E' => Ok(Action::Escalate),
            'S' => Ok(Action::Stay),
            'D' => Ok(Action::DeEscalate),
            other => Err(DesignError::Settings(format!(
                "`decisions` has the letter `{other}`; use E, S and D"
            ))),
        };
        let row = |text: &String| text.chars().map(letter).collect::<Result<Vec<_>, _>>();
        let table = settings.decisions.iter().map(row).collect::<Result<Vec<_>, _>>()?;
        if table.len() != rows || table.iter().any(|row| row.len() != columns) {
            return Err(DesignError::Settings(format!(
                "`decisions` must have {rows} rows of {columns} letters, one per interval"
            )));
        }
        Ok(Self { settings, table })
    }

    /// The decision by the counts at a dose: the pair of intervals with the highest joint unit
    /// probability mass.
    pub fn decision(&self, at: DoseCounts) -> Action {
        let strongest = |hits: u32, edges: &[f64]| {
            let (a, b) = (f64::from(hits) + 1.0, f64::from(at.evaluable - hits) + 1.0);
            let mut best = (0, f64::NEG_INFINITY);
            let mut low = 0.0;
            let mut below = 0.0;
            for (place, &high) in edges.iter().chain([1.0].iter()).enumerate() {
                let up_to = beta_cdf(high, a, b);
                let mass = (up_to - below) / (high - low);
                if mass > best.1 + 1e-13 {
                    best = (place, mass);
                }
                (low, below) = (high, up_to);
            }
            best.0
        };
        // Both posteriors are independent, so the highest product is that of the highest factors.
        let row = strongest(at.dlts, &self.settings.toxicity_edges);
        let column = strongest(at.responses, &self.settings.response_edges);
        self.table[row][column]
    }

    /// The lowest dose excluded for toxicity; the number of doses if there is none.
    fn first_toxic(&self, doses: &[DoseCounts]) -> usize {
        let Settings { toxicity_limit, toxicity_cutoff, exclusion_min_patients, .. } = self.settings;
        let is_toxic = |dose: &DoseCounts| {
            dose.evaluable >= exclusion_min_patients
                && exceeds(dose.dlts, dose.evaluable, toxicity_limit) > toxicity_cutoff
        };
        doses.iter().position(is_toxic).unwrap_or(doses.len())
    }

    fn is_futile(&self, at: DoseCounts) -> bool {
        let Settings { response_limit, response_cutoff, exclusion_min_patients, .. } = self.settings;
        at.evaluable >= exclusion_min_patients
            && exceeds(at.responses, at.evaluable, response_limit) < response_cutoff
    }

    /// Which doses may be given.
    pub fn admissible(&self, doses: &[DoseCounts]) -> Vec<bool> {
        let first = self.first_toxic(doses);
        let levels = doses.iter().enumerate();
        levels.map(|(level, &dose)| level < first && !self.is_futile(dose)).collect()
    }

    /// The posterior mean utility of a dose, from 0 to 1.
    pub fn utility(&self, at: DoseCounts) -> f64 {
        let Settings { utility_toxicity, utility_response, .. } = self.settings;
        let toxicity = 1.0 - mean_ramp(at.dlts, at.evaluable, utility_toxicity);
        toxicity * mean_ramp(at.responses, at.evaluable, utility_response)
    }
}

/// The posterior mean of a function of the rate that rises from 0 to 1 between two rates.
fn mean_ramp(hits: u32, patients: u32, [low, high]: [f64; 2]) -> f64 {
    let (a, b) = (f64::from(hits) + 1.0, f64::from(patients - hits) + 1.0);
    let between = |a: f64| beta_cdf(high, a, b) - beta_cdf(low, a, b);
    // x times the density of Beta(a, b) is the mean times that of Beta(a + 1, b).
    let first = a / (a + b) * between(a + 1.0);
    (first - low * between(a)) / (high - low) + 1.0 - beta_cdf(high, a, b)
}

impl Design for Tepi {
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
            format!("{} DLTs and {} responses in {} patients", at.dlts, at.responses, at.evaluable)
        });
        let open = self.admissible(doses);
        let below = (0..level.min(open.len())).rev().find(|&dose| open[dose]);
        let above = (level + 1..doses.len()).find(|&dose| open[dose]);
        let here = Some(level).filter(|_| open[level]);
        let is_toxic = self.first_toxic(doses) <= level;
        let next = match self.decision(at) {
            _ if is_toxic => below,
            Action::Escalate => above.or(here).or(below),
            Action::DeEscalate => below.or(here),
            // A futile dose is left for the one below, then for the one above.
            _ => here.or(below).or(above),
        };
        if let Some(next) = next {
            return Step::to(level, next);
        }
        reason.add(|| "; no dose may be given".to_owned());
        let is_toxic = self.first_toxic(doses) == 0;
        Step::end(if is_toxic { Action::StopForSafety } else { Action::StopForFutility })
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        let open = self.admissible(doses);
        best_of(doses, |dose| {
            (open[dose] && doses[dose].evaluable > 0).then(|| self.utility(doses[dose]))
        })
    }

    fn outcomes(&self) -> Outcomes {
        Outcomes::ToxicityAndResponse
    }

    fn response_floor(&self) -> Option<f64> {
        Some(self.settings.response_limit)
    }

    fn describe(&self) -> String {
        let list = |edges: &[f64]| {
            let edges: Vec<String> = edges.iter().map(f64::to_string).collect();
            edges.join(", ")
        };
        format!(
            "TEPI divides the DLT rate at {} and the response rate at {}. The pair of intervals with \
             the highest joint unit probability mass (uniform priors) decides by the table {} (rows \
             by rising DLT rate, letters by rising response rate: escalate, stay, de-escalate). A \
             dose and all above it are excluded when its DLT rate exceeds {} with a posterior \
             probability above {}; a dose is excluded when its response rate exceeds {} with a \
             probability below {}. The recommended dose has the highest posterior mean utility: the \
             product of one that falls from 1 at a DLT rate of {} to 0 at {} and one that rises \
             from 0 at a response rate of {} to 1 at {}.",
            list(&self.settings.toxicity_edges),
            list(&self.settings.response_edges),
            self.settings.decisions.join(" / "),
            self.settings.toxicity_limit,
            self.settings.toxicity_cutoff,
            self.settings.response_limit,
            self.settings.response_cutoff,
            self.settings.utility_toxicity[0],
            self.settings.utility_toxicity[1],
            self.settings.utility_response[0],
            self.settings.utility_response[1]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(evaluable: u32, dlts: u32, responses: u32) -> DoseCounts {
        DoseCounts { responses, ..DoseCounts::of(evaluable, dlts) }
    }

    /// The joint masses once more: integrals of the product density over each rectangle.
    fn by_rectangles(design: &Tepi, counts: DoseCounts) -> Action {
        use stats::quadrature::integrate;
        let density = |hits: u32, x: f64| {
            let power = |base: f64, times: u32| (0..times).fold(1.0, |product, _| product * base);
            power(x, hits) * power(1.0 - x, counts.evaluable - hits)
        };
        let edges = |inner: &[f64]| -> Vec<f64> {
            [0.0].iter().chain(inner).chain([1.0].iter()).copied().collect()
        };
        let rows = edges(&design.settings.toxicity_edges);
        let columns = edges(&design.settings.response_edges);
        let mut best = (Action::Stay, -1.0);
        for (row, toxicity) in rows.windows(2).enumerate() {
            for (column, response) in columns.windows(2).enumerate() {
                let inner = |x: f64| {
                    let over = |y: f64| density(counts.responses, y);
                    density(counts.dlts, x) * integrate(&over, response[0], response[1], 1e-13)
                };
                let mass = integrate(&inner, toxicity[0], toxicity[1], 1e-13);
                let unit = mass / ((toxicity[1] - toxicity[0]) * (response[1] - response[0]));
                if unit > best.1 * (1.0 + 1e-9) {
                    best = (design.table[row][column], unit);
                }
            }
        }
        best.0
    }

    #[test]
    fn decisions_are_those_of_integrals_over_rectangles() {
        let design = Tepi::new(Settings::default()).unwrap();
        for evaluable in [3, 6] {
            for dlts in 0..=evaluable {
                for responses in 0..=evaluable {
                    let counts = at(evaluable, dlts, responses);
                    let want = by_rectangles(&design, counts);
                    assert_eq!(design.decision(counts), want, "{counts:?}");
                }
            }
        }
    }

    #[test]
    fn utilities_are_integrals_of_the_ramps() {
        let design = Tepi::new(Settings::default()).unwrap();
        for counts in [at(3, 0, 1), at(9, 2, 5), at(12, 5, 0), at(6, 6, 6)] {
            let mean = |hits: u32, ramp: &dyn Fn(f64) -> f64| {
                use stats::math::{exp, ln};
                let (a, b) = (f64::from(hits) + 1.0, f64::from(counts.evaluable - hits) + 1.0);
                let scale = stats::special::ln_beta(a, b);
                let density = |x: f64| {
                    exp((a - 1.0) * ln(x) + (b - 1.0) * ln(1.0 - x) - scale) * ramp(x)
                };
                stats::quadrature::integrate(&density, 0.0, 1.0, 1e-12)
            };
            let toxicity = mean(counts.dlts, &|x| ((0.4 - x) / 0.25).clamp(0.0, 1.0));
            let response = mean(counts.responses, &|x| ((x - 0.2) / 0.4).clamp(0.0, 1.0));
            assert!((design.utility(counts) - toxicity * response).abs() < 1e-9, "{counts:?}");
        }
    }

    #[test]
    fn the_table_of_the_paper_moves_the_dose() {
        let design = Tepi::new(Settings::default()).unwrap();
        let next = |dose| design.decide(1, &[at(3, 0, 1), dose, DoseCounts::default()]);
        assert_eq!(next(at(3, 0, 1)).action, Action::Escalate);
        assert_eq!(next(at(6, 2, 5)).action, Action::Stay);
        assert_eq!(next(at(6, 4, 3)).action, Action::DeEscalate);
        // Too toxic at the lowest dose.
        let stop = design.decide(0, &[at(6, 6, 2), DoseCounts::default()]);
        assert_eq!(stop.action, Action::StopForSafety);
        assert_eq!(design.recommend(&[at(6, 0, 1), at(6, 1, 4), at(6, 3, 5)]), Some(1));
    }

    #[test]
    fn settings_that_make_no_table_are_refused() {
        for (text, want) in [
            ("toxicity-edges = [0.3, 0.2]", "`toxicity-edges` is 0.2"),
            ("decisions = [\"EEEE\"]", "4 rows of 4 letters"),
            ("decisions = [\"EEEX\", \"EEES\", \"DSSS\", \"DDDD\"]", "the letter `X`"),
            ("toxicity-limit = 40", "`toxicity-limit` is 40"),
        ] {
            let message = (ENTRY.from_toml)(text).unwrap_err().to_string();
            assert!(message.contains(want), "{message}");
        }
    }
}
