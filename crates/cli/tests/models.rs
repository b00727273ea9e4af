//! The verbs for models as a person uses them: what they print, how they end, and what they say of mistakes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn cytotrial(folder: &Path, arguments: &[&str]) -> Run {
    let run = Command::new(env!("CARGO_BIN_EXE_cytotrial"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output();
    let Output { status, stdout, stderr } = run.expect("the command starts");
    Run {
        code: status.code().expect("it ends by itself"),
        out: String::from_utf8(stdout).expect("text"),
        err: String::from_utf8(stderr).expect("text"),
    }
}

fn folder_with(name: &str, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for the test");
    fs::write(folder.path().join(name), text).expect("a file for the test");
    folder
}

const DECAY: &str = "\
model *decay(give)
  unit per_day = 1/day; unit time_unit = 86400 second; unit day = 86400 second
  N' = -k*N; N = 2; N has item; N is \"cells\"
  k = 0.5; k has per_day
  var give; give = 0; give has item
  at (give > 0), t0=false, persistent=true, fromTrigger=true: N = N + give, give = 0
end
";

/// A wrong text: its name, the verb and its options, the exit code, and what stands on stderr.
type Case<'a> = (&'a str, String, &'a [&'a str], i32, &'a [&'a str]);

fn sbml(parts: &str) -> String {
    format!(
        "<sbml xmlns=\"http://www.sbml.org/sbml/level3/version2/core\" level=\"3\" version=\"2\">\n<model id=\"m\">\n{parts}\n\
         </model>\n</sbml>\n"
    )
}

/// A parameter `x` that follows a formula in `MathML`.
fn rule(math: &str) -> String {
    sbml(&format!(
        "<listOfParameters><parameter id=\"x\" constant=\"false\"/></listOfParameters>\n<listOfRules>\
         <assignmentRule variable=\"x\">\n<math xmlns=\"http://www.w3.org/1998/Math/MathML\">{math}</math></assignmentRule></listOfRules>"
    ))
}

const CHECK: &[&str] = &["check"];
const SOLVE: &[&str] = &["solve", "--times", "0..10/1"];

fn wrong_antimony() -> Vec<Case<'static>> {
    let text = str::to_owned;
    let parentheses = |count: usize| format!("k = {}1{}", "(".repeat(count), ")".repeat(count));
    vec![
        ("a.ant", text("x' = -k*x\nx = 1"), CHECK, 1, &["M104", "a.ant:1:7", "`k` is never given"]),
        ("a.ant", text("k = 1 +"), CHECK, 1, &["M104", "a.ant:1:8", "found the end"]),
        ("a.ant", text("k = exq(1)"), CHECK, 1, &["M104", "a.ant:1:5", "did you mean `exp`"]),
        ("a.ant", text("a := b\nb := a"), CHECK, 1, &["M104", "a.ant:1:1", "in a circle"]),
        ("a.ant", text("k = 1; j = k/0"), CHECK, 1, &["M104", "a.ant:1:14", "divides by zero"]),
        ("a.ant", text("k = 1\nk = 2"), CHECK, 1, &["M104", "a.ant:2:1", "two values"]),
        ("a.ant", text("x = 1; x' = 1; x := 2"), CHECK, 1, &["M104", "a.ant:1:", "two rules"]),
        ("a.ant", text("model m()\nk = 1"), CHECK, 1, &["M104", "a.ant:1:1", "no `end`"]),
        ("a.ant", text("import \"b.ant\""), CHECK, 1, &["M104", "a.ant:1:8", "to import"]),
        ("a.ant", parentheses(1_000_000), CHECK, 1, &["M104", "a.ant:1:", "nested more than"]),
        ("a.ant", "@\n".repeat(100_000), CHECK, 1, &["M104", "a.ant:1:1", "more problems"]),
        ("a.ant", text("\u{0}\u{1}"), CHECK, 1, &["M104", "a.ant:1:1"]),
        (
            "a.ant",
            text("unit g = gram; unit L = litre\na = 1; a has g\nb = 1; b has L\nc := a + b"),
            CHECK,
            1,
            &["M105", "a.ant:4:"],
        ),
        ("a.ant", text("x = notanumber; x' = 1"), CHECK, 1, &["M107", "a.ant:1:1", "`x`"]),
        (
            "a.ant",
            text("x = 0; x' = 1/x"),
            CHECK,
            1,
            &["M107", "a.ant:1:1", "`x`", "another value"],
        ),
        (
            "a.ant",
            text("x = 1; y = 0; y' = 1; E: at (x > 0), t0=false: x = 1 - x; F: at (x < 1): x = 1"),
            CHECK,
            1,
            &["M107", "without end"],
        ),
        ("a.ant", text("x = 1; x' = x^2"), SOLVE, 3, &["S102", "beyond time 1", "look at `x`"]),
        (
            "a.ant",
            text(
                "x = 0; x' = 1; y = 0; A: at (x > 2): y = 1 - y; B: at (y > 0): y = 0; C: at (y < 1): y = 1",
            ),
            SOLVE,
            3,
            &["S102", "set each other off"],
        ),
        (
            "a.ant",
            text("x = 1; x' = -1; y = 1; y' = x^0.5"),
            SOLVE,
            3,
            &["S102", "beyond time 1:", "`y`"],
        ),
        ("a.ant", text("x = 1; x' = -x"), &["solve", "--set", "z=1"], 1, &["M106", "no `z`"]),
        ("a.ant", text("x := 2"), &["solve", "--set", "x=1"], 1, &["M106", "computed by a rule"]),
        ("a.ant", text("x = 1; x' = -x"), &["solve", "--dose", "x=1@200"], 1, &["M108", "200"]),
        ("a.ant", text("x = 1; x' = -x"), &["solve", "--times", "3,1"], 2, &["ascending"]),
        ("a.ant", text("x = 1; x' = -x"), &["solve", "--rtol", "0"], 2, &["above 0"]),
        ("a.ant", text("x = 1; x' = -x"), &["solve", "--out", "a.xls"], 2, &[".parquet"]),
    ]
}

