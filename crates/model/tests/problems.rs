//! What the reader says about texts with mistakes, and where.

use cytotrial_model::antimony::{ReadProblem, read};

fn problems(text: &str) -> Vec<ReadProblem> {
    read(text).expect_err("this text has a problem")
}

/// A text with one problem: its line, column and length, and parts of its message and its help.
type Case = (&'static str, (u32, u32, u32), &'static str, &'static str);

const CASES: &[Case] = &[
    // Statements
    ("k = ", (1, 5, 1), "expected a number, a name or `(`, found the end of the text", "write"),
    ("k = 3\nj = 2 * \nl = 1", (2, 9, 1), "found the end of the line", "where its line ends"),
    ("k = (1 + 2", (1, 11, 1), "expected `)` to close the parenthesis", "write `)`"),
    ("k 3", (1, 3, 1), "expected `=`, `:=` or `'` after `k`, found `3`", "write"),
    ("k = 1 2", (1, 7, 1), "expected `;` or the end of the line after the statement", "write"),
    ("k = 1 @", (1, 7, 1), "`@`: this character has no meaning", ""),
    ("3 = k", (1, 1, 1), "expected a statement, found `3`", ""),
    ("k = 1 /* never", (1, 7, 2), "has no `*/`", ""),
    ("k = 1; k is \"rate", (1, 13, 5), "has no `\"`", ""),
    ("k = 1e999", (1, 5, 5), "larger than", ""),
    ("k = 2 % 3", (1, 7, 1), "found `%`", "a remainder is not read"),
    ("import \"other.ant\"", (1, 8, 11), "no file `other.ant` to import", "beside this file"),
    ("model m()\nk = 1", (1, 1, 5), "no `end`", "`end`"),
    ("k = 1\nend", (2, 1, 3), "`end` without a model", "model name()"),
    ("model m()\nk = 1\nend\nj = 2", (1, 7, 1), "`m` is not used by the statements", "mark"),
    ("model *m()\nk = 1\nend\nj = 2", (4, 1, 1), "outside of the main model `m`", "move it"),
    ("k = 1\nmodel b()\nend", (2, 7, 1), "`b` is not used by the statements outside", "mark"),
    ("model a()\nmodel b()\nend", (2, 1, 5), "begins inside a model", "`end`"),
    ("model m(a,a)\na = 1\nend", (1, 11, 1), "twice in the header", "once"),
    // Formulas
    ("k = 1 < 2 < 3", (1, 11, 1), "comparisons do not chain", "&&"),
    ("k = 1 && 0 || 1", (1, 12, 2), "mixed without parentheses", "(a && b) || c"),
    ("k = 1 = 2", (1, 7, 1), "found `=`", "`==` compares"),
    ("k = 1 => 2", (1, 7, 2), "found `=>`", "`>=`"),
    ("k = exq(1)", (1, 5, 3), "no function is called `exq`", "did you mean `exp`?"),
    ("k = exp(1, 2)", (1, 5, 3), "`exp` does not take 2 arguments", "exp(x)"),
    ("k = piecewise(1, 0)", (1, 5, 9), "does not take 2 arguments", "otherwise"),
    ("k = min()", (1, 5, 3), "does not take 0 arguments", "min(a, b, ...)"),
    ("k = nan", (1, 5, 3), "`nan` is not read", "`notanumber`"),
    ("x = 1; k = delay(x, 2)", (1, 12, 5), "`delay` does not take 2 arguments", "is not read"),
    ("j = 1; k = j/0", (1, 14, 1), "this divides by zero", "`infinity`"),
    ("k = rateOf(3)", (1, 12, 1), "`rateOf` takes a name", ""),
    ("y := 2; x := rateOf(y)", (1, 14, 6), "rate of change of `y`, which a rule computes", ""),
    ("x = 1; x' = rateOf(x) + 1", (1, 13, 6), "a rate of change needs itself", ""),
    // Functions
    (
        "function f(a)\n a + bb\nend\nk = f(1)",
        (2, 6, 2),
        "`bb` is not an argument of `f`",
        "add one",
    ),
    ("function f(a)\n a\nend\nk = f(1, 2)", (4, 5, 1), "does not take 2 arguments", "f(a)"),
    ("function f(a)\n f(a)\nend\nk = f(1)", (2, 2, 1), "no function is called `f`", "above"),
    ("function exp(a)\n a\nend", (1, 10, 3), "exists already", "another name"),
    ("function f(a, a)\n a\nend", (1, 15, 1), "cannot be an argument", ""),
    ("function f(a)\n a +\nend\nk = 1", (2, 5, 1), "found the end of the line", ""),
    // Symbols
    ("kappa = 1\nk = kapa", (2, 5, 4), "`kapa` is never given a value", "did you mean `kappa`?"),
    ("k = zeta\nj = zeta", (1, 5, 4), "`zeta` is never given a value", "write `zeta = ...`"),
    ("x' = 1", (1, 1, 1), "`x` is never given a value", "`x = 0`"),
    ("x = 1\nx = 2", (2, 1, 1), "two values at the start", "remove"),
    ("x = 1\nx' = 2\nx' = 3", (3, 1, 1), "`x` has two rules", "remove one"),
    ("y = 1\nx := y\nx' = 3", (3, 1, 1), "`x` has two rules", ""),
    ("x = 1\nx := 2", (1, 1, 1), "a value at the start and a rule", "remove `=`"),
    ("const x\nx = 1\nx' = 3", (1, 7, 1), "declared `const` but follows a rule", "`var`"),
    ("const x\nx = 1\nat (time > 1): x = 2", (1, 7, 1), "`const` but is set by an event", ""),
    ("const x; var x; x = 1", (1, 14, 1), "declared `const` and variable", ""),
    ("x := 1\nat (time > 1): x = 2", (1, 1, 1), "is set by an event", ""),
    ("model *m(x)\nx := 1\nend", (1, 10, 1), "header but follows a rule", ""),
    ("A.k = 3", (1, 1, 3), "no instance is called `A`, so nothing is `A.k`", "`A: model(...)`"),
    ("A = 1; B = A.x", (1, 12, 1), "no instance is called `A`", "or `x` alone"),
    ("A = 1; A' = 1; A.conversionFactor = 2", (1, 37, 1), "expected the name of a constant", ""),
    (
        "A = 1; f = 2; g = 3; A.conversionFactor = f\nA.conversionFactor = g",
        (2, 1, 18),
        "`A` has two conversion factors",
        "keep one",
    ),
    (
        "A = 1; f = 2; g = 3; model.conversionFactor = f\nmodel.conversionFactor = g",
        (2, 26, 1),
        "the model has two conversion factors",
        "keep one",
    ),
    ("time = 3", (1, 1, 4), "fixed meaning", "another name"),
    ("a := b\nb := c + 1\nc := a", (1, 1, 1), "in a circle: a -> b -> c -> a", "break"),
    ("a := a + 1", (1, 1, 1), "in a circle: a -> a", ""),
    ("a = b\nb = a", (1, 1, 1), "values at the start go in a circle: a -> b -> a", ""),
    // Events
    ("x = 1\nat (time > 1), t1 = true: x = 0", (2, 16, 2), "`t1` is not an option", "t0"),
    ("x = 1\nat (time > 1), t0 = 1: x = 0", (2, 21, 1), "expected `true` or `false`", ""),
    ("x = 1\nat (time > 1): x = 0, x = 2", (2, 23, 1), "sets `x` twice", ""),
    ("x = 1\nat (time > 1) x = 0", (2, 15, 1), "expected `:` after the condition", ""),
    (
        "x = 1\nA: at time > 1: x = 0\nA: at time > 2: x = 0",
        (3, 1, 1),
        "two events are called `A`",
        "",
    ),
    // Reactions and compartments
    ("A -> B; k*A; k = 1; A = 1", (1, 6, 1), "`B` is never given a value", ""),
    ("A = 1\nR: A + -> A; 1", (2, 8, 2), "expected the name of a species", ""),
    ("A = 1\nR: A -> A A A; 1", (2, 13, 1), "in the reaction", ""),
    ("A = 1; R: A -> ; 1\nR: A -> ; 2", (2, 1, 1), "two reactions are called `R`", ""),
    ("A := 2; A -> ; 1", (1, 1, 1), "reactions change `A`, but it follows a rule", "$A"),
    ("A = 1; R: A -> ; 1; R = 3", (1, 8, 1), "`R` has a value at the start and a rule", ""),
    ("C = 1; A = 1; A in C; A in D; D = 1", (1, 23, 1), "`A` is in two compartments", ""),
    ("A = 1; A in A", (1, 1, 1), "`A` is two of species, compartment", ""),
    // Modules
    ("A: sub()", (1, 4, 3), "no model is called `sub`", "model name"),
    ("model s(a)\na = 1\nend\nA: s(x, y)", (4, 4, 1), "`s` has 1 names to give, not 2", ""),
    ("model s()\nA: s()\nend", (2, 4, 1), "the model `s` is inside itself", ""),
    ("model s()\nk = 1\nend\nA: s()\nA: s()", (5, 1, 1), "two instances are called `A`", ""),
    ("model s()\nk = 1\nend\nA: s(), speed=2", (4, 9, 5), "`speed` is not an option", ""),
    // What is not read yet
    ("delete x", (1, 1, 6), "`delete` is not read yet", ""),
    // Units
    ("x = 1; x has litr", (1, 14, 4), "no unit is called `litr`", "did you mean `litre`?"),
    ("unit u = mg/dlay\nx = 1", (1, 13, 4), "no unit is called `dlay`", "did you mean `day`?"),
    ("unit u = mg/\nx = 1", (1, 13, 1), "expected a unit", ""),
    ("unit u = mg\nunit u = g", (2, 6, 1), "defined twice", ""),
    ("x = 1; x is \"a\"; x is \"b\"", (1, 18, 1), "`x` has two titles", "remove"),
    ("x = 3 mL; x has g", (1, 17, 1), "`x` has two units", ""),
];

#[test]
fn each_mistake_is_named_at_its_place() {
    let mut wrong = Vec::new();
    for (text, place, message, help) in CASES {
        let found = problems(text);
        let as_wanted = |problem: &ReadProblem| {
            (problem.span.line, problem.span.column, problem.span.length) == *place
                && problem.message.contains(message)
                && problem.help.contains(help)
                && !problem.help.is_empty()
        };
        if found.len() != 1 || !as_wanted(&found[0]) {
            wrong.push(format!("{text}\nwanted {place:?} {message} | {help}\nfound {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn all_problems_come_at_once_in_the_order_of_the_text() {
    let text = "model m()\n a = foo\n b = 1 +\n c = a $ 2; d := e\n e := d\n f = sine(1)\nend";
    let lines: Vec<u32> = problems(text).iter().map(|problem| problem.span.line).collect();
    assert_eq!(lines, [2, 3, 4, 4, 6]);
}

#[test]
fn a_statement_that_cannot_be_read_makes_no_second_problem() {
    assert_eq!(problems("k = 3 $ 4\nx = 1; x' = -k*x").len(), 1);
    assert_eq!(problems("function f(a)\n a $\nend\nmodel m()\nx = 1\nend").len(), 1);
}

#[test]
fn a_problem_prints_with_its_place() {
    assert_eq!(
        problems("x = 1\nx = 2")[0].to_string(),
        "2:1: `x` is given two values at the start"
    );
}

#[test]
fn what_would_exhaust_the_machine_is_refused() {
    let deep = format!("x = {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(problems(&deep)[0].message.contains("nested more than"));
    let signs = format!("x = {}1", "-".repeat(100_000));
    assert!(problems(&signs)[0].message.contains("nested more than"));
    let long = format!("x = 1{}", " + 1".repeat(100_000));
    assert!(problems(&long)[0].message.contains("operations"));
    let wide = format!("x = min(1{})", ", 1".repeat(100_000));
    assert!(problems(&wide)[0].message.contains("operations"));
    let calls = (1..64).map(|i| format!("function f{i}(x)\n f{0}(f{0}(x))\nend\n", i - 1));
    let doubling = "function f0(x)\n x + x\nend\n".to_owned() + &calls.collect::<String>();
    assert!(problems(&(doubling + "y = f63(1)"))[0].message.contains("too large"));
}

#[test]
fn a_long_chain_of_rules_is_ordered() {
    let rules = (0..50_000).map(|i| format!("a{i} := a{} + 1\n", i + 1));
    let text = rules.collect::<String>() + "a50000 = 0\n";
    let model = read(&text).unwrap();
    let values = cytotrial_model::evaluate::start_values(&model, 0.0, &[]);
    assert!((values[0] - 50_000.0).abs() < 1e-9);
}
