//! No parameter is an outcome under another name: results come out of mechanisms.

use std::collections::BTreeSet;

use cytotrial::library;
use cytotrial::parameters::rows;
use cytotrial::protocol::ENDPOINTS;
use cytotrial::summary::measure::MEASURES;

/// Words that turn an event into its frequency.
const FREQUENCIES: &[&str] = &[
    "rate",
    "probability",
    "incidence",
    "frequency",
    "share",
    "risk",
    "odds",
    "chance",
    "proportion",
    "percent",
    "percentage",
    "prevalence",
];

/// Words that deny the event that follows.
const DENIALS: &[&str] = &["no", "without", "never", "zero", "not"];

/// Outcomes as people write them, beside the words of measures and endpoints.
const SYNONYMS: &[&str] = &[
    "orr",
    "cr",
    "scr",
    "vgpr",
    "pfs",
    "os",
    "dor",
    "crs",
    "icans",
    "gvhd",
    "dlt",
    "mrd",
    "responder",
    "responders",
    "response",
    "remission",
    "relapse",
    "neurotoxicity",
    "progression",
    "survival",
    "toxicity",
    "graft versus host disease",
    "cytokine release syndrome",
    "efficacy",
    "safety",
];

/// Abbreviations that are an outcome by themselves, in a symbol or a name.
const ALONE: &[&str] = &["orr", "pfs", "dor", "vgpr", "scr"];

/// Events that the model has no mechanism for and draws at a stated frequency; the docs of
/// `conduct/background.rs` say so. None of them is an outcome that the record makes a claim about.
const BACKGROUND: &[&str] = &[
    "infusion_reaction_any_nk",
    "infusion_reaction_grade3_nk",
    "infusion_reaction_any_cart",
    "infection_hazard",
    "infection_grade3_share",
    "infection_related_share",
    "other_severe_after_depletion",
    "crs_death_given_grade_4",
];

fn words(text: &str) -> Vec<String> {
    let letters = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { ' ' };
    let plain: String = text.to_lowercase().chars().map(letters).collect();
    plain.split_whitespace().map(str::to_owned).collect()
}

/// What an outcome is called: first words of the measures' names, their codes, the endpoints.
fn outcomes() -> BTreeSet<Vec<String>> {
    let mut found: BTreeSet<Vec<String>> = SYNONYMS.iter().map(|word| words(word)).collect();
    found.extend(ENDPOINTS.iter().map(|(name, _)| words(name)));
    for measure in MEASURES {
        // Blood counts, times and numbers of cells are states of the model, not outcomes.
        if measure.is_share() {
            found.insert(words(measure.code));
            let title = measure.title.split(" of any").next().unwrap_or_default();
            let title = title.split(" of grade").next().unwrap_or_default();
            found.insert(words(title.split(" (").next().unwrap_or_default()));
        }
    }
    found.remove(&words("kinetics"));
    found.retain(|phrase| !phrase.is_empty());
    found
}

fn holds(text: &[String], phrase: &[String]) -> bool {
    text.windows(phrase.len()).any(|window| window == phrase)
}

/// Why a parameter speaks of an outcome, if it does.
fn speaks_of_an_outcome(symbol: &str, name: &str) -> Option<String> {
    let text: Vec<String> = words(symbol).into_iter().chain(words(name)).collect();
    if let Some(word) = ALONE.iter().find(|word| text.iter().any(|found| found == *word)) {
        return Some((*word).to_owned());
    }
    let how_often = text.iter().find(|word| FREQUENCIES.contains(&word.as_str()));
    // Two letters alone are a symbol of the model before they are an outcome.
    let is_bare = |phrase: &Vec<String>| {
        words(name) == *phrase || (words(symbol) == *phrase && symbol.len() > 2)
    };
    outcomes().into_iter().find_map(|phrase| {
        let outcome = phrase.join(" ");
        let denied = DENIALS.iter().any(|word| {
            let denial: Vec<String> =
                std::iter::once((*word).to_owned()).chain(phrase.iter().cloned()).collect();
            holds(&text, &denial)
        });
        match how_often {
            // "rate of growth of graft-versus-host damage" and the like name no outcome.
            Some(word) if holds(&text, &phrase) => Some(format!("{outcome} and `{word}`")),
            _ if denied => Some(format!("no {outcome}")),
            _ => is_bare(&phrase).then_some(outcome),
        }
    })
}

