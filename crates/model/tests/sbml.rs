//! SBML to a model and back.

use cytotrial_model::{Amount, Kind, Model, Role, antimony, evaluate, plain, sbml};

/// An SBML text around the parts of a model.
fn around(parts: &str) -> String {
    format!(
        "<sbml xmlns=\"http://www.sbml.org/sbml/level3/version2/core\" level=\"3\" version=\"2\">\n\
         <model id=\"m\">\n{parts}\n</model></sbml>"
    )
}

fn model(parts: &str) -> Model {
    sbml::read(&around(parts)).unwrap_or_else(|problems| panic!("{parts}: {problems:?}"))
}

fn math(content: &str) -> String {
    format!("<math xmlns=\"http://www.w3.org/1998/Math/MathML\">{content}</math>")
}

/// The value of a formula with a = 2.5, b = 0.75, f(x, y) = x - 2 y.
fn value(content: &str) -> f64 {
    let parts = format!(
        "<listOfFunctionDefinitions><functionDefinition id=\"f\">{}</functionDefinition></listOfFunctionDefinitions>
         <listOfParameters><parameter id=\"a\" value=\"2.5\" constant=\"true\"/>
         <parameter id=\"b\" value=\"0.75\" constant=\"true\"/><parameter id=\"y\" constant=\"false\"/></listOfParameters>
         <listOfRules><assignmentRule variable=\"y\">{}</assignmentRule></listOfRules>",
        math("<lambda><bvar><ci>x</ci></bvar><bvar><ci>y</ci></bvar><apply><minus/><ci>x</ci>\
              <apply><times/><cn>2</cn><ci>y</ci></apply></apply></lambda>"),
        math(content)
    );
    let model = model(&parts);
    evaluate::start_values(&model, 0.0, &[])
        [model.symbol("y").expect("it is in the text").0 as usize]
}

fn applied(operation: &str) -> f64 {
    let (name, rest) = operation.split_once(' ').unwrap_or((operation, ""));
    let rest = rest.replace('A', "<ci>a</ci>").replace('B', "<ci>b</ci>");
    value(&format!("<apply><{name}/>{rest}</apply>"))
}

#[test]
#[expect(clippy::float_cmp, reason = "the standard library is the measure; 0 and 1 are exact")]
fn every_operation_means_what_mathml_says() {
    let (a, b) = (2.5_f64, 0.75_f64);
    for (operation, want) in [
        ("plus AB", a + b),
        ("plus", 0.0),
        ("plus AAB", 2.0 * a + b),
        ("times", 1.0),
        ("times ABB", a * b * b),
        ("minus A", -a),
        ("minus AB", a - b),
        ("divide AB", a / b),
        ("power AB", a.powf(b)),
        ("root A", a.sqrt()),
        ("root <degree><cn>3</cn></degree>A", a.cbrt()),
        ("log A", a.log10()),
        ("log <logbase><cn>2</cn></logbase>A", a.log2()),
        ("ln A", a.ln()),
        ("exp B", b.exp()),
        ("abs <cn>-3</cn>", 3.0),
        ("floor A", 2.0),
        ("ceiling A", 3.0),
        ("factorial <cn type=\"integer\">5</cn>", 120.0),
        ("quotient <cn>7</cn>A", 2.0),
        ("rem <cn>7</cn>A", 2.0),
        ("rem <cn>-7</cn>A", -2.0),
        ("max ABA", a),
        ("min AB", b),
        ("sin A", a.sin()),
        ("sec A", 1.0 / a.cos()),
        ("csc A", 1.0 / a.sin()),
        ("cot A", 1.0 / a.tan()),
        ("sech A", 1.0 / a.cosh()),
        ("csch A", 1.0 / a.sinh()),
        ("coth A", 1.0 / a.tanh()),
        ("arcsin B", b.asin()),
        ("arccos B", b.acos()),
        ("arctan B", b.atan()),
        ("arcsec A", (1.0 / a).acos()),
        ("arccsc A", (1.0 / a).asin()),
        ("arccot A", (1.0 / a).atan()),
        ("arcsinh A", a.asinh()),
        ("arccosh A", a.acosh()),
        ("arctanh B", b.atanh()),
        ("arcsech B", (1.0 / b).acosh()),
        ("arccsch B", (1.0 / b).asinh()),
        ("arccoth A", (1.0 / a).atanh()),
        ("and", 1.0),
        ("or", 0.0),
        ("xor", 0.0),
        ("and <true/><false/>", 0.0),
        ("or <true/><false/>", 1.0),
        ("xor <true/><true/><true/>", 1.0),
        ("not <true/>", 0.0),
        ("implies <true/><false/>", 0.0),
        ("implies <false/><false/>", 1.0),
        ("eq AAA", 1.0),
        ("gt AAB", 0.0),
        ("geq AAB", 1.0),
        ("lt BA<cn>3</cn>", 1.0),
        ("neq AB", 1.0),
    ] {
        let got = applied(operation);
        assert!(
            (got - want).abs() <= 4e-15 * want.abs().max(1.0),
            "{operation}: {got}, not {want}"
        );
    }
    assert_eq!(value("<cn type=\"e-notation\"> 1.5 <sep/> 3 </cn>"), 1500.0);
    assert_eq!(value("<cn type=\"rational\"> 3 <sep/> 4 </cn>"), 0.75);
    assert_eq!(value("<semantics><cn> -2 </cn><annotation/></semantics>"), -2.0);
    assert_eq!(value("<apply><ci>f</ci><ci>a</ci><ci>b</ci></apply>"), 1.0);
    assert!(value("<notanumber/>").is_nan() && value("<infinity/>").is_infinite());
    assert_eq!(
        value(
            "<piecewise><piece><cn>1</cn><false/></piece><otherwise><cn>2</cn></otherwise></piecewise>"
        ),
        2.0
    );
    assert!(value("<piecewise><piece><cn>1</cn><false/></piece></piecewise>").is_nan());
    let avogadro =
        "<csymbol definitionURL=\"http://www.sbml.org/sbml/symbols/avogadro\"> N </csymbol>";
    assert!((value(avogadro) / 6.022_141_79e23 - 1.0).abs() < 1e-15);
}

