//! `cytotrial design` as a person uses it: what it says, and what it says to wrong input.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn design(folder: &Path, line: &str) -> Run {
    let run = Command::new(env!("CARGO_BIN_EXE_cytotrial"))
        .arg("design")
        .args(line.split_whitespace())
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

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).expect("a file of the test");
    };
    write("negative.csv", "level,evaluable,dlts\n1,3,0\n2,3,-1\n");
    write("unknown.csv", "level,evaluable,dlt_s,responces\n1,3,0,0\n");
    write(
        "patients.csv",
        "level,dlt,days,cohort\n1,0,28,1\n1,0,28,1\n1,0,28,1\n2,1,9,2\n2,0,28,2\n2,0,14,2\n",
    );
    write(
        "overlap.csv",
        "evaluable,escalate-at-most,de-escalate-at-least,eliminate-at-least\n3,2,2,3\n",
    );
    write("thirty.toml", "[dose-finding]\nmethod = \"boin\"\ntarget = 30\n");
    write("misspelt.toml", "[dose-finding]\nmethod = \"boin\"\ntarget = 0.3\nelimnation = 0.9\n");
    write(
        "design.toml",
        "[dose-finding]\nmethod = \"boin\"\ntarget = 0.3\ncohort = 3\nmax-patients = 18\n\
         [[scenario]]\nname = \"rising\"\ntoxicity = [0.05, 0.15, 0.3]\n",
    );
    write("rates.toml", "[dose-finding]\nmethod = \"3+3\"\n[[scenario]]\ntoxicity = [5, 15]\n");
    folder
}

