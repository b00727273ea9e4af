//! Damaged input: each kind ends with one clear message, exit 1, and nothing written.

use std::fs;
use std::path::Path;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write as _;

use super::{evaluate, folder, root};

const SUBJECTS: &str = "subject,birth_year,sex,involved_light_chain,infusion_date,death_date\nP-01,1956,F,kappa,2025-01-14,\nP-02,1960,M,lambda,2025-02-11,2025-05-01\n";
const VISITS: &str = "subject,date,spep_g_dl,sife\nP-01,2025-01-08,3.0,P\nP-01,2025-02-11,1.2,P\nP-02,2025-02-05,2.0,P\n";
const EVENTS: &str =
    "subject,term,grade,start_date,end_date\nP-01,Fatigue,2,2025-01-20,2025-01-22\n";
const DOSES: &str = "subject,date,treatment,dose,unit\nP-01,2025-01-14,CAR-NK,100,10^6 cells\nP-02,2025-02-11,CAR-NK,100,10^6 cells\n";

/// A file with a mistake, the code of its problem, and words of the message.
struct Damage {
    what: &'static str,
    file: &'static str,
    bytes: Vec<u8>,
    code: &'static str,
    says: &'static str,
}

fn damage(
    what: &'static str,
    file: &'static str,
    text: impl Into<Vec<u8>>,
    code: &'static str,
    says: &'static str,
) -> Damage {
    Damage { what, file, bytes: text.into(), code, says }
}

/// The damaged file takes the place of the sound one.
#[track_caller]
fn assert_refused(damage: &Damage) {
    let Damage { what, file, bytes, code, says } = damage;
    let place = folder(&[
        ("subjects.csv", SUBJECTS),
        ("visits.csv", VISITS),
        ("events.csv", EVENTS),
        ("doses.csv", DOSES),
    ]);
    fs::write(place.path().join(file), bytes).expect("a file");
    let out = place.path().join("out");
    let run = evaluate(place.path(), &["--out", &out.display().to_string()]);
    assert_eq!(run.code, 1, "{what}: {}", run.err);
    let first = run.err.lines().find(|line| line.starts_with("error[")).unwrap_or_default();
    assert!(first.starts_with(&format!("error[{code}]: ")), "{what}: {}", run.err);
    assert!(run.err.contains(says), "{what}: {}", run.err);
    assert!(!run.err.contains("panicked"), "{what}: {}", run.err);
    assert!(run.out.is_empty() && !out.exists(), "{what}: something was written");
    assert!(run.err.len() < 20_000, "{what}: {} bytes of messages", run.err.len());
}

