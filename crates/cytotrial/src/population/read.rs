//! A population file, read and checked; every problem is collected.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use stats::Distribution;

use super::address::address;
use super::baseline::Statistic;
use super::copula::Copula;
use super::entry::{
    CorrelationEntry, CouplingEntry, CovariateEntry, File, PublishedEntry, ValuesFile,
};
use super::expression::{Expression, Name, Reading};
use super::quantile::Quantile;
use super::units::{PLAIN, dimension};
use super::{Correlation, Coupling, Covariate, Evidence, Law, Population, Published, Rule};
use crate::problem::{Problem, any_error, help_with_nearest};

/// What conduct and the model need of every population.
pub(crate) const REQUIRED: &[&str] = &[
    "age",
    "albumin",
    "body_surface_area",
    "body_weight",
    "burden",
    "creatinine_clearance",
    "crp",
    "ecog",
    "haemoglobin",
    "hla_mismatch_of_6",
    "il6",
    "involved_flc",
    "isotype",
    "kappa",
    "kir_ligand_mismatch",
    "ldh",
    "lymphocytes",
    "male",
    "marrow_other_cells",
    "marrow_plasma_cells",
    "neutrophils",
    "nkg2dl_fraction",
    "nkg2dl_high_share",
    "nkg2dl_positive",
    "plasmacytoma",
    "platelets",
    "prior_bcma_therapy",
    "prior_lines",
    "serum_m_protein",
    "soluble_bcma",
    "soluble_mica",
    "t_cell_fitness",
    "uninvolved_flc",
    "urine_m_protein",
];

/// Reads a population file.
///
/// # Errors
/// Everything that is wrong with it: names, distributions, conditions, formulas, correlations that
/// are not positive definite, covariates that a trial needs and that it lacks.
pub fn read(text: &str, file: &str) -> Result<Population, Vec<Problem>> {
    let help = "see populations/rrmm-2024.toml for the keys of each entry";
    of_entries(entries(text, file, help)?, file, true)
}

/// Reads the values of a model's patients: `[[value]]` in place of `[[covariate]]`, and nothing that
/// a trial needs besides.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_values(text: &str, file: &str) -> Result<Population, Vec<Problem>> {
    let help = "each `[[value]]` has name, distribution or formula, and source";
    let values: ValuesFile = entries(text, file, help)?;
    of_entries(values.into(), file, false).map_err(|mut problems| {
        for problem in &mut problems {
            if let Some(rest) = problem.path.strip_prefix("covariate") {
                problem.path = format!("value{rest}");
            }
        }
        problems
    })
}

fn entries<T: DeserializeOwned>(text: &str, file: &str, help: &str) -> Result<T, Vec<Problem>> {
    toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let path = format!("@{}..{}", span.start, span.end);
        vec![Problem::error("C101", file, path, error.message(), help)]
    })
}

fn of_entries(entries: File, file: &str, of_trial: bool) -> Result<Population, Vec<Problem>> {
    let mut reader = Reader { file, of_trial, problems: Vec::new(), unread: BTreeSet::new() };
    if entries.schema != 1 {
        reader.error("C101", "schema", format!("schema {} is not known", entries.schema), "use 1");
    }
    let population = reader.population(entries);
    if any_error(&reader.problems) { Err(reader.problems) } else { Ok(population) }
}

struct Reader<'a> {
    file: &'a str,
    /// Whether it must have what a trial needs.
    of_trial: bool,
    problems: Vec<Problem>,
    /// Covariates with a rule that could not be read.
    unread: BTreeSet<String>,
}

