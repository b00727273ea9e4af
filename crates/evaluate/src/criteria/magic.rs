//! Acute graft-versus-host disease by the MAGIC consensus.
//!
//! Harris et al., Biol Blood Marrow Transplant 2016;22:4-10.

use super::Criterion;
use super::astct_crs::{Running, days_of};
use crate::course::{self, GradeStep};
use crate::index::SubjectRecords;
use crate::outcome::SubjectOutcome;
use crate::rules::Rules;
use records::{Analyte, DeathCause, EventTerm};
use serde::{Deserialize, Serialize};

/// The criterion.
pub const CRITERION: GraftVersusHost = GraftVersusHost;

/// Acute graft-versus-host disease, MAGIC 2016.
#[derive(Debug, Clone, Copy)]
pub struct GraftVersusHost;

/// What the consensus leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct GvhdOptions {
    /// Bilirubin and nausea count only together with rash or diarrhoea, because alone they have
    /// commoner causes (assumed; a biopsy would decide).
    pub rash_or_diarrhoea_required: bool,
    /// A sign holds for this long after it was recorded, days (assumed: 7).
    pub sign_holds_days: f64,
}

impl Default for GvhdOptions {
    fn default() -> Self {
        Self { rash_or_diarrhoea_required: true, sign_holds_days: 7.0 }
    }
}

/// Stages of the four organs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stages {
    /// Skin, 0 to 4.
    pub skin: u8,
    /// Liver, 0 to 4.
    pub liver: u8,
    /// Upper gut, 0 or 1.
    pub upper_gut: u8,
    /// Lower gut, 0 to 4.
    pub lower_gut: u8,
}

/// Signs at one time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct GvhdSigns {
    /// Rash, % of body surface.
    pub rash: f64,
    /// Erythroderma with blisters or peeling of over 5% of the skin.
    pub bullae: bool,
    /// Bilirubin, umol/L.
    pub bilirubin: f64,
    /// Stool volume, mL/day.
    pub stool: f64,
    /// Stools per day; the worse of the two counts.
    pub stools: f64,
    /// Severe abdominal pain, ileus or grossly bloody stool.
    pub severe_gut: bool,
    /// Persistent nausea, vomiting or anorexia.
    pub nausea: bool,
}

/// Bilirubin, umol/L per mg/dL.
const UMOL_PER_MG: f64 = 17.1;

/// Stages of the organs by the signs of this moment.
pub fn stages(signs: &GvhdSigns) -> Stages {
    let above = |value: f64, cuts: &[f64]| {
        cuts.iter().filter(|&&cut| value > cut + 1e-9 * cut.abs()).count() as u8
    };
    let at_least = |value: f64, cut: f64| u8::from(value >= cut - 1e-9);
    let milligrams = signs.bilirubin / UMOL_PER_MG;
    let (rash, stool) = (signs.rash, signs.stool);
    let by_area = u8::from(rash > 0.0) + at_least(rash, 25.0) + above(rash, &[50.0]);
    let by_count = at_least(signs.stools, 3.0) + at_least(signs.stools, 5.0) + above(signs.stools, &[7.0]);
    let by_volume = at_least(stool, 500.0) + at_least(stool, 1000.0) + above(stool, &[1500.0]);
    Stages {
        skin: if signs.bullae { 4 } else { by_area },
        liver: at_least(milligrams, 2.0) + above(milligrams, &[3.0, 6.0, 15.0]),
        upper_gut: u8::from(signs.nausea),
        lower_gut: if signs.severe_gut { 4 } else { by_volume.max(by_count) },
    }
}

/// Overall grade 0 to 4.
pub fn overall_grade(stages: Stages) -> u8 {
    let Stages { skin, liver, upper_gut, lower_gut } = stages;
    if skin >= 4 || liver >= 4 || lower_gut >= 4 {
        4
    } else if liver >= 2 || lower_gut >= 2 {
        3
    } else if skin == 3 || liver == 1 || upper_gut == 1 || lower_gut == 1 {
        2
    } else {
        u8::from(skin > 0)
    }
}

/// The signs by which it is graded.
const SIGNS: [Analyte; 7] = [
    Analyte::RashArea,
    Analyte::Bilirubin,
    Analyte::StoolVolume,
    Analyte::PersistentNausea,
    Analyte::BullousSkin,
    Analyte::SevereGut,
    Analyte::StoolEpisodes,
];
/// Those of them that only look for it.
const OWN_SIGNS: [Analyte; 5] = [
    Analyte::RashArea,
    Analyte::StoolVolume,
    Analyte::StoolEpisodes,
    Analyte::BullousSkin,
    Analyte::SevereGut,
];

