//! What the reader of SBML says about texts with mistakes, and where.

use cytotrial_model::{ReadProblem, antimony, sbml};
use proptest::prelude::*;

const HEAD: &str =
    "<sbml xmlns=\"http://www.sbml.org/sbml/level3/version2/core\" level=\"3\" version=\"2\">";

/// Parts of a model from line 3 on; `[...]` stands for `<math>...</math>`.
fn text(parts: &str) -> String {
    let parts = parts
        .replace('[', "<math xmlns=\"http://www.w3.org/1998/Math/MathML\">")
        .replace(']', "</math>");
    format!("{HEAD}\n<model id=\"m\">\n{parts}\n</model>\n</sbml>")
}

fn problems(text: &str) -> Vec<ReadProblem> {
    sbml::read(text).expect_err("this text has a problem")
}

/// A parameter `x`, then what stands on line 4.
fn with_x(parts: &str) -> String {
    text(&format!(
        "<listOfParameters><parameter id=\"x\" value=\"1\" constant=\"false\"/></listOfParameters>\n{parts}"
    ))
}

/// A rule for `x` on line 4.
fn rule(math: &str) -> String {
    with_x(&format!(
        "<listOfRules><assignmentRule variable=\"x\">[{math}]</assignmentRule></listOfRules>"
    ))
}

/// Whole texts: the line of the only problem, and parts of its message and its help.
fn whole_texts() -> Vec<(String, u32, &'static str, &'static str)> {
    let with = |head: &str| format!("{head}<model/></sbml>");
    vec![
        (String::new(), 1, "this is not XML", "well-formed"),
        ("<sbml>\n<model>\n</sbml>".into(), 3, "this is not XML", "well-formed"),
        ("<html/>".into(), 1, "the text is `html`, not `sbml`", "begins with"),
        (
            with("<sbml level=\"1\" version=\"2\">"),
            1,
            "SBML Level 1 Version 2 is not read",
            "convert",
        ),
        (
            with("<sbml level=\"4\" version=\"1\">"),
            1,
            "SBML Level 4 Version 1 is not read",
            "convert",
        ),
        (with("<sbml>"), 1, "SBML Level ? Version ? is not read", "convert"),
        (format!("{HEAD}</sbml>"), 1, "the text has no `model`", "<model>"),
        (
            "<!DOCTYPE s [<!ENTITY a \"b\">]><sbml/>".into(),
            1,
            "a document type with its entities",
            "remove",
        ),
        (
            "<sbml xmlns:comp=\"http://www.sbml.org/sbml/level3/version1/comp/version1\" \
             comp:required=\"true\" level=\"3\" version=\"1\"><model/></sbml>"
                .into(),
            1,
            "the SBML package `comp` is not read",
            "SBML core",
        ),
        (
            text("<listOfRule/>"),
            3,
            "`listOfRule` is not a part of a model",
            "did you mean `listOfRules`?",
        ),
    ]
}

