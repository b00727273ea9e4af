//! The model texts of the repository against an independent reader of Antimony.

use cytotrial_model::{Expression, Model, Role, SymbolId, antimony, evaluate, units};

fn read(name: &str) -> Model {
    let path = format!("{}/../../models/{name}.ant", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the text is there");
    antimony::read(&text).unwrap_or_else(|problems| panic!("{path}: {problems:#?}"))
}

/// What the golden file says of a symbol, as our reader would say it.
fn described(model: &Model, name: &str) -> (String, String) {
    if let Some(event) = model.events.iter().find(|event| event.name == name) {
        let targets = event.assignments.iter();
        let names: Vec<&str> =
            targets.map(|(id, _)| model.symbols[id.0 as usize].name.as_str()).collect();
        return ("event".into(), names.join(" "));
    }
    let id = model.symbol(name).unwrap_or_else(|| panic!("`{name}` is missing"));
    let symbol = &model.symbols[id.0 as usize];
    let role = match symbol.role {
        Role::Constant => "constant",
        Role::Variable => "variable",
        Role::State(_) => "state",
        Role::Assigned(_) => "assigned",
    };
    let value = match symbol.initial.map(|id| &model.expressions[id.0 as usize]) {
        None => String::new(),
        Some(Expression::Number(value)) => format!("{value:?}"),
        Some(_) => "formula".into(),
    };
    (role.into(), value)
}

#[test]
fn symbols_rules_values_and_events_are_those_of_libantimony() {
    let golden =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../golden/model/symbols.csv"));
    let mut counts = std::collections::BTreeMap::new();
    let rows = golden.lines().filter(|line| !line.starts_with('#')).skip(1);
    let models = ["reference-model", "p1", "p2"].map(|name| (name, read(name)));
    for row in rows {
        let cells: Vec<&str> = row.split(',').collect();
        let (_, model) = models.iter().find(|(name, _)| *name == cells[0]).unwrap();
        let (role, value) = described(model, cells[1]);
        assert_eq!(role, cells[2], "{row}");
        if let (Ok(got), Ok(want)) = (value.parse::<f64>(), cells[3].parse::<f64>()) {
            // The other reader writes 15 digits.
            assert!((got - want).abs() <= 1e-14 * want.abs(), "{row}: {got}");
        } else {
            assert_eq!(value, cells[3], "{row}");
        }
        *counts.entry(cells[0]).or_insert(0) += 1;
    }
    for (name, model) in &models {
        assert_eq!(counts[name], model.symbols.len() + model.events.len(), "{name}");
    }
}

#[test]
fn the_three_texts_have_25_and_6_and_19_states() {
    let states = ["reference-model", "p1", "p2"].map(|name| read(name).states().count());
    assert_eq!(states, [25, 6, 19]);
}

#[test]
fn assigned_symbols_come_after_what_they_use() {
    let model = read("reference-model");
    let place = |name| {
        let id = model.symbol(name).unwrap();
        model.assignment_order.iter().position(|other| *other == id).unwrap()
    };
    assert!(
        place("T_tot") < place("den") && place("den") < place("vN1") && place("vN1") < place("VN")
    );
    assert!(place("VN") < place("x") && place("q7") < place("Te") && place("IL6sig") < place("z"));
}

/// The rows of a golden file, without comments and header.
fn rows(golden: &str) -> impl Iterator<Item = &str> {
    golden.lines().filter(|line| !line.starts_with('#')).skip(1)
}

fn assert_close(got: f64, want: f64, relative: f64, absolute: f64, row: &str) {
    assert!((got - want).abs() <= relative * want.abs() + absolute, "{row}: {got} is not {want}");
}

#[test]
fn formulas_mean_what_they_mean_to_libantimony_and_libroadrunner() {
    let golden =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../golden/model/formulas.csv"));
    let rules = rows(golden).enumerate().map(|(i, row)| {
        let (formula, _) = row.split_once(';').unwrap();
        format!("f{i} := {formula}\n")
    });
    let start = "function hill(x, k, h)\n x^h/(k^h + x^h)\n end\n\
                 a = 2.5; b = 0.75; c = -1.25; d = 3; n = 2\n";
    let text = start.to_owned() + &rules.collect::<String>();
    let model = antimony::read(&text).unwrap();
    let values = evaluate::start_values(&model, 0.0, &[]);
    for (i, row) in rows(golden).enumerate() {
        let (_, want) = row.split_once(';').unwrap();
        let got = values[model.symbol(&format!("f{i}")).unwrap().0 as usize];
        // A few roundings of either side.
        assert_close(got, want.parse().unwrap(), 1e-14, 0.0, row);
    }
    assert_eq!(model.assignment_order.len(), rows(golden).count());
}

#[test]
fn values_and_rates_of_the_texts_are_those_of_libroadrunner() {
    let golden =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../golden/model/values.csv"));
    for name in ["reference-model", "p1", "p2"] {
        let model = read(name);
        let states: Vec<SymbolId> = model.states().collect();
        let mut values = evaluate::start_values(&model, 0.0, &[]);
        for (moment, time) in [("start", 0.0), ("moved", 3.5)] {
            if moment == "moved" {
                let start =
                    rows(golden).filter(|row| row.starts_with(&format!("{name},start,rate,")));
                for (k, row) in start.enumerate() {
                    let id = model.symbol(row.split(',').nth(3).unwrap()).unwrap();
                    values[id.0 as usize] += 0.25 + 0.01 * k as f64;
                }
            }
            evaluate::assign(&model, &mut values, time);
            let rates = evaluate::rates(&model, &values, time);
            let mut count = 0;
            for row in rows(golden).filter(|row| row.starts_with(&format!("{name},{moment},"))) {
                let cells: Vec<&str> = row.split(',').collect();
                let id = model.symbol(cells[3]).unwrap();
                let got = match cells[2] {
                    "rate" => rates[states.iter().position(|state| *state == id).unwrap()],
                    _ => values[id.0 as usize],
                };
                // Terms near 2,000 that balance, of parameters that libSBML rounded to 15 digits.
                assert_close(got, cells[4].parse().unwrap(), 1e-12, 1e-11, row);
                count += 1;
            }
            assert_eq!(count, 2 * states.len() + model.assignment_order.len(), "{name}");
        }
    }
}

#[test]
fn every_bundled_text_reads_back_the_same_and_its_units_fit() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models");
    let mut texts = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "ant") {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let model = read(&name);
            let again = antimony::read(&antimony::write(&model)).unwrap();
            assert_eq!(placeless(again), placeless(model.clone()), "{name}");
            assert_eq!(units::check(&model).problems, [], "{name}");
            texts += 1;
        }
    }
    assert!(texts >= 3);
}

/// The model without its places in the text.
fn placeless(mut model: Model) -> Model {
    model.spans.fill(cytotrial_model::Span::default());
    model.symbols.iter_mut().for_each(|symbol| symbol.span = cytotrial_model::Span::default());
    model.events.iter_mut().for_each(|event| event.span = cytotrial_model::Span::default());
    model
}
