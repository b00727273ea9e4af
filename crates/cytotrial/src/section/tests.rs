//! Every section of a small simulation is complete.

use report::figure::Drawing;
use report::{Block, check, html};

use super::*;
use crate::operation::Unwatched;
use crate::operation::simulate::{SimulateRequest, simulate};
use crate::protocol::{files::Files, read};

mod unknown;

/// A small simulation with what its report is made from.
struct Small {
    simulation: Simulation,
    reading: read::Reading,
    targets: Vec<Target>,
}

impl Small {
    fn new(arms: &[&str]) -> Self {
        Self::sized(arms, 2, 4)
    }

    fn sized(arms: &[&str], replicates: u32, patients: u32) -> Self {
        let files = Files::bundled("NCT06379451").unwrap();
        let reading = read::read(&files);
        let table = crate::library::text("evidence/targets.csv").unwrap();
        let targets = crate::targets::read(table, "evidence/targets.csv").unwrap();
        let request = SimulateRequest {
            files,
            replicates: Some(replicates),
            patients: Some(patients),
            arms: Some(arms.iter().map(|arm| (*arm).to_owned()).collect()),
            seed: Some(7),
        };
        let Ok(simulation) = simulate(&request, &Unwatched) else {
            panic!("the bundled trial has no problems")
        };
        Self { simulation, reading, targets }
    }

    fn material(&self) -> Material<'_> {
        Material {
            simulation: &self.simulation,
            audit: None,
            targets: &self.targets,
            values: &self.reading.values,
            book: self.reading.claims.as_ref(),
            findings: None,
            identity: "0123",
            command: "cytotrial simulate trials/NCT06379451",
        }
    }
}

#[test]
fn claims_that_were_tried_have_verdicts_figures_and_what_is_assumed() {
    let small = Small::new(&["car-nk"]);
    let request = SimulateRequest {
        files: Files::bundled("NCT06379451").unwrap(),
        replicates: Some(8),
        ..SimulateRequest::default()
    };
    let wanted = ["K3", "K9", "K10"].map(str::to_owned);
    let prepared = crate::operation::claims::prepare(&request, &wanted).unwrap();
    let findings = prepared.run(&Unwatched).unwrap();
    let material = Material { findings: Some(&findings), ..small.material() };
    let document = report(&material).document(Audience::Reviewer);
    assert_eq!(check::document(&document), []);
    let text = ::report::markdown::render(&document);
    for words in ["K10", "0 of 5", "45.1", "near the limit", "assumption share", "no rejection"] {
        assert!(text.contains(words), "{words}");
    }
    let ids: Vec<&str> = document.figures().iter().map(|figure| figure.id.as_str()).collect();
    assert!(ids.contains(&"claim-K10-kills-difference"), "{ids:?}");
}

#[test]
fn every_section_of_a_small_simulation_is_complete() {
    let small = Small::new(&["car-nk", "bcma-car-t", "no-treatment"]);
    let material = small.material();
    for section in ALL {
        let blocks = (section.blocks)(&material);
        assert!(matches!(blocks.first(), Some(Block::Heading { level: 1, .. })), "{blocks:?}");
        assert!(blocks.len() > 1, "{blocks:?}");
    }
    let document = report(&material).document(Audience::Reviewer);
    assert_eq!(check::document(&document), []);
    for figure in document.figures() {
        assert!(figure.denominators.chars().any(|c| c.is_ascii_digit()), "{}", figure.id);
        assert!(!figure.alternative.is_empty() && !figure.caption.is_empty(), "{}", figure.id);
        assert!(figure.data().iter().any(|table| !table.rows.is_empty()), "{}", figure.id);
    }
    let ids: Vec<&str> = document.figures().iter().map(|figure| figure.id.as_str()).collect();
    for id in [
        "response-forest",
        "waterfall-car-nk",
        "swimmer-bcma-car-t",
        "expansion",
        "interleukin-6",
        "escalation-car-nk",
        "design-boundaries",
        "design-selection",
        "design-allocation",
        "progression-free-survival",
        "overall-survival",
        "grades-crs",
        "crs-onset-curve",
        "incidence-of-progression",
        "incidence-of-death",
        "funnel",
        "differences",
        "published-forest",
    ] {
        assert!(ids.contains(&id), "{id} is not in {ids:?}");
    }
    assert!(html::render(&document).contains("Provenance"));
}

