//! 3+3, rolling six and the interval designs against packages and exact enumerations.

mod common;

use common::{Row, Scores, assert_characteristics, assert_near, design, number, rows, toml_list};
use cytotrial_design::characteristics::exact;
use cytotrial_design::design::boin::{Boin, Settings};
use cytotrial_design::design::keyboard::{self, Keyboard};
use cytotrial_design::design::three_plus_three::{ThreePlusThree, Variant};
use cytotrial_design::{Action, Design, DoseCounts, Plan, Truth};

fn doses(row: &Row) -> Vec<DoseCounts> {
    common::doses(&row.counts("n"), &row.counts("tox"))
}

/// The settings of BOIN in a row; columns that a file lacks keep their default.
fn boin(row: &Row) -> Settings {
    let has = |column: &str| row.0.contains_key(column);
    let mut settings = Settings::new(row.number("target"));
    settings.elimination = row.number("cutoff_eli");
    if has("extrasafe") {
        settings.extra_safe = row.text("extrasafe") == "1";
        settings.offset = row.number("offset");
        settings.bound_mtd = row.text("bound_mtd") == "1";
    }
    if has("n_earlystop") {
        settings.early_stop = Some(row.count("n_earlystop"));
    }
    if has("titration") && row.text("titration") == "1" {
        settings.titration_cohort = Some(row.count("cohortsize"));
    }
    settings
}

#[test]
fn boundaries_of_boin_are_those_of_the_package() {
    for row in rows("boin_boundaries", 1_000) {
        let mut settings = boin(&row);
        settings.underdosing = Some(row.number("p_saf"));
        settings.overdosing = Some(row.number("p_tox"));
        let design = Boin::new(settings).unwrap();
        assert_near(design.lambda_e(), row.number("lambda_e"), 1e-12, row.text("case"));
        assert_near(design.lambda_d(), row.number("lambda_d"), 1e-12, row.text("case"));
        let got = design.boundaries(row.count("n"));
        assert_eq!(
            (got.escalate_at_most, got.de_escalate_at_least, got.eliminate_at_least),
            (
                row.count("escalate_if_le"),
                row.count("deescalate_if_ge"),
                row.maybe("eliminate_if_ge").map(|dlts| dlts as u32)
            ),
            "{:?}",
            row.0
        );
    }
}

#[test]
fn the_dose_recommended_by_boin_is_that_of_the_package() {
    for row in rows("boin_select_mtd", 500) {
        let design = Boin::new(boin(&row)).unwrap();
        let doses = doses(&row);
        let got = design.recommend(&doses).map_or(0, |level| level + 1);
        assert_eq!(got, row.count("mtd") as usize, "{:?}", row.0);
        let eliminated: Vec<&str> =
            design.eliminated(&doses).iter().map(|&out| if out { "1" } else { "0" }).collect();
        assert_eq!(eliminated.join(" "), row.text("eliminated"), "{:?}", row.0);
        let wanted = row.text("iso_phat_admissible").split(' ');
        for (got, wanted) in design.estimates(&doses).into_iter().zip(wanted) {
            match got {
                None => assert_eq!(wanted, "NA", "{:?}", row.0),
                Some(rate) => assert_near(rate, number(wanted), 1e-8, row.text("case")),
            }
        }
    }
}

fn exact_of(design: &dyn Design, row: &Row) -> cytotrial_design::Characteristics {
    let truth = Truth::of_toxicity(&row.list("p_true")).expect("rates");
    let size = row.count("cohortsize");
    exact(design, &truth, Plan::new(size, size * row.count("ncohort"))).expect("a sound plan")
}

#[test]
fn boin_has_its_exact_characteristics() {
    for row in rows("boin_oc_exact", 30) {
        assert_characteristics(&row, &exact_of(&Boin::new(boin(&row)).unwrap(), &row));
    }
}

#[test]
fn boin_has_its_exact_characteristics_on_six_doses_with_titration() {
    for row in rows("boin_oc_exact_6dose", 30).iter().step_by(5) {
        assert_characteristics(row, &exact_of(&Boin::new(boin(row)).unwrap(), row));
    }
}

#[test]
#[ignore = "takes over two seconds"]
fn boin_has_its_exact_characteristics_on_all_rows_of_six_doses() {
    for row in rows("boin_oc_exact_6dose", 30) {
        assert_characteristics(&row, &exact_of(&Boin::new(boin(&row)).unwrap(), &row));
    }
}

