//! The list of endpoints that a simulation reports, each with its denominator.

use evaluate::Response;
use records::Disposition;
use stats::summary::{mean, median};

use super::weighted;
use crate::conduct::result::PatientResult;

/// How a measure's value looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A share of patients, 0 to 1.
    Share,
    /// A number with a unit.
    Number,
}

/// What the value is computed from.
#[derive(Clone, Copy)]
enum Rule {
    /// Patients in the denominator, and those of them who count.
    Share(fn(&PatientResult) -> bool, fn(&PatientResult) -> bool),
    /// Median of a patient's number.
    Median(fn(&PatientResult) -> Option<f64>),
    /// Mean of a patient's number.
    Mean(fn(&PatientResult) -> Option<f64>),
    /// Median of a time to event by Kaplan-Meier, in months.
    MedianTime(fn(&PatientResult) -> evaluate::TimeToEvent),
    /// Survival by Kaplan-Meier at a day.
    SurvivalAt(fn(&PatientResult) -> evaluate::TimeToEvent, f64),
    /// Mean time to event within so many days by Kaplan-Meier, in months.
    MeanTime(fn(&PatientResult) -> evaluate::TimeToEvent, f64),
}

/// One endpoint.
pub struct Measure {
    /// Code in files.
    pub code: &'static str,
    /// Name in the report.
    pub title: &'static str,
    /// Unit; `%` for shares.
    pub unit: &'static str,
    /// Who is in the denominator, in words.
    pub of: &'static str,
    /// The value is the model's and not seen by any clinic.
    pub hidden: bool,
    rule: Rule,
}

/// Who can be judged for DLTs; nobody else enters a pair for them.
const DLT_EVALUABLE: &str = "evaluable for DLT";

/// Who has had a complete response.
const COMPLETE_RESPONDERS: &str = "complete responders";
/// Denominators that a patient must be in to make a pair.
const PAIRED_WITHIN: [&str; 2] = [DLT_EVALUABLE, COMPLETE_RESPONDERS];

/// Days per month.
pub const MONTH: f64 = 30.4375;

/// Infused, or observed in an arm without a product; solver failures after infusion stay in.
pub fn treated(patient: &PatientResult) -> bool {
    matches!(
        patient.disposition,
        Disposition::Infused | Disposition::Observed | Disposition::NotEvaluable
    )
}

fn everyone(_: &PatientResult) -> bool {
    true
}

/// Whether the end of progression-free survival was a death.
fn died_first(patient: &PatientResult) -> bool {
    patient.overall.event && patient.overall.days <= patient.progression_free.days
}

impl std::fmt::Debug for Measure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.code)
    }
}

impl PartialEq for Measure {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code
    }
}

impl Measure {
    const fn share(
        code: &'static str,
        title: &'static str,
        counts: fn(&PatientResult) -> bool,
    ) -> Self {
        Self {
            code,
            title,
            unit: "%",
            of: "infused (or observed)",
            hidden: false,
            rule: Rule::Share(treated, counts),
        }
    }

    const fn of_all(mut self, of: fn(&PatientResult) -> bool, words: &'static str) -> Self {
        self.of = words;
        if let Rule::Share(_, counts) = self.rule {
            self.rule = Rule::Share(of, counts);
        }
        self
    }

    const fn number(
        code: &'static str,
        title: &'static str,
        unit: &'static str,
        of: &'static str,
        rule: Rule,
    ) -> Self {
        Self { code, title, unit, of, hidden: false, rule }
    }

    const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Whether the value is a share of patients.
    pub fn is_share(&self) -> bool {
        matches!(self.rule, Rule::Share(..))
    }

    /// How the value looks.
    pub fn kind(&self) -> Kind {
        match self.rule {
            Rule::Share(..) | Rule::SurvivalAt(..) => Kind::Share,
            _ => Kind::Number,
        }
    }

    /// Who counts and who is in the denominator, for shares; zeros otherwise.
    pub fn counts(&self, patients: &[PatientResult]) -> (u64, u64) {
        let Rule::Share(of, counts) = self.rule else { return (0, 0) };
        patients.iter().filter(|patient| of(patient)).fold((0, 0), |(events, total), patient| {
            (events + u64::from(counts(patient)), total + 1)
        })
    }