/// Command line, exit code, code of the problem, and words of the message.
const WRONG: &[(&str, i32, &str, &str)] = &[
    ("next-dose boin --target 30 --counts 0/3", 2, "D101", "a rate lies between 0 and 1: 0.3?"),
    ("next-dose boin --target -0.3 --counts 0/3", 2, "D101", "`target` is -0.3"),
    ("next-dose boin --target nan --counts 0/3", 2, "D101", "`target` is NaN"),
    ("next-dose bion --target 0.3 --counts 0/3", 2, "N101", "did you mean `boin`?"),
    ("next-dose --target 0.3 --counts 0/3", 2, "K102", "no design is named"),
    ("next-dose boin --counts 0/3", 2, "K102", "`target` is missing for `boin`"),
    ("next-dose boin --target 0.3", 2, "D104", "nothing is known of the patients"),
    ("next-dose boin --target 0.3 --counts 5/3", 2, "D104", "level 1: 5 DLTs in 3 evaluable"),
    ("next-dose boin --target 0.3 --counts 0/3,0/-3", 2, "D104", "level 2: `-3` patients are less"),
    ("next-dose boin --target 0.3 --counts 3", 2, "D104", "`3` is not written as DLTs/evaluable"),
    ("next-dose boin --target 0.3 --counts a/3", 2, "D104", "`a` is not a whole number"),
    ("next-dose boin --target 0.3 --counts 0/3,1/3", 2, "D106", "add `--level N`"),
    ("next-dose boin --target 0.3 --counts 0/3,0/0 --level 2", 2, "D106", "nobody was treated"),
    ("next-dose boin --target 0.3 --counts 0/3,0/0 --level 5", 2, "D106", "not among the 2 levels"),
    ("next-dose boin --target 0.3 --counts 0/3 --levels 1 --start 3", 2, "D106", "level 3 of 1"),
    ("next-dose boin --target 0.3 --counts 0/2,0/0 --pending 1", 2, "D105", "`--pending` has 1"),
    (
        "next-dose boin --target 0.3 --counts 0/2,0/0 --pending 1,0",
        4,
        "D108",
        "1 patient at level 1 is",
    ),
    ("next-dose 3+3 --counts 0/3,0/3 --pending 1,0 --level 2", 4, "D108", "at level 1 is still"),
    ("select boin --target 0.3 --counts 0/2,0/0 --pending 1,0", 4, "D108", "every window"),
    (
        "next-dose crm --target 0.25 --skeleton 0.1,0.3,0.2 --counts 0/3",
        2,
        "D102",
        "rises from level",
    ),
    ("next-dose crm --target 0.25 --skeleton 0.1,0.3 --counts 0/3,0/0,0/0", 2, "D105", "set for 2"),
    ("next-dose crm --target 0.25 --skeleton 0.1,0.3 --counts 0/3", 2, "D105", "here are 1"),
    ("next-dose crm --target 0.25 --set half-width=0.05 --counts 0/3", 2, "D103", "`prior-mtd`"),
    ("next-dose boin --target 0.3 --set elimnation=0.9 --counts 0/3", 2, "K101", "`elimination`?"),
    ("next-dose boin --target 0.3 --set elimination --counts 0/3", 2, "K102", "has no `=`"),
    ("next-dose boin --target 0.3 --set elimination=95 --counts 0/3", 2, "D102", "0.95?"),
    ("next-dose boin --target 0.3 --set extra-safe=maybe --counts 0/3", 2, "V101", "boolean"),
    (
        "next-dose boin12 --toxicity-limit 0.3 --response-limit 0.2 --counts 1/3 --responses 3",
        2,
        "D104",
        "need at least 1",
    ),
    (
        "next-dose boin12 --toxicity-limit 0.3 --response-limit 0.2 --counts 0/3 --responses 4",
        2,
        "D104",
        "4 responses in 3",
    ),
    (
        "next-dose tite-boin --target 0.3 --counts 0/2 --pending 1 --follow-up 1:28",
        2,
        "D104",
        "share of a window",
    ),
    (
        "next-dose tite-boin --target 0.3 --counts 0/2 --pending 2 --follow-up 1:0.5",
        2,
        "D104",
        "has 1 patients",
    ),
    ("next-dose boin --target 0.3 --data none.csv", 1, "F101", "there is no `none.csv`"),
    ("next-dose boin --target 0.3 --data negative.csv", 1, "D104", "--> negative.csv:3"),
    ("next-dose boin --target 0.3 --data unknown.csv", 1, "D104", "did you mean `dlts`?"),
    (
        "next-dose boin --target 0.3 --data patients.csv",
        1,
        "D104",
        "needs the length of the DLT window",
    ),
    (
        "next-dose custom --target 0.3 --table overlap.csv --counts 0/3",
        1,
        "D111",
        "--> overlap.csv:2",
    ),
    ("table --protocol thirty.toml", 1, "D101", "--> thirty.toml:3:10"),
    ("table --protocol misspelt.toml", 1, "K101", "did you mean `elimination`?"),
    ("table crm --target 0.25 --skeleton 0.1,0.3", 2, "D109", "design pathways"),
    (
        "table boin12 --toxicity-limit 0.3 --response-limit 0.2 --set utility-both=50",
        2,
        "D109",
        "do not add up",
    ),
    ("table boin --target 0.3 --most 0", 2, "D110", "1 to 200"),
    ("simulate boin --target 0.3", 2, "D107", "--toxicity 0.05,0.15,0.30"),
    ("simulate boin --target 0.3 --toxicity 5,15", 2, "D107", "0.05?"),
    ("simulate boin --target 0.3 --toxicity 0.1,x", 2, "D107", "`x` is not a number"),
    ("simulate boin --target 0.3 --toxicity 5%,15%", 2, "D107", "5 % is written 0.05"),
    ("simulate boin --target 0.3 --toxicity=", 2, "D107", "`--toxicity` is empty"),
    ("next-dose boin --counts 0/3", 2, "K102", "add `--target 0.30`"),
    ("next-dose boin --target 0.3 --counts 3/0", 2, "D104", "the DLTs come first"),
    (
        "simulate bop2-nested --set null-response=0.3 --set null-deep=0.1 --set looks=10,20 \
         --set lambda=0.85 --set gamma=0.6 --toxicity 0.1 --response 0.4",
        2,
        "D107",
        "--deep-response 0.2",
    ),
    (
        "simulate bop2-nested --set null-response=0.3 --set null-deep=0.1 --set looks=10,20 \
         --set lambda=0.85 --set gamma=0.6 --toxicity 0.1 --response 0.4 --deep-response 0.5",
        2,
        "D107",
        "deep responses are among the responses",
    ),
    (
        "simulate simon --set null-rate=0.1 --set alternative-rate=0.3 --toxicity 0.1,0.2",
        2,
        "D105",
        "watches one dose",
    ),
    ("simulate boin --target 0.3 --levels 3 --toxicity 0.1,0.2", 2, "D105", "set for 3"),
    (
        "simulate boin12 --toxicity-limit 0.3 --response-limit 0.2 --toxicity 0.1,0.2 --response 0.3",
        2,
        "D107",
        "2 DLT rates and 1",
    ),
    (
        "simulate boin --target 0.3 --toxicity 0.1,0.2 --exact --max-patients 300",
        2,
        "D109",
        "leave out `--exact`",
    ),
    (
        "simulate tite-boin --target 0.3 --toxicity 0.1,0.2 --window 0 --between-arrivals 7",
        2,
        "D110",
        "above zero",
    ),
    ("simulate --protocol rates.toml", 1, "D107", "0.05?"),
    ("simulate boin --target 0.3 --trial nowhere", 1, "F101", "there is no `nowhere`"),
    ("pathways boin --target 0.3", 2, "D105", "--levels N"),
    ("pathways boin --target 0.3 --levels 3 --ahead 0", 2, "D110", "--ahead 2"),
    (
        "pathways boin12 --toxicity-limit 0.3 --response-limit 0.2 --levels 3 --ahead 9",
        2,
        "D110",
        "--ahead",
    ),
    ("compare boin kyboard --target 0.3 --toxicity 0.1,0.2", 2, "N101", "`keyboard`?"),
    (
        "compare boin keyboard --target 0.3 --set margn=0.1 --toxicity 0.1,0.2",
        2,
        "K101",
        "none of these",
    ),
    ("describe boin --target 0.3 --format csv", 2, "D109", "--format text"),
];

