//! Records of the registry as they are shown: the first trial's page, hostile titles, no persons.

use cytotrial::operation::registry::rates::{self, Endpoint};
use cytotrial::operation::registry::related::{self, Preset};
use cytotrial::operation::registry::{Entry, Shelf, audit, extract, read, show};
use cytotrial::operation::report::Form;
use cytotrial::operation::{check, new};
use cytotrial::protocol::files::Files;
use cytotrial::targets::{self, Role};

fn printed(shelf: &Shelf, entry: &Entry, form: Form) -> String {
    show::run(&show::Request { shelf, entry }).printed(&entry.record, form)
}

#[test]
fn the_page_of_the_first_trial_shows_what_its_registry_page_shows() {
    let shelf = Shelf::bundled();
    let entry = shelf.get("nct6379451").expect("the first trial is bundled");
    let page = printed(&shelf, &entry, Form::Html);
    for words in [
        "Not yet recruiting",
        "Early Phase 1",
        "Changzhou No.2 People",
        "2024-04-18",
        "2025-12-31",
        "Multiple Myeloma",
        "D009101",
        "Study design",
        "See also",
        "NCT05247957",
        "ClinicalTrials.gov",
        "frozen, incomplete sample",
        "2026-11-23",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("<script"), "nothing runs in it");
    assert!(page.matches("https://clinicaltrials.gov/study/").count() > 20);
}

#[test]
fn related_trials_have_their_reasons_and_the_same_order_again() {
    let shelf = Shelf::bundled();
    let entry = shelf.get("NCT06379451").expect("the first trial is bundled");
    let ask =
        |preset| related::run(&related::Request { shelf: &shelf, entry: &entry, preset, rows: 20 });
    let answer = ask(Preset::All);
    let keys: Vec<&str> = answer.rows.iter().map(|row| row.nct_id.as_str()).collect();
    assert!(keys[..5].contains(&"NCT05247957") && keys[..5].contains(&"NCT05734898"), "{keys:?}");
    assert!(keys[..10].contains(&"NCT02203825") && keys.contains(&"NCT04658004"), "{keys:?}");
    assert!(!keys.contains(&"NCT06379451") && keys.len() == 20);
    assert!(answer.rows.iter().all(|row| !row.reasons.is_empty()));
    assert_eq!(answer, ask(Preset::All));
    for row in ask(Preset::Competing).rows {
        let open = [
            "Recruiting",
            "Not yet recruiting",
            "Active, not recruiting",
            "Enrolling by invitation",
            "Available",
        ];
        assert!(open.contains(&row.status.as_str()), "{row:?}");
    }
}

#[test]
fn hostile_words_stay_words_on_every_page() {
    let hostile =
        "</title><script>alert(1)</script><img src=x onerror=alert(2)>\u{202e}\" onload=\"x";
    let record = serde_json::json!({ "protocolSection": {
        "identificationModule": { "nctId": "NCT09999999", "briefTitle": hostile, "officialTitle": hostile },
        "statusModule": { "overallStatus": hostile, "whyStopped": hostile },
        "sponsorCollaboratorsModule": { "leadSponsor": { "name": hostile } },
        "conditionsModule": { "conditions": [hostile, "Multiple Myeloma"] },
        "descriptionModule": { "briefSummary": hostile, "detailedDescription": format!("* {hostile}") },
        "armsInterventionsModule": { "armGroups": [{ "label": hostile, "type": hostile }] },
        "outcomesModule": { "primaryOutcomes": [{ "measure": hostile, "timeFrame": hostile }] },
        "eligibilityModule": { "eligibilityCriteria": hostile },
    }});
    let shelf = Shelf::bundled();
    let entry = read(&record.to_string(), "h.json").expect("a record");
    let page = printed(&shelf, &entry, Form::Html);
    for words in ["<script", "<img", "\u{202e}", "\" onload=\"x"] {
        assert!(!page.contains(words), "{words}");
    }
    assert!(page.contains("&lt;script&gt;"));
}

#[test]
fn marks_of_markdown_are_not_shown() {
    let record = serde_json::json!({ "protocolSection": {
        "identificationModule": { "nctId": "NCT09999999", "briefTitle": "A trial" },
        "outcomesModule": { "primaryOutcomes": [{ "measure": "Response \\[CR \\> 0\\]" }] },
    }});
    let entry = read(&record.to_string(), "m.json").expect("a record");
    let page = printed(&Shelf::bundled(), &entry, Form::Markdown);
    let text = printed(&Shelf::bundled(), &entry, Form::Text { width: 96, coloured: false });
    assert!(text.contains("Response [CR > 0]") && text.contains("not stated"), "{text}");
    assert!(!page.contains("\\\\"), "{page}");
}

