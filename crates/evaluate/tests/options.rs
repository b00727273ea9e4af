//! Each option changes what it names, and only that.

use cytotrial_evaluate::{
    CrsOptions, GvhdOptions, ImwgOptions, LabGrade, LabTerm, Nadir, Origin, Rules, SubjectOutcome,
    UnseenPlasmacytoma, VgprUrine, evaluate,
};
use records::{Analyte, DeathCause, EventTerm, Remark, Study, Treatment};

/// One subject with serum M-protein (g/L) at visits 28 days apart, the first at baseline.
fn serum(values: &[f64]) -> Study {
    let mut study = Study::default();
    study.push_subject("S-1", "A");
    study.exposures.push(0, Treatment::CellProduct, 0.0, 1e8, 1e8);
    for (visit, &value) in values.iter().enumerate() {
        study.findings.push(0, Analyte::SerumMProtein, 28.0 * visit as f64, value, false);
    }
    study
}

fn outcome(study: &Study, rules: &Rules) -> SubjectOutcome {
    evaluate(study, rules).subjects.remove(0)
}

fn imwg(options: ImwgOptions) -> Rules {
    Rules { imwg: options, ..Rules::default() }
}

#[test]
fn an_unconfirmed_nadir_counts_by_default_and_not_with_the_option() {
    // 8 is followed by 12: only 12 is confirmed as reached
    let study = serum(&[30.0, 8.0, 12.0, 13.5, 14.0]);
    assert_eq!(outcome(&study, &Rules::default()).progression_day, Some(84.0));
    let rules = imwg(ImwgOptions { nadir: Nadir::LowestConfirmed, ..ImwgOptions::default() });
    assert_eq!(outcome(&study, &rules).progression_day, None);
}

#[test]
fn a_value_judged_spurious_lowers_no_nadir() {
    let mut study = serum(&[30.0, 12.0, 2.0, 13.0, 14.0]);
    assert_eq!(outcome(&study, &Rules::default()).progression_day, Some(84.0));
    let spurious = Remark { spurious: true, ..Remark::default() };
    study.remarks.push(0, Analyte::SerumMProtein, 56.0, spurious);
    let found = outcome(&study, &Rules::default());
    assert_eq!(found.progression_day, None);
    assert_eq!(found.visits[2].unconfirmed.code(), "PR");
}

#[test]
fn a_plasmacytoma_never_looked_for_before_is_new_only_with_the_option() {
    let mut study = serum(&[30.0, 12.0, 12.0]);
    study.findings.push(0, Analyte::PlasmacytomaSize, 28.0, 300.0, false);
    assert_eq!(outcome(&study, &Rules::default()).best_response.code(), "PR");
    let unseen_plasmacytoma = UnseenPlasmacytoma::New;
    let rules = imwg(ImwgOptions { unseen_plasmacytoma, ..ImwgOptions::default() });
    assert_eq!(outcome(&study, &rules).progression_day, Some(28.0));
    // looked for and not there: it is new by any choice
    study.findings.push(0, Analyte::PlasmacytomaSize, 0.0, 0.0, false);
    assert_eq!(outcome(&study, &Rules::default()).progression_day, Some(28.0));
}

#[test]
fn the_limits_of_the_laboratory_grade_its_values() {
    let mut study = serum(&[30.0]);
    study.findings.push(0, Analyte::Creatinine, 7.0, 130.0, false);
    study.findings.push(0, Analyte::Creatinine, 14.0, 130.0, false);
    let grade = |study: &Study| {
        let found = outcome(study, &Rules::default());
        let term = |grade: &&LabGrade| grade.term == LabTerm::Creatinine;
        found.lab_grades.iter().find(term).map(|grade| (grade.worst, grade.day))
    };
    assert_eq!(grade(&study), Some((1, 7.0)));
    // the limits of a day hold until others are given
    let upper = |upper| Remark { upper: Some(upper), ..Remark::default() };
    study.remarks.push(0, Analyte::Creatinine, 7.0, upper(140.0));
    assert_eq!(grade(&study), Some((0, 7.0)));
    study.remarks.push(0, Analyte::Creatinine, 14.0, upper(80.0));
    assert_eq!(grade(&study), Some((2, 14.0)));
}

#[test]
fn a_very_good_response_needs_urine_unless_told_otherwise() {
    let study = serum(&[30.0, 2.0, 2.0]);
    assert_eq!(outcome(&study, &Rules::default()).best_response.code(), "PR");
    let options = ImwgOptions { vgpr_urine: VgprUrine::NotRequired, ..ImwgOptions::default() };
    assert_eq!(outcome(&study, &imwg(options)).best_response.code(), "VGPR");
}

#[test]
fn urine_is_carried_forward_only_as_long_as_allowed() {
    let mut study = serum(&[30.0, 10.0, 10.0, 10.0]);
    study.findings.push(0, Analyte::UrineMProtein, 0.0, 900.0, false);
    study.findings.push(0, Analyte::UrineMProtein, 28.0, 80.0, false);
    assert_eq!(outcome(&study, &Rules::default()).best_response.code(), "SD");
    let options = ImwgOptions { carry_forward_days: 28.0, ..ImwgOptions::default() };
    let found = outcome(&study, &imwg(options));
    let levels: Vec<&str> = found.visits.iter().map(|visit| visit.unconfirmed.code()).collect();
    assert_eq!(levels, ["PR", "PR", "SD"]);
}

#[test]
fn progression_at_the_last_visit_counts_only_with_the_option() {
    let study = serum(&[30.0, 10.0, 10.0, 16.0]);
    assert_eq!(outcome(&study, &Rules::default()).progression_day, None);
    let options = ImwgOptions { count_unconfirmed_last_pd: true, ..ImwgOptions::default() };
    assert_eq!(outcome(&study, &imwg(options)).progression_day, Some(84.0));
}