fn faults(file: &str, table: &str) -> Vec<String> {
    rows(table)
        .into_iter()
        .filter(|(_, row)| !BACKGROUND.contains(&row["symbol"].as_str()))
        .filter_map(|(line, row)| {
            let why = speaks_of_an_outcome(&row["symbol"], &row["name"])?;
            Some(format!("{file}:{line}: `{}`, {}: {why}", row["symbol"], row["name"]))
        })
        .collect()
}

/// Every name that a TOML text sets, holds or couples.
fn set_names(text: &str) -> Vec<String> {
    let table: toml::Table = toml::from_str(text).expect("bundled files can be read");
    let mut names = Vec::new();
    let mut take = |value: Option<&toml::Value>| {
        let keys = value.and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::keys);
        names.extend(keys.cloned());
    };
    take(table.get("parameters"));
    let empty = toml::Table::new();
    let below = |name: &str| table.get(name).and_then(toml::Value::as_table).unwrap_or(&empty);
    // Arms of comparisons, and of experiments that claims make.
    let arms = below("arm").values();
    let nested = below("claim").values().filter_map(|claim| claim.get("arm")?.as_table());
    for arm in arms.chain(nested.flat_map(toml::Table::values)) {
        take(arm.get("set"));
        take(arm.get("hold"));
    }
    let couplings = table.get("coupling").and_then(toml::Value::as_array);
    for coupling in couplings.into_iter().flatten() {
        names.extend(coupling.get("name").and_then(toml::Value::as_str).map(str::to_owned));
    }
    names
}

#[test]
fn no_parameter_is_an_outcome_under_another_name() {
    let mut found = Vec::new();
    let (mut tables, mut names) = (0, 0);
    for file in library::names() {
        let text = library::text(file).expect("bundled");
        if file.ends_with(".parameters.csv") {
            tables += 1;
            found.extend(faults(file, text));
        } else if file.rsplit('.').next() == Some("toml") {
            for name in set_names(text) {
                names += 1;
                let why = speaks_of_an_outcome(&name, "");
                found.extend(why.map(|why| format!("{file}: `{name}`: {why}")));
            }
        }
    }
    assert!(tables >= 2 && names > 20, "{tables} tables, {names} names");
    assert!(found.is_empty(), "results under another name:\n{}", found.join("\n"));
}

#[test]
fn every_background_event_is_still_there() {
    let signs = library::text("models/rrmm-signs.parameters.csv").expect("bundled");
    let symbols: BTreeSet<String> =
        rows(signs).into_iter().map(|(_, row)| row["symbol"].clone()).collect();
    for symbol in BACKGROUND {
        assert!(symbols.contains(*symbol), "{symbol}");
    }
}

#[test]
fn outcomes_in_disguise_are_seen() {
    let header = "symbol,name,unit,typical,spread,low,high,source,verification,grade,role\n";
    let rest = "1,0.5,fixed,0,1,assumed,-,D,physiology";
    let bad = [
        ("pResp", "probability of response to CAR-NK"),
        ("orr_nk", "typical value in this arm"),
        ("crsP", "incidence of CRS after NK cells"),
        ("safe_nk", "no GvHD with donor NK cells"),
        ("tox", "DLT rate at the first level"),
        ("t_pfs", "months"),
        ("x1", "share of patients with ICANS of grade 3"),
        ("gvhd", "factor"),
        ("mrd_negative", "factor"),
        ("q", "relapse risk after complete response"),
    ];
    for (symbol, name) in bad {
        let found = faults("table.csv", &format!("{header}{symbol},{name},{rest}\n"));
        assert_eq!(found.len(), 1, "{symbol}, {name}");
    }
    let good = [
        ("kgv", "growth of graft-versus-host damage per alloreactive T cell"),
        ("crs_fever_il6", "rise of felt IL-6 above which there is fever (CRS of any grade)"),
        ("kCAR", "kill rate of a CAR-NK cell on a ligand-high target"),
        ("g", "net growth rate of myeloma plasma cells"),
        ("gvhd_onset", "graft-versus-host damage at which disease is noticed"),
    ];
    for (symbol, name) in good {
        let found = faults("table.csv", &format!("{header}{symbol},\"{name}\",{rest}\n"));
        assert!(found.is_empty(), "{found:?}");
    }
}
