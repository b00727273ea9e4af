//! Claims as experiments: the file is read with all its problems, effects are paired, switches bite.

use cytotrial::claims::effect::Effect;
use cytotrial::claims::findings::{ClaimFinding, Findings};
use cytotrial::claims::verdict::{Grounds, Verdict};
use cytotrial::operation::Unwatched;
use cytotrial::operation::claims::prepare;
use cytotrial::operation::simulate::SimulateRequest;
use cytotrial::problem::{Problem, locate};
use cytotrial::protocol::files::Files;
use cytotrial::protocol::read;

fn files() -> Files {
    Files::bundled("NCT06379451").expect("it is bundled")
}

/// The bundled claims with one text for another.
fn changed(from: &str, to: &str) -> (Files, String) {
    let mut files = files();
    let text = files.texts["claims.toml"].clone();
    assert!(text.contains(from), "{from}");
    let text = text.replace(from, to);
    files.texts.insert("claims.toml".into(), text.clone());
    (files, text)
}

/// Problems of the changed claims, each with the text that it points at.
fn problems(from: &str, to: &str) -> Vec<(Problem, String)> {
    let (files, text) = changed(from, to);
    let found = read::read(&files).problems;
    found
        .into_iter()
        .map(|problem| {
            let span = locate(&text, &problem.path).unwrap_or(0..0);
            let at = text[span].to_owned();
            (problem, at)
        })
        .collect()
}

fn run(wanted: &[&str], replicates: u32, seed: u64) -> Findings {
    let request = SimulateRequest {
        files: files(),
        replicates: Some(replicates),
        seed: Some(seed),
        ..SimulateRequest::default()
    };
    let wanted: Vec<String> = wanted.iter().map(|id| (*id).to_owned()).collect();
    let prepared = prepare(&request, &wanted).expect("the bundled claims have no problems");
    prepared.run(&Unwatched).expect("nothing stops it")
}

fn switch<'a>(found: &'a ClaimFinding, words: &str) -> &'a Effect {
    let place = found.claim.switches.iter().position(|switch| switch.off.contains(words));
    found.switches[place.expect("a switch")].as_ref().expect("an effect")
}

#[test]
fn the_bundled_file_has_eleven_claims_each_with_a_quote_a_test_a_switch_and_a_limit() {
    let reading = read::read(&files());
    assert!(reading.problems.is_empty(), "{:?}", reading.problems);
    let book = reading.claims.unwrap();
    let ids: Vec<&str> = book.claims.iter().map(|claim| claim.id.as_str()).collect();
    assert_eq!(ids, ["K1", "K2", "K3", "K4", "K5", "K6", "K7", "K8", "K9", "K10", "K11"]);
    for claim in &book.claims {
        assert!(!claim.tests.is_empty() && !claim.switches.is_empty(), "{}", claim.id);
        assert!(!claim.limit.is_empty());
    }
    let checked =
        cytotrial::operation::check::run(&cytotrial::operation::check::Request { files: files() });
    assert!(
        checked.problems.iter().all(|problem| problem.file != "claims.toml"),
        "{:?}",
        checked.problems
    );
}

#[test]
fn a_quote_that_the_record_has_not_is_told_by_check() {
    let (files, _) =
        changed("Allogeneic CAR-NK cells do not induce GvHD production.", "CAR-NK cure GvHD.");
    let checked = cytotrial::operation::check::run(&cytotrial::operation::check::Request { files });
    let found = checked.problems.iter().find(|problem| problem.path == "claim.K3.quote").unwrap();
    assert_eq!(found.code, "P104");
}

#[test]
fn an_unknown_arm_an_unknown_endpoint_and_an_unknown_parameter_name_the_nearest() {
    for (from, to, at, help) in [
        (
            "\"nk - bcma-car-t\"\nclaimed    = \"below\"\n\n[[claim.K1.test]]",
            "\"nk - bcma-car\"\nclaimed    = \"below\"\n\n[[claim.K1.test]]",
            "\"nk - bcma-car\"",
            "bcma-car-t",
        ),
        ("measure    = \"pfs-time\"", "measure    = \"pfs-tim\"", "\"pfs-tim\"", "pfs-time"),
        ("parameter = \"stress\"", "parameter = \"stres\"", "\"stres\"", "stress"),
        ("hold = { kmac = 0.0 }", "hold = { kmacc = 0.0 }", "0.0", "kmac"),
        (
            "scan    = \"contamination\"",
            "scan    = \"contaminatio\"",
            "\"contaminatio\"",
            "contamination",
        ),
    ] {
        let found = problems(from, to);
        let (problem, text) = found
            .iter()
            .find(|(problem, _)| problem.code == "N101")
            .unwrap_or_else(|| panic!("{to}: {found:?}"));
        assert!(problem.help.contains(help), "{problem:?}");
        assert_eq!(text, at, "{problem:?}");
    }
}

