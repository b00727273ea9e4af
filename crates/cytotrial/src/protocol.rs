//! The trial: what is planned, in canonical units, after every check.
//!
//! Plain data. `protocol::read` makes it from a trial folder; conduct walks it. Days are elapsed
//! days from the first infusion (day 0), cells are single cells, drugs mg.

use std::collections::{BTreeMap, BTreeSet};

use stats::distribution::Distribution;

pub mod files;
pub mod product;
pub mod quantity;
pub mod read;
pub(crate) mod section;
pub mod unknowns;

pub use unknowns::{Grade, Unknowns};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// Quoted from the record.
    Stated(String),
    /// Computed or inferred; says how.
    Derived(String),
    /// Ours; says why and the plausible range.
    Assumed(String),
    /// From a publication.
    Cited(String),
}

/// A dose of cells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Dose {
    /// Cells per kilogram of body weight.
    PerKilogram(f64),
    /// Cells, whatever the weight.
    Flat(f64),
}

impl Dose {
    /// Cells for a patient of that weight (kg).
    pub fn cells(self, weight: f64) -> f64 {
        match self {
            Self::PerKilogram(cells) => cells * weight,
            Self::Flat(cells) => cells,
        }
    }
}

/// One planned visit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Visit {
    /// Planned day.
    pub day: f64,
    /// Days before and after that are allowed.
    pub window: f64,
}

/// Visits of one kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Schedule {
    /// The visits named one by one, in order.
    pub visits: Vec<Visit>,
    /// `then every 56 (+-14)`: interval and window after the last named visit.
    pub then_every: Option<Visit>,
}

/// Lymphodepletion on one day, doses per square metre of body surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DepletionDay {
    /// Day, before 0.
    pub day: f64,
    /// Fludarabine, mg/m2.
    pub fludarabine: f64,
    /// Cyclophosphamide, mg/m2.
    pub cyclophosphamide: f64,
}

/// How the dose is found.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseFinding {
    /// Name in the list of designs.
    pub method: String,
    /// The design's own settings as TOML text (kebab-case keys), handed to its entry.
    pub settings: String,
    /// Patients per cohort.
    pub cohort: u32,
    /// Patients treated at most during escalation.
    pub max_escalation: u32,
    /// DLT window: days after the first infusion.
    pub window: f64,
    /// ... and at least this many days after the last infusion.
    pub window_after_last: f64,
    /// The day after the first infusion by which a response counts for the dose, where it is written.
    pub response_window: Option<f64>,
    /// Days between the first and the second, and between later patients of a new level.
    pub stagger: Vec<f64>,
}

impl Protocol {
    /// The day after the first infusion by which a response counts for the dose: as written, or the
    /// last day of the second planned assessment, so that a response at the first can be confirmed.
    pub fn response_day(&self) -> f64 {
        let Schedule { visits, then_every } = &self.response;
        let second = match (&visits[..], then_every) {
            ([_, second, ..], _) => Some(second.day + second.window),
            ([first], Some(later)) => Some(first.day + later.day + later.window),
            ([first], None) => Some(first.day + first.window),
            ([], _) => None,
        };
        self.dose_finding.response_window.or(second).unwrap_or(self.dose_finding.window)
    }

    /// What counts as a response for the dose, in words.
    pub fn response_told(&self) -> String {
        format!(
            "a response is a confirmed partial response or better (IMWG 2016) by day {} after the \
             first infusion; a patient counts once that day is past",
            self.response_day()
        )
    }
}

/// The design that a protocol names, with its settings.
pub fn design(finding: &DoseFinding) -> Result<Box<dyn design::Design>, design::DesignError> {
    match design::Entry::named(&finding.method) {
        Some(entry) => design_of(entry, &finding.settings),
        None => Err(design::DesignError::Limit {
            setting: "method",
            found: f64::NAN,
            limit: format!("a design of the list, not `{}`", finding.method),
        }),
    }
}

/// A design of the list by its settings, with the rules around it that `rules` among them says.
pub fn design_of(
    entry: &design::Entry,
    settings: &str,
) -> Result<Box<dyn design::Design>, design::DesignError> {
    let mut settings: toml::Table = toml::from_str(settings)?;
    let rules: Vec<design::Rule> = match settings.remove("rules") {
        None => Vec::new(),
        Some(rules) => rules.try_into()?,
    };
    let design = (entry.from_toml)(&settings.to_string())?;
    if rules.is_empty() {
        return Ok(design);
    }
    Ok(Box::new(design::Guarded::new(design, &rules)))
}

