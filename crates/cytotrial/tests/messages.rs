//! Messages: code, file, line and column, the words of the help, all problems in one pass.

use cytotrial::operation::check::{Request, run};
use cytotrial::problem::{Problem, line_and_column, locate};
use cytotrial::protocol::files::Files;
use cytotrial::protocol::read;

/// The bundled trial with texts replaced; each must be there once.
fn changed(changes: &[(&str, &str, &str)]) -> Files {
    let mut files = Files::bundled("NCT06379451").expect("bundled");
    for (file, from, to) in changes {
        if !files.texts.contains_key(*file) {
            let text = files.text(file).expect("a file of the library").to_owned();
            files.texts.insert((*file).to_owned(), text);
        }
        let text = files.texts.get_mut(*file).expect("just put there");
        assert_eq!(text.matches(from).count(), 1, "`{from}` once in {file}");
        *text = text.replace(from, to);
    }
    files
}

/// `U101 trial.toml:41:11` of each problem.
fn places(files: &Files, problems: &[Problem]) -> Vec<String> {
    let place = |problem: &Problem| {
        let text = files.text(&problem.file).expect("the file");
        let span = locate(text, &problem.path).expect("a position");
        let (line, column) = line_and_column(text, span.start);
        format!("{} {}:{line}:{column}", problem.code, problem.file)
    };
    problems.iter().map(place).collect()
}

/// Where a text stands first in a file, as `file:line:column`; a `|` in it marks the place meant.
fn place_of(files: &Files, file: &str, text: &str) -> String {
    let whole = files.text(file).expect("the file");
    let (before, after) = text.split_once('|').unwrap_or(("", text));
    let start = whole.find(&format!("{before}{after}")).expect("the text") + before.len();
    let (line, column) = line_and_column(whole, start);
    format!("{file}:{line}:{column}")
}

/// One change, one problem, at the underlined text; gives its message and help.
fn one(change: (&str, &str, &str), code: &str, underlined: &str) -> (String, String) {
    let files = changed(&[change]);
    let problems = read::experiment(&files).expect_err("a problem");
    assert_eq!(problems.len(), 1, "{problems:#?}");
    let expected = format!("{code} {}", place_of(&files, change.0, underlined));
    assert_eq!(places(&files, &problems), [expected]);
    let text = files.text(change.0).expect("the file");
    let span = locate(text, &problems[0].path).expect("a position");
    let underlined = underlined.rsplit('|').next().expect("a text");
    assert_eq!(&text[span], underlined, "{problems:?}");
    (problems[0].message.clone(), problems[0].help.clone())
}

#[test]
fn a_dose_in_mg_where_cells_are_due() {
    let change = ("trial.toml", "\"6e6 cells/kg\"", "\"50 mg\"");
    let (message, help) = one(change, "U101", "\"50 mg\"");
    assert_eq!(message, "`50 mg` is mass where cells are due");
    assert!(help.contains("2e6 cells/kg"));
}

#[test]
fn an_unknown_parameter_is_told_with_the_nearest_name() {
    let change = ("products/nkg2d-car-nk.toml", "knat = 0.8", "knatt = 0.8");
    let files = changed(&[change]);
    let problems = read::experiment(&files).expect_err("a problem");
    let expected = format!("N101 {}", place_of(&files, change.0, "knatt"));
    assert_eq!(places(&files, &problems)[0], expected);
    assert!(problems[0].message.contains("`knatt`"), "{problems:?}");
    assert!(problems[0].help.contains("`knat`"), "{problems:?}");
}

#[test]
fn a_dose_beyond_a_lot_asks_for_the_exponent() {
    let change = ("trial.toml", "\"1.8e7 cells/kg\"", "\"1e13 cells/kg\"");
    let (message, help) = one(change, "V102", "\"1e13 cells/kg\"");
    assert!(message.contains("1e10 cells"), "{message}");
    assert_eq!(help, "typed 1e13 for 1e7?");
}

#[test]
fn a_dlt_target_of_30_is_probably_0_30() {
    let (message, help) = one(("trial.toml", "= 0.30\n", "= 30\n"), "D101", "target       = |30");
    assert_eq!(message, "a DLT target of 30");
    assert!(help.ends_with("0.30?"), "{help}");
}

