//! The entries of a population file, as written.

use serde::Deserialize;

use super::Evidence;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) schema: u32,
    pub(super) name: String,
    pub(super) title: String,
    #[serde(default)]
    pub(super) covariate: Vec<CovariateEntry>,
    #[serde(default)]
    pub(super) correlation: Vec<CorrelationEntry>,
    #[serde(default)]
    pub(super) coupling: Vec<CouplingEntry>,
    #[serde(default)]
    pub(super) published: Vec<PublishedEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CovariateEntry {
    pub(super) name: String,
    pub(super) condition: Option<String>,
    pub(super) title: String,
    pub(super) unit: String,
    #[serde(default)]
    pub(super) categories: Vec<String>,
    pub(super) distribution: Option<String>,
    pub(super) formula: Option<String>,
    pub(super) population: String,
    pub(super) source: String,
    pub(super) verification: String,
    pub(super) grade: String,
    #[serde(default)]
    pub(super) note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CorrelationEntry {
    pub(super) between: [String; 2],
    pub(super) rho: f64,
    pub(super) source: String,
    pub(super) verification: String,
    pub(super) grade: String,
    #[serde(default)]
    pub(super) note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CouplingEntry {
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) typical: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) source: String,
    pub(super) grade: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PublishedEntry {
    pub(super) covariate: String,
    pub(super) cohort: String,
    pub(super) subjects: Option<u32>,
    pub(super) statistic: String,
    pub(super) of: String,
    pub(super) value: f64,
    pub(super) source: String,
    pub(super) verification: String,
    pub(super) grade: String,
    #[serde(default)]
    pub(super) note: String,
}

/// A file with values of a model's patients: less is asked of it than of a trial's population.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValuesFile {
    pub(super) schema: u32,
    #[serde(default)]
    pub(super) title: String,
    #[serde(default)]
    value: Vec<ValueEntry>,
    #[serde(default)]
    correlation: Vec<ValueCorrelation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ValueCorrelation {
    between: [String; 2],
    rho: f64,
    source: String,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ValueEntry {
    name: String,
    condition: Option<String>,
    unit: Option<String>,
    #[serde(default)]
    categories: Vec<String>,
    distribution: Option<String>,
    formula: Option<String>,
    source: String,
    #[serde(default)]
    note: String,
}

impl From<ValuesFile> for File {
    fn from(values: ValuesFile) -> Self {
        let covariate = |entry: ValueEntry| CovariateEntry {
            title: entry.name.clone(),
            name: entry.name,
            condition: entry.condition,
            unit: entry.unit.unwrap_or_else(|| "1".to_owned()),
            categories: entry.categories,
            distribution: entry.distribution,
            formula: entry.formula,
            population: String::new(),
            source: entry.source,
            verification: "-".to_owned(),
            grade: "-".to_owned(),
            note: entry.note,
        };
        let correlation = |entry: ValueCorrelation| CorrelationEntry {
            between: entry.between,
            rho: entry.rho,
            source: entry.source,
            verification: "-".to_owned(),
            grade: "-".to_owned(),
            note: entry.note,
        };
        Self {
            schema: values.schema,
            name: "values".to_owned(),
            title: values.title,
            covariate: values.value.into_iter().map(covariate).collect(),
            correlation: values.correlation.into_iter().map(correlation).collect(),
            coupling: Vec::new(),
            published: Vec::new(),
        }
    }
}

macro_rules! evidence {
    ($entry:ty) => {
        impl $entry {
            /// Where its number comes from.
            pub(super) fn evidence(&self) -> Evidence {
                Evidence {
                    population: String::new(),
                    source: self.source.clone(),
                    verification: self.verification.clone(),
                    grade: self.grade.clone(),
                    note: self.note.clone(),
                }
            }
        }
    };
}

evidence!(CorrelationEntry);
evidence!(PublishedEntry);
