//! Dose-limiting toxicity: rules as data, over what was known on a day.
//!
//! The default rules are those usual in early CAR-NK trials (window: 28 days after the first
//! infusion or 14 after the last, whichever is later). A trial file replaces them as a whole.

use super::Criterion;
use super::ctcae::{self, LabTerm};
use super::{astct_crs, astct_icans, magic};
use crate::course::{self, Courses};
use crate::index::SubjectRecords;
use crate::outcome::{Dlt, DltStatus, SubjectOutcome};
use crate::rules::Rules;
use records::{Analyte, DeathCause, EventTerm};
use serde::Deserialize;

/// The criterion.
pub const CRITERION: DoseLimiting = DoseLimiting;

/// Dose-limiting toxicity by the protocol's rules.
#[derive(Debug, Clone, Copy)]
pub struct DoseLimiting;

/// The definition of a dose-limiting toxicity.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DltRules {
    /// The window lasts at least this long after the first infusion, days.
    pub window_days: f64,
    /// The window lasts at least this long after the last infusion given within it, days.
    pub after_last_infusion_days: f64,
    /// A subject without a DLT counts only if this share of the planned dose was given.
    pub minimum_dose_fraction: f64,
    /// Marrow plasma cells from which a cytopenia is blamed on the disease, % (assumed: 10).
    pub marrow_disease_percent: f64,
    /// The toxicities that count; one is enough.
    pub rules: Vec<DltRule>,
}

/// One toxicity that counts.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DltRule {
    /// What.
    pub finding: DltFinding,
    /// From this grade on.
    pub grade: u8,
    /// Only if it stays at that grade for longer than this, hours.
    #[serde(default)]
    pub longer_than_hours: f64,
    /// Only if it is still there after this day; such a rule is not bound to the window.
    #[serde(default)]
    pub beyond_day: Option<f64>,
    /// Not if the marrow is diseased (see `marrow-disease-percent`).
    #[serde(default)]
    pub without_marrow_disease: bool,
}

/// What a rule looks at. Reported events count only if the investigator thinks the product may have
/// caused them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DltFinding {
    /// Death that the product may have caused: from a syndrome of the product, or a related event
    /// of grade 5.
    Death,
    /// Cytokine release syndrome.
    Crs,
    /// Neurotoxicity.
    Icans,
    /// Acute graft-versus-host disease.
    Gvhd,
    /// Infection, as reported.
    Infection,
    /// Infusion reaction, as reported.
    InfusionReaction,
    /// Febrile neutropenia, as reported.
    FebrileNeutropenia,
    /// Damage to normal tissue that carries the target, as reported.
    OffTumourDamage,
    /// Other non-haematological event, as reported.
    OtherNonHaematological,
    /// Alanine or aspartate aminotransferase.
    LiverEnzymes,
    /// Bilirubin.
    Bilirubin,
    /// Creatinine.
    Creatinine,
    /// Neutrophils.
    Neutropenia,
    /// Platelets.
    Thrombocytopenia,
}

impl DltFinding {
    /// The name in words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Death => "death",
            Self::Crs => "cytokine release syndrome",
            Self::Icans => "neurotoxicity",
            Self::Gvhd => "acute graft-versus-host disease",
            Self::Infection => "infection",
            Self::InfusionReaction => "infusion reaction",
            Self::FebrileNeutropenia => "febrile neutropenia",
            Self::OffTumourDamage => "off-tumour damage",
            Self::OtherNonHaematological => "other non-haematological toxicity",
            Self::LiverEnzymes => "aminotransferases increased",
            Self::Bilirubin => "bilirubin increased",
            Self::Creatinine => "creatinine increased",
            Self::Neutropenia => "neutropenia",
            Self::Thrombocytopenia => "thrombocytopenia",
        }
    }

    fn event(self) -> Option<EventTerm> {
        Some(match self {
            Self::Infection => EventTerm::Infection,
            Self::InfusionReaction => EventTerm::InfusionReaction,
            Self::FebrileNeutropenia => EventTerm::FebrileNeutropenia,
            Self::OffTumourDamage => EventTerm::OffTumourDamage,
            Self::OtherNonHaematological => EventTerm::OtherNonHaematological,
            _ => return None,
        })
    }

    fn labs(self) -> &'static [(LabTerm, Analyte)] {
        match self {
            Self::LiverEnzymes => &[
                (LabTerm::AlanineAminotransferase, Analyte::AlanineAminotransferase),
                (LabTerm::AspartateAminotransferase, Analyte::AspartateAminotransferase),
            ],
            Self::Bilirubin => &[(LabTerm::Bilirubin, Analyte::Bilirubin)],
            Self::Creatinine => &[(LabTerm::Creatinine, Analyte::Creatinine)],
            Self::Neutropenia => &[(LabTerm::Neutrophils, Analyte::Neutrophils)],
            Self::Thrombocytopenia => &[(LabTerm::Platelets, Analyte::Platelets)],
            _ => &[],
        }
    }
}

