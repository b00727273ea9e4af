//! Tables to a study; every problem with its table, row and column.

use super::number_in;
use crate::check::Problem;
use crate::column::{Cell, Column, Table};
use crate::study::Study;
use crate::terms::{
    Analyte, DeathCause, Disposition, EventTerm, Isotype, LightChain, Sex, Treatment,
};
use crate::time::StudyDay;
use std::collections::BTreeMap;

/// The study in the tables, wherever they come from (CSV columns may all be text). A table that is
/// absent is empty, except `adsl`. `ELDAY` may be left out where `ADY` is given.
///
/// # Errors
/// Every cell that cannot be read, not only the first.
pub fn study_of(tables: &[Table]) -> Result<Study, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut study = Study::default();
    let find = |name: &str| tables.iter().find(|table| table.name == name);
    match find("adsl") {
        Some(table) => subjects(&mut Reader::new(table, &mut problems), &mut study),
        None => problems.push(Problem::of_table("adsl", "the table is missing")),
    }
    let rows: BTreeMap<String, u32> = study.subjects.id.iter().cloned().zip(0_u32..).collect();
    if let Some(table) = find("adex") {
        exposures(&mut Reader::new(table, &mut problems), &rows, &mut study);
    }
    let mut values: Vec<(i64, Value)> = Vec::new();
    for table in ["adlb", "advs", "adpc", "adtr"].into_iter().filter_map(find) {
        findings(&mut Reader::new(table, &mut problems), &rows, &mut values);
    }
    values.sort_by_key(|value| value.0);
    for (_, value) in values {
        study.findings.push(value.subject, value.analyte, value.day, value.amount, value.below);
    }
    if let Some(table) = find("adae") {
        events(&mut Reader::new(table, &mut problems), &rows, &mut study);
    }
    if problems.is_empty() { Ok(study) } else { Err(problems) }
}

struct Value {
    subject: u32,
    analyte: Analyte,
    day: f64,
    amount: f64,
    below: bool,
}

/// One table being read.
struct Reader<'a> {
    table: &'a Table,
    problems: &'a mut Vec<Problem>,
    row: usize,
}

impl<'a> Reader<'a> {
    fn new(table: &'a Table, problems: &'a mut Vec<Problem>) -> Self {
        Self { table, problems, row: 0 }
    }

    fn problem(&mut self, column: &str, message: String) {
        self.problems.push(Problem {
            table: self.table.name.clone(),
            row: Some(self.row + 1),
            column: column.into(),
            message,
            help: String::new(),
        });
    }

    fn requires(&mut self, columns: &[&str]) -> bool {
        let missing: Vec<&str> =
            columns.iter().copied().filter(|name| self.table.column(name).is_none()).collect();
        for name in &missing {
            self.problems.push(Problem {
                column: (*name).into(),
                ..Problem::of_table(&self.table.name, "the column is missing")
            });
        }
        missing.is_empty()
    }

    fn cell(&self, column: &str) -> Cell<'a> {
        self.table.column(column).map_or(Cell::Missing, |found: &'a Column| found.cell(self.row))
    }

