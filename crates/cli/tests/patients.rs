//! Many patients of a model: drawn or listed, summarised or row by row, with their doses and failures.

#![allow(clippy::disallowed_methods, reason = "closed forms owe nothing to the solver")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn solve(folder: &Path, arguments: &str) -> Run {
    let run = Command::new(env!("CARGO_BIN_EXE_cytotrial"))
        .args(["model", "solve"])
        .args(arguments.split_whitespace())
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

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for the test");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("a file for the test");
    }
    folder
}

/// The rows below the header; an empty cell is not a number.
fn numbers(text: &str) -> Vec<Vec<f64>> {
    let row = |line: &str| line.split(',').map(|cell| cell.parse().unwrap_or(f64::NAN)).collect();
    text.lines().skip(1).map(row).collect()
}

fn near(got: f64, want: f64, relative: f64) -> bool {
    (got - want).abs() <= relative * want.abs().max(1e-3)
}

const DECAY: &str = "N' = -k*N; N = 2; k = 0.5";
const LISTED: &str = "# notes\nID,k,N\n7,0.1,3\n3,0.2,4\n5,0.4,5\n";
const DRAWN: &str = "schema = 1\ntitle = \"patients\"\n\n[[value]]\nname = \"k\"\n\
    distribution = \"lognormal(median=0.2;sigma=0.3)\"\nsource = \"assumed\"\n\n[[value]]\nname = \"size\"\n\
    distribution = \"normal(mean=10;sd=2;lo=1)\"\nsource = \"assumed\"\n\n[[value]]\nname = \"N\"\n\
    formula = \"3*size\"\nsource = \"assumed\"\n";

#[test]
fn listed_patients_follow_their_own_values() {
    let folder = folder(&[("decay.ant", DECAY), ("who.csv", LISTED)]);
    let run = solve(folder.path(), "decay.ant --from who.csv --times 0,1,4 --rows --rtol 1e-9");
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.starts_with("patient,time,N\n7,0,3\n"), "{}", run.out);
    let known = [(7.0, 0.1, 3.0), (3.0, 0.2, 4.0), (5.0, 0.4, 5.0)];
    for (row, i) in numbers(&run.out).iter().zip(0..) {
        let (patient, k, first): (f64, f64, f64) = known[i / 3];
        assert!((row[0] - patient).abs() < 0.5);
        assert!(near(row[2], first * (-k * row[1]).exp(), 1e-7), "{row:?}");
    }
    let run = solve(folder.path(), "decay.ant --from who.csv --times 0,2 --quantiles 0,0.5,1");
    let rows = numbers(&run.out);
    let want = |k: f64, first: f64| first * (-2.0 * k).exp();
    let [a, b, c] = [want(0.1, 3.0), want(0.2, 4.0), want(0.4, 5.0)];
    let (mean, row) = ((a + b + c) / 3.0, &rows[1]);
    let squares: f64 = [a, b, c].iter().map(|value| (value - mean) * (value - mean)).sum();
    // time, symbol, n, mean, sd, min, max, quantiles
    let wanted = [3.0, mean, (squares / 2.0).sqrt(), c, b, c, a, b];
    assert!(row[2..].iter().zip(wanted).all(|(got, want)| near(*got, want, 1e-5)), "{row:?}");
    let one = solve(folder.path(), "decay.ant --from who.csv --times 0,2 --patient 3");
    assert!(near(numbers(&one.out)[1][1], b, 1e-5), "{}", one.out);
    let none = solve(folder.path(), "decay.ant --from who.csv --times 0,2 --patient 4");
    assert!(none.code == 2 && none.err.contains("no patient 4"), "{}", none.err);
}