/// Parts of models.
#[expect(clippy::too_many_lines, reason = "a table")]
fn parts() -> Vec<(String, u32, &'static str, &'static str)> {
    let reaction = |inside: &str| {
        with_x(&format!(
            "<listOfCompartments><compartment id=\"C\" size=\"1\" constant=\"true\"/></listOfCompartments>\
             <listOfSpecies><species id=\"S\" compartment=\"C\" initialAmount=\"1\" \
             hasOnlySubstanceUnits=\"false\" boundaryCondition=\"false\" constant=\"false\"/></listOfSpecies>\n{inside}"
        ))
    };
    vec![
        (with_x("<listOfParameters2/>"), 4, "not a part of a model", "listOfParameters"),
        (
            text("<listOfParameters>\n<parameter value=\"1\"/></listOfParameters>"),
            4,
            "`parameter` has no `id`",
            "add",
        ),
        (
            text(
                "<listOfParameters>\n<parameter id=\"x\" value=\"1,5\" constant=\"true\"/></listOfParameters>",
            ),
            4,
            "`1,5` is not a number",
            "value=",
        ),
        (
            text(
                "<listOfParameters>\n<parameter id=\"x\" value=\"1\" constant=\"yes\"/></listOfParameters>",
            ),
            4,
            "`yes` is neither",
            "constant=",
        ),
        (
            text(
                "<listOfParameters>\n<parameter id=\"2x\" value=\"1\" constant=\"true\"/></listOfParameters>",
            ),
            4,
            "`2x` is not an identifier",
            "letters",
        ),
        (
            text(
                "<listOfParameters><parameter id=\"x\" constant=\"true\"/>\n<parameter id=\"x\" constant=\"true\"/></listOfParameters>",
            ),
            4,
            "`x` is used twice",
            "its own",
        ),
        (
            text(
                "<listOfParameters>\n<parameter id=\"x\" units=\"litr\" constant=\"true\"/></listOfParameters>",
            ),
            4,
            "no unit is called `litr`",
            "listOfUnitDefinitions",
        ),
        (
            text(
                "<listOfUnitDefinitions>\n<unitDefinition id=\"u\"><listOfUnits><unit kind=\"litr\"/></listOfUnits></unitDefinition></listOfUnitDefinitions>",
            ),
            4,
            "no base unit is called `litr`",
            "`litre`",
        ),
        (
            text(
                "<listOfSpecies>\n<species id=\"S\" compartment=\"C\" constant=\"false\"/></listOfSpecies>",
            ),
            4,
            "nothing is called `C`",
            "declare",
        ),
        (
            with_x(
                "<listOfSpecies><species id=\"S\" compartment=\"y\" constant=\"false\"/></listOfSpecies>",
            ),
            4,
            "nothing is called `y`",
            "",
        ),
        (
            with_x("<listOfRules><algebraicRule>[<ci>x</ci>]</algebraicRule></listOfRules>"),
            4,
            "algebraic rules are not read",
            "solve it",
        ),
        (
            with_x("<listOfRules><rateRule variable=\"xx\">[<cn>1</cn>]</rateRule></listOfRules>"),
            4,
            "nothing is called `xx`",
            "`x`",
        ),
        (
            with_x(
                "<listOfRules><rateRule variable=\"x\">[<cn>1</cn>]</rateRule>\n<rateRule variable=\"x\">[<cn>1</cn>]</rateRule></listOfRules>",
            ),
            5,
            "`x` has two rules",
            "remove",
        ),
        (
            text(
                "<listOfParameters><parameter id=\"x\" constant=\"true\"/></listOfParameters>\n<listOfRules><rateRule variable=\"x\">[<cn>1</cn>]</rateRule></listOfRules>",
            ),
            4,
            "`x` is constant but follows a rule",
            "constant=",
        ),
        (
            with_x(
                "<listOfInitialAssignments><initialAssignment symbol=\"x\">[<cn>1</cn>]</initialAssignment></listOfInitialAssignments><listOfRules>\n<assignmentRule variable=\"x\">[<cn>1</cn>]</assignmentRule></listOfRules>",
            ),
            5,
            "an initial assignment and an assignment rule",
            "remove",
        ),
        (
            with_x(
                "<listOfInitialAssignments><initialAssignment symbol=\"x\">[<ci>x</ci>]</initialAssignment></listOfInitialAssignments>",
            ),
            3,
            "values at the start go in a circle: x -> x",
            "break",
        ),
        (rule("<ci>x</ci>"), 3, "these rules go in a circle: x -> x", "break"),
        (rule("<ci>zeta</ci>"), 4, "nothing is called `zeta`", "declare"),
        (rule("<cn>1</cn><cn>2</cn>"), 4, "more than one formula", "apply"),
        (rule("<cn>one</cn>"), 4, "`one` is not a number", "cn"),
        (rule("<cn type=\"rational\">1</cn>"), 4, "not a number of type `rational`", "cn"),
        (rule("<apply/>"), 4, "`apply` is empty", "operation"),
        (rule("<apply><sine/><cn>1</cn></apply>"), 4, "no operation is called `sine`", "`sin"),
        (
            rule("<apply><divide/><cn>1</cn></apply>"),
            4,
            "`divide` does not take 1 argument",
            "MathML",
        ),
        (rule("<apply><minus/></apply>"), 4, "`minus` does not take 0 arguments", ""),
        (rule("<apply><ci>f</ci><cn>1</cn></apply>"), 4, "no function is called `f`", "define"),
        (rule("<plus/>"), 4, "`plus` is not a value", "first inside `<apply>`"),
        (
            rule("<piecewise><piece><cn>1</cn></piece></piecewise>"),
            4,
            "this `piece` does not fit",
            "condition",
        ),
        (
            rule("<csymbol definitionURL=\"http://www.sbml.org/sbml/symbols/speed\">s</csymbol>"),
            4,
            "the symbol `speed` is not a value",
            "time",
        ),
        (
            rule(
                "<apply><csymbol definitionURL=\"http://www.sbml.org/sbml/symbols/delay\">d</csymbol><ci>x</ci><cn>1</cn></apply>",
            ),
            4,
            "delayed values (`delay`) are not read",
            "chain",
        ),
        (
            rule(
                "<apply><csymbol definitionURL=\"http://www.sbml.org/sbml/symbols/rateOf\">r</csymbol><cn>1</cn></apply>",
            ),
            4,
            "`rateOf` takes a name",
            "ci",
        ),
        (
            with_x(
                "<listOfEvents><event><trigger>[<true/>]</trigger><listOfEventAssignments><eventAssignment variable=\"y\">[<cn>1</cn>]</eventAssignment></listOfEventAssignments></event></listOfEvents>",
            ),
            4,
            "nothing is called `y`",
            "",
        ),
        (
            with_x(
                "<listOfRules><assignmentRule variable=\"x\">[<cn>1</cn>]</assignmentRule></listOfRules>\n<listOfEvents><event><trigger>[<true/>]</trigger><listOfEventAssignments><eventAssignment variable=\"x\">[<cn>1</cn>]</eventAssignment></listOfEventAssignments></event></listOfEvents>",
            ),
            5,
            "an event cannot set `x`, which follows an assignment rule",
            "set something",
        ),
        (
            reaction("<listOfReactions><reaction id=\"R\" fast=\"true\"/></listOfReactions>"),
            5,
            "fast reactions are not read",
            "equilibrium",
        ),
        (
            reaction(
                "<listOfReactions><reaction id=\"R\"><listOfReactants><speciesReference species=\"x\"/></listOfReactants></reaction></listOfReactions>",
            ),
            5,
            "`x` is not a species",
            "declare",
        ),
        (
            reaction(
                "<listOfReactions><reaction id=\"R\"><listOfReactants><speciesReference species=\"S\"/></listOfReactants></reaction></listOfReactions><listOfRules>\n<rateRule variable=\"S\">[<cn>1</cn>]</rateRule></listOfRules>",
            ),
            6,
            "reactions change `S`, but it follows a rule",
            "boundaryCondition",
        ),
        (
            reaction(
                "<listOfReactions><reaction id=\"R\"/></listOfReactions><listOfRules>\n<rateRule variable=\"R\">[<cn>1</cn>]</rateRule></listOfRules>",
            ),
            6,
            "`R` is a reaction and follows its own rate",
            "",
        ),
        (
            with_x(
                "<listOfFunctionDefinitions><functionDefinition id=\"f\">[<cn>1</cn>]</functionDefinition></listOfFunctionDefinitions>",
            ),
            4,
            "the function `f` is not a `lambda`",
            "lambda",
        ),
    ]
}

