//! Dose-limiting toxicity: rules as data, over what was known on a day.
//!
//! The default rules are those usual in early CAR-NK trials (window: 28 days after the first
//! infusion or 14 after the last, whichever is later). A trial file replaces them as a whole.

mod definition;

pub use definition::{Attribution, DltFinding, DltRule, DltRules, Syndrome};

use super::Criterion;
use super::ctcae::{self, CtcaeOptions, LabTerm};
use super::{astct_crs, astct_icans, magic};
use crate::course::{self, Courses};
use crate::index::{Point, SubjectRecords};
use crate::outcome::{Dlt, DltStatus, SubjectOutcome};
use crate::rules::Rules;
use records::{Analyte, DeathCause, EventTerm};

/// The criterion.
pub const CRITERION: DoseLimiting = DoseLimiting;

/// Dose-limiting toxicity by the protocol's rules.
#[derive(Debug, Clone, Copy)]
pub struct DoseLimiting;

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
    let subject = &subject.with_baseline(rules.baseline);
    let mut ctcae = rules.ctcae;
    ctcae.neutrophil_version = definition.neutrophil_version.unwrap_or(ctcae.neutrophil_version);
    let look = Look { subject, courses, rules, ctcae, first, end };
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

/// Values this far apart belong together for Hy's law, days (assumed).
const TOGETHER_DAYS: f64 = 3.0;

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
    ctcae: CtcaeOptions,
    first: f64,
    end: f64,
}

impl Look<'_> {
    fn apply(&self, rule: &DltRule) -> Verdict {
        match rule.finding {
            DltFinding::Death => self.death(),
            DltFinding::Crs => self.syndrome(rule, Syndrome::Crs),
            DltFinding::Icans => self.syndrome(rule, Syndrome::Icans),
            DltFinding::Gvhd => self.syndrome(rule, Syndrome::Gvhd),
            DltFinding::HysLaw => self.hys_law(rule),
            finding => match finding.event() {
                Some(term) => self.events(rule, term),
                None => self.labs(rule),
            },
        }
    }

    /// Whether a toxicity that begins on a day can count: within the window, and no exception.
    fn counts_from(&self, rule: &DltRule, start: f64) -> bool {
        let end = rule.within_days.map_or(self.end, |days| self.first + days);
        let syndrome = rule.not_during.map(|syndrome| match syndrome {
            Syndrome::Crs => &self.courses.crs,
            Syndrome::Icans => &self.courses.icans,
            Syndrome::Gvhd => &self.courses.gvhd,
        });
        let is_part = syndrome.is_some_and(|steps| {
            course::spells(steps, 1)
                .any(|spell| spell.start <= start && spell.end.is_none_or(|end| start < end))
        });
        start >= self.first
            && start <= end
            && rule.not_before_day.is_none_or(|day| start >= day - 1e-9)
            && !is_part
    }

    fn hys_law(&self, rule: &DltRule) -> Verdict {
        let limits = &self.ctcae.limits;
        let (enzyme, bilirubin) =
            (3.0 * limits.aminotransferase_upper, 2.0 * limits.bilirubin_upper);
        let mut met: Option<f64> = None;
        for analyte in [Analyte::AlanineAminotransferase, Analyte::AspartateAminotransferase] {
            for high in self.subject.series(analyte).iter().filter(|point| point.value > enzyme) {
                let both = self.subject.series(Analyte::Bilirubin).iter().find(|point| {
                    point.value > bilirubin && (point.day - high.day).abs() <= TOGETHER_DAYS
                });
                let day = both.map(|point| point.day.max(high.day));
                let day = day.filter(|&day| self.counts_from(rule, day));
                met = met.into_iter().chain(day).reduce(f64::min);
            }
        }
        met.map_or(Verdict::No, |day| {
            let because = format!(
                "an aminotransferase above {enzyme:.0} U/L and bilirubin above {bilirubin:.0} \
                 umol/L by day {day:.1}"
            );
            Verdict::Met(Dlt { day, term: rule.finding.title().into(), because })
        })
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

    /// A syndrome of the product: what signs show, and the reports that count.
    fn syndrome(&self, rule: &DltRule, syndrome: Syndrome) -> Verdict {
        let (term, known) = match syndrome {
            Syndrome::Crs => (EventTerm::CytokineReleaseSyndrome, &self.courses.crs),
            Syndrome::Icans => (EventTerm::Neurotoxicity, &self.courses.icans),
            Syndrome::Gvhd => (EventTerm::GraftVersusHost, &self.courses.gvhd),
        };
        let is_unrelated = |event: crate::index::Reported| event.term == term && !event.related;
        if rule.attribution == Attribution::Any || !self.subject.events().any(is_unrelated) {
            return self.spells(rule, known);
        }
        let own = &self.subject.with_related_syndromes_only();
        let steps = match syndrome {
            Syndrome::Crs => astct_crs::course(own, &self.rules.crs),
            Syndrome::Icans => astct_icans::course(own, &self.rules.icans),
            Syndrome::Gvhd => magic::course(own, &self.rules.gvhd),
        };
        self.spells(rule, &steps)
    }

    fn spells(&self, rule: &DltRule, steps: &[course::GradeStep]) -> Verdict {
        let mut verdict = Verdict::No;
        for spell in course::spells(steps, rule.grade) {
            if self.counts_from(rule, spell.start) {
                let over = rule.resolved_at.map_or(spell.end, |grade| {
                    let later = steps.iter().filter(|step| step.day > spell.start);
                    later.into_iter().find(|step| step.grade <= grade).map(|step| step.day)
                });
                match self.lasting(rule, spell.start, over, spell.worst) {
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
                && (event.related || rule.attribution == Attribution::Any)
                && event.grade >= rule.grade
                && self.counts_from(rule, event.start);
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
        let options = &self.ctcae;
        let values = self.subject.after_baseline(analyte);
        if values.is_empty() {
            return Verdict::No;
        }
        let reference = ctcae::reference(self.subject, term, options);
        let mut steps = Vec::new();
        for point in values.iter().filter(|point| point.day >= self.first) {
            let reference = reference.of_laboratory(self.subject, term, point.day);
            let grade = ctcae::lab_grade(term, point.value, &reference, options);
            course::push(&mut steps, point.day, grade.unwrap_or(0));
        }
        self.spells(rule, &steps)
    }

    /// The grade holds at the last value up to a day and still at the first one after it.
    fn beyond(&self, rule: &DltRule, term: LabTerm, analyte: Analyte, day: f64) -> Verdict {
        let options = &self.ctcae;
        let values = self.subject.after_baseline(analyte);
        let after = values.partition_point(|point| point.day <= day);
        let (Some(last), Some(next)) = (after.checked_sub(1).map(|at| values[at]), values.get(after))
        else {
            return Verdict::No;
        };
        let reference = ctcae::reference(self.subject, term, options);
        let reached = |point: &Point| {
            let reference = reference.of_laboratory(self.subject, term, point.day);
            ctcae::lab_grade(term, point.value, &reference, options)
                .is_some_and(|grade| grade >= rule.grade)
        };
        if !reached(&last) || !reached(next) {
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