impl Default for DltRules {
    fn default() -> Self {
        let rule = |finding, grade, longer_than_hours| DltRule {
            finding,
            grade,
            longer_than_hours,
            beyond_day: None,
            without_marrow_disease: false,
        };
        let late = |finding| DltRule {
            beyond_day: Some(42.0),
            without_marrow_disease: true,
            ..rule(finding, 4, 0.0)
        };
        Self {
            window_days: 28.0,
            after_last_infusion_days: 14.0,
            minimum_dose_fraction: 0.8,
            marrow_disease_percent: 10.0,
            rules: vec![
                rule(DltFinding::Death, 5, 0.0),
                rule(DltFinding::Crs, 3, 72.0),
                rule(DltFinding::Icans, 3, 0.0),
                rule(DltFinding::Gvhd, 3, 0.0),
                rule(DltFinding::Infection, 3, 72.0),
                rule(DltFinding::InfusionReaction, 3, 24.0),
                rule(DltFinding::OffTumourDamage, 3, 72.0),
                rule(DltFinding::OtherNonHaematological, 3, 72.0),
                rule(DltFinding::LiverEnzymes, 3, 168.0),
                rule(DltFinding::Bilirubin, 3, 72.0),
                rule(DltFinding::Creatinine, 3, 72.0),
                late(DltFinding::Neutropenia),
                late(DltFinding::Thrombocytopenia),
            ],
        }
    }
}

/// The day the window ends, given the infusions so far; infusions after it do not extend it.
pub fn window_end(infusions: impl Iterator<Item = f64>, rules: &DltRules) -> Option<f64> {
    infusions.fold(None, |end: Option<f64>, day| match end {
        None => Some(day + rules.window_days.max(rules.after_last_infusion_days)),
        Some(end) if day <= end => Some(end.max(day + rules.after_last_infusion_days)),
        closed => closed,
    })
}

/// The state of one subject by what its records show; restrict them with
/// [`SubjectRecords::as_of`] for an earlier day.
pub fn status(subject: &SubjectRecords<'_>, rules: &Rules) -> DltStatus {
    let courses = Courses {
        crs: astct_crs::course(subject, &rules.crs),
        icans: astct_icans::course(subject, &rules.icans),
        gvhd: magic::course(subject, &rules.gvhd),
    };
    status_given(subject, &courses, rules)
}