/// Arms that may only be shown as a range.
fn range_only(material: &Material<'_>) -> Vec<String> {
    let arms = material.simulation.summary.arms.iter();
    arms.filter(|arm| arm.is_range_only() && !arm.observed).map(|arm| arm.name.clone()).collect()
}

#[test]
fn arms_without_published_data_are_nowhere_shown_as_a_point() {
    let small = Small::new(&["car-nk", "bcma-car-t", "no-treatment"]);
    let material = small.material();
    let arms = range_only(&material);
    assert_eq!(arms, ["car-nk"]);
    for audience in Audience::ALL {
        let mut document = report(&material).document(audience);
        assert_eq!(check::ranges(&document, &arms), [], "{audience:?}");
        // and one that somebody adds is found, wherever it is
        document.blocks.push(report::paragraph("In car-nk the response is 12%."));
        let Some(Block::Table(table)) = document
            .blocks
            .iter_mut()
            .find(|block| matches!(block, Block::Table(table) if table.id == "overview"))
        else {
            panic!("the overview is there")
        };
        let place = table.columns.iter().position(|column| column.title == "car-nk").unwrap();
        table.rows[0][place] = "12% (0 to 20%)".into();
        let figure = document.blocks.iter_mut().find_map(|block| match block {
            Block::Figure(figure) if figure.id == "response-forest" => Some(figure),
            _ => None,
        });
        if let Drawing::Range(range) = &mut figure.unwrap().drawing {
            range.rows[0].estimate = Some(0.12);
            range.rows[0].interval = Some((0.0, 0.2));
        }
        assert_eq!(check::ranges(&document, &arms).len(), 3, "{audience:?}");
    }
}

#[test]
fn results_that_values_were_set_to_bear_their_mark() {
    let small = Small::new(&["car-nk", "bcma-car-t"]);
    let material = small.material();
    let experiment = material.simulation.experiment();
    let mut fitted = Vec::new();
    for (arm, ids) in &experiment.targets {
        for target in material.targets.iter().filter(|target| ids.contains(&target.id)) {
            if let Some(measure) =
                target.measure().and_then(|(code, _)| crate::summary::measure::measure(code))
                && target.role == crate::targets::Role::Fit
            {
                fitted.push(check::Fitted {
                    target: target.id.clone(),
                    arm: arm.clone(),
                    endpoint: words::short(measure).to_owned(),
                });
            }
        }
    }
    assert!(fitted.iter().any(|one| one.target == "KM12"), "{fitted:?}");
    let mut document = report(&material).document(Audience::Reviewer);
    assert_eq!(check::fitted(&document, &fitted), []);
    for block in &mut document.blocks {
        if let Block::Table(table) = block {
            for cell in table.rows.iter_mut().flatten() {
                *cell = cell.text.words().replace("fitted", "").into();
            }
        }
    }
    assert!(!check::fitted(&document, &fitted).is_empty());
}

#[test]
fn misses_stand_before_hits_and_results_to_fit_stand_apart() {
    let small = Small::new(&["bcma-car-t"]);
    let blocks = published::blocks(&small.material());
    let table = |id: &str| {
        blocks.iter().find_map(|block| match block {
            Block::Table(table) if table.id == id => Some(table),
            _ => None,
        })
    };
    let order = |mark: &String| ["miss", "cannot tell", "inside"].iter().position(|m| m == mark);
    for (id, is_fit) in [("published", false), ("published-fit", true)] {
        let rows = &table(id).unwrap().rows;
        let marks: Vec<String> = rows.iter().map(|row| row[0].text.words()).collect();
        assert!(marks.iter().all(|mark| order(mark).is_some()), "{marks:?}");
        assert!(marks.windows(2).all(|pair| order(&pair[0]) <= order(&pair[1])), "{marks:?}");
        assert!(rows.iter().all(|row| (row[4].text.words() == "fit") == is_fit), "{id}");
    }
}

#[test]
fn a_report_reads_back_and_prints_the_same_for_every_reader() {
    let small = Small::new(&["car-nk", "bcma-car-t", "no-treatment"]);
    let whole = report(&small.material());
    let back = Report::read(&whole.text()).unwrap();
    for audience in Audience::ALL {
        let document = back.document(audience);
        assert_eq!(check::document(&document), [], "{audience:?}");
        assert!(html::render(&document) == html::render(&whole.document(audience)), "{audience:?}");
    }
    let count = |audience| whole.document(audience).tables().len();
    assert!(count(Audience::Clinician) < count(Audience::Statistician));
    assert!(count(Audience::Statistician) < count(Audience::Reviewer));
}
