//! What each kind of statement makes of a text.

use cytotrial_model::antimony::{formula, read, write};
use cytotrial_model::{Model, Role, Symbol, Unit, evaluate};

fn symbol<'a>(model: &'a Model, name: &str) -> &'a Symbol {
    &model.symbols[model.symbol(name).expect("it is in the text").0 as usize]
}

#[test]
fn roles_follow_from_what_is_said() {
    let text = "model *m(dose)
        const k; k = 3; free = 2
        var flag = 0
        species A; A = 1; compartment blood; blood = 5
        x = k + 1; x' = -k*x
        y := 2*x
        at (x < 1): A = 2, count = count + 1
        count = 0; dose = 0
    end";
    let model = read(text).unwrap();
    let role = |name| symbol(&model, name).role;
    assert_eq!(model.name, "m");
    assert_eq!(model.ports, [model.symbol("dose").unwrap()]);
    for constant in ["k", "free", "blood"] {
        assert_eq!(role(constant), Role::Constant, "{constant}");
    }
    for variable in ["flag", "A", "count", "dose"] {
        assert_eq!(role(variable), Role::Variable, "{variable}");
    }
    assert!(matches!(role("x"), Role::State(_)) && matches!(role("y"), Role::Assigned(_)));
    assert!(symbol(&model, "y").initial.is_none());
    assert_eq!(formula(&model, symbol(&model, "x").initial.unwrap()), "k + 1");
}

#[test]
fn a_port_that_has_a_rate_stays_a_state() {
    let model = read("model *m(N)\nN = 0; N' = -N\nend").unwrap();
    assert!(matches!(symbol(&model, "N").role, Role::State(_)));
    assert_eq!(model.ports.len(), 1);
}

#[test]
fn a_text_without_a_model_is_a_model() {
    let model = read("x = 1; x' = -x").unwrap();
    assert_eq!((model.name.as_str(), model.states().count()), ("main", 1));
}

#[test]
fn events_have_names_options_and_assignments() {
    let model = read(
        "x = 1; y = 2\nE1: at (x > 1 && y < 3), t0=false, persistent=true, \
                      fromTrigger=true: x = y, y = x;\nat time >= 3: x = 0",
    )
    .unwrap();
    let [first, second] = &model.events[..] else { panic!("two events") };
    assert_eq!((first.name.as_str(), first.initially_true), ("E1", false));
    assert_eq!(formula(&model, first.trigger), "x > 1 && y < 3");
    assert_eq!(first.assignments.len(), 2);
    assert_eq!((second.name.as_str(), second.initially_true), ("_E1", true));
    assert_eq!((second.span.line, second.span.column), (3, 1));
}

#[test]
fn units_and_titles_belong_to_symbols() {
    let text = "unit conc = 1e-9 gram / litre; unit flow = conc/day\n\
                x = 3 mL; y = -2 conc; z = 1; z has flow; x is \"plasma volume\"";
    let model = read(text).unwrap();
    assert_eq!(symbol(&model, "x").title.as_deref(), Some("plasma volume"));
    assert_eq!(symbol(&model, "x").unit.as_deref(), Some("mL"));
    assert_eq!(symbol(&model, "z").unit.as_deref(), Some("flow"));
    assert!((model.units["mL"].factor - 1e-6).abs() < 1e-20);
    let flow = Unit { factor: 1e-9 / 86400.0, exponents: [-3, 1, -1, 0, 0, 0, 0, 0] };
    assert!(model.units["flow"].compatible(&flow));
    assert!((model.units["flow"].factor / flow.factor - 1.0).abs() < 1e-14);
}

#[test]
fn functions_are_put_in_place() {
    let text = "function hill(x, k)\n x/(k + x)\nend\n\
                function twice(k)\n 2*hill(k, 1)\nend\n\
                a = 3; k = 5; y := twice(a*k); z := hill(hill(a, k), k)";
    let model = read(text).unwrap();
    let written = |name| match symbol(&model, name).role {
        Role::Assigned(id) => formula(&model, id),
        _ => panic!("{name} follows a rule"),
    };
    assert_eq!(written("y"), "2*(a*k/(1 + a*k))");
    assert_eq!(written("z"), "a/(k + a)/(k + a/(k + a))");
}

#[test]
fn children_come_before_parents_and_every_node_has_a_place() {
    let model = read("function f(a)\n a*a\nend\nx = 1; y := f(x + 2)^f(3)").unwrap();
    assert_eq!(model.expressions.len(), model.spans.len());
    for (i, expression) in model.expressions.iter().enumerate() {
        if let cytotrial_model::Expression::Binary(_, left, right) = expression {
            assert!((left.0 as usize) < i && (right.0 as usize) < i);
        }
    }
}

#[test]
fn overrides_move_what_starts_from_them() {
    let model = read("T0 = 400; T = 0.5*T0; T' = 0; all := T + T0; part = 2*all").unwrap();
    let id = |name| model.symbol(name).unwrap();
    let values = evaluate::start_values(&model, 0.0, &[(id("T0"), 100.0)]);
    let got = ["T0", "T", "all", "part"].map(|name| values[id(name).0 as usize]);
    assert_eq!(got.map(|value| value as i64), [100, 50, 150, 300]);
    let fixed = evaluate::start_values(&model, 0.0, &[(id("T"), 7.0)]);
    assert_eq!(fixed[id("all").0 as usize] as i64, 407);
}

#[test]
fn writing_keeps_what_parentheses_meant() {
    for text in [
        "a - (b - c)",
        "(a - b) - c",
        "a/(b*c)",
        "-(a + b)",
        "(-a)^b",
        "-a^b",
        "a^-b",
        "a^(b^c)",
        "(a^b)^c",
        "a - -b",
        "-(-a)",
        "!(a < b)",
        "(a < b) == (b < c)",
        "(a && b) || c",
        "a && (b && c)",
        "min(a, b, c)",
        "xor(a, b)",
        "piecewise(1, a < b, 2, b < c, 3)",
        "root(3, a)",
        "log(2, a)",
        "1e-7 + 1e300 + 0.1",
        "infinity",
        "pi*time",
        "2*(a < b)",
    ] {
        let model = read(&format!("a = 1; b = 2; c = 3; y := {text}")).unwrap();
        let again = read(&write(&model)).unwrap();
        assert_eq!(again.expressions, model.expressions, "{text}");
        assert_eq!(again.symbols.len(), model.symbols.len());
    }
}

#[test]
fn an_event_and_a_symbol_cannot_share_a_name() {
    for text in ["E = 0; x = 1; E: at (x > 2): x = 3", "x = 1; E: at (x > 2): x = 3\nE = 0"] {
        let problems = read(text).expect_err("two things have one name");
        let found = problems.iter().any(|p| p.message.contains("`E` is the name of a symbol and"));
        assert!(found, "{problems:?}");
    }
}