/// What is wrong, the file, whether the row is added to the sound file or is a whole one, the row or
/// the text, the code, words of the message.
type Case = (&'static str, &'static str, bool, &'static str, &'static str, &'static str);

const CASES: &[Case] = &[
    (
        "no subject column",
        "visits.csv",
        false,
        "when,date,spep_g_dl\nP-01,2025-01-08,3\n",
        "E103",
        "no column for `subject`",
    ),
    (
        "no day column",
        "visits.csv",
        false,
        "subject,spep_g_dl\nP-01,3\n",
        "E103",
        "no column for `day`",
    ),
    (
        "a column twice",
        "visits.csv",
        false,
        "subject,date,sife,sife\n",
        "E103",
        "`sife` is there twice",
    ),
    (
        "an analyte twice",
        "visits.csv",
        false,
        "subject,date,spep_g_dl,spep_g_l\nP-01,2025-01-08,3,30\n",
        "E103",
        "are both serum M-protein",
    ),
    (
        "unknown unit",
        "results.csv",
        false,
        "subject,date,test,value,unit\nP-01,2025-01-08,SPEP,3,mmol/kg\n",
        "E106",
        "the unit of serum M-protein is `mmol/kg`",
    ),
    (
        "dose per kilogram",
        "doses.csv",
        false,
        "subject,date,treatment,dose,unit\nP-01,2025-01-14,CAR-NK,1,cells/kg\n",
        "E106",
        "the unit of cell product is `cells/kg`",
    ),
    (
        "unknown treatment",
        "doses.csv",
        false,
        "subject,date,treatment,dose,unit\nP-01,2025-01-14,XK-17,1,mg\n",
        "E104",
        "the treatment `XK-17` is not known",
    ),
    (
        "subject twice",
        "subjects.csv",
        true,
        "P-01,1965,F,kappa,2025-01-14,",
        "E110",
        "`birth_year` differs",
    ),
    (
        "visit before birth",
        "visits.csv",
        true,
        "P-01,1925-01-08,3,P",
        "E113",
        "1925-01-08 is before the birth of the subject, 1956",
    ),
    ("not a number", "visits.csv", true, "P-01,2025-03-01,NaN,P", "E105", "`NaN` is not a number"),
    ("infinity", "visits.csv", true, "P-01,2025-03-01,inf,P", "E105", "`inf` is not a number"),
    (
        "1e308",
        "visits.csv",
        true,
        "P-01,2025-03-01,1e308,P",
        "E105",
        "serum M-protein of 1e308 is no measurement",
    ),
    (
        "beyond all numbers",
        "visits.csv",
        true,
        "P-01,2025-03-01,1e999,P",
        "E105",
        "`1e999` is not a number",
    ),
    (
        "decimal comma",
        "visits.csv",
        true,
        "P-01,2025-03-01,\"1,5\",P",
        "E105",
        "`1,5` is not a number",
    ),
    (
        "negative",
        "visits.csv",
        true,
        "P-01,2025-03-01,-1,P",
        "E109",
        "serum M-protein is -10 g/L, below 0",
    ),
    (
        "unknown word",
        "visits.csv",
        true,
        "P-01,2025-03-01,1,maybe",
        "E105",
        "`maybe` is no known word",
    ),
    (
        "limit not told",
        "visits.csv",
        true,
        "P-01,2025-03-01,BLQ,P",
        "E105",
        "below a limit that is not told",
    ),
    (
        "grade 7",
        "events.csv",
        true,
        "P-01,Fatigue,7,2025-01-20,",
        "E109",
        "grade 7 is not between 1 and 5",
    ),
    (
        "grade in words",
        "events.csv",
        true,
        "P-01,Fatigue,severe,2025-01-20,",
        "E105",
        "`severe` is not a number",
    ),
    (
        "end before start",
        "events.csv",
        true,
        "P-01,Fatigue,2,2025-01-20,2025-01-10",
        "E113",
        "before it starts",
    ),
    (
        "unknown subject",
        "visits.csv",
        true,
        "P-09,2025-03-01,1,P",
        "E111",
        "subject `P-09` is not among the 2 subjects",
    ),
    ("no subject", "visits.csv", true, ",2025-03-01,1,P", "E111", "the row names no subject"),
    ("other date", "visits.csv", true, "P-01,01/03/2025,1,P", "E112", "`01/03/2025` is not a date"),
    (
        "no such date",
        "visits.csv",
        true,
        "P-01,2025-02-30,1,P",
        "E112",
        "`2025-02-30` is not a date",
    ),
    ("no day", "visits.csv", true, "P-01,,1,P", "E112", "the row has no day"),
    (
        "study day 0",
        "results.csv",
        false,
        "subject,study_day,test,value,unit\nP-01,0,SPEP,3,g/dL\n",
        "E112",
        "there is no study day 0",
    ),
    (
        "a day far away",
        "results.csv",
        false,
        "subject,day,test,value,unit\nP-01,20250108,SPEP,3,g/dL\n",
        "E112",
        "more than 270 years",
    ),
    ("after death", "visits.csv", true, "P-02,2025-06-01,1,P", "E113", "after death on day 79"),
    (
        "too large without unit",
        "visits.csv",
        false,
        "subject,date,spep\nP-01,2025-01-08,32\n",
        "E108",
        "ten times too large for g/dL",
    ),
    (
        "age 200",
        "subjects.csv",
        false,
        "subject,age\nP-01,200\nP-02,60\n",
        "E109",
        "age 200 is not between 0 and 120",
    ),
    (
        "sex X",
        "subjects.csv",
        false,
        "subject,sex\nP-01,X\nP-02,F\n",
        "E104",
        "`X` is none of F, M",
    ),
    (
        "half a patient",
        "subjects.csv",
        false,
        "subject,prior_lines\nP-01,2.5\nP-02,1\n",
        "E109",
        "2.5 is not a whole number",
    ),
    (
        "a value too many",
        "visits.csv",
        true,
        "P-01,2025-03-01,1,P,well, no fever",
        "E101",
        "the row has 6 values, the header 4",
    ),
    (
        "open quotation mark",
        "visits.csv",
        true,
        "P-01,2025-03-01,\"1,P",
        "E101",
        "the row has 3 values, the header 4",
    ),
    (
        "mapping with a slip",
        "mapping.toml",
        false,
        "[test]\nx = \"SPEP\"\n",
        "E117",
        "unknown field `test`",
    ),
    (
        "mapping without sense",
        "mapping.toml",
        false,
        "[tests]\nx = \"MPROT\"\n",
        "E117",
        "`MPROT` is no code",
    ),
    (
        "mapping of no column",
        "mapping.toml",
        false,
        "[columns.\"visits.csv\"]\nsubject = \"Pat\"\n",
        "E117",
        "the column `Pat`, which is not there",
    ),
];

fn of_text() -> Vec<Damage> {
    let sound = |file: &str| match file {
        "subjects.csv" => SUBJECTS,
        "events.csv" => EVENTS,
        _ => VISITS,
    };
    let of = |&(what, file, is_row, text, code, says): &Case| {
        let text = if is_row { format!("{}{text}\n", sound(file)) } else { text.to_owned() };
        damage(what, file, text, code, says)
    };
    CASES.iter().map(of).collect()
}

fn of_bytes() -> Vec<Damage> {
    let mut latin = VISITS.as_bytes().to_vec();
    latin.extend_from_slice(b"P-01,2025-03-01,1,\xe9\n");
    let mut zero = VISITS.as_bytes().to_vec();
    zero.push(0);
    let wide: Vec<u8> = VISITS.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(wide).collect();
    let mut long = VISITS.as_bytes().to_vec();
    long.extend_from_slice(&vec![b'x'; 3 << 20]);
    let published =
        |name: &str| fs::read(root().join("golden/records").join(name)).expect("a golden file");
    let half = |name: &str| {
        let mut bytes = published(name);
        bytes.truncate(bytes.len() / 2 + 7);
        bytes
    };
    vec![
        damage("empty file", "visits.csv", "", "E101", "the file is empty"),
        damage("Latin-1", "visits.csv", latin, "E101", "byte 0xe9 is not UTF-8"),
        damage("UTF-16", "visits.csv", utf16, "E101", "the text is UTF-16"),
        damage("zero byte", "visits.csv", zero, "E101", "a zero byte"),
        damage("a line of 3 MB", "visits.csv", long, "E116", "longer than 1024 KiB"),
        damage("Parquet cut off", "lb.parquet", half("adtte.xpt"), "E101", "lb.parquet"),
        damage("text as Parquet", "lb.parquet", VISITS, "E101", "lb.parquet"),
        damage("transport file cut off", "lb.xpt", half("adtte.xpt"), "E101", "is cut off after"),
        damage(
            "header of a transport file",
            "lb.xpt",
            published("ta.xpt")[..700].to_vec(),
            "E101",
            "ends within its header",
        ),
        damage(
            "text as transport file",
            "lb.xpt",
            VISITS.repeat(20),
            "E101",
            "no transport file of version 5",
        ),
        damage("JSON cut off", "lb.json", half("adtte.json"), "E101", "the JSON cannot be read"),
        damage(
            "lines cut off",
            "lb.ndjson",
            half("adtte.ndjson"),
            "E101",
            "the JSON cannot be read",
        ),
        damage(
            "compressed lines cut off",
            "lb.dsjc",
            half("adtte.dsjc"),
            "E101",
            "cannot be unpacked",
        ),
    ]
}

/// Compressed lines and documents of Dataset-JSON.
fn of_datasets() -> Vec<Damage> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    for _ in 0..64 {
        encoder.write_all(&vec![b' '; 1 << 20]).expect("a Vec takes every write");
    }
    let bomb = encoder.finish().expect("a Vec takes every write");
    let json = |text: &str| text.to_owned();
    let columns = "\"columns\":[{\"itemOID\":\"a\",\"name\":\"USUBJID\",\"label\":\"x\",\"dataType\":\"string\"},{\"itemOID\":\"b\",\"name\":\"AVAL\",\"label\":\"x\",\"dataType\":\"double\"}]";
    let dataset = |records: usize, rows: &str| {
        format!(
            "{{\"datasetJSONVersion\":\"1.1.0\",\"name\":\"LB\",\"records\":{records},{columns},\"rows\":{rows}}}"
        )
    };
    vec![
        damage("a bomb", "lb.dsjc", bomb, "E116", "unpack to more than"),
        damage("other JSON", "lb.json", json("{\"a\": 1}"), "E101", "this is no Dataset-JSON"),
        damage(
            "Dataset-JSON 1.0",
            "lb.json",
            json("{\"datasetJSONVersion\": \"1.0.0\"}"),
            "E101",
            "Dataset-JSON 1.0.0 is not read",
        ),
        damage(
            "uneven rows",
            "lb.json",
            dataset(2, "[[\"P-01\",1],[\"P-01\"]]"),
            "E101",
            "the row has 1 values, the first one 2",
        ),
        damage(
            "too few rows",
            "lb.json",
            dataset(3, "[[\"P-01\",1]]"),
            "E101",
            "the metadata tell of 3",
        ),
        damage(
            "text for a number",
            "lb.json",
            dataset(1, "[[\"P-01\",\"high\"]]"),
            "E101",
            "a text where `double` is due",
        ),
        damage(
            "rows that are none",
            "lb.json",
            dataset(1, "[7]"),
            "E101",
            "the JSON cannot be read",
        ),
    ]
}