const CELL: &str = "<listOfCompartments><compartment id=\"C\" size=\"2\" constant=\"true\"/>
    <compartment id=\"P\" spatialDimensions=\"0\" constant=\"true\"/></listOfCompartments>
  <listOfSpecies>
    <species id=\"A\" compartment=\"C\" initialAmount=\"6\" hasOnlySubstanceUnits=\"false\" boundaryCondition=\"false\" constant=\"false\" conversionFactor=\"c\"/>
    <species id=\"B\" compartment=\"C\" initialConcentration=\"5\" hasOnlySubstanceUnits=\"true\" boundaryCondition=\"false\" constant=\"false\"/>
    <species id=\"D\" compartment=\"P\" initialAmount=\"1\" hasOnlySubstanceUnits=\"false\" boundaryCondition=\"true\" constant=\"false\"/>
  </listOfSpecies>
  <listOfParameters><parameter id=\"c\" value=\"10\" constant=\"true\"/><parameter id=\"k\" value=\"99\" constant=\"true\"/></listOfParameters>
  <listOfReactions><reaction id=\"R\" reversible=\"false\">
    <listOfReactants><speciesReference species=\"A\" stoichiometry=\"2\" constant=\"true\"/></listOfReactants>
    <listOfProducts><speciesReference id=\"n\" species=\"B\" stoichiometry=\"3\" constant=\"false\"/></listOfProducts>
    <kineticLaw><math xmlns=\"http://www.w3.org/1998/Math/MathML\"><apply><times/><ci>k</ci><ci>A</ci></apply></math>
    <listOfLocalParameters><localParameter id=\"k\" value=\"0.5\"/></listOfLocalParameters></kineticLaw>
  </reaction></listOfReactions>";

#[test]
fn species_are_amounts_or_concentrations_as_the_text_says() {
    let model = model(CELL);
    let reduced = plain(&model).unwrap();
    let values = evaluate::start_values(&reduced, 0.0, &[]);
    let value = |name: &str| values[reduced.symbol(name).unwrap().0 as usize];
    let exactly = |name: &str, want: f64| assert!((value(name) - want).abs() < 1e-14, "{name}");
    exactly("A", 3.0);
    exactly("B", 10.0);
    exactly("D", 1.0);
    exactly("R_k", 0.5);
    exactly("R", 1.5);
    // -2 x 10 x 1.5 over a volume of 2; 3 x 1.5
    let rates = evaluate::rates(&reduced, &values, 0.0);
    assert!((rates[0] + 15.0).abs() < 1e-13 && (rates[1] - 4.5).abs() < 1e-14, "{rates:?}");
    let n = model.symbol("n").unwrap();
    assert_eq!(model.symbols[n.0 as usize].kind, Kind::Stoichiometry);
    assert_eq!(model.reactions[0].products[0].amount, Amount::Symbol(n));
    assert_eq!(model.symbols[n.0 as usize].role, Role::Variable);
}