#[test]
fn a_value_without_a_source_is_an_error() {
    let change =
        ("trial.toml", "\"trial.patients\" = \"assumed", "#\"trial.patients\" = \"assumed");
    let files = changed(&[change]);
    let problems = read::experiment(&files).expect_err("a problem");
    assert_eq!(
        places(&files, &problems),
        [format!("P101 {}", place_of(&files, "trial.toml", "patients   = |18"))]
    );
    assert!(problems[0].message.contains("`trial.patients` = 18"), "{problems:?}");
}

#[test]
fn a_misspelt_key_is_told_with_the_nearest_known_one() {
    let change = ("trial.toml", "follow-up = \"12 month\"", "followup = \"12 month\"");
    let files = changed(&[change]);
    let problems = read::experiment(&files).expect_err("a problem");
    let unknown = problems.iter().find(|problem| problem.code == "K101").expect("an unknown key");
    assert!(unknown.help.contains("`follow-up`"), "{unknown:?}");
    let at = place_of(&files, "trial.toml", "followup");
    assert!(places(&files, &problems).contains(&format!("K101 {at}")), "{problems:#?}");
}

#[test]
fn levels_out_of_order_are_underlined_at_the_lower_one() {
    let change = ("trial.toml", "\"1.8e7 cells/kg\"", "\"5e6 cells/kg\"");
    let (message, help) = one(change, "V103", "\"5e6 cells/kg\"");
    assert_eq!(message, "dose level 3 (5e6 cells/kg) is not above level 2 (6e6 cells/kg)");
    assert_eq!(help, "list dose levels from lowest to highest");
}

#[test]
fn unknown_names_and_files_have_nearest_ones() {
    for (change, nearest) in [
        (("trial.toml", "\"boin\"", "\"bion\""), "`boin`"),
        (
            (
                "trial.toml",
                "file = \"products/nkg2d-car-nk.toml\"",
                "file = \"products/nkg2d-carnk.toml\"",
            ),
            "nkg2d-car-nk.toml",
        ),
        (
            ("compare.toml", "\"car-nk - no-treatment\"", "\"car-nk - notreatment\""),
            "`no-treatment`",
        ),
        (("compare.toml", "\"KM12\"", "\"KM112\""), "KM1"),
        (
            (
                "compare.toml",
                "base    = \"bcma-car-t\"\nproduct = \"products/bcma-cs1",
                "base    = \"bcma-cart\"\nproduct = \"products/bcma-cs1",
            ),
            "`bcma-car-t`",
        ),
        (
            (
                "trial.toml",
                "{ finding = \"icans\", grade = 3 }",
                "{ finding = \"icans\", grde = 3 }",
            ),
            "`grade`",
        ),
        (("trial.toml", "method       = \"boin\"", "method       = \"boin\"\ncohort-sice = 3"), ""),
    ] {
        let files = changed(&[change]);
        let problems = read::experiment(&files).expect_err("a problem");
        assert!(problems.iter().any(|problem| problem.help.contains(nearest)), "{problems:#?}");
        assert!(!places(&files, &problems).is_empty());
    }
}

#[test]
fn all_problems_are_told_in_one_pass() {
    let files = changed(&[
        ("trial.toml", "\"6e6 cells/kg\"", "\"50 mg\""),
        ("trial.toml", "\"1.8e7 cells/kg\"", "\"1e13 cells/kg\""),
        ("trial.toml", "\"ecog <= 2\"", "\"ecgo <= 2\""),
        ("trial.toml", "= 0.30\n", "= 30\n"),
        ("trial.toml", "\"21 (+-1)\", \"28 (+-3)\", \"35", "\"month 1\", \"28 (+-3)\", \"35"),
        ("trial.toml", "missed-visit       = 0.03", "missed-visit       = 3"),
        ("trial.toml", "\"conduct.accrual\"", "\"conduct.acrual\""),
        ("compare.toml", "replicates  = 100 ", "replicate  = 100 "),
        (
            "products/nk-expanded.toml",
            "wait = \"lognormal(median=8;sigma=0.35;lo=4;hi=28) day\"",
            "wait = \"8 mg\"",
        ),
    ]);
    let problems = read::experiment(&files).expect_err("problems");
    let mut codes: Vec<(&str, &str)> =
        problems.iter().map(|problem| (problem.file.as_str(), problem.code)).collect();
    codes.sort_unstable();
    assert_eq!(
        codes,
        [
            ("compare.toml", "K101"),
            ("compare.toml", "K102"),
            ("products/nk-expanded.toml", "U101"),
            ("trial.toml", "C302"),
            ("trial.toml", "D101"),
            ("trial.toml", "P101"),
            ("trial.toml", "P103"),
            ("trial.toml", "U101"),
            ("trial.toml", "V101"),
            ("trial.toml", "V102"),
            ("trial.toml", "V104"),
        ],
        "{problems:#?}"
    );
    assert_eq!(places(&files, &problems).len(), problems.len());
}