    fn text(&self, column: &str) -> &'a str {
        match self.cell(column) {
            Cell::Text(text) => text,
            _ => "",
        }
    }

    fn number(&mut self, column: &str) -> Option<f64> {
        number_in(self.cell(column)).unwrap_or_else(|text| {
            self.problem(column, format!("`{text}` is not a number"));
            None
        })
    }

    /// A number that must be there.
    fn needed(&mut self, column: &str) -> f64 {
        let before = self.problems.len();
        self.number(column).unwrap_or_else(|| {
            if self.problems.len() == before {
                self.problem(column, "no value".into());
            }
            0.0
        })
    }

    fn small(&mut self, column: &str) -> Option<u8> {
        let value = self.number(column)?;
        if (0.0..=255.0).contains(&value) && value.fract().abs() <= 0.0 {
            return Some(value as u8);
        }
        self.problem(column, format!("`{value}` is not a small whole number"));
        None
    }

    fn term<T>(
        &mut self,
        column: &str,
        of: impl Fn(&str) -> Option<T>,
        known: &[&str],
    ) -> Option<T> {
        let code = self.text(column);
        let found = of(code);
        if found.is_none() {
            self.problem(column, format!("`{code}` is none of {}", known.join(", ")));
        }
        found
    }

    fn subject(&mut self, rows: &BTreeMap<String, u32>) -> Option<u32> {
        let id = self.text("USUBJID");
        let found = rows.get(id).copied();
        if found.is_none() {
            self.problem("USUBJID", format!("subject `{id}` is not in adsl"));
        }
        found
    }

    /// Elapsed days, or the beginning of the study day where only that is given.
    fn day(&mut self, elapsed: &str, study_day: &str) -> Option<f64> {
        if !matches!(self.cell(elapsed), Cell::Missing) {
            return self.number(elapsed);
        }
        let number = self.number(study_day)?;
        let day = StudyDay::new(number as i32).filter(|_| number.fract().abs() <= 0.0);
        if day.is_none() {
            self.problem(study_day, format!("there is no study day {number}"));
        }
        day.map(StudyDay::elapsed)
    }

    fn needed_day(&mut self, elapsed: &str, study_day: &str) -> Option<f64> {
        let before = self.problems.len();
        let day = self.day(elapsed, study_day);
        if day.is_none() && self.problems.len() == before {
            self.problem(elapsed, format!("no day, neither here nor in {study_day}"));
        }
        day
    }
}

fn codes<T: Copy>(all: &[T], code: impl Fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|&term| code(term)).collect()
}

