//! Cytokine release syndrome by the ASTCT consensus.
//!
//! Lee et al., Biol Blood Marrow Transplant 2019;25:625-638. What the consensus leaves to the
//! reader is an option of [`CrsOptions`].

use super::Criterion;
use crate::course::{self, GradeStep};
use crate::index::{Point, SubjectRecords};
use crate::outcome::SubjectOutcome;
use crate::rules::Rules;
use records::{Analyte, DeathCause, EventTerm, Treatment};
use serde::{Deserialize, Serialize};

/// The criterion.
pub const CRITERION: CytokineRelease = CytokineRelease;

/// Cytokine release syndrome, ASTCT 2019.
#[derive(Debug, Clone, Copy)]
pub struct CytokineRelease;

/// Signs at one time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Signs {
    /// Body temperature, degrees Celsius.
    pub temperature: Option<f64>,
    /// Antipyretic or anti-cytokine treatment since onset: fever is no longer required.
    pub fever_treated: bool,
    /// Hypotension, on a vasopressor or not.
    pub hypotension: bool,
    /// Vasopressors in use, vasopressin not counted.
    pub vasopressors: u8,
    /// Vasopressin in use.
    pub vasopressin: bool,
    /// Code of the oxygen device ([`Analyte::codes`] of [`Analyte::OxygenDevice`]).
    pub oxygen_device: u8,
    /// Oxygen flow, L/min.
    pub oxygen_flow: Option<f64>,
}

/// What the consensus leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct CrsOptions {
    /// Systolic pressure below which there is hypotension, mmHg (assumed: 90).
    pub hypotension_below: f64,
    /// A sign holds for this long after it was recorded, days (assumed: 1).
    pub sign_holds_days: f64,
    /// Fever and limbs must be gone for this long before an episode has ended, days (assumed: 1).
    pub quiet_days: f64,
    /// A first fever later than this after the last infusion is not attributed, days (assumed: 30).
    pub onset_within_days: f64,
    /// A fever during a reported infection that is not attributed to the product starts no episode
    /// (the consensus asks for "not attributable to any other cause").
    pub other_cause_excludes: bool,
    /// The grade of vasopressin as the only vasopressor, which the consensus does not give.
    pub vasopressin_alone_grade: u8,
}

impl Default for CrsOptions {
    fn default() -> Self {
        Self {
            hypotension_below: 90.0,
            sign_holds_days: 1.0,
            quiet_days: 1.0,
            onset_within_days: 30.0,
            other_cause_excludes: true,
            vasopressin_alone_grade: 3,
        }
    }
}

/// Fever starts here, degrees Celsius.
pub const FEVER: f64 = 38.0;

const LOW_FLOW_LIMIT: f64 = 6.0;

/// Grade 0 to 4 by the signs of this moment: the worse of the two limbs, given fever or its
/// treatment since onset.
pub fn crs_grade_now(signs: &Signs) -> u8 {
    crs_grade(signs, &CrsOptions::default())
}

/// As [`crs_grade_now`], with other choices where the consensus is silent.
pub fn crs_grade(signs: &Signs, options: &CrsOptions) -> u8 {
    let fever = signs.temperature.is_some_and(|value| value >= FEVER - 1e-9);
    if !fever && !signs.fever_treated {
        return 0;
    }
    hypotension_limb(signs, options).max(hypoxia_limb(signs)).max(u8::from(fever))
}

fn hypotension_limb(signs: &Signs, options: &CrsOptions) -> u8 {
    match signs.vasopressors {
        0 if signs.vasopressin => options.vasopressin_alone_grade.min(4),
        0 if signs.hypotension => 2,
        0 => 0,
        1 => 3,
        _ => 4,
    }
}

fn hypoxia_limb(signs: &Signs) -> u8 {
    let high_flow = signs.oxygen_flow.is_some_and(|flow| flow > LOW_FLOW_LIMIT + 1e-9);
    match signs.oxygen_device {
        0 => 0,
        1 if high_flow => 3,
        1 | 2 => 2,
        3..=6 => 3,
        _ => 4,
    }
}