#[test]
fn text_that_is_not_toml_is_told_with_its_place() {
    let files = changed(&[("trial.toml", "patients   = 18", "patients   = ")]);
    let problems = read::experiment(&files).expect_err("a problem");
    let line = place_of(&files, "trial.toml", "patients   = ");
    let line = line.rsplit_once(':').expect("a column").0.to_owned();
    assert!(places(&files, &problems)[0].starts_with(&format!("T101 {line}:")), "{problems:?}");
}

#[test]
fn a_quotation_that_the_record_does_not_hold_is_a_warning() {
    let files = changed(&[("trial.toml", "stated: to evaluate its", "stated: to measure its")]);
    let checked = run(&Request { files });
    assert_eq!(checked.problems.len(), 1, "{:?}", checked.problems);
    assert_eq!(checked.problems[0].code, "P104");
    assert!(checked.answer.usable);
    assert_eq!(checked.answer.problems[0].severity, "warning");
    assert!(checked.answer.problems[0].line.is_some());
}

#[test]
fn the_bundled_trial_checks_clean() {
    let files = Files::bundled("NCT06379451").expect("bundled");
    let checked = run(&Request { files });
    assert!(checked.problems.is_empty(), "{:?}", checked.problems);
    let total = &checked.answer.total;
    assert_eq!(total.without, 0);
    assert!(total.stated > 10 && total.assumed > total.stated, "{total:?}");
    assert_eq!(checked.answer.open.len(), 19, "{:?}", checked.answer.open);
}

#[test]
fn no_text_makes_the_reader_panic() {
    let files = Files::bundled("NCT06379451").expect("bundled");
    for file in ["trial.toml", "compare.toml"] {
        let whole = files.texts[file].clone();
        let lines: Vec<&str> = whole.lines().collect();
        // Every ninth line, so that the test stays short; no two of them are neighbours.
        for missing in (0..lines.len()).step_by(9) {
            let mut kept = lines.clone();
            kept.remove(missing);
            let mut files = files.clone();
            files.texts.insert(file.to_owned(), kept.join("\n"));
            let reading = read::read(&files);
            let lost = lines[missing].trim();
            let needed = !lost.is_empty() && !lost.starts_with('#') && !lost.starts_with('[');
            if reading.problems.is_empty() && needed {
                assert!(reading.experiment.is_some(), "{file}:{}", missing + 1);
            }
        }
    }
}

#[test]
fn a_design_that_does_not_suit_the_trial_is_refused() {
    let method = |text: &str| {
        let files = changed(&[("trial.toml", "method       = \"boin\"", text)]);
        let problems = read::experiment(&files).expect_err("a problem");
        assert_eq!(places(&files, &problems).len(), 1, "{problems:#?}");
        problems[0].message.clone()
    };
    let crm = "method       = \"crm\"\nhalf-width = 0.05\nprior-mtd = 2\nlevels = 7";
    assert!(method(crm).contains("`crm` is set for 7 dose levels"), "{}", method(crm));
    for sound in ["tite-boin", "keyboard", "mtpi2", "i3+3", "boin-et"] {
        let text = format!("method       = \"{sound}\"");
        let files = changed(&[("trial.toml", "method       = \"boin\"", &text)]);
        assert!(read::experiment(&files).is_ok(), "{sound}");
    }
}
