//! Reactions, species, compartments and modules, and what they are as rules.

use cytotrial_model::antimony::{formula, read, read_with, write};
use cytotrial_model::{Amount, Kind, Model, Role, evaluate, plain};

fn model(text: &str) -> Model {
    read(text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"))
}

/// The rates of a model's states at the start, by name.
fn rates(text: &str) -> Vec<(String, f64)> {
    let model = model(text);
    let plain = plain(&model).expect("its rates are known");
    let values = evaluate::start_values(&plain, 0.0, &[]);
    let rates = evaluate::rates(&plain, &values, 0.0);
    let names = plain.states().map(|id| plain.symbols[id.0 as usize].name.clone());
    names.zip(rates).collect()
}

fn close(got: &[(String, f64)], want: &[(&str, f64)]) {
    assert_eq!(got.len(), want.len(), "{got:?}");
    for ((name, got), (wanted, want)) in got.iter().zip(want) {
        assert_eq!(name, wanted);
        assert!((got - want).abs() <= 1e-13 * want.abs(), "{name}: {got}, {want}");
    }
}

#[test]
fn reactions_change_species_by_their_stoichiometry() {
    let text = "A = 3; B = 5; C = 0; E = 1; k = 0.2
        R1: 2 A + $E -> B; k*A*E
        B => C; 0.1*B
        -> A; 7";
    close(&rates(text), &[("A", 7.0 - 2.0 * 0.6), ("B", 0.6 - 0.5), ("C", 0.5)]);
    let model = model(text);
    assert_eq!(model.reactions.len(), 3);
    assert!(model.reactions[0].is_reversible && !model.reactions[1].is_reversible);
    assert_eq!(model.symbols[model.reactions[2].symbol.0 as usize].name, "_J2");
}

#[test]
fn a_concentration_changes_by_the_amount_over_the_volume() {
    let text = "compartment V = 4; species A in V = 3; substanceOnly species B in V; B = 2
        R: A -> B; 0.5*A*V";
    close(&rates(text), &[("A", -1.5), ("B", 6.0)]);
}

#[test]
fn an_amount_stays_while_its_compartment_grows() {
    let text =
        "compartment V; V = 2; V' = 1; species A in V; A = 3; R: A -> ; 0.5*A*V; r := rateOf(A)";
    let model = model(text);
    let plain = plain(&model).unwrap();
    let values = evaluate::start_values(&plain, 0.0, &[]);
    let value = |name| values[plain.symbol(name).unwrap().0 as usize];
    assert!((value("amount of A") - 6.0).abs() < 1e-14 && (value("A") - 3.0).abs() < 1e-14);
    // (A'V)' = -3; A' = (-3 - 3*1)/2
    assert!((value("r") + 3.0).abs() < 1e-14);
    close(&rates(text), &[("V", 1.0), ("amount of A", -3.0)]);
}

#[test]
fn an_event_sets_the_amount_behind_a_concentration() {
    let text = "compartment V; V = 2; V' = 1; species A in V; A = 3; at (time > 1): A = 7";
    let model = model(text);
    let plain = plain(&model).unwrap();
    let (target, value) = plain.events[0].assignments[0];
    assert_eq!(plain.symbols[target.0 as usize].name, "amount of A");
    assert_eq!(formula(&plain, value), "7");
    assert_eq!(plain.events[0].sizes, [(0, plain.symbol("V").unwrap())]);
}

#[test]
fn stoichiometry_may_be_a_symbol() {
    let text = "A = 1; B = 1; n = 2; n' = 1; m = 3; R: n A -> m B; 0.5; S: m A -> ; 1";
    close(&rates(text), &[("A", -1.0 - 3.0), ("B", 1.5), ("n", 1.0)]);
    let model = model(text);
    let own = model.symbol("n").unwrap();
    assert_eq!(model.symbols[own.0 as usize].kind, Kind::Stoichiometry);
    assert_eq!(model.reactions[0].reactants[0].amount, Amount::Symbol(own));
    assert!(
        model.symbol("R_B_stoichiometry").is_some() && model.symbol("S_A_stoichiometry").is_some()
    );
}

#[test]
fn a_reaction_without_rate_changes_nothing() {
    close(&rates("A = 1; B = 1; A -> B; -> B; 2"), &[("B", 2.0)]);
    assert!(rates("A = 1; A -> ;").is_empty());
}

#[test]
fn models_inside_models_are_put_in_place() {
    let text = "model decay(S, k)
            species S; S = 10; k = 0.1; half := 0.693/k
            R: S -> ; k*S
        end
        model *two()
            A: decay(X); B: decay(Y, kb)
            kb = 0.5; X = 3; A.k = 0.2; B.half is h; total := X + Y + A.half
        end";
    close(&rates(text), &[("X", -0.6), ("Y", -5.0)]);
    let model = model(text);
    assert_eq!(model.name, "two");
    let value = |name: &str| {
        let values = evaluate::start_values(&model, 0.0, &[]);
        values[model.symbol(name).unwrap().0 as usize]
    };
    assert!((value("total") - (13.0 + 3.465)).abs() < 1e-12);
    assert!((value("h") - 1.386).abs() < 1e-12);
    assert!(model.symbol("A__R").is_some() && model.symbol("B__R").is_some());
}

#[test]
fn outer_statements_win_and_inner_units_of_time_are_converted() {
    let text = "model inner()
            x = 1; x' = k*time; k = 3; y := 2; R: -> S; k; S = 0
            E: at 2 after (x > 5): k = 0
        end
        A: inner(), timeconv=60, extentconv=5; A.y = 7; A.k = 4";
    let model = model(text);
    let text = write(&model);
    assert!(text.contains("A__x' = A__k*(time/60)/60"), "{text}");
    assert!(text.contains("A__R:  -> A__S; A__k*5/60"), "{text}");
    assert!(text.contains("at (2*60) after"), "{text}");
    let y = model.symbol("A__y").unwrap();
    assert_eq!(model.symbols[y.0 as usize].role, Role::Constant);
}

#[test]
fn a_boundary_species_is_marked_wherever_it_is_written() {
    let text = write(&model("species $A = 1; B = 0\nR: 2 $A -> B; k*A; k = 1"));
    assert!(text.contains("species $A"), "{text}");
    // libAntimony takes the species of a reaction for a boundary by its sign there.
    assert!(text.contains("R: 2 $A -> B;"), "{text}");
    assert!(read(&text).is_ok(), "{text}");
}

#[test]
fn conversion_factors_multiply_the_extent_of_reactions() {
    let text = |conversions: &str| {
        format!("A = 3; B = 5; C = 1; n = 4; f = 2; g = 10\nR: 2 A -> n B + C; 0.5\n{conversions}")
    };
    close(&rates(&text("")), &[("A", -1.0), ("B", 2.0), ("C", 0.5)]);
    let own = text("B.conversionFactor = g");
    close(&rates(&own), &[("A", -1.0), ("B", 20.0), ("C", 0.5)]);
    let all = text("model.conversionFactor = f; B.conversionFactor = g");
    close(&rates(&all), &[("A", -2.0), ("B", 20.0), ("C", 1.0)]);
    close(&rates(&write(&model(&all))), &[("A", -2.0), ("B", 20.0), ("C", 1.0)]);
    // That of a model holds for its own reactions, and the name may be the instance's.
    let inner = "model inner(S)\nS = 1; h = 3; R: -> S; 1; model.conversionFactor = h
        model.conversionFactor = h\nend
        A: inner(X); A.h = 5; -> X; 1; Y = 0; -> Y; 1";
    close(&rates(inner), &[("X", 6.0), ("Y", 1.0)]);
    // What the outer model says of a species holds, before or after the instance.
    let own = "model inner()\nS = 1; h = 3; R: -> S; 1; S.conversionFactor = h\nend";
    for outer in ["A: inner(); A.S.conversionFactor = g", "A.S.conversionFactor = g; A: inner()"] {
        close(&rates(&format!("{own}\ng = 7; {outer}")), &[("A__S", 7.0)]);
    }
}

#[test]
fn asinh_is_arcsinh() {
    close(&rates("x = 2.5; x' = asinh(x)"), &[("x", 2.5_f64.asinh())]);
}

#[test]
fn remarks_behind_a_point_change_nothing() {
    let text = "A = 3; A' = -A\nA.sboTerm = SBO:0000247\nmodel.sboTerm = 4; A.charge = -2";
    close(&rates(text), &[("A", -3.0)]);
}

#[test]
fn texts_import_texts() {
    let files = |name: &str| match name {
        "decay.ant" => Some("model decay(S)\nS' = -S; S = 1\nend".to_owned()),
        "loop.ant" => Some("import \"loop.ant\"".to_owned()),
        "bad.ant" => Some("x = = 1".to_owned()),
        _ => None,
    };
    let model = read_with("import \"decay.ant\"\nA: decay(X)", &files).unwrap();
    assert_eq!(model.states().count(), 1);
    let problem = |text: &str| read_with(text, &files).unwrap_err()[0].to_string();
    assert!(problem("import \"loop.ant\"").contains("import one another"));
    assert!(problem("x = 1\nimport \"bad.ant\"").contains("2:8: in `bad.ant`: 1:5:"));
}

#[test]
fn annotations_and_synonyms_change_nothing_else() {
    let text =
        "S = 1; S identity \"urn:miriam:x\", \"urn:y\"; S' = -k*S; q = 2; k is q; S is \"a name\"";
    let model = model(text);
    assert_eq!(model.symbols.len(), 2);
    close(&rates(text), &[("S", -2.0)]);
}

#[test]
fn events_say_everything_that_sbml_knows() {
    let model = model(
        "x = 1; p = 2
         E: at 3 after (x > 2), priority = p + 1, t0 = false, persistent = false, fromTrigger = false: x = 0
         F: at (x > 3): ",
    );
    let event = &model.events[0];
    assert_eq!(formula(&model, event.delay.unwrap()), "3");
    assert_eq!(formula(&model, event.priority.unwrap()), "p + 1");
    assert!(!event.initially_true && !event.is_persistent && !event.from_trigger);
    let other = &model.events[1];
    assert!(other.initially_true && other.is_persistent && other.from_trigger);
    assert!(other.assignments.is_empty() && other.delay.is_none());
}

#[test]
fn what_is_written_reads_back_the_same() {
    for text in [
        "A = 3; B = 5; R1: 2 A + $E -> B; k*A*E; E = 1; k = 0.2; B => ; 0.1*B; -> A",
        "compartment V = 4; V' = 1; species A in V = 3; const substanceOnly species B in V; B = 2; R: n A -> B; 0.5*A*V; n = 2",
        "x = 1; p = 2; E: at 3*p after (x > 2), priority = p + 1, t0 = false, persistent = false: x = 0, p = 1",
        "x = 1; x' = arcsinh(x) + rem(x, 2) + quotient(7, x) + rateOf(y); y = 2; y' = factorial(3); z = notanumber",
        "C = 2; compartment C; A in C; A = 1; R: 3 A -> 1.5 $B; A; B = 2; r := R + rateOf(A)",
    ] {
        let first = model(text);
        let written = write(&first);
        let second = model(&written);
        assert_eq!(write(&second), written, "{text}");
        assert_eq!(second.reactions, first.reactions, "{text}");
        let kinds = |model: &Model| -> Vec<_> {
            model.symbols.iter().map(|s| (s.name.clone(), s.kind, s.initial.is_some())).collect()
        };
        assert_eq!(kinds(&second), kinds(&first), "{text}");
    }
}