    /// The value in one trial; infinite when a median was not reached within follow-up.
    pub fn value(&self, patients: &[PatientResult]) -> Option<f64> {
        match self.rule {
            Rule::Share(..) => {
                let (events, total) = self.counts(patients);
                (total > 0).then(|| events as f64 / total as f64)
            }
            Rule::Median(of) => median(&numbers(patients, of)),
            Rule::Mean(of) => mean(&numbers(patients, of)),
            Rule::MedianTime(of) => {
                let curve = kaplan_meier(patients, of)?;
                Some(curve.median().map_or(f64::INFINITY, |days| days / MONTH))
            }
            Rule::SurvivalAt(of, day) => {
                let share = kaplan_meier(patients, of)?.at(day);
                is_followed(patients, share, day).then_some(share)
            }
            Rule::MeanTime(of, day) => {
                let curve = weighted::Curve::new(&times(patients, of, None));
                is_followed(patients, curve.at(day), day).then(|| curve.area(day) / MONTH)
            }
        }
    }

    /// The value in one trial whose patients count with different weights, one per patient.
    pub fn weighted_value(&self, patients: &[PatientResult], weights: &[f64]) -> Option<f64> {
        let numbers = |of: fn(&PatientResult) -> Option<f64>| -> Vec<(f64, f64)> {
            let pairs = patients.iter().zip(weights).filter(|(patient, _)| treated(patient));
            pairs.filter_map(|(patient, weight)| Some((of(patient)?, *weight))).collect()
        };
        let curve = |of| {
            let times = times(patients, of, Some(weights));
            (!times.is_empty()).then(|| weighted::Curve::new(&times))
        };
        match self.rule {
            Rule::Share(of, counts) => {
                let value = |patient: &PatientResult| f64::from(u8::from(counts(patient)));
                let pairs = patients.iter().zip(weights).filter(|(patient, _)| of(patient));
                let pairs: Vec<(f64, f64)> = pairs.map(|(p, weight)| (value(p), *weight)).collect();
                weighted::mean(&pairs)
            }
            Rule::Median(of) => weighted::quantile(&numbers(of), 0.5),
            Rule::Mean(of) => weighted::mean(&numbers(of)),
            Rule::MedianTime(of) => {
                Some(curve(of)?.median().map_or(f64::INFINITY, |days| days / MONTH))
            }
            Rule::SurvivalAt(of, day) => {
                let share = curve(of)?.at(day);
                is_followed(patients, share, day).then_some(share)
            }
            Rule::MeanTime(of, day) => {
                let curve = curve(of)?;
                is_followed(patients, curve.at(day), day).then(|| curve.area(day) / MONTH)
            }
        }
    }

    /// The variance of the value that comes from the finite number of patients, without bias, for
    /// shares and means; `None` for other rules, and with fewer than two patients.
    pub fn variance_within(&self, patients: &[PatientResult]) -> Option<f64> {
        match self.rule {
            Rule::Share(..) => {
                let (events, total) = self.counts(patients);
                let share = events as f64 / total as f64;
                (total > 1).then(|| share * (1.0 - share) / (total as f64 - 1.0))
            }
            Rule::Mean(of) => {
                let values = numbers(patients, of);
                let spread = stats::summary::standard_deviation(&values)?;
                Some(spread * spread / values.len() as f64)
            }
            _ => None,
        }
    }

    /// Whether [`Self::variance_within`] can say.
    pub fn is_mean(&self) -> bool {
        matches!(self.rule, Rule::Share(..) | Rule::Mean(_))
    }

    /// Who is in the denominator of a share; everybody for other rules.
    pub fn is_counted(&self, patient: &PatientResult) -> bool {
        match self.rule {
            Rule::Share(of, _) => of(patient),
            _ => true,
        }
    }

    /// Whether each patient has a value of their own, so that means over patients make sense.
    pub fn is_of_patients(&self) -> bool {
        matches!(self.rule, Rule::Share(..) | Rule::Median(_) | Rule::Mean(_))
    }

    /// A patient's value for the mean over an arm; `None` outside the denominator.
    pub fn within_arm(&self, patient: &PatientResult) -> Option<f64> {
        match self.rule {
            Rule::Share(of, counts) => of(patient).then(|| f64::from(u8::from(counts(patient)))),
            Rule::Median(of) | Rule::Mean(of) => of(patient).filter(|_| treated(patient)),
            _ => None,
        }
    }

    /// A patient's own value for paired differences; `None` where pairing makes no sense.
    pub fn of_patient(&self, patient: &PatientResult) -> Option<f64> {
        match self.rule {
            // A patient who never got the product is a failure of efficacy and free of toxicity:
            // pairs compare what enrolment in either arm brings.
            Rule::Share(of, counts) => (!PAIRED_WITHIN.contains(&self.of) || of(patient))
                .then(|| f64::from(u8::from(counts(patient)))),
            Rule::Median(of) | Rule::Mean(of) => of(patient),
            _ => None,
        }
    }
}