#[test]
fn wrong_input_gets_one_message_with_a_code_and_the_right_exit() {
    let place = folder();
    let mut faults = Vec::new();
    for &(line, code, problem, words) in WRONG {
        let run = design(place.path(), line);
        let told = format!("error[{problem}]");
        let plain = run.err.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_right = run.code == code
            && run.out.is_empty()
            && run.err.matches("error[").count() == 1
            && run.err.contains(&told)
            && plain.contains(words);
        if !is_right {
            faults.push(format!("{line}\n  ended with {} and said:\n{}", run.code, run.err));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_code_has_its_page() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/problems");
    for (_, _, code, _) in WRONG {
        assert!(pages.join(format!("{code}.md")).exists(), "{code}");
    }
}

#[test]
fn an_advice_has_action_level_sentence_and_row() {
    let place = folder();
    let line = "next-dose boin --target 0.3 --counts 0/3,1/3,0/0 --level 2";
    let told = design(place.path(), line);
    assert_eq!(told.code, 0, "{}", told.err);
    for words in [
        "stay: 3 patients at level 2",
        "1 of 3 evaluable patients had a DLT; escalation at 0, de-escalation at 2",
        "the row of 3 evaluable patients at level 2",
        "the safety committee decides",
        "elimination 0.95",
    ] {
        assert!(told.out.contains(words), "{words}: {}", told.out);
    }
    let json = design(place.path(), &format!("{line} --format json"));
    let document: serde_json::Value = serde_json::from_str(&json.out).expect("one document");
    assert_eq!(document["action"], "stay");
    assert_eq!(document["next_level"], 2);
    assert_eq!(document["row"][2]["action"], "de-escalate");
    assert_eq!(document["row"].as_array().map(Vec::len), Some(4));
}

#[test]
fn forgotten_responses_are_told() {
    let place = folder();
    let line = "next-dose boin12 --toxicity-limit 0.35 --response-limit 0.25 --counts 0/3,0/0";
    let told = design(place.path(), line);
    let words = "none of 3 evaluable patients is taken to have one";
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.code == 0 && plain(&told.out).contains(words), "{}{}", told.out, told.err);
    let said = design(place.path(), &format!("{line} --responses 1,0"));
    assert!(said.code == 0 && !said.out.contains("--responses"), "{}{}", said.out, said.err);
}

#[test]
fn follow_up_of_single_patients_is_used() {
    let place = folder();
    let line = "next-dose tite-boin --target 0.3 --data patients.csv --window-days 28 --levels 3";
    let told = design(place.path(), line);
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(told.out.contains("1 are pending with 0.50 windows"), "{}", told.out);
    let waits = design(place.path(), &line.replace("tite-boin", "boin"));
    assert_eq!(waits.code, 4, "{}", waits.out);
}

#[test]
fn a_table_with_commas_is_read_back_as_a_design() {
    let place = folder();
    let written = design(place.path(), "table boin --target 0.3 --out boin.csv");
    assert_eq!((written.code, written.out.as_str()), (0, ""), "{}", written.err);
    let twice = design(place.path(), "table boin --target 0.3 --out boin.csv");
    assert!(twice.code == 2 && twice.err.contains("--force"), "{}", twice.err);
    for counts in ["0/3,0/3,0/0", "0/3,2/3,0/0", "0/3,3/3,0/0", "0/3,1/6,0/0"] {
        let rest = format!("--target 0.3 --counts {counts} --level 2 --format json");
        let of = |name: &str| {
            let run = design(place.path(), &format!("next-dose {name} {rest}"));
            let document: serde_json::Value = serde_json::from_str(&run.out).expect(&run.err);
            (document["action"].clone(), document["next_level"].clone())
        };
        assert_eq!(of("boin"), of("custom --table boin.csv"), "{counts}");
    }
}

#[test]
fn characteristics_are_the_same_bytes_on_any_number_of_threads() {
    let place = folder();
    let line = "simulate --protocol design.toml --trials 3000 --format csv --threads";
    let on = |threads: u32| design(place.path(), &format!("{line} {threads}")).out;
    let one = on(1);
    assert!(one.lines().count() == 5 && one.contains("rising"), "{one}");
    assert!(one == on(2) && one == on(7));
}