#[test]
fn every_kind_of_damage_ends_with_one_clear_message_and_nothing_written() {
    let all: Vec<Damage> = of_text().into_iter().chain(of_bytes()).chain(of_datasets()).collect();
    assert!(all.len() >= 50, "{} kinds", all.len());
    for damage in &all {
        assert_refused(damage);
    }
}

#[test]
fn a_folder_without_tables_and_one_with_unknown_ones_are_refused() {
    let empty = folder(&[("notes.md", "nothing")]);
    let run = evaluate(empty.path(), &[]);
    assert!(run.code == 1 && run.err.contains("error[E102]"), "{}", run.err);
    let other = folder(&[("x.csv", "colour,shape\nred,round\n")]);
    let run = evaluate(other.path(), &[]);
    assert!(run.code == 1 && run.err.contains("no table here holds"), "{}", run.err);
    let run = evaluate(Path::new("there-is-no-such-folder"), &[]);
    assert!(run.code == 1 && run.err.contains("error[F101]"), "{}", run.err);
}

#[test]
fn marks_line_ends_and_quoted_lines_are_simply_read_right() {
    let files = [("subjects.csv", SUBJECTS), ("visits.csv", VISITS), ("events.csv", EVENTS)];
    let plain = evaluate(folder(&files).path(), &["--json"]);
    assert_eq!(plain.code, 0, "{}", plain.err);
    let crlf = VISITS.replace('\n', "\r\n");
    let semicolons = VISITS.replace(',', ";");
    let quoted = VISITS
        .replace("sife\n", "sife,comment\n")
        .replace(",P\n", ",P,\"said \"\"well\"\",\nthen left\"\n");
    for visits in
        [format!("\u{feff}{VISITS}"), crlf, semicolons, format!("# made up\n{VISITS}"), quoted]
    {
        let files =
            [("subjects.csv", SUBJECTS), ("visits.csv", visits.as_str()), ("events.csv", EVENTS)];
        let run = evaluate(folder(&files).path(), &["--json"]);
        assert_eq!(run.code, 0, "{}", run.err);
        assert_eq!(run.out, plain.out, "{visits}");
    }
}