#[test]
fn each_mistake_is_named_at_its_place() {
    let mut wrong = Vec::new();
    let cases: Vec<_> = whole_texts().into_iter().chain(parts()).collect();
    assert!(cases.len() >= 40);
    for (text, line, message, help) in cases {
        let found = problems(&text);
        let fits = found.len() == 1
            && found[0].span.line == line
            && found[0].span.column >= 1
            && found[0].message.contains(message)
            && found[0].help.contains(help)
            && !found[0].help.is_empty();
        if !fits {
            wrong.push(format!("{text}\nwanted {line} {message} | {help}\nfound {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_function_that_calls_itself_ends() {
    let call = "<apply><ci>f</ci><ci>x</ci></apply>";
    let lambda = format!("<lambda><bvar><ci>x</ci></bvar>{call}</lambda>");
    let functions = format!(
        "<listOfFunctionDefinitions><functionDefinition id=\"f\">[{lambda}]</functionDefinition></listOfFunctionDefinitions>"
    );
    let text = with_x(&format!(
        "{functions}<listOfRules><assignmentRule variable=\"x\">[{}]</assignmentRule></listOfRules>",
        call.replace("<ci>x</ci>", "<cn>1</cn>")
    ));
    assert!(problems(&text)[0].message.contains("calls itself"));
}

#[test]
fn what_would_exhaust_the_machine_is_refused() {
    let nested = |count: usize| {
        let open = "<apply><abs/>".repeat(count);
        rule(&format!("{open}<cn>1</cn>{}", "</apply>".repeat(count)))
    };
    assert!(problems(&nested(100_000))[0].message.contains("nested more than"));
    let open = "<a>".repeat(1_000_000);
    assert!(!problems(&open).is_empty());
    let closed = format!("{HEAD}{open}{}</sbml>", "</a>".repeat(1_000_000));
    assert!(!problems(&closed).is_empty());
    let wide = format!("<apply><plus/>{}</apply>", "<ci>x</ci>".repeat(100_000));
    assert!(problems(&rule(&wide))[0].message.contains("too large"));
    // every function calls the one before it twice
    let function = |i: usize, body: &str| {
        format!(
            "<functionDefinition id=\"f{i}\">[<lambda><bvar><ci>x</ci></bvar>{body}</lambda>]</functionDefinition>"
        )
    };
    let mut functions = function(0, "<apply><plus/><ci>x</ci><ci>x</ci></apply>");
    for i in 1..64 {
        let inner = format!("<apply><ci>f{}</ci><ci>x</ci></apply>", i - 1);
        functions += &function(i, &format!("<apply><plus/>{inner}{inner}</apply>"));
    }
    let parts = format!(
        "<listOfFunctionDefinitions>{functions}</listOfFunctionDefinitions><listOfRules><assignmentRule variable=\"x\">\
         [<apply><ci>f63</ci><cn>1</cn></apply>]</assignmentRule></listOfRules>"
    );
    assert!(problems(&with_x(&parts))[0].message.contains("too large"));
    // every function doubles its argument and hands it to the one before it
    let mut functions = function(0, "<apply><plus/><ci>x</ci><ci>x</ci></apply>");
    for i in 1..64 {
        let double = "<apply><plus/><ci>x</ci><ci>x</ci></apply>";
        functions += &function(i, &format!("<apply><ci>f{}</ci>{double}</apply>", i - 1));
    }
    let parts = format!(
        "<listOfFunctionDefinitions>{functions}</listOfFunctionDefinitions><listOfRules><assignmentRule variable=\"x\">\
         [<apply><ci>f63</ci><cn>1</cn></apply>]</assignmentRule></listOfRules>"
    );
    assert!(problems(&with_x(&parts))[0].message.contains("too large"));
    let billion = "<!DOCTYPE a [<!ENTITY b \"ha\"><!ENTITY c \"&b;&b;&b;\">]><sbml>&c;</sbml>";
    assert!(problems(billion)[0].message.contains("document type"));
}

/// Pieces that get further into the reader than letters at random.
const PIECES: &[&str] = &[
    "<listOfParameters>",
    "</listOfParameters>",
    "<parameter id=\"x\" constant=\"false\"/>",
    "<listOfRules>",
    "</listOfRules>",
    "<rateRule variable=\"x\">",
    "</rateRule>",
    "[",
    "]",
    "<apply>",
    "</apply>",
    "<ci>x</ci>",
    "<cn>1</cn>",
    "<plus/>",
    "<piecewise>",
    "</piecewise>",
    "<listOfReactions>",
    "</listOfReactions>",
    "<reaction id=\"R\">",
    "</reaction>",
    "<listOfReactants>",
    "</listOfReactants>",
    "<kineticLaw>",
    "<speciesReference species=\"S\"/>",
    "</kineticLaw>",
    "<listOfSpecies>",
    "</listOfSpecies>",
    "<species id=\"S\" compartment=\"C\"/>",
    "<listOfCompartments>",
    "</listOfCompartments>",
    "<compartment id=\"C\" size=\"-1e999\"/>",
    "&amp;",
    "&x;",
    "<!--",
    "-->",
    "<listOfEvents>",
    "</listOfEvents>",
    "<event>",
    "</event>",
    "<trigger>",
    "</trigger>",
    "\u{1f9ec}",
];

proptest! {
    #[test]
    fn no_pieces_make_the_reader_panic(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40),
    ) {
        let text = text(&pieces.concat());
        match sbml::read(&text) {
            Ok(model) => {
                prop_assert!(sbml::read(&sbml::write(&model)).is_ok());
                prop_assert!(antimony::read(&antimony::write(&model)).is_ok());
            }
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                for problem in problems {
                    prop_assert!(problem.span.line >= 1 && problem.span.column >= 1, "{problem:?}");
                    prop_assert!(!problem.message.is_empty() && !problem.help.is_empty());
                }
            }
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = sbml::read(&String::from_utf8_lossy(&bytes));
    }
}