/// The numbers of the treated patients.
fn numbers(patients: &[PatientResult], of: fn(&PatientResult) -> Option<f64>) -> Vec<f64> {
    patients.iter().filter(|patient| treated(patient)).filter_map(of).collect()
}

/// Days, whether the event came, and weight of the treated patients; weight 1 unless given.
fn times(
    patients: &[PatientResult],
    of: fn(&PatientResult) -> evaluate::TimeToEvent,
    weights: Option<&[f64]>,
) -> Vec<(f64, bool, f64)> {
    let weight = |place: usize| weights.map_or(1.0, |weights| weights[place]);
    let treated = patients.iter().enumerate().filter(|(_, patient)| treated(patient));
    treated
        .map(|(place, patient)| {
            let time = of(patient);
            (time.days, time.event, weight(place))
        })
        .collect()
}

/// Whether a share of survivors says anything at a day: where nobody is followed so far, a flat
/// curve would say too much.
fn is_followed(patients: &[PatientResult], share: f64, day: f64) -> bool {
    let mut followed = patients.iter().filter(|patient| treated(patient));
    share == 0.0 || followed.any(|patient| patient.overall.days >= day)
}

/// The curve of the treated patients of one trial.
fn kaplan_meier(
    patients: &[PatientResult],
    of: fn(&PatientResult) -> evaluate::TimeToEvent,
) -> Option<stats::KaplanMeier> {
    let observations: Vec<(f64, bool)> = patients
        .iter()
        .filter(|patient| treated(patient))
        .map(|patient| {
            let time = of(patient);
            (time.days, time.event)
        })
        .collect();
    (!observations.is_empty()).then(|| stats::KaplanMeier::new(&observations))
}

