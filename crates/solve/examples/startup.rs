//! How long it takes from a model's text to its first step: the reference model, and SBML of 300 states.
//!
//! `cargo run --release -p cytotrial-solve --example startup`

#![allow(clippy::print_stdout, reason = "a program that prints its measurements")]
#![allow(clippy::unwrap_used, reason = "a measurement ends where its premise fails")]

use std::fmt::Write as _;
use std::time::Instant;

use cytotrial_solve::{Method, Settings, Start, compile, run};
use model::Model;

/// States of the generated model.
const STATES: usize = 300;

/// A ring of species with reversible reactions between neighbours, and a saturable one across.
fn ring() -> String {
    let mut text = String::from(
        "<sbml xmlns=\"http://www.sbml.org/sbml/level3/version2/core\" level=\"3\" version=\"2\"><model>\
         <listOfCompartments><compartment id=\"c\" size=\"2\" constant=\"true\"/></listOfCompartments><listOfSpecies>",
    );
    for i in 0..STATES {
        write!(
            text,
            "<species id=\"S{i}\" compartment=\"c\" initialConcentration=\"{}\" hasOnlySubstanceUnits=\"false\" \
             boundaryCondition=\"false\" constant=\"false\"/>",
            1 + i % 7
        )
        .unwrap();
    }
    text += "</listOfSpecies><listOfParameters>";
    for i in 0..STATES {
        write!(
            text,
            "<parameter id=\"k{i}\" value=\"0.{}\" constant=\"true\"/>\
             <parameter id=\"m{i}\" value=\"{}\" constant=\"true\"/>",
            1 + i % 9,
            2 + i % 5
        )
        .unwrap();
    }
    text += "</listOfParameters><listOfReactions>";
    for i in 0..STATES {
        let (next, across) = ((i + 1) % STATES, (i + STATES / 2) % STATES);
        reaction(&mut text, &format!("F{i}"), (i, next), &format!("<ci>k{i}</ci><ci>S{i}</ci>"));
        reaction(
            &mut text,
            &format!("B{i}"),
            (next, i),
            &format!("<ci>k{next}</ci><ci>S{next}</ci>"),
        );
        let rate = format!(
            "<ci>k{i}</ci><apply><divide/><ci>S{i}</ci><apply><plus/><ci>m{i}</ci><ci>S{i}</ci>\
             </apply></apply>"
        );
        reaction(&mut text, &format!("A{i}"), (i, across), &rate);
    }
    text + "</listOfReactions></model></sbml>"
}

fn reaction(text: &mut String, id: &str, (from, to): (usize, usize), factors: &str) {
    let side = |list: &str, species: usize| {
        format!(
            "<listOf{list}><speciesReference species=\"S{species}\" stoichiometry=\"1\" constant=\"true\"/>\
             </listOf{list}>"
        )
    };
    write!(
        text,
        "<reaction id=\"{id}\" reversible=\"false\">{}{}<kineticLaw><math \
         xmlns=\"http://www.w3.org/1998/Math/MathML\"><apply><times/><ci>c</ci>{factors}</apply></math></kineticLaw></reaction>",
        side("Reactants", from),
        side("Products", to)
    )
    .unwrap();
}

/// Seconds from text to the first stop just after the start; the best of some.
fn seconds(read: impl Fn() -> Model, method: Method) -> f64 {
    let once = || {
        let begin = Instant::now();
        let program = compile(&read()).unwrap();
        // One step at most is allowed, and more would be needed: it ends after the first.
        let settings = Settings { method, max_steps: 1, ..Settings::default() };
        let mut is_first = true;
        run(&program, &[Start::default()], &settings, |_, stop| {
            std::mem::take(&mut is_first).then(|| stop.time() + 1e3)
        });
        begin.elapsed().as_secs_f64()
    };
    (0..5).map(|_| once()).fold(f64::INFINITY, f64::min)
}

fn main() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/reference-model.ant");
    let text = std::fs::read_to_string(path).unwrap();
    let sbml = ring();
    for method in [Method::Explicit, Method::Stiff] {
        let reference = seconds(|| model::antimony::read(&text).unwrap(), method);
        println!("text to first step, reference model, {method:?}: {reference:.4} s");
        let ring = seconds(|| model::sbml::read(&sbml).unwrap(), method);
        println!("text to first step, SBML of {STATES} states, {method:?}: {ring:.4} s");
    }
}