/// A record with persons in every place that a registry has for them.
const PERSONS: &str = include_str!("data/record_sample.json");

#[test]
fn no_person_comes_out_of_anything_that_is_shown() {
    let shelf = Shelf::bundled();
    let entry = read(PERSONS, "record.json").expect("a record");
    let forms = [Form::Html, Form::Markdown, Form::Json, Form::Text { width: 96, coloured: false }];
    let mut shown: Vec<String> = forms.map(|form| printed(&shelf, &entry, form)).to_vec();
    shown.push(serde_json::to_string(&extract::run(&entry)).expect("JSON"));
    shown.push(serde_json::to_string(&audit::run(&entry)).expect("JSON"));
    let request = related::Request { shelf: &shelf, entry: &entry, preset: Preset::All, rows: 20 };
    shown.push(serde_json::to_string(&related::run(&request)).expect("JSON"));
    for person in ["Invented Person", "Professor", "hospital.example", "0199", "centralContacts"] {
        assert!(PERSONS.contains(person), "the sample has {person}");
        assert!(shown.iter().all(|text| !text.contains(person)), "{person}");
    }
}

#[test]
fn pooled_rates_become_a_design_and_targets() {
    let shelf = Shelf::bundled();
    let ids = ["NCT00493181", "NCT00494780", "NCT00496873"];
    let entries: Vec<_> = ids.iter().map(|id| shelf.get(id).expect("it is bundled")).collect();
    let answer = rates::run(&rates::Request {
        entries: entries.iter().collect(),
        endpoint: Endpoint::CompleteResponse,
        by_unit: true,
        level: 0.95,
        improvement: Some(0.25),
        role: Role::HoldOut,
    })
    .expect("rates");
    let pooled = answer.pooled.as_ref().expect("more than one arm");
    assert!(pooled.interval.0 < pooled.rate && pooled.rate < pooled.interval.1);
    let first =
        answer.rows.iter().find(|row| row.pick.arm.nct_id == "NCT00493181").expect("3 of 8");
    assert_eq!(first.pick.counts, Some((3, 8)));
    // Clopper-Pearson for 3 of 8: 0.0852 to 0.7551 (R, binom.test)
    let (low, high) = first.interval.expect("an interval");
    assert!((low - 0.0852).abs() < 5e-5 && (high - 0.7551).abs() < 5e-5, "{low} {high}");
    let design: toml::Table = answer.files["design.toml"].parse().expect("a design in TOML");
    let null = design["dose-finding"]["null-rate"].as_float().expect("a rate");
    assert!((null - pooled.rate).abs() < 5.1e-4);
    let read = targets::read(&answer.files["targets.csv"], "targets.csv").expect("targets");
    assert_eq!(read.len(), pooled.arms);
    assert!(read.iter().all(|target| target.role == Role::HoldOut && !target.source.is_empty()));
}

#[test]
fn a_record_without_results_and_an_unknown_number_are_told() {
    let shelf = Shelf::bundled();
    assert_eq!(shelf.get("NCT06379541").unwrap_err()[0].code, "R201");
    let entry = shelf.get("NCT06379451").expect("the first trial is bundled");
    let request = rates::Request {
        entries: vec![&entry],
        endpoint: Endpoint::ObjectiveResponse,
        by_unit: false,
        level: 0.95,
        improvement: None,
        role: Role::Context,
    };
    assert_eq!(rates::run(&request).unwrap_err()[0].code, "R202");
}

/// Every value has a source and every quotation stands in the record; what sentences state is taken.
#[test]
fn bundled_records_become_folders_that_are_accepted() {
    let shelf = Shelf::bundled();
    let mut tried = 0;
    let mut stated = 0;
    for id in cytotrial::operation::new::bundled_records() {
        let entry = shelf.get(&id).expect("it is bundled");
        let parameters = extract::run(&entry).parameters;
        let is_stated = parameters.iter().any(|parameter| {
            ["dose-levels", "schedule", "lymphodepletion", "dlt-window"].contains(&parameter.name)
                && !parameter.values.is_empty()
        });
        if !is_stated || tried >= 40 {
            continue;
        }
        tried += 1;
        let folder = new::run(&new::Request { from: new::From::Bundled(id.clone()) });
        let files = Files { texts: folder.expect("a folder").files, trial: None };
        let checked = check::run(&check::Request { files });
        let shown: Vec<String> = checked.problems.iter().map(ToString::to_string).collect();
        assert!(shown.is_empty(), "{id}: {}", shown.join("\n"));
        assert_eq!(checked.answer.total.without, 0, "{id}");
        stated += checked.answer.total.stated;
    }
    assert!(tried >= 30 && stated > 200, "{tried} {stated}");
}