#[test]
fn drawn_patients_have_the_law_of_their_file() {
    let folder = folder(&[("decay.ant", DECAY), ("who.toml", DRAWN)]);
    let all = "decay.ant --from who.toml --patients 20000 --times 0,10 --seed 5";
    let run = solve(folder.path(), all);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let rows = numbers(&run.out);
    // 3 times a normal law of mean 10 and deviation 2: the bounds are four standard errors.
    assert!((rows[0][3] - 30.0).abs() < 4.0 * 6.0 / 20_000_f64.sqrt(), "{:?}", rows[0]);
    assert!((rows[0][4] - 6.0).abs() < 4.0 * 6.0 / 40_000_f64.sqrt(), "{:?}", rows[0]);
    assert!(near(rows[0][9], 30.0, 0.01), "{:?}", rows[0]);
    // the mean of exp(-10 k): 10 k is lognormal with median 2; by the rule of 2,000 quantiles
    let quantile = |i: u32| stats_normal_quantile((f64::from(i) + 0.5) / 2_000.0);
    let mean: f64 =
        (0..2_000).map(|i| (-2.0 * (0.3 * quantile(i)).exp()).exp()).sum::<f64>() / 2_000.0;
    assert!(near(rows[1][3], 30.0 * mean, 0.02), "{} for {}", rows[1][3], 30.0 * mean);
    // a patient does not depend on how many there are, nor on parts
    let rows = solve(folder.path(), &format!("{all} --rows"));
    let alone = solve(folder.path(), &all.replace("--patients 20000", "--patient 19999"));
    let of_all: Vec<&str> =
        rows.out.lines().filter_map(|line| line.strip_prefix("19999,")).collect();
    let of_one: Vec<&str> = alone.out.lines().skip(1).collect();
    assert_eq!(of_all, of_one);
}