/// Everything but places and the numbers of expressions.
fn meaning(model: &Model) -> Vec<String> {
    let formula = |id| antimony::formula(model, id);
    let name = |id: cytotrial_model::SymbolId| model.symbols[id.0 as usize].name.clone();
    let mut lines = Vec::new();
    for symbol in &model.symbols {
        let role = match symbol.role {
            Role::State(id) => format!("' = {}", formula(id)),
            Role::Assigned(id) => format!(":= {}", formula(id)),
            role => format!("{role:?}"),
        };
        let initial = symbol.initial.map(formula);
        let kind = match symbol.kind {
            Kind::Species(s) => {
                format!(
                    "species in {:?} {} {}",
                    s.compartment.map(name),
                    s.is_amount,
                    s.is_boundary
                )
            }
            kind => format!("{kind:?}"),
        };
        let unit = symbol.unit.as_ref().map(|unit| model.units[unit].clone());
        lines
            .push(format!("{} {kind} {role} {initial:?} {unit:?} {:?}", symbol.name, symbol.title));
    }
    for reaction in &model.reactions {
        let side = |parts: &[cytotrial_model::Participant]| {
            let amount = |part: &cytotrial_model::Participant| match part.amount {
                Amount::Number(n) => n.to_string(),
                Amount::Symbol(id) => name(id),
            };
            parts.iter().map(|p| format!("{} {}", amount(p), name(p.species))).collect::<Vec<_>>()
        };
        lines.push(format!(
            "{} {:?} {:?}",
            name(reaction.symbol),
            side(&reaction.reactants),
            side(&reaction.products)
        ));
    }
    for event in &model.events {
        let set: Vec<String> = event
            .assignments
            .iter()
            .map(|(id, f)| format!("{} = {}", name(*id), formula(*f)))
            .collect();
        lines.push(format!(
            "{} {} {:?} {:?} {} {} {} {set:?}",
            event.name,
            formula(event.trigger),
            event.delay.map(formula),
            event.priority.map(formula),
            event.initially_true,
            event.is_persistent,
            event.from_trigger
        ));
    }
    lines.sort();
    lines
}

#[test]
fn what_is_written_reads_back_the_same_in_both_languages() {
    let texts = [
        "compartment V = 4; V' = 1; species A in V = -3; const substanceOnly species B in V; B = 2
         R: n A -> 2 B; 0.5*A*V; n = 2; R2: => $S; -k + 1e-30; S in V; S = k/V; k = 1e30; k has per_h
         unit per_h = 1/hour; S is \"a < b & c\"; unit time_unit = day",
        "x = 1; p = 2; y := log10(x)^-2 + root(3, x) + piecewise(1, x > 2 && !(x < 3), 2)
         E: at 3*p after (x > 2), priority = p + 1, t0 = false, persistent = false: x = rem(7, p), p = 1
         x' = arcsinh(x) + quotient(7, x) + rateOf(q) - time; q = 2; q' = factorial(3); z = notanumber; i = -infinity",
        include_str!("../../../models/p1.ant"),
        include_str!("../../../models/p2.ant"),
        include_str!("../../../models/rrmm-cells.ant"),
    ];
    for text in texts {
        let first = antimony::read(text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
        let written = sbml::write(&first);
        let second =
            sbml::read(&written).unwrap_or_else(|problems| panic!("{written}: {problems:?}"));
        assert_eq!(meaning(&second), meaning(&first));
        assert_eq!(sbml::write(&second), written);
        let third = antimony::read(&antimony::write(&second)).unwrap();
        assert_eq!(meaning(&third), meaning(&first));
    }
    let first = model(CELL);
    let second = sbml::read(&sbml::write(&first)).unwrap();
    assert_eq!(meaning(&second), meaning(&first));
    let third = antimony::read(&antimony::write(&first)).unwrap();
    assert_eq!(meaning(&third), meaning(&first));
}