/// Grades over time of one subject. A report of the investigator stands in where no temperature
/// was recorded while it lasted.
pub fn course(subject: &SubjectRecords<'_>, options: &CrsOptions) -> Vec<GradeStep> {
    followed(subject, options).grades
}

/// Grades over time, and when an episode goes on.
#[derive(Default)]
struct Followed {
    grades: Vec<GradeStep>,
    /// 1 from the first fever until fever and limbs are gone. A limb that outlasts an untreated
    /// fever has no grade, and the episode has not ended.
    goes_on: Vec<GradeStep>,
}

fn followed(subject: &SubjectRecords<'_>, options: &CrsOptions) -> Followed {
    let temperatures = subject.series(Analyte::Temperature);
    let fever = |point: &Point| point.value >= FEVER - 1e-9 && point.day >= -1e-9;
    let Followed { grades, goes_on } =
        if temperatures.iter().any(fever) { graded(subject, options) } else { Followed::default() };
    let term = EventTerm::CytokineReleaseSyndrome;
    let reported = super::reported::course(subject, term, &[temperatures]);
    let mut steps = course::worse_of(&grades, &reported);
    if subject.death_cause == Some(DeathCause::CytokineReleaseSyndrome)
        && let Some(day) = subject.death_day
    {
        steps.retain(|step| step.day < day);
        course::push(&mut steps, day, 5);
    }
    Followed { grades: steps, goes_on }
}

/// A series read forwards: the value in force at each time asked for.
pub(crate) struct Running<'a> {
    points: &'a [Point],
    next: usize,
    holds_days: f64,
}

impl<'a> Running<'a> {
    pub(crate) fn new(points: &'a [Point], holds_days: f64) -> Self {
        Self { points, next: 0, holds_days }
    }

    /// The last value on or before the day, unless it is older than it may hold. Days ascend.
    pub(crate) fn at(&mut self, day: f64) -> Option<f64> {
        while self.points.get(self.next).is_some_and(|point| point.day <= day) {
            self.next += 1;
        }
        let last = self.points.get(self.next.checked_sub(1)?)?;
        (day - last.day <= self.holds_days + 1e-9).then_some(last.value)
    }
}

/// The days on which any of the series has a value, ascending, each once.
pub(crate) fn days_of<const N: usize>(series: &[&[Point]; N]) -> Vec<f64> {
    let mut next = [0_usize; N];
    let mut days = Vec::with_capacity(series.iter().map(|points| points.len()).max().unwrap_or(0));
    loop {
        let mut earliest = f64::INFINITY;
        for (points, &at) in series.iter().zip(&next) {
            if let Some(point) = points.get(at) {
                earliest = earliest.min(point.day);
            }
        }
        if earliest.is_infinite() {
            return days;
        }
        days.push(earliest);
        for (points, at) in series.iter().zip(&mut next) {
            while points.get(*at).is_some_and(|point| point.day <= earliest) {
                *at += 1;
            }
        }
    }
}