/// Grades over time of one subject after the first infusion: the worse of what the signs show and
/// what the investigator reports.
pub fn course(subject: &SubjectRecords<'_>, options: &GvhdOptions) -> Vec<GradeStep> {
    let reported = super::reported::course(subject, EventTerm::GraftVersusHost, &[]);
    let series = SIGNS.map(|analyte| subject.series(analyte));
    let seen = |at: usize, limit: f64| series[at].iter().any(|point| point.value >= limit - 1e-9);
    let index_organ = seen(0, 1e-6) || seen(2, 500.0) || seen(4, 1.0) || seen(5, 1.0) || seen(6, 3.0);
    let other_organ = !options.rash_or_diarrhoea_required && (seen(1, 34.2) || seen(3, 1.0));
    let mut steps = if index_organ || other_organ {
        course::worse_of(&graded(subject, options), &reported)
    } else {
        reported
    };
    if subject.death_cause == Some(DeathCause::GraftVersusHost)
        && let Some(day) = subject.death_day
    {
        steps.retain(|step| step.day < day);
        course::push(&mut steps, day, 5);
    }
    steps
}

fn graded(subject: &SubjectRecords<'_>, options: &GvhdOptions) -> Vec<GradeStep> {
    let series = SIGNS.map(|analyte| subject.series(analyte));
    let mut running = series.map(|points| Running::new(points, options.sign_holds_days));
    let first = subject.infusions().next().unwrap_or(f64::INFINITY);
    let mut steps = Vec::new();
    for day in days_of(&series) {
        let [rash, bilirubin, stool, nausea, bullae, severe, stools] =
            running.each_mut().map(|series| series.at(day).unwrap_or(0.0));
        if day < first {
            continue;
        }
        let mut found = stages(&GvhdSigns {
            rash,
            bullae: bullae >= 1.0,
            bilirubin,
            stool,
            stools,
            severe_gut: severe >= 1.0,
            nausea: nausea >= 1.0,
        });
        if options.rash_or_diarrhoea_required && found.skin == 0 && found.lower_gut == 0 {
            found = Stages::default();
        }
        course::push(&mut steps, day, overall_grade(found));
    }
    steps
}

impl Criterion for GraftVersusHost {
    fn name(&self) -> &'static str {
        "magic"
    }

    fn title(&self) -> &'static str {
        "Acute graft-versus-host disease, MAGIC 2016"
    }

    fn source(&self) -> &'static str {
        "Harris et al., Biol Blood Marrow Transplant 2016;22:4-10"
    }

    fn assess(&self, subject: &SubjectRecords<'_>, rules: &Rules, outcome: &mut SubjectOutcome) {
        outcome.courses.gvhd = course(subject, &rules.gvhd);
        let signs = OWN_SIGNS.map(|analyte| subject.series(analyte));
        let from_signs = graded(subject, &rules.gvhd);
        let term = EventTerm::GraftVersusHost;
        let found = super::reported::differences(subject, term, &signs, &from_signs);
        outcome.grade_differences.extend(found);
        let steps = &outcome.courses.gvhd;
        outcome.gvhd_grade = steps.iter().map(|step| step.grade).max().unwrap_or(0);
        outcome.gvhd_onset = steps.iter().find(|step| step.grade > 0).map(|step| step.day);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organ_stages_follow_the_table() {
        let of = |rash, milligrams: f64, stool| {
            let bilirubin = milligrams * UMOL_PER_MG;
            let found = stages(&GvhdSigns { rash, bilirubin, stool, ..GvhdSigns::default() });
            (found.skin, found.liver, found.lower_gut)
        };
        assert_eq!(of(0.0, 1.9, 499.0), (0, 0, 0));
        assert_eq!(of(24.0, 2.0, 500.0), (1, 1, 1));
        assert_eq!(of(25.0, 3.0, 999.0), (2, 1, 1));
        assert_eq!(of(50.0, 3.1, 1000.0), (2, 2, 2));
        assert_eq!(of(51.0, 6.1, 1501.0), (3, 3, 3));
        assert_eq!(of(51.0, 15.1, 1500.0), (3, 4, 2));
    }

    #[test]
    fn overall_grades_follow_the_table() {
        let of = |skin, liver, upper_gut, lower_gut| {
            overall_grade(Stages { skin, liver, upper_gut, lower_gut })
        };
        assert_eq!(of(0, 0, 0, 0), 0);
        assert_eq!(of(2, 0, 0, 0), 1);
        assert_eq!(of(3, 0, 0, 0), 2);
        assert_eq!(of(0, 0, 1, 0), 2);
        assert_eq!(of(1, 2, 0, 0), 3);
        assert_eq!(of(0, 0, 0, 3), 3);
        assert_eq!(of(0, 4, 0, 0), 4);
    }
}
