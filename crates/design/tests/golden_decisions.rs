//! Decisions of i3+3, TEPI and BF-BOIN against the packages that have them.

mod common;

use common::{design, doses, rows};
use cytotrial_design::design::tepi::{Settings, Tepi};
use cytotrial_design::{Action, DoseCounts};

#[test]
fn i3_plus_3_decides_as_the_package_find() {
    for row in rows("i3_plus_3_decisions", 1_900) {
        let (target, lowest) = (row.number("target"), row.number("lowest"));
        let settings = format!(
            "target = {target:?}\nmargin-below = {:?}\nmargin-above = {:?}",
            target - lowest,
            row.number("highest") - target
        );
        let design = design("i3+3", &settings);
        let (n, y) = (row.count("evaluable"), row.count("dlts"));
        let want = match row.text("decision") {
            "E" => Action::Escalate,
            "S" => Action::Stay,
            _ => Action::DeEscalate,
        };
        let got = design.decide(1, &doses(&[3, n, 0], &[0, y, 0]));
        assert_eq!(got.action, want, "{:?}", row.0);
        let lowest_dose = design.decide(0, &doses(&[n, 0], &[y, 0]));
        let is_excluded = lowest_dose.action == Action::StopForSafety;
        assert_eq!(is_excluded, row.text("decision") == "DU", "{:?}", row.0);
    }
}

#[test]
fn tepi_decides_as_the_package_phase12designs() {
    for row in rows("tepi_decisions", 2_000) {
        let settings = Settings {
            toxicity_edges: row.list("toxicity_edges"),
            response_edges: row.list("response_edges"),
            ..Settings::default()
        };
        let at = DoseCounts {
            responses: row.count("responses"),
            ..DoseCounts::of(row.count("evaluable"), row.count("dlts"))
        };
        let want = match row.text("decision") {
            "E" => Action::Escalate,
            "S" => Action::Stay,
            _ => Action::DeEscalate,
        };
        assert_eq!(Tepi::new(settings).unwrap().decision(at), want, "{:?}", row.0);
    }
}

#[test]
fn bf_boin_decides_as_the_package_bfboin() {
    for row in rows("bfboin_decisions", 1_900) {
        let design = design("bf-boin", &format!("target = {:?}", row.number("target")));
        let level = row.count("level") as usize - 1;
        let got = design.decide(level, &doses(&row.counts("n"), &row.counts("dlts")));
        let next = got.next_level.map_or("stop".to_owned(), |next| (next + 1).to_string());
        assert_eq!(next, row.text("next"), "{:?} {got:?}", row.0);
    }
}
