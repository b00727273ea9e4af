//! Visits, one per row, with a column per analyte.

use super::days::OF_ROW;
use super::findings::{Measured, read_value};
use super::roles::{self, analyte_column};
use super::sheet::Reader;
use super::units::{self, Conversion};
use super::visit_numbers::number_in;
use super::{Found, Import, Place};
use crate::remarks::Remark;
use crate::terms::Analyte;

/// Rows of a subject closer than this, days, could be taken for one assessment (assumed).
const CLOSE: f64 = 15.0;

/// A row of a table of visits, and which values came from it.
struct Row {
    subject: u32,
    day: f64,
    values: std::ops::Range<usize>,
}

/// A column of values.
struct Values {
    column: usize,
    analyte: Analyte,
    conversion: Conversion,
    is_assumed: bool,
}

impl Import<'_> {
    /// Reads a table of visits.
    pub(super) fn visits(&mut self, reader: &Reader<'_>) {
        if !reader.requires(&["subject"], &mut self.problems) {
            return;
        }
        if !["day", "date", "study_day"].iter().any(|role| reader.has(role)) {
            reader.requires(&["day"], &mut self.problems);
            return;
        }
        let columns = self.value_columns(reader);
        let mut rows: Vec<Row> = Vec::new();
        let mut order = self.orders.iter().copied().max().unwrap_or(0);
        for row in 0..reader.rows() {
            let Some(subject) = self.subject_of(reader, row) else { continue };
            let day = self.needed_day(reader, row, subject, OF_ROW);
            let spurious = self.is_spurious(reader, row);
            if day.is_some() && reader.has("response") {
                self.adjudicated(reader, row, subject, day, false);
            }
            let before = (self.orders.len(), self.problems.len());
            for Values { column, analyte, conversion, is_assumed } in &columns {
                let field = &reader.sheet.table.columns[*column];
                let read = read_value(*analyte, *conversion, field.column.cell(row), None);
                let Measured { value, below_limit } = match read {
                    Ok(Some(measured)) => measured,
                    Ok(None) => continue,
                    Err((message, help)) => {
                        let problem = reader.wrong("E105", row, "", message).helped(help);
                        self.problems.push(problem.in_column(&field.name));
                        continue;
                    }
                };
                let Some(day) = day else { continue };
                order += 1;
                let place = Place::new(reader.place, row, *column);
                self.scales.see(*analyte, *conversion, *is_assumed, value, place);
                let (subject, analyte) = (subject, *analyte);
                let remark = Remark { spurious, ..Remark::default() };
                self.study.remarks.push(subject, analyte, day, remark);
                self.push_finding(Found {
                    subject,
                    analyte,
                    day,
                    value,
                    below_limit,
                    place,
                    order,
                });
            }
            if let Some(day) = day {
                self.visit_numbers.see(reader, row, subject, day);
                rows.push(Row { subject, day, values: before.0..self.orders.len() });
            }
            if let Some(day) = day
                && before == (self.orders.len(), self.problems.len())
            {
                self.anchors[subject as usize].seen(day);
                let label = number_in(reader, row).map_or(String::new(), |at| format!(" {at}"));
                let message =
                    format!("the visit{label} of day {day} has no value: it counts as missed");
                let help = "add what was measured, or take the row away; nothing is filled in";
                let problem = reader.wrong("E114", row, "", message).helped(help);
                self.problems.push(problem.as_warning());
            }
        }
        self.mark_assessments(rows);
    }

    /// Marks the values of rows that closely follow another of the subject, so that the two are
    /// not taken for one assessment.
    fn mark_assessments(&mut self, mut rows: Vec<Row>) {
        rows.sort_by(|a, b| a.subject.cmp(&b.subject).then(a.day.total_cmp(&b.day)));
        for pair in rows.windows(2) {
            let (earlier, later) = (&pair[0], &pair[1]);
            let apart = later.day - earlier.day;
            if earlier.subject != later.subject || apart <= 0.0 || apart >= CLOSE {
                continue;
            }
            for at in later.values.clone() {
                let analyte = self.study.findings.analyte[at];
                let remark = Remark { begins_assessment: true, ..Remark::default() };
                self.study.remarks.push(later.subject, analyte, later.day, remark);
            }
        }
    }

    /// The columns that hold values; one that is nothing known is told.
    fn value_columns(&mut self, reader: &Reader<'_>) -> Vec<Values> {
        let mut found: Vec<Values> = Vec::new();
        for (column, field) in reader.sheet.table.columns.iter().enumerate() {
            if reader.is_used(column) || field.name.is_empty() {
                continue;
            }
            let told = self.value_column(reader, &field.name, &field.unit);
            let Some((analyte, conversion, is_assumed)) = told else { continue };
            if let Some(other) = found.iter().find(|other| other.analyte == analyte) {
                let first = &reader.sheet.table.columns[other.column].name;
                let message =
                    format!("`{}` and `{first}` are both {}", field.name, analyte.title());
                let problem = reader.sheet.wrong_header("E103", message).in_column(&field.name);
                self.problems.push(problem.helped("keep one of the two columns"));
                continue;
            }
            found.push(Values { column, analyte, conversion, is_assumed });
        }
        found
    }

    fn value_column(
        &mut self,
        reader: &Reader<'_>,
        name: &str,
        unit: &str,
    ) -> Option<(Analyte, Conversion, bool)> {
        let mapped = self.mapping.tests.get(name);
        if mapped.is_some_and(String::is_empty) {
            return None;
        }
        let plain = roles::plain(name);
        let of_mapping = mapped
            .and_then(|code| Analyte::from_code(code))
            .map(|analyte| (analyte, roles::unit_of(&plain, analyte)));
        let Some((analyte, in_name)) = of_mapping.or_else(|| analyte_column(&plain)) else {
            self.unknown_column(reader, name);
            return None;
        };
        if !analyte.codes().is_empty() {
            return Some((analyte, Conversion::NONE, false));
        }
        let mapped =
            self.mapping.units.get(name).or_else(|| self.mapping.units.get(analyte.code()));
        let of_file = (!unit.is_empty()).then(|| unit.to_owned());
        let told = mapped.cloned().or(in_name).or(of_file);
        if let Some(told) = told {
            let conversion = units::conversion(analyte, &told);
            if conversion.is_none() {
                let message =
                    format!("the unit of {} is `{told}`, which is not known", analyte.title());
                let known: Vec<&str> =
                    units::known(analyte).iter().map(|(name, _)| *name).collect();
                let help = format!("expected one of {}", known.join(", "));
                let problem = reader.sheet.wrong_header("E106", message).in_column(name);
                self.problems.push(problem.helped(help));
            }
            return Some((analyte, conversion?, false));
        }
        let usual = units::usual(analyte);
        if !matches!(usual, "1" | "count" | "score") {
            let message = format!("the column `{name}` has no unit; {usual} is taken");
            let suggested = format!("{} ({usual})", analyte.code());
            let help =
                format!("call it `{suggested}`, or give the unit in mapping.toml under [units]");
            let problem = reader.sheet.wrong_header("E107", message).in_column(name);
            self.problems.push(problem.helped(help).as_warning());
        }
        Some((analyte, units::conversion(analyte, usual)?, true))
    }

    /// A column that is nothing known: told, because a misspelt one would be lost.
    fn unknown_column(&mut self, reader: &Reader<'_>, name: &str) {
        const HARMLESS: &[&str] =
            &["visit", "visitnum", "studyid", "domain", "comment", "note", "arm", "title", "epoch"];
        let plain = roles::plain(name);
        if HARMLESS.contains(&plain.as_str()) {
            return;
        }
        let message = format!("the column `{name}` is nothing known; it is not used");
        let names = roles::analyte_names();
        let near = super::mapping::nearest(&plain, &names);
        let near = near.map_or(String::new(), |near| format!("did you mean `{near}`? else "));
        let help = format!(
            "{near}give it an analyte in mapping.toml under [tests], or an empty text if it is of \
             no use"
        );
        let problem = reader.sheet.wrong_header("E103", message).in_column(name).helped(help);
        self.problems.push(problem.as_warning());
    }
}