/// As [`status`], with the courses of the syndromes already at hand.
pub fn status_given(subject: &SubjectRecords<'_>, courses: &Courses, rules: &Rules) -> DltStatus {
    let definition = &rules.dlt;
    let not_evaluable = |because: String| DltStatus::NotEvaluable { because };
    let (Some(first), Some(end)) =
        (subject.infusions().next(), window_end(subject.infusions(), definition))
    else {
        return not_evaluable("never infused".into());
    };
    let look = Look { subject, courses, rules, first, end };
    let mut found: Option<Dlt> = None;
    let mut open = false;
    for rule in &definition.rules {
        match look.apply(rule) {
            Verdict::Met(dlt) if found.as_ref().is_none_or(|known| dlt.day < known.day) => {
                found = Some(dlt);
            }
            Verdict::Open => open = true,
            Verdict::Met(_) | Verdict::No => {}
        }
    }
    if let Some(dlt) = found {
        return DltStatus::Dlt(dlt);
    }
    let before_end = |day: Option<f64>| day.filter(|&day| day < end - 1e-9);
    if let Some(day) = before_end(subject.death_day) {
        return not_evaluable(format!("died on day {day:.0} without a DLT, before the window ended"));
    }
    if let Some(day) = before_end(subject.new_therapy_day) {
        return not_evaluable(format!("new therapy on day {day:.0}, before the window ended"));
    }
    let known = subject.known_until();
    if known < end - 1e-9 || open {
        return DltStatus::Pending { follow_up: subject.observed_until().min(known) - first };
    }
    let seen = subject.observed_until();
    if seen < end - 1e-9 {
        return not_evaluable(format!("last seen on day {seen:.0}, before the window ended"));
    }
    if subject.dose_fraction < definition.minimum_dose_fraction - 1e-9 {
        let percent = 100.0 * subject.dose_fraction;
        return not_evaluable(format!("only {percent:.0}% of the planned dose was given"));
    }
    DltStatus::None
}

enum Verdict {
    No,
    /// The toxicity is there but has not lasted long enough to count yet.
    Open,
    Met(Dlt),
}

struct Look<'a> {
    subject: &'a SubjectRecords<'a>,
    courses: &'a Courses,
    rules: &'a Rules,
    first: f64,
    end: f64,
}