#[test]
#[ignore = "takes over two seconds"]
fn boin_agrees_with_the_simulations_of_the_package() {
    let mut scores = Scores::default();
    for row in rows("boin_oc_mc", 30) {
        if row.text("design") != "BOIN" {
            continue;
        }
        let got = exact_of(&Boin::new(boin(&row)).unwrap(), &row);
        let trials = row.number("ntrial");
        for (got, want) in got.selected.iter().zip(row.list("sel_pct")) {
            scores.share(*got, 0.0, want / 100.0, trials);
        }
    }
    scores.judge("BOIN");
}

#[test]
fn three_plus_three_has_its_exact_characteristics() {
    for row in rows("three_plus_three_exact", 10) {
        let variant = match row.text("variant") {
            "stop_at_toxic" => Variant::StopAtToxic,
            "confirm_below_to_6" => Variant::ConfirmBelowTo6,
            other => panic!("no variant {other}"),
        };
        let design = ThreePlusThree { variant, six_at_top: false };
        let truth = Truth::of_toxicity(&row.list("p_true")).unwrap();
        // Never more than six patients at a dose, so that no trial is cut.
        let most = 6 * truth.doses.len() as u32 + 1;
        let got = exact(&design, &truth, Plan::new(3, most)).unwrap();
        assert_characteristics(&row, &got);
    }
}

#[test]
fn boundaries_of_the_keyboard_are_those_of_the_package() {
    let mut compared = 0;
    for row in rows("keyboard_boundaries", 300) {
        if row.text("exact_tie_in_column") == "1" {
            continue;
        }
        let mut settings = keyboard::Settings::new(row.number("target"));
        settings.margin_below = row.number("marginL");
        settings.margin_above = row.number("marginR");
        settings.elimination = row.number("cutoff_eli");
        settings.elimination_min_patients = 1;
        let got = Keyboard::new(settings).unwrap().boundaries(row.count("n"));
        let want = ["escalate_if_le", "deescalate_if_ge", "eliminate_if_ge"]
            .map(|column| row.maybe(column).map(|dlts| dlts as u32));
        assert_eq!([got.0, got.1, got.2], want, "{:?}", row.0);
        compared += 1;
    }
    assert!(compared > 300);
}

#[test]
fn the_keyboard_and_mtpi2_have_their_exact_characteristics() {
    for row in rows("keyboard_oc_exact", 4) {
        let settings = format!(
            "target = {}\nmargin-below = {margin}\nmargin-above = {margin}\nelimination = {}",
            row.text("target"),
            row.text("cutoff_eli"),
            margin = row.text("margin")
        );
        let keyboard = design("keyboard", &settings);
        assert_characteristics(&row, &exact_of(keyboard.as_ref(), &row));
    }
}

#[test]
fn decisions_of_mtpi_and_mtpi2_are_those_of_the_package() {
    for row in rows("mtpi_mtpi2_decisions", 300) {
        let settings = format!(
            "target = {}\nmargin-below = {}\nmargin-above = {}\nelimination = {}\n\
             elimination-min-patients = 2",
            row.text("target"),
            row.text("eps1"),
            row.text("eps2"),
            row.text("exclusion")
        );
        let design = design(row.text("design"), &settings);
        let at = DoseCounts::of(row.count("n"), row.count("tox"));
        let doses = [DoseCounts::of(3, 0), at, DoseCounts::default()];
        let letter = design.decide(1, &doses).action.letter().to_string();
        assert_eq!(letter, row.text("decision"), "{:?}", row.0);
        let stops = design.decide(0, &doses[1..]).action == Action::StopForSafety;
        assert_eq!(stops, row.text("unsafe") == "1", "{:?}", row.0);
    }
}

#[test]
fn a_table_written_out_decides_as_its_design() {
    let keyboard = Keyboard::new(keyboard::Settings::new(0.25)).unwrap();
    let mut table =
        "evaluable,escalate-at-most,de-escalate-at-least,eliminate-at-least\n".to_owned();
    for evaluable in 1..=12 {
        let cell = |value: Option<u32>| value.map_or(String::new(), |value| value.to_string());
        let (most, least, out) = keyboard.boundaries(evaluable);
        let cells = [Some(evaluable), most, least, out].map(cell);
        table += &(cells.join(",") + "\n");
    }
    let custom = design("custom", &format!("target = 0.25\ntable = {table:?}"));
    let truth = Truth::of_toxicity(&[0.1, 0.3, 0.5]).unwrap();
    let of = |design: &dyn Design| exact(design, &truth, Plan::new(3, 12)).unwrap();
    assert_eq!(of(custom.as_ref()), of(&keyboard));
    assert_eq!(toml_list(&[0.1]), "[0.1]");
}