fn wrong_sbml() -> Vec<Case<'static>> {
    let text = str::to_owned;
    let reaction = |law: &str| {
        let math = format!("<kineticLaw>{law}</kineticLaw>");
        sbml(&format!(
            "<listOfReactions>\n<reaction id=\"R\" reversible=\"false\">{math}</reaction></listOfReactions>"
        ))
    };
    let twice = "<listOfParameters>\n<parameter id=\"x\" constant=\"true\" value=\"1\"/>\n\
                 <parameter id=\"x\" constant=\"true\" value=\"2\"/></listOfParameters>";
    let nested =
        format!("{}<cn>1</cn>{}", "<apply><abs/>".repeat(10_000), "</apply>".repeat(10_000));
    let no_size = sbml(
        "<listOfCompartments>\n<compartment id=\"c\" constant=\"true\"/></listOfCompartments>\n<listOfSpecies>\
         <species id=\"S\" compartment=\"c\" initialAmount=\"2\" hasOnlySubstanceUnits=\"false\" \
         boundaryCondition=\"false\" constant=\"false\"/></listOfSpecies>\n<listOfReactions>\
         <reaction id=\"r\" reversible=\"false\"><listOfReactants><speciesReference species=\"S\" \
         stoichiometry=\"1\" constant=\"true\"/></listOfReactants><kineticLaw>\
         <math xmlns=\"http://www.w3.org/1998/Math/MathML\"><ci>S</ci></math></kineticLaw></reaction></listOfReactions>",
    );
    let entities = "<!DOCTYPE a [<!ENTITY b \"ha\"><!ENTITY c \"&b;&b;\">]>\n<sbml>&c;</sbml>";
    vec![
        ("a.xml", text("<sbml>\n<model>\n</sbml>"), CHECK, 1, &["M104", "a.xml:3:", "not XML"]),
        ("a.xml", text("<html/>"), CHECK, 1, &["M104", "a.xml:1:1", "not `sbml`"]),
        ("a.xml", no_size, CHECK, 1, &["M107", "a.xml:4:18", "`S`", "no number for `c`"]),
        ("a.xml", text(entities), CHECK, 1, &["M104", "a.xml:1:", "document type"]),
        ("a.xml", rule("<ci>zeta</ci>"), CHECK, 1, &["M104", "a.xml:5:", "nothing is called `zeta`"]),
        ("a.xml", rule("<ci>x</ci>"), CHECK, 1, &["M104", "a.xml:3:", "in a circle"]),
        ("a.xml", rule("<apply><sine/><cn>1</cn></apply>"), CHECK, 1, &["M104", "a.xml:5:", "`sine`"]),
        ("a.xml", rule("<apply><ci>f</ci></apply>"), CHECK, 1, &["M104", "a.xml:5:", "no function"]),
        ("a.xml", rule("<apply/>"), CHECK, 1, &["M104", "a.xml:5:", "`apply` is empty"]),
        ("a.xml", rule("<cn>one</cn>"), CHECK, 1, &["M104", "a.xml:5:", "not a number"]),
        ("a.xml", rule(&nested), CHECK, 1, &["M104", "a.xml:5:", "nested more than"]),
        ("a.xml", sbml(twice), CHECK, 1, &["M104", "a.xml:5:", "used twice"]),
        ("a.xml", reaction("<math><ci>k</ci></math>"), CHECK, 1, &["M104", "a.xml:4:", "`k`"]),
        (
            "a.xml",
            sbml("<listOfRules>\n<algebraicRule/></listOfRules>"),
            CHECK,
            1,
            &["M104", "a.xml:4:1", "algebraic rules are not read"],
        ),
        (
            "a.xml",
            sbml("<listOfReactions>\n<reaction id=\"R\" fast=\"true\"/></listOfReactions>"),
            CHECK,
            1,
            &["M104", "a.xml:4:", "fast reactions are not read"],
        ),
        (
            "a.xml",
            sbml("").replace(" level", " xmlns:c=\"http://www.sbml.org/sbml/level3/version1/comp/version1\" c:required=\"true\" level"),
            CHECK,
            1,
            &["M104", "a.xml:1:1", "package `comp` is not read"],
        ),
        ("a.xml", format!("<sbml>{}", "<a>".repeat(1_000_000)), CHECK, 1, &["M104", "a.xml:1:"]),
    ]
}