#[test]
fn many_problems_of_one_kind_are_counted_and_not_all_shown() {
    use std::fmt::Write as _;
    let mut visits = VISITS.to_owned();
    for _ in 0..5000 {
        writeln!(visits, "P-01,2025-03-01,-1,P").expect("a String takes every write");
    }
    let files = [("subjects.csv", SUBJECTS), ("visits.csv", visits.as_str())];
    let run = evaluate(folder(&files).path(), &[]);
    assert_eq!(run.code, 1);
    assert!(run.err.contains("4980 more like the 20 above"), "{}", run.err.len());
    assert!(run.err.len() < 20_000);
}

#[test]
fn what_looks_like_a_formula_is_disarmed_in_the_result() {
    let subjects = "subject,arm,infusion_date\n=cmd|' /C calc'!A0,@SUM(A1),2025-01-14\n";
    let visits = "subject,date,spep_g_dl\n=cmd|' /C calc'!A0,2025-01-08,3.0\n";
    let place = folder(&[("subjects.csv", subjects), ("visits.csv", visits)]);
    let out = place.path().join("out");
    let run = evaluate(place.path(), &["--out", &out.display().to_string()]);
    assert_eq!(run.code, 0, "{}", run.err);
    let text = fs::read_to_string(out.join("tables/adsl.csv")).expect("a table");
    assert!(text.contains(",'=cmd|' /C calc'!A0,'@SUM(A1),"), "{text}");
    for line in text.lines() {
        assert!(line.split(',').all(|cell| !cell.starts_with(['=', '@', '+'])), "{line}");
    }
}

#[test]
fn criteria_that_do_not_exist_are_wrong_usage() {
    let place = folder(&[("subjects.csv", SUBJECTS), ("visits.csv", VISITS)]);
    let run = evaluate(place.path(), &["--rules", "imwg-2015"]);
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.contains("did you mean `imwg-2016`?"), "{}", run.err);
    assert_eq!(evaluate(place.path(), &["--rules", "imwg-2016", "--quiet"]).code, 0);
}
