//! Immune effector cell-associated neurotoxicity by the ASTCT consensus, adults.
//!
//! Lee et al., Biol Blood Marrow Transplant 2019;25:625-638.

use super::Criterion;
use super::astct_crs::{Running, days_of};
use crate::course::{self, GradeStep};
use crate::index::SubjectRecords;
use crate::outcome::SubjectOutcome;
use crate::rules::Rules;
use records::{Analyte, DeathCause, EventTerm};
use serde::{Deserialize, Serialize};

/// The criterion.
pub const CRITERION: Neurotoxicity = Neurotoxicity;

/// Neurotoxicity, ASTCT 2019.
#[derive(Debug, Clone, Copy)]
pub struct Neurotoxicity;

/// Signs at one time; the codes are those of [`Analyte::codes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NeuroSigns {
    /// ICE score, 0 to 10.
    pub ice_score: Option<u8>,
    /// Level of consciousness: 0 awake, 1 wakes spontaneously, 2 to voice, 3 to touch, 4 not.
    pub consciousness: u8,
    /// Seizure: 0 none, 1 brief and resolving, 2 prolonged or repeated.
    pub seizure: u8,
    /// Deep focal motor weakness.
    pub deep_motor_weakness: bool,
    /// Oedema: 0 none, 1 focal on imaging, 2 diffuse or raised pressure.
    pub oedema: u8,
}

/// What the consensus leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct IcansOptions {
    /// A sign holds for this long after it was recorded, days (assumed: 1).
    pub sign_holds_days: f64,
    /// All signs must be gone for this long before an episode has ended, days (assumed: 1).
    pub quiet_days: f64,
}

impl Default for IcansOptions {
    fn default() -> Self {
        Self { sign_holds_days: 1.0, quiet_days: 1.0 }
    }
}

/// Grade 0 to 4 by the signs of this moment: the worst domain.
pub fn icans_grade_now(signs: &NeuroSigns) -> u8 {
    let unarousable = signs.consciousness >= 4;
    let ice = match signs.ice_score {
        None | Some(10..) => 0,
        Some(7..=9) => 1,
        Some(3..=6) => 2,
        Some(0) if unarousable => 4,
        Some(0..=2) => 3,
    };
    let seizure = match signs.seizure {
        0 => 0,
        1 => 3,
        _ => 4,
    };
    let oedema = match signs.oedema {
        0 => 0,
        1 => 3,
        _ => 4,
    };
    let motor = if signs.deep_motor_weakness { 4 } else { 0 };
    ice.max(signs.consciousness.min(4)).max(seizure).max(oedema).max(motor)
}

/// The signs by which it is graded.
const SIGNS: [Analyte; 5] = [
    Analyte::IceScore,
    Analyte::Consciousness,
    Analyte::Seizure,
    Analyte::DeepMotorWeakness,
    Analyte::CerebralOedema,
];

/// Grades over time of one subject after the first infusion. A report of the investigator stands
/// in where no neurological sign was recorded while it lasted.
pub fn course(subject: &SubjectRecords<'_>, options: &IcansOptions) -> Vec<GradeStep> {
    let series = SIGNS.map(|analyte| subject.series(analyte));
    let mut graded = Vec::new();
    let mut running = series.map(|points| Running::new(points, options.sign_holds_days));
    let first = subject.infusions().next().unwrap_or(f64::INFINITY);
    for day in days_of(&series) {
        let [ice, consciousness, seizure, motor, oedema] =
            running.each_mut().map(|series| series.at(day));
        if day < first {
            continue;
        }
        let signs = NeuroSigns {
            ice_score: ice.map(|score| score as u8),
            consciousness: consciousness.unwrap_or(0.0) as u8,
            seizure: seizure.unwrap_or(0.0) as u8,
            deep_motor_weakness: motor.is_some_and(|value| value >= 1.0),
            oedema: oedema.unwrap_or(0.0) as u8,
        };
        course::push(&mut graded, day, icans_grade_now(&signs));
    }
    let reported = super::reported::course(subject, EventTerm::Neurotoxicity, &series);
    let mut steps = course::worse_of(&graded, &reported);
    if subject.death_cause == Some(DeathCause::Neurotoxicity)
        && let Some(day) = subject.death_day
    {
        steps.retain(|step| step.day < day);
        course::push(&mut steps, day, 5);
    }
    steps
}

impl Criterion for Neurotoxicity {
    fn name(&self) -> &'static str {
        "astct-icans"
    }

    fn title(&self) -> &'static str {
        "Immune effector cell-associated neurotoxicity, ASTCT 2019"
    }

    fn source(&self) -> &'static str {
        "Lee et al., Biol Blood Marrow Transplant 2019;25:625-638"
    }

    fn assess(&self, subject: &SubjectRecords<'_>, rules: &Rules, outcome: &mut SubjectOutcome) {
        outcome.courses.icans = course(subject, &rules.icans);
        outcome.icans = course::worst_episode(&outcome.courses.icans, rules.icans.quiet_days);
        let signs = SIGNS.map(|analyte| subject.series(analyte));
        let term = EventTerm::Neurotoxicity;
        let steps = &outcome.courses.icans;
        let found = super::reported::differences(subject, term, &signs, steps);
        outcome.grade_differences.extend(found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::evaluate;
    use crate::outcome::Episode;
    use records::{Study, Treatment};

    #[test]
    fn an_episode_runs_from_the_first_low_score_to_the_first_full_one() {
        let mut study = Study::default();
        study.push_subject("S-1", "A");
        study.exposures.push(0, Treatment::CellProduct, 0.0, 1e8, 1e8);
        for (day, score) in [(0.0, 10.0), (4.0, 8.0), (5.0, 4.0), (6.0, 9.0), (7.0, 10.0)] {
            study.findings.push(0, Analyte::IceScore, day, score, false);
        }
        let found = evaluate(&study, &Rules::default()).subjects[0].icans;
        assert_eq!(found, Some(Episode { grade: 2, onset: 4.0, end: Some(7.0) }));
    }

    #[test]
    fn signs_before_the_first_infusion_do_not_count() {
        let mut study = Study::default();
        study.push_subject("S-1", "A");
        study.exposures.push(0, Treatment::CellProduct, 0.0, 1e8, 1e8);
        study.findings.push(0, Analyte::IceScore, -3.0, 8.0, false);
        assert_eq!(evaluate(&study, &Rules::default()).subjects[0].icans, None);
    }
}