/// A number that is unknown in a study is `NaN`.
fn known(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

fn subjects(reader: &mut Reader<'_>, study: &mut Study) {
    if !reader.requires(&["USUBJID", "ARM", "DISPCD", "SEX", "LTCHAIN", "LSTALVEL"]) {
        return;
    }
    reader.text("STUDYID").clone_into(&mut study.name);
    let dispositions = codes(Disposition::ALL, Disposition::code);
    let sexes = codes(Sex::ALL, Sex::code);
    let isotypes = codes(Isotype::ALL, Isotype::code);
    let chains = codes(LightChain::ALL, LightChain::code);
    let causes = codes(DeathCause::ALL, DeathCause::code);
    for row in 0..reader.table.rows() {
        reader.row = row;
        let at = study.push_subject(reader.text("USUBJID"), reader.text("ARM")) as usize;
        let about = &mut study.subjects;
        about.dose_level[at] = reader.small("DOSELVL");
        if let Some(term) = reader.term("DISPCD", Disposition::from_code, &dispositions) {
            about.disposition[at] = term;
        }
        about.screened_calendar[at] = known(reader.number("SCRNCAL"));
        about.infused_calendar[at] = reader.number("INFCAL");
        about.enrolled_day[at] = known(reader.number("ENRLEL"));
        about.age[at] = known(reader.number("AGE"));
        if let Some(term) = reader.term("SEX", Sex::from_code, &sexes) {
            about.sex[at] = term;
        }
        about.weight[at] = known(reader.number("WEIGHTBL"));
        about.ecog[at] = reader.small("ECOGBL").unwrap_or(0);
        about.prior_lines[at] = reader.small("PRIORLN").unwrap_or(0);
        if !reader.text("ISOTYPE").is_empty()
            && let Some(term) = reader.term("ISOTYPE", Isotype::from_code, &isotypes)
        {
            about.isotype[at] = term;
        }
        if let Some(term) = reader.term("LTCHAIN", LightChain::from_code, &chains) {
            about.light_chain[at] = term;
        }
        about.new_therapy_day[at] = reader.number("NEWTHEL");
        about.death_day[at] = reader.number("DTHEL");
        if !reader.text("DTHCAUS").is_empty() {
            about.death_cause[at] = reader.term("DTHCAUS", DeathCause::from_code, &causes);
        }
        about.last_known_alive_day[at] = reader.needed("LSTALVEL");
        about.dose_fraction[at] = reader.number("DOSEFRAC").unwrap_or(1.0);
    }
}

fn exposures(reader: &mut Reader<'_>, rows: &BTreeMap<String, u32>, study: &mut Study) {
    if !reader.requires(&["USUBJID", "EXTRTCD", "EXDOSE"]) {
        return;
    }
    let treatments = codes(Treatment::ALL, Treatment::code);
    for row in 0..reader.table.rows() {
        reader.row = row;
        let subject = reader.subject(rows);
        let treatment = reader.term("EXTRTCD", Treatment::from_code, &treatments);
        let day = reader.needed_day("ELDAY", "ADY");
        let amount = known(reader.number("EXDOSE"));
        let assigned = reader.number("EXPLDOSE").unwrap_or(amount);
        if let (Some(subject), Some(treatment), Some(day)) = (subject, treatment, day) {
            unit(reader, "EXDOSU", treatment.unit());
            study.exposures.push(subject, treatment, day, amount, assigned);
        }
    }
}

fn unit(reader: &mut Reader<'_>, column: &str, expected: &str) {
    let found = reader.text(column);
    if !found.is_empty() && found != expected {
        reader.problem(column, format!("the unit is `{found}`, expected `{expected}`"));
    }
}

fn findings(reader: &mut Reader<'_>, rows: &BTreeMap<String, u32>, values: &mut Vec<(i64, Value)>) {
    if !reader.requires(&["USUBJID", "PARAMCD", "AVAL"]) {
        return;
    }
    let mut behind = values.iter().map(|value| value.0).max().unwrap_or(0);
    for row in 0..reader.table.rows() {
        reader.row = row;
        let subject = reader.subject(rows);
        let code = reader.text("PARAMCD");
        let analyte = Analyte::from_code(code);
        if analyte.is_none() {
            reader.problem("PARAMCD", format!("`{code}` is no known parameter"));
        }
        let day = reader.needed_day("ELDAY", "ADY");
        let (Some(subject), Some(analyte), Some(day)) = (subject, analyte, day) else { continue };
        unit(reader, "AVALU", analyte.unit());
        if let Some((amount, below)) = amount(reader, analyte) {
            behind += 1;
            let order = reader.number("ASEQ").map_or(behind, |order| order as i64);
            values.push((order, Value { subject, analyte, day, amount, below }));
        }
    }
}

/// A number, a limit (`<0.05`) or the word of a code.
fn amount(reader: &mut Reader<'_>, analyte: Analyte) -> Option<(f64, bool)> {
    let words = reader.text("AVALC");
    if let Some(limit) = words.strip_prefix('<') {
        if let Ok(limit) = limit.trim().parse() {
            return Some((limit, true));
        }
        reader.problem("AVALC", format!("`{words}` has no number after `<`"));
        return None;
    }
    let before = reader.problems.len();
    if let Some(number) = reader.number("AVAL") {
        return Some((number, false));
    }
    let code = analyte.codes().iter().position(|&word| word == words);
    if code.is_none() && reader.problems.len() == before {
        reader.problem("AVAL", format!("no value, and `{words}` in AVALC is no known word"));
    }
    code.map(|code| (code as f64, false))
}

fn events(reader: &mut Reader<'_>, rows: &BTreeMap<String, u32>, study: &mut Study) {
    if !reader.requires(&["USUBJID", "AECD", "ATOXGR", "AREL"]) {
        return;
    }
    let terms = codes(EventTerm::ALL, EventTerm::code);
    for row in 0..reader.table.rows() {
        reader.row = row;
        let subject = reader.subject(rows);
        let term = reader.term("AECD", EventTerm::from_code, &terms);
        let start = reader.needed_day("ELSTART", "ASTDY");
        let end = reader.day("ELEND", "AENDY");
        let grade = reader.small("ATOXGR");
        let related = match reader.text("AREL") {
            "Y" => Some(true),
            "N" => Some(false),
            other => {
                let message = format!("`{other}` is neither Y nor N");
                reader.problem("AREL", message);
                None
            }
        };
        if grade.is_none() && matches!(reader.cell("ATOXGR"), Cell::Missing) {
            reader.problem("ATOXGR", "no value".into());
        }
        if let (Some(subject), Some(term), Some(start), Some(grade), Some(related)) =
            (subject, term, start, grade, related)
        {
            study.events.push(subject, term, start, end, grade, related);
        }
    }
}
