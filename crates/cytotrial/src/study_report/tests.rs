//! The report of a study and the course of a subject are complete, from a small simulated study.

use evaluate::Rules;
use report::Audience;

use super::*;
use crate::operation::evaluate::Evaluation;
use crate::protocol::files::Files;
use crate::protocol::read;

/// Two subjects of two arms with all kinds of data, made up.
fn evaluation() -> Evaluation {
    use records::{Analyte as A, EventTerm, Study, Treatment};
    let mut study = Study { name: "T".into(), ..Study::default() };
    for (row, arm) in [(0_u32, "a"), (1, "a"), (2, "b")] {
        let at = study.push_subject(&format!("S-{row}"), arm) as usize;
        study.subjects.disposition[at] = records::Disposition::Infused;
        study.subjects.last_known_alive_day[at] = 120.0;
        study.subjects.infused_calendar[at] = Some(0.0);
        study.exposures.push(row, Treatment::CellProduct, 0.0, 1e8, 1e8);
        for (visit, serum) in [30.0, 12.0, 11.0, 2.0, 18.0].into_iter().enumerate() {
            let day = 28.0 * visit as f64;
            study.findings.push(row, A::SerumMProtein, day, serum + f64::from(row), false);
            study.findings.push(row, A::UrineMProtein, day, 0.0, false);
        }
        for (day, cells, below) in [(1.0, 5.0, false), (7.0, 80.0, false), (28.0, 1.0, true)] {
            study.findings.push(row, A::InfusedCells, day, cells, below);
            study.findings.push(row, A::Interleukin6, day, 10.0 * cells, false);
        }
        for (day, value) in [(1.0, 38.9), (2.0, 38.2), (3.0, 36.8), (5.0, 36.6)] {
            study.findings.push(row, A::Temperature, day, value, false);
        }
        study.findings.push(row, A::Neutrophils, 5.0, 0.3, false);
        let term = EventTerm::CytokineReleaseSyndrome;
        study.events.push(row, term, 1.0, Some(3.0), 2, true);
    }
    study.subjects.death_day[2] = Some(100.0);
    study.subjects.last_known_alive_day[2] = 100.0;
    let files = Files::bundled("NCT06379451").expect("a bundled trial");
    let protocol = read::experiment(&files).expect("the bundled trial").protocol;
    let rules = Rules::default();
    Evaluation {
        outcomes: evaluate::evaluate(&study, &rules),
        protocol,
        study,
        origins: records::import::Origins::default(),
        rules,
        has_events: true,
        warnings: Vec::new(),
    }
}

#[test]
fn the_report_of_a_study_lacks_nothing() {
    let evaluation = evaluation();
    let whole = report(&evaluation);
    for audience in Audience::ALL {
        let document = whole.document(audience);
        let faults = ::report::check::document(&document);
        assert!(faults.is_empty(), "{faults:?}");
    }
    let document = whole.document(Audience::Reviewer);
    let ids: Vec<&str> = document.figures().iter().map(|figure| figure.id.as_str()).collect();
    for id in
        ["best-response", "waterfall-a", "spider-a", "swimmer-b", "curve-overall", "crs-grades"]
    {
        assert!(ids.contains(&id), "{id} is not in {ids:?}");
    }
}

#[test]
fn the_course_of_a_subject_says_rule_values_and_what_would_have_changed_them() {
    let evaluation = evaluation();
    assert!(course(&evaluation, "nobody").is_none());
    let document = course(&evaluation, "S-0").unwrap();
    let faults = ::report::check::document(&document);
    assert!(faults.is_empty(), "{faults:?}");
    let table = &document.tables()[0];
    let row: Vec<String> = table.rows[1].iter().map(|cell| cell.text.words()).collect();
    assert_eq!(row[2..4], ["PR", "PR"]);
    assert!(row[4].contains("-60% of baseline"), "{row:?}");
    assert!(row[5].contains("VGPR: serum at most 3 g/L"), "{row:?}");
    assert!(row[5].contains("serum M-protein from 37.5 g/L (nadir 30)"), "{row:?}");
    let ids: Vec<&str> = document.figures().iter().map(|figure| figure.id.as_str()).collect();
    for id in ["course-serum", "course-cells", "course-cytokines", "course-temperature"] {
        assert!(ids.contains(&id), "{id} is not in {ids:?}");
    }
}

#[test]
fn a_study_of_nobody_has_a_report() {
    let empty = Evaluation {
        study: records::Study::default(),
        outcomes: evaluate::Outcomes::default(),
        ..evaluation()
    };
    let document = report(&empty).document(Audience::Reviewer);
    assert!(::report::check::document(&document).is_empty());
}

#[test]
fn every_choice_has_a_meaning_and_every_meaning_a_choice() {
    let rules = values(&Rules::default());
    let belongs = |path: &str, name: &str| {
        path == name || path.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
    };
    for (path, value) in &rules {
        assert!(MEANINGS.iter().any(|(name, _)| belongs(path, name)), "{path} has no meaning");
        assert!(!value.is_empty(), "{path} has no value");
    }
    for (name, _) in MEANINGS {
        assert!(rules.iter().any(|(path, _)| belongs(path, name)), "{name} is no choice");
    }
}