#[test]
fn values_a_day_apart_are_one_assessment() {
    let mut study = serum(&[30.0, 2.0, 2.0]);
    for day in [29.0, 57.5] {
        study.findings.push(0, Analyte::UrineMProtein, day, 0.0, false);
    }
    let found = outcome(&study, &Rules::default());
    assert_eq!(found.visits.len(), 2);
    assert_eq!(found.best_response.code(), "VGPR");
    let apart = imwg(ImwgOptions { visit_span_days: 0.5, ..ImwgOptions::default() });
    assert_eq!(outcome(&study, &apart).visits.len(), 4);
}

#[test]
fn baseline_is_before_lymphodepletion() {
    let mut study = serum(&[12.0, 9.0, 9.0]);
    study.exposures.push(0, Treatment::Fludarabine, -5.0, 50.0, 50.0);
    study.findings.push(0, Analyte::SerumMProtein, -6.0, 30.0, false);
    assert_eq!(outcome(&study, &Rules::default()).best_response.code(), "PR");
}

#[test]
fn times_count_from_enrolment_when_asked() {
    let mut study = serum(&[30.0, 10.0, 10.0]);
    study.subjects.enrolled_day[0] = -35.0;
    study.subjects.last_known_alive_day[0] = 90.0;
    let from_infusion = outcome(&study, &Rules::default());
    let rules = Rules { origin: Origin::Enrolment, ..Rules::default() };
    let from_enrolment = outcome(&study, &rules);
    assert!((from_infusion.overall.days - 90.0).abs() < 1e-12);
    assert!((from_enrolment.overall.days - 125.0).abs() < 1e-12);
    assert!((from_enrolment.progression_free.days - 91.0).abs() < 1e-12);
    assert_eq!(from_enrolment.response_duration, from_infusion.response_duration);
}

#[test]
fn residual_disease_is_negative_where_the_assay_reached_the_level() {
    let mut study = serum(&[30.0, 10.0, 10.0]);
    for (day, value, below) in [(28.0, 2e-4, false), (84.0, 1e-5, true), (450.0, 1e-6, true)] {
        study.findings.push(0, Analyte::MinimalResidualDisease, day, value, below);
    }
    let found = outcome(&study, &Rules::default()).mrd;
    assert_eq!((found.negative_1e5, found.negative_1e6), (Some(true), Some(true)));
    assert_eq!((found.day, found.sustained), (Some(84.0), Some(true)));
    assert_eq!(found.negative_in_complete_response, Some(false));
    assert_eq!(found.best_level, Some(1e-6));
}

#[test]
fn a_late_fever_is_attributed_only_within_the_time_set() {
    let mut study = serum(&[30.0]);
    for day in [40.0, 41.5, 43.0] {
        let fever = if day < 41.0 { 39.0 } else { 36.8 };
        study.findings.push(0, Analyte::Temperature, day, fever, false);
    }
    assert!(outcome(&study, &Rules::default()).crs.is_none());
    let crs = CrsOptions { onset_within_days: 60.0, ..CrsOptions::default() };
    let found = outcome(&study, &Rules { crs, ..Rules::default() }).crs;
    assert_eq!(found.map(|episode| (episode.grade, episode.end)), Some((1, Some(41.5))));
}

#[test]
fn bilirubin_alone_is_graft_versus_host_disease_only_when_asked() {
    let mut study = serum(&[30.0]);
    study.findings.push(0, Analyte::Bilirubin, 20.0, 60.0, false);
    assert_eq!(outcome(&study, &Rules::default()).gvhd_grade, 0);
    let gvhd = GvhdOptions { rash_or_diarrhoea_required: false, ..GvhdOptions::default() };
    assert_eq!(outcome(&study, &Rules { gvhd, ..Rules::default() }).gvhd_grade, 3);
    study.findings.push(0, Analyte::RashArea, 20.0, 10.0, false);
    assert_eq!(outcome(&study, &Rules::default()).gvhd_grade, 3);
}

#[test]
fn reported_events_and_fatal_syndromes_have_their_grades() {
    let mut study = serum(&[30.0]);
    study.events.push(0, EventTerm::Infection, 12.0, Some(20.0), 3, false);
    study.events.push(0, EventTerm::InfusionReaction, 0.0, Some(0.1), 2, true);
    study.events.push(0, EventTerm::GraftVersusHost, 30.0, None, 2, true);
    study.subjects.death_day[0] = Some(50.0);
    study.subjects.death_cause[0] = Some(DeathCause::GraftVersusHost);
    let found = outcome(&study, &Rules::default());
    assert_eq!((found.infection_grade, found.infusion_reaction_grade), (3, 2));
    assert_eq!((found.gvhd_grade, found.gvhd_onset), (5, Some(30.0)));
    assert!(found.overall.event && (found.overall.days - 50.0).abs() < 1e-12);
}

#[test]
fn cytopenia_at_day_thirty_is_prolonged() {
    let mut study = serum(&[30.0]);
    for (day, neutrophils, platelets) in [(10.0, 0.2, 30.0), (28.0, 0.6, 80.0)] {
        study.findings.push(0, Analyte::Neutrophils, day, neutrophils, false);
        study.findings.push(0, Analyte::Platelets, day, platelets, false);
    }
    let found = outcome(&study, &Rules::default()).cytopenia;
    assert_eq!(found.neutrophil_nadir, Some(0.2));
    assert_eq!(found.prolonged_neutropenia, Some(true));
    assert_eq!(found.prolonged_thrombocytopenia, Some(false));
}
