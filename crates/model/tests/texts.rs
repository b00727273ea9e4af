//! The model texts of the repository against an independent reader of Antimony.

use cytotrial_model::{Expression, Model, Role, antimony};

fn read(name: &str) -> Model {
    let path = format!("{}/../../models/{name}.ant", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
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
