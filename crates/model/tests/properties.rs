//! What holds for every text.

use cytotrial_model::antimony::{read, write};
use cytotrial_model::units;
use proptest::prelude::*;

const WORDS: &[&str] = &[
    "model",
    "end",
    "function",
    "unit",
    "has",
    "is",
    "at",
    "after",
    "const",
    "var",
    "species",
    "in",
    "x",
    "y",
    "time",
    "pi",
    "exp",
    "piecewise",
    "min",
    "root",
    "f",
    "day",
    "mg",
    "t0",
    "true",
    "priority",
    "1",
    "2.5e3",
    "1e999",
    "'",
    "=",
    ":=",
    ":",
    ",",
    ";",
    "\n",
    "(",
    ")",
    "+",
    "-",
    "*",
    "/",
    "^",
    "<",
    ">=",
    "==",
    "&&",
    "||",
    "!",
    "->",
    "\"",
    "\"t\"",
    "/*",
    "//",
    "#",
    "%",
    "$",
    " ",
    "\u{b5}",
    "\u{1f9ec}",
];

/// Pieces that get further into the reader than letters at random.
fn soup() -> impl Strategy<Value = String> {
    let piece = (proptest::sample::select(WORDS), any::<bool>());
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| {
        let words = pieces.iter();
        words.flat_map(|(word, glued)| [*word, if *glued { "" } else { " " }]).collect()
    })
}

/// A formula over some names.
fn formula(names: &[&'static str]) -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        proptest::sample::select(names.to_vec()).prop_map(str::to_owned),
        any::<f64>()
            .prop_filter("finite", |x| x.is_finite())
            .prop_map(|x| format!("{:e}", x.abs())),
        (0_u32..100_000).prop_map(|x| x.to_string()),
    ];
    leaf.prop_recursive(6, 40, 3, |inner| {
        let signs = vec!["+", "-", "*", "/", "^", "<", ">=", "==", "!=", "&&", "||"];
        let names = vec!["exp", "ln", "log10", "sqrt", "abs", "tanh", "!", "-", "not"];
        let pair = (inner.clone(), proptest::sample::select(signs), inner.clone());
        prop_oneof![
            // nothing is divided by zero as it is written
            pair.prop_map(|(a, sign, b)| match sign {
                "/" => format!("(({a})/(1 + ({b})))"),
                sign => format!("(({a}) {sign} ({b}))"),
            }),
            (proptest::sample::select(names), inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("piecewise({a}, {b}, {c})")),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(a, b, c)| format!("max({a}, {b}, {c})")),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = read(&text);
        let _ = units::parse(&text);
        let _ = units::quantity(&text);
        let _ = units::range(&text);
    }

    #[test]
    fn no_words_make_the_reader_panic(text in soup()) {
        if let Err(problems) = read(&text) {
            prop_assert!(!problems.is_empty());
            let lines = text.matches('\n').count() as u32 + 1;
            for problem in problems {
                prop_assert!((1..=lines).contains(&problem.span.line), "{problem:?}");
                prop_assert!(problem.span.column >= 1 && problem.span.length >= 1, "{problem:?}");
                prop_assert!(!problem.message.is_empty() && !problem.help.is_empty());
            }
        }
        let _ = units::range(&text);
        let _ = units::quantity(&text);
        let _ = units::parse(&text);
    }

    #[test]
    fn what_is_read_can_be_written_and_read_again(
        first in formula(&["a", "b", "time", "pi", "true"]),
        second in formula(&["a", "b", "c"]),
    ) {
        let text = format!(
            "a = 1; b = 2; c := {first}; y = 0; y' = {second}; at ({second} > 1): a = {first}"
        );
        let model = read(&text).unwrap();
        let again = read(&write(&model)).unwrap();
        prop_assert_eq!(&again.expressions, &model.expressions);
        prop_assert_eq!(&again.assignment_order, &model.assignment_order);
        prop_assert_eq!(write(&again), write(&model));
        let _ = units::check(&model);
    }
}