impl Reader<'_> {
    fn error(
        &mut self,
        code: &'static str,
        path: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems.push(Problem::error(code, self.file, path, message, help));
    }

    fn population(&mut self, entries: File) -> Population {
        let (mut covariates, index) = self.outlines(&entries.covariate);
        let names = self.names(&covariates, &entries.covariate);
        for (at, entry) in entries.covariate.iter().enumerate() {
            self.rule(at, entry, &mut covariates, &index, &names);
        }
        for covariate in &mut covariates {
            if let Rule::Drawn(laws) = &mut covariate.rule {
                // Laws with a condition are asked first; the sort is stable.
                laws.sort_by_key(|law| law.condition.is_none());
            }
        }
        self.complete(&covariates, &index);
        let order = self.order(&covariates);
        let correlations = self.correlations(&entries.correlation, &index);
        let couplings = self.couplings(entries.coupling);
        let published = self.published(entries.published, &index, &names);
        let mut population = Population {
            name: entries.name,
            title: entries.title,
            covariates,
            correlations,
            couplings,
            published,
            names,
            index,
            order,
            correlated: Vec::new(),
            copula: Copula::default(),
        };
        self.correlate(&mut population);
        population
    }

    /// One covariate per name, still without rules.
    fn outlines(
        &mut self,
        entries: &[CovariateEntry],
    ) -> (Vec<Covariate>, BTreeMap<String, usize>) {
        let mut covariates: Vec<Covariate> = Vec::new();
        let mut index = BTreeMap::new();
        let mut addresses = BTreeMap::new();
        for (at, entry) in entries.iter().enumerate() {
            let path = format!("covariate.{at}.name");
            if let Some(&known) = index.get(&entry.name) {
                let known: &Covariate = &covariates[known];
                if known.unit != entry.unit {
                    let message = format!(
                        "`{}` is in {} here and in {} above",
                        entry.name, entry.unit, known.unit
                    );
                    self.error("C102", &format!("covariate.{at}.unit"), message, "use one unit");
                }
                continue;
            }
            let address = address(&entry.name);
            if let Some(other) = addresses.insert(address, entry.name.clone()) {
                let message = format!("`{}` would share its draws with `{other}`", entry.name);
                self.error("C102", &path, message, "choose a slightly different name");
            }
            index.insert(entry.name.clone(), covariates.len());
            covariates.push(Covariate {
                name: entry.name.clone(),
                title: entry.title.clone(),
                unit: entry.unit.clone(),
                categories: entry.categories.clone(),
                codes: Vec::new(),
                rule: Rule::Drawn(Vec::new()),
                address,
                score: None,
            });
        }
        (covariates, index)
    }

    /// What expressions may name; categories come from the first categorical law.
    fn names(&mut self, covariates: &[Covariate], entries: &[CovariateEntry]) -> Vec<Name> {
        let first = |name: &str| entries.iter().position(|entry| entry.name == name).unwrap_or(0);
        covariates
            .iter()
            .map(|covariate| {
                let at = first(&covariate.name);
                let size = dimension(&covariate.unit).unwrap_or_else(|(message, help)| {
                    self.error("C304", &format!("covariate.{at}.unit"), message, help);
                    PLAIN
                });
                let same = entries.iter().filter(|entry| entry.name == covariate.name);
                let mut labels = covariate.categories.clone();
                for entry in same {
                    if let Some(Ok(law)) = entry.distribution.as_deref().map(Distribution::parse) {
                        for (label, _) in law.categories() {
                            if !labels.contains(label) {
                                labels.push(label.clone());
                            }
                        }
                    }
                }
                if labels.iter().all(|label| label.parse::<f64>().is_ok()) {
                    labels.clear();
                }
                Name {
                    name: covariate.name.clone(),
                    unit: covariate.unit.clone(),
                    dimension: size,
                    labels,
                }
            })
            .collect()
    }

    fn rule(
        &mut self,
        at: usize,
        entry: &CovariateEntry,
        covariates: &mut [Covariate],
        index: &BTreeMap<String, usize>,
        names: &[Name],
    ) {
        let place = index[&entry.name];
        let evidence = Evidence {
            population: entry.population.clone(),
            source: entry.source.clone(),
            verification: entry.verification.clone(),
            grade: entry.grade.clone(),
            note: entry.note.clone(),
        };
        match (&entry.distribution, &entry.formula) {
            (Some(distribution), None) => {
                let Some(law) = self.law(at, entry, distribution, index, names, evidence) else {
                    self.unread.insert(entry.name.clone());
                    return;
                };
                self.add_law(at, &mut covariates[place], law);
            }
            (None, Some(formula)) => {
                let labels = &covariates[place].categories;
                match Expression::parse(formula, names, labels, Reading::Formula) {
                    Ok(parsed) => {
                        let covariate = &mut covariates[place];
                        covariate.codes =
                            (0..covariate.categories.len()).map(|code| code as f64).collect();
                        covariate.rule = Rule::Formula(parsed, formula.clone(), evidence);
                    }
                    Err(error) => {
                        self.unread.insert(entry.name.clone());
                        let path = format!("covariate.{at}.formula");
                        let message =
                            format!("in the formula of `{}`: {}", entry.name, error.message);
                        self.error("C105", &path, message, error.help);
                    }
                }
            }
            _ => {
                let message =
                    format!("`{}` needs a distribution or a formula, not both", entry.name);
                let help =
                    "write `distribution = \"normal(mean=58;sd=8.5)\"` or `formula = \"...\"`";
                self.error("C102", &format!("covariate.{at}"), message, help);
            }
        }
    }

    fn law(
        &mut self,
        at: usize,
        entry: &CovariateEntry,
        distribution: &str,
        index: &BTreeMap<String, usize>,
        names: &[Name],
        evidence: Evidence,
    ) -> Option<Law> {
        let parsed = Distribution::parse(distribution);
        let distribution = match parsed {
            Ok(distribution) => distribution,
            Err(error) => {
                let path = format!("covariate.{at}.distribution");
                let help = "write for example `lognormal(median=400;sigma=0.7;lo=20;hi=2500)`";
                self.error("C103", &path, format!("`{}`: {error}", entry.name), help);
                return None;
            }
        };
        let condition = match entry.condition.as_deref() {
            None => None,
            Some(text) => Some(self.condition(at, text, index, names)?),
        };
        Some(Law { condition, quantile: Quantile::new(distribution), evidence })
    }

    /// `isotype=IgG`, `male=1`.
    fn condition(
        &mut self,
        at: usize,
        text: &str,
        index: &BTreeMap<String, usize>,
        names: &[Name],
    ) -> Option<(usize, f64)> {
        let path = format!("covariate.{at}.condition");
        let Some((name, value)) = text.split_once('=') else {
            let message = format!("`{text}` is not a condition");
            self.error("C104", &path, message, "write for example `isotype=IgG`");
            return None;
        };
        let (name, value) = (name.trim(), value.trim());
        let Some(&covariate) = index.get(name) else {
            let help = help_with_nearest(name, index.keys().map(String::as_str));
            self.error("C104", &path, format!("`{name}` is not a covariate here"), help);
            return None;
        };
        let labels = &names[covariate].labels;
        let code = labels.iter().position(|label| label == value).map(|code| code as f64);
        let code = code.or_else(|| value.parse().ok().filter(|_| labels.is_empty()));
        if code.is_none() {
            let help = help_with_nearest(value, labels.iter().map(String::as_str));
            let message = format!("`{value}` is not a category of `{name}`");
            self.error("C104", &path, message, help);
        }
        Some((covariate, code?))
    }

    fn add_law(&mut self, at: usize, covariate: &mut Covariate, law: Law) {
        let labels: Vec<String> =
            law.quantile.law().categories().iter().map(|(label, _)| label.clone()).collect();
        if !labels.is_empty() {
            if !covariate.categories.is_empty() && covariate.categories != labels {
                let message = format!("`{}` has other categories above", covariate.name);
                let help = "give every law of a covariate the same categories in the same order";
                self.error("C102", &format!("covariate.{at}.distribution"), message, help);
            }
            let numbers: Result<Vec<f64>, _> = labels.iter().map(|label| label.parse()).collect();
            covariate.codes =
                numbers.unwrap_or_else(|_| (0..labels.len()).map(|code| code as f64).collect());
            covariate.categories = labels;
        }
        match &mut covariate.rule {
            Rule::Drawn(laws) if laws.iter().any(|known| known.condition == law.condition) => {
                let message = format!("`{}` has two laws for the same patients", covariate.name);
                self.error("C102", &format!("covariate.{at}"), message, "remove one of them");
            }
            Rule::Drawn(laws) => laws.push(law),
            Rule::Formula(..) => {
                let message = format!("`{}` has a formula above", covariate.name);
                self.error("C102", &format!("covariate.{at}"), message, "remove one of them");
            }
        }
    }

    /// Every patient must have a law, and every covariate that a trial needs must be there.
    fn complete(&mut self, covariates: &[Covariate], index: &BTreeMap<String, usize>) {
        for covariate in covariates {
            let Rule::Drawn(laws) = &covariate.rule else { continue };
            let is_unread = self.unread.contains(&covariate.name);
            if is_unread || laws.iter().any(|law| law.condition.is_none()) {
                continue;
            }
            let on: Vec<(usize, f64)> = laws.iter().filter_map(|law| law.condition).collect();
            let needed = on.first().map(|(on, _)| (*on, &covariates[*on]));
            let covered = needed.is_some_and(|(place, other)| {
                let codes = if other.codes.is_empty() { &[0.0, 1.0][..] } else { &other.codes };
                on.iter().all(|(on, _)| *on == place)
                    && codes.iter().all(|code| on.contains(&(place, *code)))
            });
            if !covered {
                let message = format!("`{}` has no law for some patients", covariate.name);
                let help = "add an entry without a condition, or one for every category";
                self.error("C104", "covariate", message, help);
            }
        }
        let required = if self.of_trial { REQUIRED } else { &[] };
        for name in required.iter().filter(|name| !index.contains_key(**name)) {
            let help = help_with_nearest(name, index.keys().map(String::as_str));
            self.error("C108", "covariate", format!("there is no `{name}`"), help);
        }
    }

    /// An order in which conditions and formulas use only what comes earlier.
    fn order(&mut self, covariates: &[Covariate]) -> Vec<usize> {
        let uses = |covariate: &Covariate| -> Vec<usize> {
            match &covariate.rule {
                Rule::Formula(formula, _, _) => formula.uses().collect(),
                Rule::Drawn(laws) => laws.iter().filter_map(|law| Some(law.condition?.0)).collect(),
            }
        };
        let mut order: Vec<usize> = Vec::with_capacity(covariates.len());
        let mut placed = vec![false; covariates.len()];
        while order.len() < covariates.len() {
            let before = order.len();
            for (i, covariate) in covariates.iter().enumerate() {
                if !placed[i] && uses(covariate).iter().all(|used| placed[*used]) {
                    placed[i] = true;
                    order.push(i);
                }
            }
            if order.len() == before {
                let waiting = covariates.iter().zip(&placed).filter(|(_, placed)| !**placed);
                let waiting: Vec<&str> = waiting.map(|(c, _)| c.name.as_str()).collect();
                let message =
                    format!("`{}` depend on each other in a circle", waiting.join("`, `"));
                self.error("C105", "covariate", message, "compute one of them from drawn values");
                break;
            }
        }
        order
    }

    fn correlations(
        &mut self,
        entries: &[CorrelationEntry],
        index: &BTreeMap<String, usize>,
    ) -> Vec<Correlation> {
        let mut found: Vec<Correlation> = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            let path = format!("correlation.{at}");
            let [a, b] = &entry.between;
            let (Some(&a), Some(&b)) = (index.get(a), index.get(b)) else {
                let unknown = if index.contains_key(a) { b } else { a };
                let help = help_with_nearest(unknown, index.keys().map(String::as_str));
                let message = format!("`{unknown}` is not a covariate here");
                self.error("C106", &format!("{path}.between"), message, help);
                continue;
            };
            if a == b || found.iter().any(|c| c.between == [a, b] || c.between == [b, a]) {
                let message = format!("`{}` is listed twice", entry.between.join(" ~ "));
                self.error("C106", &path, message, "list every pair of two covariates once");
                continue;
            }
            if entry.rho.is_nan() || entry.rho.abs() >= 1.0 {
                let message = format!("a correlation of {} is not between -1 and 1", entry.rho);
                self.error("C106", &format!("{path}.rho"), message, "");
                continue;
            }
            found.push(Correlation { between: [a, b], rho: entry.rho, evidence: entry.evidence() });
        }
        found
    }

    /// The copula over every covariate that a correlation names, in the order of first mention.
    fn correlate(&mut self, population: &mut Population) {
        let mut members: Vec<usize> = Vec::new();
        for place in population.correlations.iter().flat_map(|pair| pair.between) {
            if !members.contains(&place) {
                members.push(place);
            }
            if matches!(population.covariates[place].rule, Rule::Formula(..)) {
                let name = &population.covariates[place].name;
                let message = format!("`{name}` is computed, so it cannot be correlated");
                self.error("C106", "correlation", message, "correlate what it is computed from");
            }
        }
        let matrix: Vec<Vec<f64>> = members
            .iter()
            .map(|&a| members.iter().map(|&b| population.correlation(a, b)).collect())
            .collect();
        match Copula::new(&matrix) {
            Ok(copula) => population.copula = copula,
            Err(row) => {
                let name = &population.covariates[members[row]].name;
                let message = format!(
                    "the correlations contradict each other: with `{name}` the matrix of {} \
                     covariates is not positive definite",
                    members.len()
                );
                let help = format!("move the correlations of `{name}` towards 0");
                self.error("C107", "correlation", message, help);
            }
        }
        for (row, &place) in members.iter().enumerate() {
            population.covariates[place].score = Some(row);
        }
        population.correlated = members;
    }

    fn couplings(&mut self, entries: Vec<CouplingEntry>) -> Vec<Coupling> {
        let mut found: Vec<Coupling> = Vec::new();
        for (at, entry) in entries.into_iter().enumerate() {
            let path = format!("coupling.{at}");
            if !(entry.low <= entry.typical && entry.typical <= entry.high) {
                let message = format!(
                    "`{}` is {}, outside its range {} to {}",
                    entry.name, entry.typical, entry.low, entry.high
                );
                self.error("C109", &path, message, "widen the range");
            }
            if found.iter().any(|known| known.name == entry.name) {
                let message = format!("`{}` is there twice", entry.name);
                self.error("C102", &path, message, "remove one of them");
            }
            found.push(Coupling {
                name: entry.name,
                unit: entry.unit,
                typical: entry.typical,
                range: [entry.low, entry.high],
                evidence: Evidence {
                    source: entry.source,
                    grade: entry.grade,
                    ..Evidence::default()
                },
            });
        }
        let required = if self.of_trial { crate::parameters::COUPLINGS } else { &[] };
        for name in required {
            if !found.iter().any(|known| known.name == *name) {
                let help = help_with_nearest(name, found.iter().map(|known| known.name.as_str()));
                self.error("C108", "coupling", format!("there is no coupling `{name}`"), help);
            }
        }
        found
    }

    fn published(
        &mut self,
        entries: Vec<PublishedEntry>,
        index: &BTreeMap<String, usize>,
        names: &[Name],
    ) -> Vec<Published> {
        let mut found = Vec::with_capacity(entries.len());
        for (at, entry) in entries.into_iter().enumerate() {
            let path = format!("published.{at}");
            let statistic = Statistic::ALL.iter().find(|(word, _)| *word == entry.statistic);
            let Some((_, statistic)) = statistic else {
                let help =
                    help_with_nearest(&entry.statistic, Statistic::ALL.map(|(word, _)| word));
                let message = format!("`{}` is not a statistic", entry.statistic);
                self.error("C110", &format!("{path}.statistic"), message, help);
                continue;
            };
            let Some(&covariate) = index.get(&entry.covariate) else {
                let help = help_with_nearest(&entry.covariate, index.keys().map(String::as_str));
                let message = format!("`{}` is not a covariate here", entry.covariate);
                self.error("C110", &format!("{path}.covariate"), message, help);
                continue;
            };
            let reading = match statistic {
                Statistic::Share => Reading::Criterion,
                _ => Reading::Formula,
            };
            let evidence = entry.evidence();
            match Expression::parse(&entry.of, names, &[], reading) {
                Ok(of) => found.push(Published {
                    covariate,
                    cohort: entry.cohort,
                    subjects: entry.subjects,
                    statistic: *statistic,
                    of,
                    of_text: entry.of,
                    value: entry.value,
                    evidence,
                }),
                Err(error) => {
                    let message = format!("in `{}`: {}", entry.of, error.message);
                    self.error(error.code, &format!("{path}.of"), message, error.help);
                }
            }
        }
        found
    }
}