/// Treatment of toxicity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rescue {
    /// Tocilizumab per dose, mg/kg.
    pub tocilizumab: f64,
    /// CRS grade at which it is given at once.
    pub tocilizumab_grade: u8,
    /// Days of grade 1 after which it is given.
    pub tocilizumab_after_days: f64,
    /// Doses at most.
    pub tocilizumab_doses: u32,
    /// Dexamethasone per dose, mg.
    pub dexamethasone: f64,
    /// CRS grade at which it is given.
    pub dexamethasone_crs_grade: u8,
    /// ICANS grade at which it is given.
    pub dexamethasone_icans_grade: u8,
}

/// How the trial runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Conduct {
    /// Patients screened per day.
    pub accrual: f64,
    /// Probability of failing screening for reasons outside the modelled limits, drawn once per
    /// replicate.
    pub screen_failure: Distribution,
    /// Probability of leaving the study per day.
    pub drop_out: f64,
    /// Probability that a planned visit is missed.
    pub missed_visit: f64,
    /// Days from confirmed progression to a new therapy.
    pub new_therapy_after: Distribution,
    /// Extra loss of myeloma cells under a new therapy, 1/day (0: none).
    pub salvage_effect: f64,
    /// Probability of bridging therapy before a manufactured product.
    pub bridging: Distribution,
    /// Probability that bridging reduces the tumour.
    pub bridging_response: Distribution,
    /// Burden after over before, responders and others.
    pub bridging_ratio: [Distribution; 2],
}

/// Rules that stop the whole trial.
#[derive(Debug, Clone, PartialEq)]
pub enum Stopping {
    /// So many deaths not due to myeloma within so many days of the first infusion.
    EarlyDeaths {
        /// Number that stops the trial.
        deaths: u32,
        /// Within this many days.
        days: f64,
    },
    /// Posterior probability, Beta(1, 1) prior, that the DLT rate at a level exceeds a rate.
    DltRate {
        /// Level, 1-based.
        level: usize,
        /// Rate.
        rate: f64,
        /// Probability that must be exceeded.
        probability: f64,
    },
    /// So many patients with acute graft-versus-host disease of at least a grade among the first so many treated.
    Gvhd {
        /// Lowest grade that counts.
        grade: u8,
        /// Number that stops the trial.
        patients: u32,
        /// Among the first.
        first: u32,
    },
}

/// The synopsis.
#[derive(Debug, Clone, PartialEq)]
pub struct Protocol {
    /// The file it was read from, by its name in the folder.
    pub file: String,
    /// Registry number or other identifier.
    pub id: String,
    /// Title.
    pub title: String,
    /// Type of study, e.g. `interventional`.
    pub kind: String,
    /// What the trial is for.
    pub purpose: Vec<String>,
    /// Design in words.
    pub design: String,
    /// Phase as the record writes it.
    pub phase: String,
    /// Sponsor.
    pub sponsor: String,
    /// Start and completion as the record gives them (ISO dates).
    pub dates: [Option<String>; 2],
    /// Patients planned to be treated.
    pub patients: u32,
    /// Disease and setting in words.
    pub disease: String,
    /// Inclusion criteria over covariates, e.g. `age >= 18 year`.
    pub include: Vec<String>,
    /// Reasons for exclusion that no covariate models.
    pub exclude: Vec<String>,
    /// Path of the population file, as written.
    pub population: String,
    /// Lymphodepletion, in order of days; empty when none.
    pub depletion: Vec<DepletionDay>,
    /// How the dose is found.
    pub dose_finding: DoseFinding,
    /// Visits for safety, cell kinetics and cytokines, response, and marrow with residual disease.
    pub safety: Schedule,
    /// Cell kinetics and cytokines.
    pub kinetics: Schedule,
    /// Response.
    pub response: Schedule,
    /// Marrow and residual disease.
    pub marrow: Schedule,
    /// Follow-up, days from the first infusion.
    pub follow_up: f64,
    /// Treatment of toxicity.
    pub rescue: Rescue,
    /// How the trial runs.
    pub conduct: Conduct,
    /// Rules that stop the trial.
    pub stopping: Vec<Stopping>,
    /// Sensitivity of the residual disease assay (1e-5).
    pub mrd_sensitivity: f64,
    /// Endpoint rules handed to `evaluate`.
    pub rules: evaluate::Rules,
    /// Patients known before the trial: number, with DLT, with CRS.
    pub prior_patients: Option<PriorPatients>,
    /// Primary and secondary endpoints, by the names in [`ENDPOINTS`].
    pub endpoints: [Vec<String>; 2],
    /// Every value's source by its path, e.g. `treatment.infusion.levels`.
    pub sources: BTreeMap<String, Source>,
    /// Every value as the synopsis of a report shows it, in the order of the file.
    pub synopsis: Vec<SynopsisLine>,
}

