//! The study as tables in the manner of `ADaM`, and back.
//!
//! ADSL, ADEX, ADLB, ADVS, ADPC, ADTR, ADAE. `ELDAY` is elapsed days from the first infusion and
//! exact; `ADY` is the study day, without a day 0. A value below its limit has no AVAL and the
//! limit in AVALC (`<0.05`). ASEQ is the row in the study, so that a study comes back as it was.

use crate::column::{Column, Table};
use crate::csv::number;
use crate::remarks::Remark;
use crate::study::{Events, Exposures, Findings, Study, Subjects};
use crate::terms::{Analyte, Disposition, EventTerm, Isotype, LightChain, Sex, Treatment};
use crate::time::StudyDay;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The study's tables, empty ones included.
pub fn tables(study: &Study) -> Vec<Table> {
    let mut tables = vec![subjects(study), exposures(study)];
    for (name, domain, label) in [
        ("adlb", "lb", "Laboratory results"),
        ("advs", "vs", "Vital signs and signs of toxicity"),
        ("adpc", "pc", "Infused cells in blood"),
        ("adtr", "tr", "Lesions"),
    ] {
        tables.push(findings(study, name, domain).labelled(label));
    }
    tables.push(events(study));
    tables
}

fn words<T: Copy>(rows: &[T], word: impl Fn(T) -> &'static str) -> Column {
    Column::coded(rows.iter().map(|&row| Cow::Borrowed(word(row))))
}

fn same(word: &str, rows: usize) -> Column {
    Column::Coded { words: vec![Cow::Owned(word.to_owned())], rows: vec![0; rows] }
}

fn present(values: &[f64]) -> Column {
    Column::Number(
        values.iter().map(|&value| Some(value).filter(|value| !value.is_nan())).collect(),
    )
}

fn whole(values: &[u8]) -> Column {
    Column::Integer(values.iter().map(|&value| Some(i64::from(value))).collect())
}

fn study_days(days: impl Iterator<Item = Option<f64>>) -> Column {
    let number = |day| StudyDay::of_elapsed(day).map(|day| i64::from(day.number()));
    Column::Integer(days.map(|day| day.and_then(number)).collect())
}

/// Subject identifiers of rows that point at subjects.
fn identifiers(study: &Study, rows: impl Iterator<Item = u32>) -> Column {
    let words = study.subjects.id.iter().map(|id| Cow::Owned(id.clone())).collect();
    Column::Coded { words, rows: rows.collect() }
}

fn sequence(rows: impl Iterator<Item = usize>) -> Column {
    Column::Integer(rows.map(|row| i64::try_from(row + 1).ok()).collect())
}

fn subjects(study: &Study) -> Table {
    let about: &Subjects = &study.subjects;
    let ids = Column::Text(about.id.clone());
    let levels = about.dose_level.iter().map(|level| level.map(i64::from)).collect();
    let arms = Column::coded(about.arm.iter().map(|arm| Cow::Owned(arm.clone())));
    let causes = Column::coded(
        about.death_cause.iter().map(|cause| Cow::Borrowed(cause.map_or("", |cause| cause.code()))),
    );
    Table::new("adsl")
        .labelled("Subjects")
        .with("STUDYID", "Study identifier", same(&study.name, about.len()))
        .with("USUBJID", "Unique subject identifier", ids)
        .with("ARM", "Arm", arms)
        .integer("DOSELVL", "Dose level", levels)
        .with("DISPCD", "Disposition, code", words(&about.disposition, Disposition::code))
        .with("DISP", "Disposition", words(&about.disposition, Disposition::title))
        .with("SCRNCAL", "Calendar day of screening", present(&about.screened_calendar))
        .in_unit("day")
        .number("INFCAL", "Calendar day of first infusion", about.infused_calendar.clone())
        .in_unit("day")
        .with("ENRLEL", "Enrolment, elapsed days", present(&about.enrolled_day))
        .in_unit("day")
        .with("AGE", "Age (years)", present(&about.age))
        .in_unit("year")
        .with("SEX", "Sex", words(&about.sex, Sex::code))
        .with("WEIGHTBL", "Weight at baseline (kg)", present(&about.weight))
        .in_unit("kg")
        .with("ECOGBL", "ECOG performance status at baseline", whole(&about.ecog))
        .with("PRIORLN", "Prior lines of therapy", whole(&about.prior_lines))
        .with("ISOTYPE", "Isotype of the M-protein", words(&about.isotype, Isotype::code))
        .with("LTCHAIN", "Involved light chain", words(&about.light_chain, LightChain::code))
        .number("NEWTHEL", "New therapy, elapsed days", about.new_therapy_day.clone())
        .in_unit("day")
        .number("DTHEL", "Death, elapsed days", about.death_day.clone())
        .in_unit("day")
        .with("DTHCAUS", "Cause of death", causes)
        .with("LSTALVEL", "Last known alive, elapsed days", present(&about.last_known_alive_day))
        .in_unit("day")
        .with("DOSEFRAC", "Share of the planned dose given", present(&about.dose_fraction))
}