impl Look<'_> {
    fn apply(&self, rule: &DltRule) -> Verdict {
        match rule.finding {
            DltFinding::Death => self.death(),
            DltFinding::Crs => self.spells(rule, &self.courses.crs),
            DltFinding::Icans => self.spells(rule, &self.courses.icans),
            DltFinding::Gvhd => self.spells(rule, &self.courses.gvhd),
            finding => match finding.event() {
                Some(term) => self.events(rule, term),
                None => self.labs(rule),
            },
        }
    }

    fn death(&self) -> Verdict {
        let cause = match self.subject.death_cause {
            Some(
                cause @ (DeathCause::CytokineReleaseSyndrome
                | DeathCause::Neurotoxicity
                | DeathCause::GraftVersusHost),
            ) => Some(cause.title()),
            _ => None,
        };
        let by_cause = cause.zip(self.subject.death_day);
        let by_event = self
            .subject
            .events()
            .find(|event| event.related && event.grade == 5 && event.start >= self.first)
            .map(|event| (event.term.title(), event.start));
        match by_cause.or(by_event) {
            Some((what, day)) if day >= self.first && day <= self.end => Verdict::Met(Dlt {
                day,
                term: DltFinding::Death.title().into(),
                because: format!("death on day {day:.1} from {what}"),
            }),
            _ => Verdict::No,
        }
    }

    fn spells(&self, rule: &DltRule, steps: &[course::GradeStep]) -> Verdict {
        let mut verdict = Verdict::No;
        for spell in course::spells(steps, rule.grade) {
            if spell.start >= self.first && spell.start <= self.end {
                match self.lasting(rule, spell.start, spell.end, spell.worst) {
                    Verdict::No => {}
                    met @ Verdict::Met(_) => return met,
                    Verdict::Open => verdict = Verdict::Open,
                }
            }
        }
        verdict
    }

    fn events(&self, rule: &DltRule, term: EventTerm) -> Verdict {
        let mut verdict = Verdict::No;
        for event in self.subject.events() {
            let counts = event.term == term
                && event.related
                && event.grade >= rule.grade
                && event.start >= self.first
                && event.start <= self.end;
            if counts {
                match self.lasting(rule, event.start, event.end, event.grade) {
                    Verdict::No => {}
                    met @ Verdict::Met(_) => return met,
                    Verdict::Open => verdict = Verdict::Open,
                }
            }
        }
        verdict
    }

    /// Whether a toxicity that began on a day has lasted longer than the rule allows.
    fn lasting(&self, rule: &DltRule, start: f64, end: Option<f64>, grade: u8) -> Verdict {
        let limit = rule.longer_than_hours / 24.0;
        let until = end.unwrap_or_else(|| self.subject.observed_until());
        let lasted = until - start;
        if rule.longer_than_hours <= 0.0 || lasted > limit + 1e-9 {
            let hours = rule.longer_than_hours;
            let because = match end {
                _ if hours <= 0.0 => format!("grade {grade} from day {start:.1}"),
                Some(end) => format!(
                    "grade {grade} from day {start:.1} to day {end:.1}, longer than {hours:.0} h"
                ),
                None => {
                    format!("grade {grade} from day {start:.1}, not resolved within {hours:.0} h")
                }
            };
            return Verdict::Met(Dlt { day: start, term: rule.finding.title().into(), because });
        }
        if end.is_none()
            && self.subject.death_day.is_none()
            && self.subject.known_until() - start <= limit + 1e-9
        {
            return Verdict::Open;
        }
        Verdict::No
    }

    fn labs(&self, rule: &DltRule) -> Verdict {
        let mut verdict = Verdict::No;
        for &(term, analyte) in rule.finding.labs() {
            let found = match rule.beyond_day {
                Some(day) => self.beyond(rule, term, analyte, day),
                None => self.lab_course(rule, term, analyte),
            };
            match found {
                Verdict::No => {}
                met @ Verdict::Met(_) => return met,
                Verdict::Open => verdict = Verdict::Open,
            }
        }
        verdict
    }

    fn lab_course(&self, rule: &DltRule, term: LabTerm, analyte: Analyte) -> Verdict {
        let options = &self.rules.ctcae;
        let values = self.subject.after_baseline(analyte);
        if values.is_empty() {
            return Verdict::No;
        }
        let reference = ctcae::reference(self.subject, term, options);
        let mut steps = Vec::new();
        for point in values.iter().filter(|point| point.day >= self.first) {
            let grade = ctcae::lab_grade(term, point.value, &reference, options);
            course::push(&mut steps, point.day, grade.unwrap_or(0));
        }
        self.spells(rule, &steps)
    }

    /// The grade holds at the last value up to a day and still at the first one after it.
    fn beyond(&self, rule: &DltRule, term: LabTerm, analyte: Analyte, day: f64) -> Verdict {
        let options = &self.rules.ctcae;
        let values = self.subject.after_baseline(analyte);
        let after = values.partition_point(|point| point.day <= day);
        let (Some(last), Some(next)) = (after.checked_sub(1).map(|at| values[at]), values.get(after))
        else {
            return Verdict::No;
        };
        let reference = ctcae::reference(self.subject, term, options);
        let reached = |value: f64| {
            ctcae::lab_grade(term, value, &reference, options)
                .is_some_and(|grade| grade >= rule.grade)
        };
        if !reached(last.value) || !reached(next.value) {
            return Verdict::No;
        }
        if rule.without_marrow_disease && self.marrow_is_diseased(next.day) {
            return Verdict::No;
        }
        Verdict::Met(Dlt {
            day: next.day,
            term: rule.finding.title().into(),
            because: format!(
                "grade {} on day {:.0} and still on day {:.0}, beyond day {day:.0}",
                rule.grade, last.day, next.day
            ),
        })
    }

    fn marrow_is_diseased(&self, day: f64) -> bool {
        self.subject
            .series(Analyte::MarrowPlasmaCells)
            .iter()
            .rfind(|point| point.day <= day)
            .is_some_and(|point| point.value >= self.rules.dlt.marrow_disease_percent)
    }
}

impl Criterion for DoseLimiting {
    fn name(&self) -> &'static str {
        "dlt"
    }

    fn title(&self) -> &'static str {
        "Dose-limiting toxicity, the protocol's rules"
    }

    fn source(&self) -> &'static str {
        "The trial's protocol; defaults are rules usual in early CAR-NK trials (assumed)"
    }

    fn assess(&self, subject: &SubjectRecords<'_>, rules: &Rules, outcome: &mut SubjectOutcome) {
        outcome.dlt = status_given(subject, &outcome.courses, rules);
    }
}