/// One value of the synopsis.
#[derive(Debug, Clone, PartialEq)]
pub struct SynopsisLine {
    /// Dotted path, e.g. `treatment.infusion.levels`.
    pub path: String,
    /// The value in words.
    pub value: String,
    /// Where it comes from.
    pub source: Source,
}

/// Endpoints that can be named, with the rule that judges each.
pub const ENDPOINTS: &[(&str, &str)] = &[
    ("adverse-events", "CTCAE version 5"),
    ("crs", "ASTCT 2019"),
    ("dlt", "the definition under `[dlt]`"),
    ("gvhd", "MAGIC"),
    ("icans", "ASTCT 2019"),
    ("kinetics", "cellular kinetics without compartments"),
    ("overall-survival", "death from any cause"),
    ("progression-free-survival", "IMWG 2016"),
    ("residual-disease", "share of clonal cells below the sensitivity"),
    ("response", "IMWG 2016"),
];

/// What is already known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriorPatients {
    /// Patients.
    pub patients: u32,
    /// With a treatment-related adverse event.
    pub adverse_events: u32,
    /// With a DLT.
    pub dlts: u32,
    /// With CRS.
    pub crs: u32,
}

/// One arm of the experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// Its name, e.g. `car-nk`.
    pub name: String,
    /// What is infused, in order; empty for no treatment.
    pub products: Vec<product::Product>,
    /// Days of infusion.
    pub infusion_days: Vec<f64>,
    /// Dose of each infusion per level, lowest first.
    pub levels: Vec<Dose>,
    /// Start level, 0-based.
    pub start_level: usize,
    /// Whether the dose is escalated by the protocol's design.
    pub escalate: bool,
    /// Whether lymphodepletion is given.
    pub depletion: bool,
    /// Enrolment to first infusion, days; from the products unless the arm says otherwise.
    pub wait: Option<Distribution>,
    /// Model parameters this arm sets.
    pub set: BTreeMap<String, f64>,
    /// Model parameters that this arm holds at a value: taken as given, never drawn.
    pub hold: BTreeMap<String, f64>,
    /// Where the arm's values come from, by path.
    pub sources: BTreeMap<String, Source>,
}

/// A trial in several arms on the same virtual patients.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// The question in one sentence.
    pub question: String,
    /// The protocol.
    pub protocol: Protocol,
    /// The arms, in order.
    pub arms: Vec<Arm>,
    /// Pairs of arms to compare: (a, b) means a - b.
    pub contrasts: Vec<(String, String)>,
    /// Whole trials simulated.
    pub replicates: u32,
    /// Seed of every draw.
    pub seed: u64,
    /// What is not known and drawn once per replicate.
    pub unknowns: Unknowns,
    /// Identifiers of published results shown beside the predictions, per arm.
    pub targets: BTreeMap<String, Vec<String>>,
    /// Whom the report of a run is made for.
    pub audience: report::Audience,
    /// Per arm, the codes of the measures that values may have been set to: a published result with
    /// the role `fit` is named beside the arm. What the arm shows there is no prediction.
    pub fitted: BTreeMap<String, BTreeSet<&'static str>>,
}

impl Experiment {
    /// Whether an arm's result is one that values may have been set to.
    pub fn is_fitted(&self, arm: &str, code: &str) -> bool {
        self.fitted.get(arm).is_some_and(|codes| codes.contains(code))
    }
}
