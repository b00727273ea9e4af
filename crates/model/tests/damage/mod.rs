//! Good texts, small damage to them, and what must hold of every text.

use std::path::Path;

use cytotrial_model::{ReadProblem, antimony, sbml};

/// Numbers that look drawn and are the same each time (Marsaglia, J Stat Softw 2003;8(14): xorshift64).
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

const ANTIMONY: &[&str] = &[
    "S1 in C; C = 2; S1 = 3; S2 in C; S2 = 0; J: S1 -> 2 S2; k*S1; k = 0.3; species $S3 in C; S3 = 1; S3 + S2 => ; 0.1*S3*S2",
    "function f(x, y) x/(y + x) end\nmodel *m(d)\nx' = -f(x, 3) + rateOf(y); x = 1; y = 2; y' = -y; d = 0\n\
     E: at 2 after (time > 1 && x < 0.5), priority = 3, t0 = false, persistent = true: x = x + d, d = 0\nend",
    "unit mL = 1e-3 litre; model s(a)\na = 1; b := a + time; a has mL; a is \"room\"\nend\nA: s(z); z = 4; B: s(z)",
    "x := piecewise(1, time < 2, max(2, 3, y), time < 4, 0); y = exp(-1); const y; compartment c = 1; c' = 0.1; T in c; T = 5",
];

const PIECES: &[&str] = &[
    "(",
    ")",
    "'",
    ":=",
    "=",
    ";",
    "\n",
    "->",
    "=>",
    "$",
    "at ",
    "after ",
    "end",
    "model *n(",
    "function g(",
    "/0",
    "1e999",
    "-",
    "^",
    "&&",
    "rateOf(",
    "delay(",
    "x",
    "time",
    "in ",
    "\"",
    "/*",
    "//",
    ",",
    "has ",
    "\u{0}",
    "µ",
    "species ",
    "<",
    ">",
    "/>",
    "</",
    "&amp;",
    "&x;",
    "<ci>x</ci>",
    "<cn>1</cn>",
    "<apply>",
    "</apply>",
    "<!--",
    "<![CDATA[",
    "id=\"x\"",
    "<piecewise>",
    "NaN",
    "INF",
];

/// The text with one to four of: a piece lost, a piece twice, a piece elsewhere, another piece put in.
pub(crate) fn damaged(text: &str, draws: &mut Draws) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..=draws.below(4) {
        let at = draws.below(letters.len() + 1);
        let end = (at + 1 + draws.below(12)).min(letters.len());
        let piece: Vec<char> = letters[at.min(end)..end].to_vec();
        let to = match draws.below(4) {
            0 => {
                letters.drain(at.min(end)..end);
                continue;
            }
            1 => at,
            2 => draws.below(letters.len() + 1),
            _ => {
                let new = PIECES[draws.below(PIECES.len())];
                letters.splice(at..at, new.chars());
                continue;
            }
        };
        letters.splice(to..to, piece);
    }
    letters.into_iter().collect()
}

/// Problems are in words, and stand in the text.
fn assert_told(text: &str, problems: &[ReadProblem]) {
    assert!(!problems.is_empty(), "{text}");
    let lines = text.split('\n').count() as u32 + 1;
    for problem in problems {
        assert!(!problem.message.is_empty() && !problem.help.is_empty(), "{problem:?} in {text}");
        assert!(problem.span.line <= lines, "{problem:?} in {text}");
    }
}

/// Reads a text; if it is read, writes it in both languages and reads those.
pub(crate) fn go_around(text: &str) -> bool {
    let is_sbml = text.trim_start().starts_with('<');
    let read = if is_sbml { sbml::read(text) } else { antimony::read(text) };
    let model = match read {
        Ok(model) => model,
        Err(problems) => {
            assert_told(text, &problems);
            return false;
        }
    };
    let first = sbml::write(&model);
    let as_sbml =
        sbml::read(&first).unwrap_or_else(|problems| panic!("{text}\n{first}\n{problems:?}"));
    let written = antimony::write(&as_sbml);
    let as_antimony = antimony::read(&written)
        .unwrap_or_else(|problems| panic!("{text}\n{written}\n{problems:?}"));
    let again = sbml::write(&as_antimony);
    let again =
        sbml::read(&again).unwrap_or_else(|problems| panic!("{text}\n{again}\n{problems:?}"));
    // The order of symbols of different kinds is not kept.
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&antimony::write(&again)), sorted(&written), "{text}");
    true
}

/// Good texts of both languages.
pub(crate) fn corpus() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let files =
        ["models/p1.ant", "models/p2.ant", "golden/solve/p1.sbml.xml", "golden/solve/p2.sbml.xml"];
    let file =
        |name: &str| std::fs::read_to_string(root.join(name)).expect("a file of the repository");
    let mut texts: Vec<String> = ANTIMONY.iter().map(|text| (*text).to_owned()).collect();
    let model =
        |text: &str| antimony::read(text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
    texts.extend(ANTIMONY.iter().map(|text| sbml::write(&model(text))));
    texts.extend(files.map(file));
    texts
}