fn graded(subject: &SubjectRecords<'_>, options: &CrsOptions) -> Followed {
    use Analyte as A;
    let series = [
        A::Temperature,
        A::SystolicPressure,
        A::Vasopressors,
        A::Vasopressin,
        A::OxygenDevice,
        A::OxygenFlow,
    ]
    .map(|analyte| subject.series(analyte));
    let mut running = series.map(|points| Running::new(points, options.sign_holds_days));
    let mut found = Followed::default();
    let mut onset: Option<f64> = None;
    let mut quiet_since: Option<f64> = None;
    for day in days_of(&series) {
        if quiet_since.is_some_and(|since| day - since >= options.quiet_days - 1e-9) {
            (onset, quiet_since) = (None, None);
        }
        let [temperature, pressure, pressors, vasopressin, device, flow] =
            running.each_mut().map(|series| series.at(day));
        let signs = Signs {
            temperature,
            fever_treated: onset.is_some_and(|start| fever_treated(subject, start, day)),
            hypotension: pressure.is_some_and(|value| value < options.hypotension_below),
            vasopressors: pressors.unwrap_or(0.0) as u8,
            vasopressin: vasopressin.is_some_and(|value| value >= 1.0),
            oxygen_device: device.unwrap_or(0.0) as u8,
            oxygen_flow: flow,
        };
        let mut grade = crs_grade(&signs, options);
        if grade > 0 && onset.is_none() {
            if may_start(subject, day, options) {
                onset = Some(day);
            } else {
                grade = 0;
            }
        }
        let limbs = hypotension_limb(&signs, options).max(hypoxia_limb(&signs));
        let goes_on = grade > 0 || (onset.is_some() && limbs > 0);
        quiet_since = if goes_on { None } else { quiet_since.or(onset.map(|_| day)) };
        course::push(&mut found.grades, day, grade);
        course::push(&mut found.goes_on, day, u8::from(goes_on));
    }
    found
}

/// An antipyretic, tocilizumab or a steroid was given between onset and now.
fn fever_treated(subject: &SubjectRecords<'_>, onset: f64, day: f64) -> bool {
    subject.doses().iter().any(|dose| {
        dose.day >= onset
            && dose.day <= day
            && matches!(
                dose.treatment,
                Treatment::Antipyretic | Treatment::Tocilizumab | Treatment::Dexamethasone
            )
    })
}

fn may_start(subject: &SubjectRecords<'_>, day: f64, options: &CrsOptions) -> bool {
    let last_infusion = subject.infusions().take_while(|&given| given <= day + 1e-9).last();
    let near = last_infusion.is_some_and(|given| day - given <= options.onset_within_days);
    let other_cause = options.other_cause_excludes
        && subject.events().any(|event| {
            event.term == EventTerm::Infection
                && !event.related
                && event.start <= day
                && event.end.is_none_or(|end| day <= end)
        });
    near && !other_cause
}