/// The normal quantile by bisection of the error function's series: slow, and owing nothing to ours.
fn stats_normal_quantile(p: f64) -> f64 {
    let below = |x: f64| {
        let (mut term, mut sum, mut n) = (x, x, 1.0);
        while term.abs() > 1e-17 {
            n += 2.0;
            term *= x * x / n;
            sum += term;
        }
        0.5 + sum * (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
    };
    let (mut low, mut high) = (-6.0, 6.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if below(middle) < p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[test]
fn bytes_are_the_same_on_any_threads_and_in_any_parts() {
    let folder = folder(&[]);
    let all = "p2 --from p2 --patients 150 --times 0,7,14.5,28 --columns T1,Nb,IL6";
    let whole = solve(folder.path(), &format!("{all} --rows --threads 1"));
    assert_eq!((whole.code, whole.err.as_str()), (0, ""));
    let summary = solve(folder.path(), &format!("{all} --threads 1")).out;
    for threads in [2, 7] {
        let again = solve(folder.path(), &format!("{all} --rows --threads {threads}"));
        assert!(again.out == whole.out, "{threads} threads");
        assert!(solve(folder.path(), &format!("{all} --threads {threads}")).out == summary);
    }
    for parts in [2, 7] {
        let part = |which: u32| {
            solve(folder.path(), &format!("{all} --rows --shard {which}/{parts} --threads 2")).out
        };
        assert!((1..=parts).map(part).collect::<String>() == whole.out, "{parts} parts");
    }
    let file = solve(folder.path(), &format!("{all} --rows --out a.csv"));
    assert_eq!(file.out, "a.csv\n");
    assert!(fs::read_to_string(folder.path().join("a.csv")).expect("rows") == whole.out);
}

const ORAL: &str = "D' = -ka*D; A' = ka*D - A*CL/V; D = 0; A = 0; ka = 1; CL = 2; V = 10; \
                    late = 0.5; share = 0.6";

#[test]
fn tables_of_doses_follow_closed_forms() {
    let table = "ID,TIME,AMT,RATE,DUR,II,ADDL,SS,CMT,EVID,DV,LAG,F\n\
                 1,0,100,.,.,.,.,.,A,1,.,.,.\n\
                 1,5,0,.,.,.,.,.,.,0,3.2,.,.\n\
                 2,1,100,50,.,.,.,.,A,1,.,.,.\n\
                 3,0,100,.,.,.,.,.,D,1,.,late,share\n\
                 4,0,100,.,2,8,.,1,A,1,.,.,.\n";
    let who = "patient,CL\n1,2\n2,2\n3,2\n4,2\n";
    let folder = folder(&[("oral.ant", ORAL), ("doses.csv", table), ("who.csv", who)]);
    let command = "oral.ant --from who.csv --doses doses.csv --compartments A --times 0,2,6 --columns A \
                   --rows --rtol 1e-11 --atol 1e-12";
    let run = solve(folder.path(), command);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let (k, ka) = (0.2_f64, 1.0_f64);
    let infusion = |since: f64| {
        if since <= 0.0 {
            return 0.0;
        }
        let given = since.min(2.0);
        50.0 / k * -(-k * given).exp_m1() * (-k * (since - given)).exp()
    };
    let oral = |since: f64| {
        let ends = (-k * since).exp() - (-ka * since).exp();
        if since > 0.0 { 60.0 * ka / (ka - k) * ends } else { 0.0 }
    };
    let endless = |since: f64| (0..60).map(|n| infusion(since + 8.0 * f64::from(n))).sum::<f64>();
    let rows = numbers(&run.out);
    for row in &rows {
        let (patient, time) = (row[0] as u32, row[1]);
        let want = match patient {
            // values at the time of a dose are those before it
            1 => {
                if time > 0.0 {
                    100.0 * (-k * time).exp()
                } else {
                    0.0
                }
            }
            2 => infusion(time - 1.0),
            3 => oral(time - 0.5),
            _ => {
                if time > 0.0 {
                    endless(time)
                } else {
                    0.0
                }
            }
        };
        assert!(near(row[2], want, 1e-9), "{row:?} for {want}");
    }
    assert_eq!(rows.len(), 12);
}

#[test]
fn what_is_wrong_with_a_table_is_told_with_its_line() {
    let cases = [
        ("TIME,AMT\n0,1\n", "no column CMT"),
        ("TIME,AMT,CMT,RAET\n0,1,A,1\n", "`RAET` is not a column"),
        ("TIME,AMT,CMT\n0,x,A\n", "doses.csv:2"),
        ("TIME,AMT,CMT\n0,1,B\n", "the model has no `B`"),
        ("TIME,AMT,CMT\n0,1,CL\n", "does not follow a rate"),
        ("TIME,AMT,CMT\n-1,1,A\n", "before the start"),
        ("TIME,AMT,CMT,EVID\n0,1,A,4\n", "EVID 4"),
        ("TIME,AMT,CMT,ADDL\n0,1,A,3\n", "interval above 0"),
        ("TIME,AMT,CMT,RATE\n0,1,A,-2\n", "below 0"),
        ("ID,TIME,AMT,CMT\n9,0,1,A\n", "no patient 9"),
        ("TIME,AMT,CMT\n0,1\n", "2 cells"),
    ];
    for (table, wanted) in cases {
        let folder = folder(&[("oral.ant", ORAL), ("doses.csv", table)]);
        let run = solve(folder.path(), "oral.ant --doses doses.csv --times 0,1");
        assert_eq!(run.code, 1, "{table}: {}", run.err);
        assert!(run.err.contains(wanted) && run.err.contains("[M1"), "{table}: {}", run.err);
    }
    let folder = folder(&[
        ("decay.ant", DECAY),
        (
            "who.toml",
            "schema = 1\n[[value]]\nname = \"q\"\n\
        distribution = \"normal(mean=1;sd=1)\"\nsource = \"assumed\"\n",
        ),
    ]);
    let run = solve(folder.path(), "decay.ant --from who.toml --patients 3");
    assert!(run.code == 1 && run.err.contains("M106") && run.err.contains("`q`"), "{}", run.err);
    let run = solve(folder.path(), "decay.ant --from who.toml");
    assert!(run.code == 1 && run.err.contains("--patients N"), "{}", run.err);
}

#[test]
fn patients_who_fail_are_listed_counted_and_can_be_replayed() {
    // x grows without bound after 1/x0; the second and fourth do so within the times.
    let text = "x' = x*x; x = 0.1";
    let who = "patient,x\n1,0.1\n2,0.5\n3,0.2\n4,0.9\n";
    let folder = folder(&[("grow.ant", text), ("who.csv", who)]);
    let command = "grow.ant --from who.csv --times 0,1,3 --failures failed.csv --out a.csv";
    let run = solve(folder.path(), command);
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(run.err.contains("patient 2") && run.err.contains("2 of 4 patients"), "{}", run.err);
    assert!(run.err.contains("--patient 4`"), "{}", run.err);
    let summary = fs::read_to_string(folder.path().join("a.csv")).expect("a summary");
    let rows = numbers(&summary);
    let mean = |time: f64| f64::midpoint(0.1 / (1.0 - 0.1 * time), 0.2 / (1.0 - 0.2 * time));
    for row in &rows {
        assert!((row[2] - 2.0).abs() < 0.5 && near(row[3], mean(row[0]), 1e-5), "{row:?}");
    }
    let listed = fs::read_to_string(folder.path().join("failed.csv")).expect("a list");
    let second = listed.lines().nth(1).expect("a failure");
    assert!(second.starts_with("2,2") || second.starts_with("2,1.99"), "{second}");
    let replay = second.split('"').rev().nth(1).expect("a command");
    let words = replay.strip_prefix("cytotrial model solve ").expect("the verb");
    let again = solve(folder.path(), words);
    assert_eq!(again.code, 3, "{}", again.err);
    let rows = numbers(&again.out);
    assert!(rows.len() == 2 && near(rows[1][1], 1.0, 1e-5), "{}", again.out);
}

#[test]
fn what_is_left_to_chance_has_its_mean_and_repeats() {
    let text = "X -> ; 0.3*X; X = 20; e: at (time >= 2): X = X + 30";
    let folder = folder(&[("die.ant", text)]);
    for method in ["direct", "tau-leap", "hybrid"] {
        let command = format!("die.ant --method {method} --runs 2000 --seed 3 --times 0,5");
        let run = solve(folder.path(), &command);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{method}");
        let row = &numbers(&run.out)[1];
        let [early, late] = [(-1.5_f64).exp(), (-0.9_f64).exp()];
        let mean = 20.0 * early + 30.0 * late;
        let spread = 20.0 * early * (1.0 - early) + 30.0 * late * (1.0 - late);
        let score = (row[3] - mean) * (2_000.0 / spread).sqrt();
        assert!(score.abs() < 4.0, "{method}: {row:?}, {score}");
        assert_eq!(solve(folder.path(), &format!("{command} --threads 1")).out, run.out);
    }
    let refused = solve(folder.path(), "die.ant --runs 5");
    assert!(refused.code == 1 && refused.err.contains("M110"), "{}", refused.err);
}

#[test]
fn derivatives_stand_beside_their_columns() {
    let folder = folder(&[("decay.ant", DECAY)]);
    let run =
        solve(folder.path(), "decay.ant --times 0,3 --sensitivity k,N --rtol 1e-10 --set k=0.4");
    assert!(run.out.starts_with("time,N,d N/d k,d N/d N\n"), "{}", run.out);
    let row = &numbers(&run.out)[1];
    let left = (-1.2_f64).exp();
    for (got, want) in row[1..].iter().zip([2.0 * left, -6.0 * left, left]) {
        assert!(near(*got, want, 1e-8), "{row:?}");
    }
}

#[test]
fn a_case_of_the_suite_of_sbml_is_solved_by_its_settings() {
    let sbml = "<sbml xmlns=\"http://www.sbml.org/sbml/level3/version2/core\" level=\"3\" version=\"2\">\n\
        <model><listOfCompartments><compartment id=\"c\" size=\"4\" constant=\"true\"/></listOfCompartments>\n\
        <listOfSpecies><species id=\"S\" compartment=\"c\" initialConcentration=\"2\" hasOnlySubstanceUnits=\"false\" \
        boundaryCondition=\"false\" constant=\"false\"/></listOfSpecies>\n<listOfParameters><parameter id=\"k\" \
        value=\"0.5\" constant=\"true\"/><parameter id=\"none\" constant=\"true\"/></listOfParameters>\n\
        <listOfReactions><reaction id=\"R\" reversible=\"false\"><listOfReactants><speciesReference species=\"S\" \
        stoichiometry=\"1\" constant=\"true\"/></listOfReactants><kineticLaw><math \
        xmlns=\"http://www.w3.org/1998/Math/MathML\"><apply><times/><ci>k</ci><ci>S</ci><ci>c</ci></apply></math>\
        </kineticLaw></reaction></listOfReactions></model>\n</sbml>\n";
    let settings = "start: 1\nduration: 2\nsteps: 4\nvariables: S, k, none\nabsolute: 1e-7\n\
        relative: 1e-4\namount: S\nconcentration:\n";
    let folder = folder(&[("m.xml", sbml), ("settings.txt", settings)]);
    let run = solve(folder.path(), "m.xml --settings settings.txt --out m.csv --quiet");
    assert_eq!((run.code, run.err.as_str(), run.out.as_str()), (0, "", ""));
    let text = fs::read_to_string(folder.path().join("m.csv")).expect("a table");
    assert!(text.starts_with("time,S,k,none\n1,") && text.contains(",0.5,NaN\n"), "{text}");
    let rows = numbers(&text);
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().all(|row| near(row[1], 8.0 * (-0.5 * row[0]).exp(), 1e-7)), "{text}");
}

#[test]
fn who_cannot_be_begun_has_no_values_and_displaces_nobody() {
    // Without elimination there is no steady state.
    let folder = folder(&[
        ("drug.ant", "A' = -k*A; A = 0; k = 1; twice := 2*A"),
        ("doses.csv", "TIME,AMT,CMT,II,SS\n0,100,A,24,1\n"),
        ("who.csv", "ID,k\n1,0.1\n2,0\n3,0.2\n4,0\n5,0.3\n"),
    ]);
    let asked = "drug.ant --from who.csv --doses doses.csv --times 0,0,6 --rtol 1e-9";
    let run = solve(folder.path(), &format!("{asked} --rows"));
    let rows = numbers(&run.out);
    assert_eq!((run.code, rows.len()), (3, 15), "{}", run.err);
    for row in &rows {
        let k = [0.1, 0.0, 0.2, 0.0, 0.3][row[0] as usize - 1];
        if k > 0.0 && row[1] > 0.0 {
            let want = 100.0 * (-k * row[1]).exp() / (1.0 - (-24.0 * k).exp());
            assert!(near(row[2], want, 1e-6) && near(row[3], 2.0 * want, 1e-6), "{row:?} {want}");
        } else if k == 0.0 {
            assert!(row[2].is_nan() && row[3].is_nan(), "{row:?}");
        }
    }
    let run = solve(folder.path(), asked);
    assert!(numbers(&run.out).iter().all(|row| (row[2] - 3.0).abs() < 0.1), "{}", run.out);
}

#[test]
fn a_summary_is_that_of_its_rows() {
    // More cells than are taken in at once; `e` is no number for some patients.
    let folder = folder(&[
        ("many.ant", "a' = -k*a; a = 3; k = 1; b := a*a; c := -a; d := 1/a; e := ln(k - 0.2)*a"),
        ("who.toml", DRAWN.split("\n\n[[value]]\nname = \"size\"").next().unwrap_or_default()),
    ]);
    let asked = "many.ant --from who.toml --patients 300 --times 0,0.5,2,3";
    let [rows, summary] =
        ["--rows", ""].map(|more| solve(folder.path(), &format!("{asked} {more}")));
    assert_eq!((rows.code, summary.code), (0, 0), "{}{}", rows.err, summary.err);
    let rows = numbers(&rows.out);
    for (at, found) in numbers(&summary.out).iter().enumerate() {
        let (time, column) = (at / 5, at % 5);
        let own = rows.iter().skip(time).step_by(4).map(|row| row[2 + column]);
        let mut own: Vec<f64> = own.filter(|value| value.is_finite()).collect();
        own.sort_by(f64::total_cmp);
        let n = own.len() as f64;
        let mean = own.iter().map(|value| value / n).sum::<f64>();
        let square = |value: &f64| ((value - mean) / 1e150).powi(2);
        let deviation = (own.iter().map(square).sum::<f64>() / (n - 1.0)).sqrt() * 1e150;
        assert!((found[2] - n).abs() < 0.1 && near(found[3], mean, 1e-9), "{found:?}");
        if column < 4 {
            assert!(
                n > 299.0 && (found[4] - deviation).abs() <= 1e-9 * deviation.max(1.0),
                "{found:?} {deviation}"
            );
        } else {
            assert!(n > 10.0 && n < 290.0, "{n}");
        }
        assert_eq!((found[5], found[6]), (own[0], own[own.len() - 1]), "{found:?}");
    }
}