#[test]
fn each_wrong_model_gets_one_message_with_its_code_and_place() {
    let mut wrong = Vec::new();
    let cases: Vec<Case<'_>> = wrong_antimony().into_iter().chain(wrong_sbml()).collect();
    assert!(cases.len() >= 40);
    for (name, text, options, code, parts) in cases {
        let folder = folder_with(name, &text);
        let mut arguments = vec!["model", options[0], name];
        arguments.extend(&options[1..]);
        let run = cytotrial(folder.path(), &arguments);
        let is_told = parts.iter().all(|part| run.err.contains(part));
        let is_short = run.err.len() < 60_000 && !run.err.contains("panicked");
        if run.code != code || !is_told || !is_short {
            let begin: String = text.chars().take(300).collect();
            wrong.push(format!("{begin}\nwanted {code} {parts:?}\n{} {}", run.code, run.err));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_check_counts_and_lists_what_has_no_unit() {
    let folder = folder_with("decay.ant", DECAY);
    let run = cytotrial(folder.path(), &["model", "check", "decay.ant", "--units"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert_eq!(
        run.out,
        "decay (Antimony): 1 state, 1 constant, 1 variable, 1 event, 1 port\neverything has a unit\n\
         the model can be solved\n"
    );
    fs::write(folder.path().join("b.ant"), "x = 1; x' = -k*x; k = 2; k has dimensionless")
        .expect("a file");
    let run = cytotrial(folder.path(), &["model", "check", "b.ant", "--units"]);
    assert!(run.out.contains("it fits everything: 1 of 2\n  x\n"), "{}", run.out);
    let json = cytotrial(folder.path(), &["model", "check", "b.ant", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&json.out).expect("one document");
    assert_eq!(document["undeclared"][0], "x");
    assert_eq!(document["counts"]["states"], 1);
    assert_eq!(document["usable"], true);
}

#[test]
fn a_model_is_shown_with_rates_units_and_sources() {
    let folder = folder_with("decay.ant", DECAY);
    let table = "symbol,source\nk,\"A. Author, 2001\"\n";
    fs::write(folder.path().join("decay.parameters.csv"), table).expect("a table");
    let run = cytotrial(folder.path(), &["model", "show", "decay.ant"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    for part in
        ["N' = -k*N", "cells", "per_day", "source: A. Author, 2001", "give (port)", "give > 0"]
    {
        assert!(run.out.contains(part), "{part}: {}", run.out);
    }
    let bundled = cytotrial(folder.path(), &["model", "show", "rrmm-cells", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&bundled.out).expect("one document");
    assert_eq!(document["states"].as_array().expect("a list").len(), 47);
    let constants = document["constants"].as_array().expect("a list");
    assert!(constants.iter().all(|row| row["source"].is_string() && row["unit"].is_string()));
    let diagram = cytotrial(folder.path(), &["model", "show", "p1", "--diagram", "text"]);
    assert!(diagram.out.contains("T <- T, E\n"), "{}", diagram.out);
    for model in ["p1", "rrmm-cells"] {
        let file = format!("{model}.svg");
        let drawn =
            cytotrial(folder.path(), &["model", "show", model, "--diagram", "svg", "--out", &file]);
        assert_eq!(drawn.code, 0, "{}", drawn.err);
        let svg = fs::read_to_string(folder.path().join(file)).expect("a drawing");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && !svg.contains("NaN"));
        assert!(svg.contains("<title>") && svg.contains("<desc>"));
    }
}

#[test]
fn a_model_goes_to_the_other_language_and_back() {
    let folder = folder_with("decay.ant", DECAY);
    let steps: &[&[&str]] = &[
        &["model", "convert", "p2", "--to", "sbml", "--out", "p2.xml"],
        &["model", "convert", "p2.xml", "--to", "antimony", "--out", "p2.ant"],
        &["model", "convert", "p2.ant", "--to", "sbml", "--out", "again.xml"],
    ];
    for step in steps {
        let run = cytotrial(folder.path(), step);
        assert_eq!((run.code, run.err.as_str()), (0, ""));
    }
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a file");
    assert_eq!(read("p2.xml"), read("again.xml"));
    let solve =
        |name| cytotrial(folder.path(), &["model", "solve", name, "--times", "0..30/5"]).out;
    assert!(solve("p2").lines().count() == 8);
    assert_eq!(solve("p2"), solve("p2.xml"));
    assert_eq!(solve("p2"), solve("p2.ant"));
    let refused = cytotrial(folder.path(), steps[0]);
    assert!(refused.code == 2 && refused.err.contains("is there already"));
}

#[test]
fn a_course_has_its_doses_values_and_forms() {
    let folder = folder_with("decay.ant", DECAY);
    let numbers = |out: &str| -> Vec<Vec<f64>> {
        let row =
            |line: &str| line.split(',').map(|cell| cell.parse().expect("a number")).collect();
        out.lines().skip(1).map(row).collect()
    };
    for method in ["explicit", "high-order", "stiff", "automatic"] {
        let run = cytotrial(
            folder.path(),
            &[
                "model",
                "solve",
                "decay.ant",
                "--times",
                "0,1,2..4/1",
                "--dose",
                "give=3@2",
                "--set",
                "k=0.25",
                "--columns",
                "N",
                "--method",
                method,
                "--rtol",
                "1e-9",
                "--atol",
                "1e-12",
            ],
        );
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{method}");
        assert!(run.out.starts_with("time,N\n0,2\n"), "{}", run.out);
        for row in numbers(&run.out) {
            let (time, got) = (row[0], row[1]);
            let late = if time > 2.0 { 3.0 * (-0.25 * (time - 2.0)).exp() } else { 0.0 };
            let want = 2.0 * (-0.25 * time).exp() + late;
            assert!((got / want - 1.0).abs() < 1e-7, "{method} {time}: {got} {want}");
        }
    }
    let whole = ["model", "solve", "decay.ant", "--times", "0..2/0.5", "--out"];
    for name in ["a.csv", "a.parquet"] {
        let run = cytotrial(folder.path(), &[&whole[..], &[name]].concat());
        assert_eq!((run.code, run.out.as_str()), (0, format!("{name}\n").as_str()), "{}", run.err);
    }
    let parquet = fs::read(folder.path().join("a.parquet")).expect("a table");
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
    let json = cytotrial(
        folder.path(),
        &["model", "solve", "decay.ant", "--times", "0,1", "--columns", "N", "--json"],
    );
    let document: serde_json::Value = serde_json::from_str(&json.out).expect("one document");
    assert_eq!(document["columns"][1]["name"], "N");
    assert_eq!(document["columns"][1]["label"], "cells (item)");
}

#[test]
fn a_path_that_is_no_model_says_what_is() {
    let folder = folder_with("decay.ant", DECAY);
    let run = cytotrial(folder.path(), &["model", "check", "decai.ant"]);
    assert!(
        run.code == 1 && run.err.contains("F101") && run.err.contains("rrmm-cells"),
        "{}",
        run.err
    );
    let run = cytotrial(folder.path(), &["model", "check", "."]);
    assert!(run.code == 1 && run.err.contains("F102"), "{}", run.err);
    fs::write(folder.path().join("b.ant"), [0x6b, 0xff]).expect("a file");
    let run = cytotrial(folder.path(), &["model", "check", "b.ant"]);
    assert!(run.code == 1 && run.err.contains("byte 2 is not UTF-8"), "{}", run.err);
    let list = cytotrial(folder.path(), &["model", "list"]);
    assert!(list.out.contains("rrmm-cells"), "{}", list.out);
}
