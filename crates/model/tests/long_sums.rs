//! Sums of thousands of terms, in both languages and between them.

#![allow(clippy::unwrap_used, reason = "a test ends where its premise fails")]

use std::fmt::Write as _;

use cytotrial_model::{Model, antimony, evaluate, sbml};

/// The value of `y`, and of its rule's terms added one by one.
fn values(model: &Model, count: u32) -> (f64, f64) {
    let mut values = vec![0.0; model.symbols.len()];
    values[model.symbol("x").unwrap().0 as usize] = 0.3;
    let y = model.symbol("y").unwrap();
    let cytotrial_model::Role::Assigned(rule) = model.symbols[y.0 as usize].role else {
        panic!("y has a rule")
    };
    let term = |i: u32| {
        let size = 0.3 * f64::from(i);
        if i % 3 == 2 { -size } else { size }
    };
    (evaluate::value(model, rule, &values, 0.0), (0..count).map(term).sum())
}

fn antimony_text(count: u32) -> String {
    let mut text = String::from("x = 0.3; y := 0*x");
    for i in 1..count {
        let sign = if i % 3 == 2 { "-" } else { "+" };
        write!(text, " {sign} {i}*x").unwrap();
    }
    text
}

fn sbml_text(count: u32) -> String {
    let mut terms = String::new();
    for i in 0..count {
        let sign = if i % 3 == 2 { -1.0 } else { 1.0 };
        let number = sign * f64::from(i);
        write!(terms, "<apply><times/><cn>{number}</cn><ci>x</ci></apply>").unwrap();
    }
    format!(
        "<sbml xmlns=\"http://www.sbml.org/sbml/level3/version2/core\" level=\"3\" version=\"2\"><model><listOfParameters>\
         <parameter id=\"x\" value=\"0.3\" constant=\"true\"/><parameter id=\"y\" constant=\"false\"/></listOfParameters>\
         <listOfRules><assignmentRule variable=\"y\"><math xmlns=\"http://www.w3.org/1998/Math/MathML\"><apply><plus/>{terms}\
         </apply></math></assignmentRule></listOfRules></model></sbml>"
    )
}

#[test]
fn sums_of_thousands_of_terms_are_read_and_written() {
    for count in [100, 101, 600, 5_000, 20_000] {
        for model in
            [antimony::read(&antimony_text(count)).unwrap(), sbml::read(&sbml_text(count)).unwrap()]
        {
            let (got, want) = values(&model, count);
            let largest = 0.3 * f64::from(count) * f64::from(count);
            assert!((got - want).abs() < 1e-12 * largest, "{count}: {got} for {want}");
            if count > 10_000 {
                continue; // what is written nests a little deeper with each group
            }
            let again = antimony::read(&antimony::write(&model)).unwrap();
            assert_eq!(values(&again, count).0.to_bits(), got.to_bits(), "{count} as Antimony");
            let again = sbml::read(&sbml::write(&model)).unwrap();
            assert_eq!(values(&again, count).0.to_bits(), got.to_bits(), "{count} as SBML");
        }
    }
}

#[test]
fn long_sums_are_compared_and_joined_like_short_ones() {
    let sum = vec!["x"; 700].join(" + ");
    let text = format!("x = 1; y := {sum} < 701 && {sum} >= 700 && 2*({sum}) == 1400");
    let model = antimony::read(&text).unwrap();
    let mut at = vec![0.0; model.symbols.len()];
    at[model.symbol("x").unwrap().0 as usize] = 1.0;
    let y = model.symbol("y").unwrap();
    let cytotrial_model::Role::Assigned(rule) = model.symbols[y.0 as usize].role else {
        panic!("y has a rule")
    };
    assert!((evaluate::value(&model, rule, &at, 0.0) - 1.0).abs() < 1e-12);
}
