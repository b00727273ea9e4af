//! Which crate may use which: the table of the architecture page, enforced on every manifest.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::files::{texts, texts_ending};

/// Our crates by folder, and the ones of ours that each may use.
const EDGES: &[(&str, &[&str])] = &[
    ("stats", &[]),
    ("records", &[]),
    ("model", &[]),
    ("report", &[]),
    ("solve", &["model", "stats"]),
    ("design", &["stats"]),
    ("evaluate", &["records", "stats"]),
    ("registry", &[]),
    (
        "cytotrial",
        &["stats", "records", "model", "report", "solve", "design", "evaluate", "registry"],
    ),
    ("cli", &["cytotrial"]),
];

/// What a manifest uses: the name it uses it by, and what it says about it.
fn dependencies(manifest: &Table) -> Vec<(String, Value)> {
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let mut found = Vec::new();
    let systems = manifest.get("target").and_then(Value::as_table).into_iter().flatten();
    let tables = systems.filter_map(|(_, table)| table.as_table());
    for table in std::iter::once(manifest).chain(tables) {
        for kind in kinds {
            let entries = table.get(kind).and_then(Value::as_table).into_iter().flatten();
            found.extend(entries.map(|(name, value)| (name.clone(), value.clone())));
        }
    }
    found
}

/// The folder of the crate of ours that a dependency is, whatever name it goes by.
fn ours(name: &str, value: &Value) -> Option<String> {
    let told = |key: &str| value.get(key).and_then(Value::as_str);
    if let Some(path) = told("path") {
        return Some(path.rsplit('/').next().unwrap_or(path).to_owned());
    }
    let package = told("package").unwrap_or(name);
    let short = package.strip_prefix("cytotrial-").unwrap_or(package);
    EDGES.iter().any(|(folder, _)| *folder == short).then(|| short.to_owned())
}

/// The manifests of the workspace. What programs are compared with is no part of it.
fn manifests() -> impl Iterator<Item = (String, String)> {
    texts_ending("/Cargo.toml").into_iter().filter(|(name, _)| !name.starts_with("bench/peers/"))
}

fn read(text: &str) -> Table {
    text.parse().expect("cargo has read this manifest before")
}

#[test]
fn crates_use_only_what_the_architecture_allows() {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, text) in manifests() {
        let folder = name.trim_start_matches("crates/").trim_end_matches("/Cargo.toml").to_owned();
        let Some((_, allowed)) = EDGES.iter().find(|(known, _)| *known == folder) else {
            faults.push(format!("{name}: the table of crates does not know `{folder}`"));
            continue;
        };
        for (alias, value) in dependencies(&read(&text)) {
            if let Some(used) = ours(&alias, &value)
                && !allowed.contains(&used.as_str())
            {
                faults.push(format!("{name}: `{folder}` may not use `{used}`"));
            }
        }
        seen.insert(folder);
    }
    assert_eq!(seen.len(), EDGES.len(), "crates found: {seen:?}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_architecture_page_draws_the_same_edges() {
    let page = &texts()["ARCHITECTURE.md"];
    for (folder, allowed) in EDGES {
        let start = format!("| `{folder}` |");
        let row = page.lines().find(|line| line.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("ARCHITECTURE.md has no row for `{folder}`"));
        let cell = row.split('|').nth(3).expect("a row has a cell of what it may use");
        let said: BTreeSet<&str> = cell.split('`').skip(1).step_by(2).collect();
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        assert_eq!(said, allowed, "what `{folder}` may use");
    }
}

#[test]
fn every_outside_crate_is_named_once_and_used() {
    let texts = texts();
    let workspace = read(&texts["Cargo.toml"]);
    let named = workspace["workspace"]["dependencies"].as_table().expect("a table of versions");
    let mut used = BTreeSet::new();
    for (name, text) in manifests() {
        for (alias, value) in dependencies(&read(&text)) {
            let inherits = value.get("workspace").and_then(Value::as_bool) == Some(true);
            assert!(
                inherits,
                "{name}: `{alias}` has its version in the root, as `workspace = true`"
            );
            used.insert(alias);
        }
    }
    let unused: Vec<_> = named.keys().filter(|name| !used.contains(*name)).collect();
    assert!(unused.is_empty(), "the root names crates that nothing uses: {unused:?}");
}

#[test]
fn an_edge_is_found_however_it_is_written() {
    let text = "[dependencies]\na = { path = \"../solve\" }\n[dev-dependencies]\nb = { package = \"cytotrial-stats\", version = \"1\" }\n\
                [target.'cfg(unix)'.build-dependencies]\ncytotrial.workspace = true\nserde.workspace = true\n";
    let found: Vec<_> =
        dependencies(&read(text)).iter().filter_map(|(name, value)| ours(name, value)).collect();
    assert_eq!(found, ["solve", "stats", "cytotrial"]);
}