/// Every endpoint, in the order of reports and files.
pub static MEASURES: &[Measure] = &[
    Measure::share("orr", "overall response (PR or better, confirmed)", |p| {
        p.response >= Response::Partial
    }),
    Measure::share("orr-enrolled", "overall response among all enrolled", |p| {
        p.response >= Response::Partial
    })
    .of_all(everyone, "enrolled"),
    Measure::share("vgpr", "very good partial response or better", |p| {
        p.response >= Response::VeryGoodPartial
    }),
    Measure::share("cr", "complete response or better", |p| p.response >= Response::Complete),
    Measure::share("scr", "stringent complete response", |p| {
        p.response >= Response::StringentComplete
    }),
    Measure::share("mrd-negative", "residual disease negative at 1e-5", |p| {
        p.mrd_negative == Some(true)
    }),
    Measure::number(
        "pfs-median",
        "median progression-free survival",
        "month",
        "infused (or observed)",
        Rule::MedianTime(|p| p.progression_free),
    ),
    Measure::number(
        "pfs-6-month",
        "progression-free at 6 months",
        "%",
        "infused (or observed)",
        Rule::SurvivalAt(|p| p.progression_free, 182.625),
    ),
    Measure::number(
        "pfs-mean-12-month",
        "mean progression-free time within 12 months",
        "month",
        "infused (or observed)",
        Rule::MeanTime(|p| p.progression_free, 365.0),
    ),
    Measure::number(
        "pfs-time",
        "mean time free of progression within follow-up",
        "month",
        "infused (or observed)",
        Rule::Mean(|p| Some(p.progression_free.days / MONTH)),
    ),
    Measure::share("relapse-after-cr", "progression after a complete response", |p| {
        p.progression_free.event && !died_first(p)
    })
    .of_all(|p| treated(p) && p.response >= Response::Complete, COMPLETE_RESPONDERS),
    Measure::number(
        "os-median",
        "median overall survival",
        "month",
        "infused (or observed)",
        Rule::MedianTime(|p| p.overall),
    ),
    Measure::number(
        "os-6-month",
        "alive at 6 months",
        "%",
        "infused (or observed)",
        Rule::SurvivalAt(|p| p.overall, 182.625),
    ),
    Measure::number(
        "os-12-month",
        "alive at 12 months",
        "%",
        "infused (or observed)",
        Rule::SurvivalAt(|p| p.overall, 365.0),
    ),
    Measure::number(
        "time-to-response",
        "median time to response",
        "day",
        "responders",
        Rule::Median(|p| p.first_response),
    ),
    Measure::number(
        "log10-burden-day-28",
        "log10 of burden at day 28 over burden at enrolment",
        "log10",
        "alive at day 28",
        Rule::Mean(|p| {
            let now = p.truth.burden_day_28?;
            Some(stats::math::log10((now / p.truth.burden_at_start).max(1e-12)))
        }),
    )
    .hidden(),
    Measure::number(
        "log10-burden-nadir",
        "log10 of the lowest burden over that at enrolment",
        "log10",
        "infused (or observed)",
        Rule::Mean(|p| {
            let lowest = p.truth.burden_nadir.min(p.truth.burden_at_start);
            Some(stats::math::log10((lowest / p.truth.burden_at_start).max(1e-12)))
        }),
    )
    .hidden(),
    Measure::number(
        "kills",
        "myeloma cells killed by the product",
        "1e9 cells",
        "infused (or observed)",
        Rule::Median(|p| Some(p.truth.kills[0] + p.truth.kills[1])),
    )
    .hidden(),
    Measure::share("crs", "CRS of any grade", |p| p.crs.0 >= 1),
    Measure::share("crs-grade-2-or-more", "CRS of grade 2 or more", |p| p.crs.0 >= 2),
    Measure::share("crs-grade-3-or-more", "CRS of grade 3 or more", |p| p.crs.0 >= 3),
    Measure::number(
        "crs-onset",
        "median onset of CRS",
        "day",
        "patients with CRS",
        Rule::Median(|p| p.crs.1),
    ),
    Measure::number(
        "crs-duration",
        "median duration of CRS",
        "day",
        "patients with CRS",
        Rule::Median(|p| p.crs.2),
    ),
    Measure::share("icans", "ICANS of any grade", |p| p.icans.0 >= 1),
    Measure::share("icans-grade-3-or-more", "ICANS of grade 3 or more", |p| p.icans.0 >= 3),
    Measure::share("gvhd", "acute GvHD of any grade", |p| p.gvhd >= 1),
    Measure::share("gvhd-grade-3-or-more", "acute GvHD of grade III or IV", |p| p.gvhd >= 3),
    Measure::share("off-tumour", "off-tumour damage of any grade", |p| p.off_tumour >= 1),
    Measure::share("infusion-reaction", "infusion reaction of any grade", |p| {
        p.infusion_reaction >= 1
    }),
    Measure::share("infection-grade-3-or-more", "infection of grade 3 or more", |p| {
        p.infection >= 3
    }),
    Measure::share("neutropenia-grade-4", "neutropenia of grade 4", |p| p.cytopenia[0] >= 4),
    Measure::share(
        "thrombocytopenia-grade-3-or-more",
        "thrombocytopenia of grade 3 or more",
        |p| p.cytopenia[1] >= 3,
    ),
    Measure::share("anaemia-grade-3-or-more", "anaemia of grade 3 or more", |p| {
        p.cytopenia[2] >= 3
    }),
    Measure::share("prolonged-cytopenia", "grade 3 cytopenia not recovered by day 30", |p| {
        p.prolonged_cytopenia
    }),
    Measure::share("dlt", "dose-limiting toxicity", |p| p.dlt == Some(true))
        .of_all(|p| p.dlt.is_some(), DLT_EVALUABLE),
    Measure::number(
        "cmax",
        "median largest cell count in blood",
        "cells/uL",
        "infused, cells detected",
        Rule::Median(|p| p.kinetics.map(|kinetics| kinetics[0])),
    ),
    Measure::number(
        "tmax",
        "median day of the largest cell count",
        "day",
        "infused, cells detected",
        Rule::Median(|p| p.kinetics.map(|kinetics| kinetics[1])),
    ),
    Measure::number(
        "auc-28",
        "median area under the cell count to day 28",
        "day*cells/uL",
        "infused, cells detected",
        Rule::Median(|p| p.kinetics.map(|kinetics| kinetics[2])),
    ),
    Measure::number(
        "tlast",
        "median last day with cells detected",
        "day",
        "infused, cells detected",
        Rule::Median(|p| p.kinetics.map(|kinetics| kinetics[3])),
    ),
    Measure::number(
        "days-to-infusion",
        "median days from enrolment to infusion",
        "day",
        "infused",
        Rule::Median(|p| p.waited),
    ),
    Measure::share("infused-of-enrolled", "infused among all enrolled", |p| p.waited.is_some())
        .of_all(everyone, "enrolled"),
];

/// The measure of that code.
pub fn measure(code: &str) -> Option<&'static Measure> {
    MEASURES.iter().find(|measure| measure.code == code)
}
