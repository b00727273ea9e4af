//! What is drawn at baseline beside what published cohorts reported.

use stats::summary::{mean, quantile_of_sorted, sorted};

use super::{Eligibility, Patient, Population};

/// What a cohort reported about a covariate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Statistic {
    /// Median.
    Median,
    /// 25 % quantile.
    LowerQuartile,
    /// 75 % quantile.
    UpperQuartile,
    /// Mean.
    Mean,
    /// Smallest value in the cohort.
    Minimum,
    /// Largest value in the cohort.
    Maximum,
    /// Share of patients who meet a criterion.
    Share,
}

impl Statistic {
    /// Every statistic with its word in population files.
    pub const ALL: [(&'static str, Self); 7] = [
        ("median", Self::Median),
        ("q25", Self::LowerQuartile),
        ("q75", Self::UpperQuartile),
        ("mean", Self::Mean),
        ("min", Self::Minimum),
        ("max", Self::Maximum),
        ("share", Self::Share),
    ];

    /// The word for it in population files.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, statistic)| *statistic == self).map_or("", |(word, _)| word)
    }
}

/// One published value with what is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Name of the covariate.
    pub covariate: String,
    /// Its name in reports.
    pub title: String,
    /// Its unit; empty for a share.
    pub unit: String,
    /// What is compared.
    pub statistic: Statistic,
    /// The criterion of a share, or the covariate's name.
    pub of: String,
    /// Among all patients drawn. For the smallest and the largest value: the quantile that is
    /// expected there in a cohort of the published size.
    pub drawn: Option<f64>,
    /// Among those who are eligible.
    pub drawn_eligible: Option<f64>,
    /// 2.5 % and 97.5 % of the eligible patients; `None` for a share.
    pub drawn_range: Option<(f64, f64)>,
    /// What the cohort reported.
    pub published: f64,
    /// The cohort.
    pub cohort: String,
    /// Its size.
    pub subjects: Option<u32>,
    /// Whether the value was read in its source (otherwise from memory, unverified).
    pub was_seen: bool,
    /// The source.
    pub source: String,
}

/// What was drawn for the comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Patients drawn.
    pub patients: u32,
    /// Patients who meet every criterion.
    pub eligible: u32,
    /// Patients who fail each criterion first.
    pub failed_first: Vec<u32>,
    /// One row per published value, in the order of the population file.
    pub rows: Vec<Row>,
}

/// A replicate number that no trial uses, so that these are other patients than the trial's.
const REPLICATE: u32 = (1 << 24) - 1;

/// Draws `n` patients and sets them beside the published cohorts.
pub fn compare(
    population: &Population,
    eligibility: &Eligibility,
    n: u32,
    seed: u64,
) -> Comparison {
    let drawn: Vec<Patient> = (0..n).map(|k| population.draw(seed, REPLICATE, k)).collect();
    let mut failed_first = vec![0; eligibility.len()];
    let mut eligible = Vec::with_capacity(drawn.len());
    for patient in &drawn {
        match eligibility.first_failure(population, patient) {
            Some(criterion) => failed_first[criterion] += 1,
            None => eligible.push(patient),
        }
    }
    let all: Vec<&Patient> = drawn.iter().collect();
    let rows = population.published.iter().map(|published| {
        let covariate = &population.covariates[published.covariate];
        let values = |patients: &[&Patient]| -> Vec<f64> {
            sorted(&patients.iter().map(|p| published.of.value(&p.covariates)).collect::<Vec<_>>())
        };
        let (every, suitable) = (values(&all), values(&eligible));
        let is_share = published.statistic == Statistic::Share;
        let range =
            || Some((quantile_of_sorted(&suitable, 0.025)?, quantile_of_sorted(&suitable, 0.975)?));
        Row {
            covariate: covariate.name.clone(),
            title: covariate.title.clone(),
            unit: if is_share { String::new() } else { covariate.unit.clone() },
            statistic: published.statistic,
            of: published.of_text.clone(),
            drawn: of(published.statistic, &every, published.subjects),
            drawn_eligible: of(published.statistic, &suitable, published.subjects),
            drawn_range: if is_share { None } else { range() },
            published: published.value,
            cohort: published.cohort.clone(),
            subjects: published.subjects,
            was_seen: published.evidence.verification.starts_with("SEEN"),
            source: published.evidence.source.clone(),
        }
    });
    let rows = rows.collect();
    Comparison { patients: n, eligible: eligible.len() as u32, failed_first, rows }
}

fn of(statistic: Statistic, sorted: &[f64], subjects: Option<u32>) -> Option<f64> {
    let extreme = 1.0 / (f64::from(subjects.unwrap_or(100)) + 1.0);
    match statistic {
        Statistic::Median => quantile_of_sorted(sorted, 0.5),
        Statistic::LowerQuartile => quantile_of_sorted(sorted, 0.25),
        Statistic::UpperQuartile => quantile_of_sorted(sorted, 0.75),
        Statistic::Mean | Statistic::Share => mean(sorted),
        Statistic::Minimum => quantile_of_sorted(sorted, extreme),
        Statistic::Maximum => quantile_of_sorted(sorted, 1.0 - extreme),
    }
}