#[test]
fn a_rule_that_does_not_fit_its_endpoint_is_told() {
    // a direction of one arm, a figure for a difference, a median of times
    for (from, to) in [
        (
            "arm           = \"bcma-car-t\"\nclaimed       = 0.40",
            "arm           = \"bcma-car-t\"\nclaimed       = \"above\"",
        ),
        (
            "difference = \"armoured - bcma-car-t\"\nclaimed    = \"below\"",
            "difference = \"armoured - bcma-car-t\"\nclaimed    = 0.1\npatients = 5\nnarrower-than = 0.2",
        ),
        ("measure    = \"pfs-time\"", "measure    = \"pfs-median\""),
    ] {
        let found = problems(from, to);
        assert!(found.iter().any(|(problem, _)| problem.code == "V101"), "{to}: {found:?}");
    }
}

#[test]
fn a_criterion_over_no_covariate_is_told_at_its_place() {
    let (files, text) = changed("prior_lines >= 6", "prior_line >= 6");
    let checked = cytotrial::operation::check::run(&cytotrial::operation::check::Request { files });
    let found = checked.problems.iter().find(|problem| problem.file == "claims.toml").unwrap();
    assert!(found.help.contains("prior_lines"), "{found:?}");
    assert_eq!(&text[locate(&text, &found.path).unwrap()], "\"prior_line >= 6\"");
}

#[test]
fn every_problem_of_a_file_is_told_at_once() {
    let mut files = files();
    let text = files.texts["claims.toml"]
        .replace("patients              = 18", "patients              = 0")
        .replace("claimed    = \"above\"", "claimed    = \"upwards\"")
        .replace("base = \"nk\"\nhold = { epsN = 1.0 }", "base = \"nkk\"\nhold = { epsM = 1.0 }");
    files.texts.insert("claims.toml".into(), text);
    let codes: Vec<&str> = read::read(&files).problems.iter().map(|problem| problem.code).collect();
    assert!(codes.contains(&"V101"), "{codes:?}");
    assert!(codes.iter().filter(|code| **code == "N101").count() >= 3, "{codes:?}");
}

#[test]
fn an_unknown_claim_names_the_nearest() {
    let request =
        SimulateRequest { files: files(), replicates: Some(8), ..SimulateRequest::default() };
    let Err(found) = prepare(&request, &["K12".into()]) else { panic!() };
    assert_eq!(found[0].code, "N101");
    assert!(found[0].help.contains("K1"));
}

#[test]
fn switching_the_car_off_takes_its_kills_away() {
    let found = run(&["K10"], 8, 1);
    let claim = &found.claims[0];
    let with = claim.tests[0].effect.as_ref().unwrap();
    assert!(with.range.0 > 0.0, "{with:?}");
    // With the native receptor in the CAR's place nothing is left of the difference, patient by patient.
    let native = switch(claim, "native receptor");
    assert!(native.trials.iter().flatten().all(|value| value.abs() < 1e-9), "{native:?}");
    let neither = switch(claim, "neither");
    assert!(neither.range.2 < 0.0, "{neither:?}");
}

#[test]
fn findings_do_not_depend_on_the_number_of_threads() {
    let on = |threads| cytotrial::pool(threads).unwrap().install(|| run(&["K9"], 24, 3));
    assert_eq!(on(1), on(3));
}

#[test]
fn nought_of_five_is_the_exact_bound_whatever_is_simulated() {
    let found = run(&["K9"], 8, 1);
    let Grounds::Observed { upper, needed, .. } = found.claims[0].tests[0].judged.grounds else {
        panic!()
    };
    assert!((upper - 0.4507).abs() < 1e-4 && needed == Some(14));
    assert_ne!(found.claims[0].verdict, Verdict::Stands);
}