fn exposures(study: &Study) -> Table {
    let given: &Exposures = &study.exposures;
    let rows = given.subject.len();
    let days = given.day.iter().map(|&day| Some(day));
    Table::new("adex")
        .labelled("Exposures")
        .with("STUDYID", "Study identifier", same(&study.name, rows))
        .with(
            "USUBJID",
            "Unique subject identifier",
            identifiers(study, given.subject.iter().copied()),
        )
        .with("ASEQ", "Row in the study", sequence(0..rows))
        .with("EXTRTCD", "Treatment, code", words(&given.treatment, Treatment::code))
        .with("EXTRT", "Treatment", words(&given.treatment, Treatment::title))
        .with("EXDOSE", "Amount given", present(&given.amount))
        .with("EXPLDOSE", "Amount assigned", present(&given.assigned))
        .with("EXDOSU", "Unit", words(&given.treatment, Treatment::unit))
        .with("ADY", "Study day", study_days(days))
        .with("ELDAY", "Elapsed days from first infusion", present(&given.day))
        .in_unit("day")
}

fn findings(study: &Study, name: &str, domain: &str) -> Table {
    let all: &Findings = &study.findings;
    let rows: Vec<usize> =
        (0..all.len()).filter(|&row| all.analyte[row].domain() == domain).collect();
    let analytes: Vec<Analyte> = rows.iter().map(|&row| all.analyte[row]).collect();
    let days: Vec<f64> = rows.iter().map(|&row| all.day[row]).collect();
    let values =
        rows.iter().map(|&row| (!all.below_limit[row]).then_some(all.value[row])).collect();
    let texts = rows.iter().map(|&row| value_in_words(all, row));
    let table = Table::new(name)
        .with("STUDYID", "Study identifier", same(&study.name, rows.len()))
        .with(
            "USUBJID",
            "Unique subject identifier",
            identifiers(study, rows.iter().map(|&row| all.subject[row])),
        )
        .with("ASEQ", "Row in the study", sequence(rows.iter().copied()))
        .with("PARAMCD", "Parameter code", words(&analytes, Analyte::code))
        .with("PARAM", "Parameter", words(&analytes, Analyte::title))
        .number("AVAL", "Value", values)
        .with("AVALC", "Value in words", Column::coded(texts))
        .with("AVALU", "Unit", words(&analytes, Analyte::unit))
        .with("ADY", "Study day", study_days(days.iter().map(|&day| Some(day))))
        .with("ELDAY", "Elapsed days from first infusion", present(&days))
        .in_unit("day");
    if study.remarks.is_empty() { table } else { with_remarks(table, study, &rows) }
}

/// What is said of the values, in columns that only a study with such remarks has.
fn with_remarks(table: Table, study: &Study, rows: &[usize]) -> Table {
    let told = &study.remarks;
    let by_value: BTreeMap<(u32, Analyte, u64), Remark> = (0..told.len())
        .map(|at| ((told.subject[at], told.analyte[at], told.day[at].to_bits()), told.remark[at]))
        .collect();
    let all = &study.findings;
    let remarks: Vec<Remark> = rows
        .iter()
        .map(|&row| {
            let key = (all.subject[row], all.analyte[row], all.day[row].to_bits());
            by_value.get(&key).copied().unwrap_or_default()
        })
        .collect();
    let flag = |is_so: bool| if is_so { "Y" } else { "" };
    table
        .number("ANRLO", "Lower limit of normal", remarks.iter().map(|one| one.lower).collect())
        .number("ANRHI", "Upper limit of normal", remarks.iter().map(|one| one.upper).collect())
        .with("SPURFL", "Judged spurious", words(&remarks, |one| flag(one.spurious)))
        .with(
            "NEWASMFL",
            "Begins an assessment",
            words(&remarks, |one| flag(one.begins_assessment)),
        )
}

/// The word of a code, the limit of a value below it, else nothing.
fn value_in_words(findings: &Findings, row: usize) -> Cow<'static, str> {
    if findings.below_limit[row] {
        return Cow::Owned(format!("<{}", number(findings.value[row])));
    }
    let value = findings.value[row];
    let words = findings.analyte[row].codes();
    match words.get(value.max(0.0) as usize) {
        Some(word) if value.fract().abs() <= 0.0 => Cow::Borrowed(word),
        _ => Cow::Borrowed(""),
    }
}

fn events(study: &Study) -> Table {
    let told: &Events = &study.events;
    let rows = told.subject.len();
    let starts = told.start.iter().map(|&day| Some(day));
    Table::new("adae")
        .labelled("Adverse events")
        .with("STUDYID", "Study identifier", same(&study.name, rows))
        .with(
            "USUBJID",
            "Unique subject identifier",
            identifiers(study, told.subject.iter().copied()),
        )
        .with("ASEQ", "Row in the study", sequence(0..rows))
        .with("AECD", "Event, code", words(&told.term, EventTerm::code))
        .with("AEDECOD", "Event", words(&told.term, EventTerm::title))
        .with("AECRIT", "Criteria of the grade", words(&told.term, EventTerm::criteria))
        .with("ATOXGR", "Grade", whole(&told.grade))
        .with(
            "AREL",
            "Possibly related",
            words(&told.related, |related| if related { "Y" } else { "N" }),
        )
        .with("ASTDY", "Study day of onset", study_days(starts))
        .with("AENDY", "Study day of end", study_days(told.end.iter().copied()))
        .with("ELSTART", "Onset, elapsed days", present(&told.start))
        .in_unit("day")
        .number("ELEND", "End, elapsed days", told.end.clone())
        .in_unit("day")
}