impl Criterion for CytokineRelease {
    fn name(&self) -> &'static str {
        "astct-crs"
    }

    fn title(&self) -> &'static str {
        "Cytokine release syndrome, ASTCT 2019"
    }

    fn source(&self) -> &'static str {
        "Lee et al., Biol Blood Marrow Transplant 2019;25:625-638"
    }

    fn assess(&self, subject: &SubjectRecords<'_>, rules: &Rules, outcome: &mut SubjectOutcome) {
        let Followed { grades, goes_on } = followed(subject, &rules.crs);
        let episodes = course::worse_of(&grades, &goes_on);
        outcome.crs = course::worst_episode(&episodes, rules.crs.quiet_days);
        outcome.courses.crs = grades;
        let signs = [subject.series(Analyte::Temperature)];
        let term = EventTerm::CytokineReleaseSyndrome;
        let steps = &outcome.courses.crs;
        let found = super::reported::differences(subject, term, &signs, steps);
        outcome.grade_differences.extend(found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::evaluate;
    use crate::outcome::Episode;
    use records::Study;

    fn study(temperatures: &[(f64, f64)]) -> Study {
        let mut study = Study::default();
        study.push_subject("S-1", "A");
        study.exposures.push(0, Treatment::CellProduct, 0.0, 1e8, 1e8);
        for &(day, value) in temperatures {
            study.findings.push(0, Analyte::Temperature, day, value, false);
        }
        study
    }

    fn worst(study: &Study) -> Option<Episode> {
        evaluate(study, &Rules::default()).subjects[0].crs
    }

    #[test]
    fn fever_alone_is_grade_one_until_it_is_gone() {
        let study = study(&[(0.0, 36.9), (1.0, 38.4), (2.0, 38.0), (3.0, 37.2), (4.0, 36.8)]);
        assert_eq!(worst(&study), Some(Episode { grade: 1, onset: 1.0, end: Some(3.0) }));
    }

    #[test]
    fn after_tocilizumab_the_limbs_decide_without_fever() {
        let mut study = study(&[(1.0, 39.0), (2.0, 37.0), (3.0, 36.8), (4.0, 36.8), (5.0, 36.8)]);
        study.exposures.push(0, Treatment::Tocilizumab, 1.2, 560.0, 560.0);
        study.findings.push(0, Analyte::Vasopressors, 2.0, 1.0, false);
        study.findings.push(0, Analyte::Vasopressors, 3.0, 0.0, false);
        assert_eq!(worst(&study), Some(Episode { grade: 3, onset: 1.0, end: Some(3.0) }));
    }

    #[test]
    fn an_episode_lasts_until_the_limbs_are_gone_too() {
        let mut study = study(&[(1.0, 39.0), (2.0, 37.0), (3.0, 37.0), (4.0, 36.8), (5.0, 36.8)]);
        for (day, pressors) in [(1.0, 1.0), (2.0, 1.0), (3.0, 2.0), (4.0, 0.0)] {
            study.findings.push(0, Analyte::Vasopressors, day, pressors, false);
        }
        assert_eq!(worst(&study), Some(Episode { grade: 3, onset: 1.0, end: Some(4.0) }));
        // the fever counts as treated from here on, and the limbs decide
        study.exposures.push(0, Treatment::Tocilizumab, 3.0, 560.0, 560.0);
        assert_eq!(worst(&study), Some(Episode { grade: 4, onset: 1.0, end: Some(4.0) }));
    }

    #[test]
    fn without_fever_first_a_limb_is_not_cytokine_release() {
        let mut study = study(&[(1.0, 36.9)]);
        study.findings.push(0, Analyte::Vasopressors, 1.0, 1.0, false);
        assert_eq!(worst(&study), None);
    }

    #[test]
    fn a_fever_from_another_infection_starts_no_episode() {
        let mut study = study(&[(20.0, 39.0)]);
        study.events.push(0, EventTerm::Infection, 19.0, Some(25.0), 3, false);
        assert_eq!(worst(&study), None);
    }

    #[test]
    fn death_from_it_is_grade_five() {
        let mut study = study(&[(1.0, 39.0), (2.0, 39.5)]);
        study.subjects.death_day[0] = Some(3.0);
        study.subjects.death_cause[0] = Some(DeathCause::CytokineReleaseSyndrome);
        assert_eq!(worst(&study), Some(Episode { grade: 5, onset: 1.0, end: None }));
    }

    #[test]
    fn where_temperatures_were_recorded_they_decide_over_a_report() {
        let mut study = study(&[(0.0, 36.5), (3.0, 36.9), (20.0, 36.5)]);
        study.events.push(0, EventTerm::CytokineReleaseSyndrome, 2.0, Some(6.0), 2, true);
        assert_eq!(worst(&study), None);
        study.events.push(0, EventTerm::CytokineReleaseSyndrome, 8.0, Some(9.0), 2, true);
        assert_eq!(worst(&study), Some(Episode { grade: 2, onset: 8.0, end: Some(9.0) }));
    }

    #[test]
    fn a_report_of_one_day_lasts_that_day() {
        let mut study = study(&[(0.0, 36.5), (3.4, 36.9), (20.0, 36.5)]);
        // a temperature of the same day tells more than the report
        study.events.push(0, EventTerm::CytokineReleaseSyndrome, 3.0, Some(3.0), 4, true);
        assert_eq!(worst(&study), None);
        study.events.push(0, EventTerm::CytokineReleaseSyndrome, 19.0, Some(19.0), 3, true);
        assert_eq!(worst(&study), Some(Episode { grade: 3, onset: 19.0, end: Some(20.0) }));
    }

    #[test]
    fn reports_stand_in_where_no_temperature_was_recorded() {
        let mut study = study(&[]);
        study.events.push(0, EventTerm::CytokineReleaseSyndrome, 2.0, Some(6.0), 2, true);
        assert_eq!(worst(&study), Some(Episode { grade: 2, onset: 2.0, end: Some(6.0) }));
    }
}
