//! Outcomes as tables in the manner of `ADaM`: responses, times to events, kinetics; and a table of every column.
//!
//! The tables of the study itself come from `records::adam`. A run and an evaluation write the same
//! ones, so that every column has its label and unit in one place.

use evaluate::{Kinetics, Outcomes, Response, SubjectOutcome, TimeToEvent};
use records::column::{Column, Table};
use records::import::COMPUTED;
use records::{Disposition, Study, StudyDay, adam};

/// Every table of a study and its outcomes.
pub fn tables(study: &Study, outcomes: &Outcomes) -> Vec<Table> {
    let mut tables = adam::tables(study);
    tables.push(responses(study, outcomes));
    tables.push(times(study, outcomes));
    tables.push(kinetics(study, outcomes));
    tables
}

/// One line per column of the tables: name, label, type, length, unit.
pub fn columns(tables: &[Table]) -> Table {
    let fields = || tables.iter().flat_map(|table| table.columns.iter().map(move |f| (table, f)));
    let kind = |column: &Column| match column {
        Column::Number(_) => "number",
        Column::Integer(_) => "whole number",
        _ => "text",
    };
    let length = |column: &Column, longest: usize| match column {
        Column::Number(_) | Column::Integer(_) => Some(8),
        _ => i64::try_from(longest).ok(),
    };
    Table::new("columns")
        .labelled("Columns of the tables")
        .text("TABLE", "Table", fields().map(|(table, _)| table.name.clone()).collect())
        .text("NAME", "Column", fields().map(|(_, field)| field.name.clone()).collect())
        .text("LABEL", "What it is", fields().map(|(_, field)| field.label.clone()).collect())
        .text("TYPE", "Type", fields().map(|(_, f)| kind(&f.column).to_owned()).collect())
        .integer(
            "LENGTH",
            "Bytes at most",
            fields().map(|(_, f)| length(&f.column, f.longest())).collect(),
        )
        .text("UNIT", "Unit", fields().map(|(_, field)| field.unit.clone()).collect())
}

/// Infused, or observed in an arm without a product.
fn is_followed(study: &Study, subject: usize) -> bool {
    study.subjects.infused_calendar[subject].is_some()
        || study.subjects.disposition[subject] == Disposition::Observed
}

/// The columns that begin every table of results.
fn begun(name: &str, label: &str, study: &Study, subjects: &[usize]) -> Table {
    let same = vec![study.name.clone(); subjects.len()];
    let about = &study.subjects;
    Table::new(name)
        .labelled(label)
        .text("STUDYID", "Study identifier", same)
        .text(
            "USUBJID",
            "Unique subject identifier",
            subjects.iter().map(|&at| about.id[at].clone()).collect(),
        )
        .text("TRT01A", "Arm", subjects.iter().map(|&at| about.arm[at].clone()).collect())
}

/// The study day of elapsed days.
fn study_day(day: Option<f64>) -> Option<i64> {
    day.and_then(StudyDay::of_elapsed).map(|day| i64::from(day.number()))
}

/// A row of ADRS.
struct Assessed {
    subject: usize,
    code: &'static str,
    title: &'static str,
    day: Option<f64>,
    value: String,
    /// Who says so.
    evaluator: String,
}

/// ADRS: response at each assessment, what they come to, and what the site adjudicated.
pub fn responses(study: &Study, outcomes: &Outcomes) -> Table {
    let mut rows = Vec::new();
    for (subject, outcome) in outcomes.subjects.iter().enumerate() {
        for visit in &outcome.visits {
            let mut at = |code, title, response: Response| {
                let value = response.code().to_owned();
                let (day, evaluator) = (Some(visit.day), COMPUTED.to_owned());
                rows.push(Assessed { subject, code, title, day, value, evaluator });
            };
            at("OVR", "Response at the assessment", visit.unconfirmed);
            at("COVR", "Confirmed response so far", visit.confirmed);
        }
        if is_followed(study, subject) {
            rows.extend(overall(subject, outcome));
        }
    }
    rows.extend(adjudicated(study));
    let subjects: Vec<usize> = rows.iter().map(|row| row.subject).collect();
    begun("adrs", "Response analysis", study, &subjects)
        .text("PARAMCD", "Parameter code", rows.iter().map(|row| row.code.to_owned()).collect())
        .text("PARAM", "Parameter", rows.iter().map(|row| row.title.to_owned()).collect())
        .text("AVALC", "Value in words", rows.iter().map(|row| row.value.clone()).collect())
        .text("RSEVAL", "Evaluator", rows.iter().map(|row| row.evaluator.clone()).collect())
        .integer("ADY", "Study day", rows.iter().map(|row| study_day(row.day)).collect())
        .number(
            "ELDAY",
            "Elapsed days from first infusion",
            rows.iter().map(|row| row.day).collect(),
        )
        .in_unit("day")
}

/// The responses of the site, as it gave them.
fn adjudicated(study: &Study) -> impl Iterator<Item = Assessed> + '_ {
    let told = &study.responses;
    (0..told.len()).map(|at| {
        let (code, title) = if told.is_best[at] {
            ("BOR", "Best response, by the site")
        } else {
            ("OVR", "Response at the assessment, by the site")
        };
        Assessed {
            subject: told.subject[at] as usize,
            code,
            title,
            day: told.day[at],
            value: told.response[at].code().to_owned(),
            evaluator: told.evaluator[at].clone(),
        }
    })
}

/// What the responses of one subject come to.
fn overall(subject: usize, outcome: &SubjectOutcome) -> Vec<Assessed> {
    let yes = |is: bool| if is { "Y" } else { "N" }.to_owned();
    let row = |code, title, day, value| {
        let evaluator = COMPUTED.to_owned();
        Assessed { subject, code, title, day, value, evaluator }
    };
    let best = outcome.best_response;
    vec![
        row("CBOR", "Best confirmed response", outcome.best_response_day, best.code().to_owned()),
        row(
            "RSP",
            "Partial response or better",
            outcome.first_response_day,
            yes(best.is_response()),
        ),
        row(
            "CRRSP",
            "Complete response or better",
            outcome.complete_response_day,
            yes(best >= Response::Complete),
        ),
        row("PD", "Progression", outcome.progression_day, yes(outcome.progression_day.is_some())),
    ]
}

/// A row of ADTTE.
struct Timed {
    subject: usize,
    code: &'static str,
    title: &'static str,
    time: TimeToEvent,
    what: &'static str,
}

/// ADTTE: times to events; AVAL counts the first day as 1.
pub fn times(study: &Study, outcomes: &Outcomes) -> Table {
    let mut rows = Vec::new();
    for (subject, outcome) in outcomes.subjects.iter().enumerate() {
        if !is_followed(study, subject) {
            continue;
        }
        let free = outcome.progression_free;
        let progressed = outcome.progression_day.is_some();
        let ended = |event: bool| match (event, progressed) {
            (true, true) => "Disease Progression",
            (true, false) => "Death",
            (false, _) => "Last Tumor Assessment",
        };
        let mut add = |code, title, time: TimeToEvent, what| {
            rows.push(Timed { subject, code, title, time, what });
        };
        add("PFS", "Progression-free survival", free, ended(free.event));
        let overall = outcome.overall;
        add("OS", "Overall survival", overall, if overall.event { "Death" } else { "Alive" });
        if let Some(duration) = outcome.response_duration {
            add("RSD", "Duration of response", duration, ended(duration.event));
        }
    }
    let subjects: Vec<usize> = rows.iter().map(|row| row.subject).collect();
    let told = |event: bool| {
        let of = |row: &Timed| if row.time.event == event { row.what } else { "" }.to_owned();
        rows.iter().map(of).collect()
    };
    begun("adtte", "Time-to-event analysis", study, &subjects)
        .text("PARAMCD", "Parameter code", rows.iter().map(|row| row.code.to_owned()).collect())
        .text("PARAM", "Parameter", rows.iter().map(|row| row.title.to_owned()).collect())
        .number(
            "AVAL",
            "Days; the first day is 1",
            rows.iter().map(|row| Some(row.time.days + 1.0)).collect(),
        )
        .in_unit("day")
        .integer(
            "CNSR",
            "Censor: 0 is an event",
            rows.iter().map(|row| Some(i64::from(!row.time.event))).collect(),
        )
        .text("EVNTDESC", "Event", told(true))
        .text("CNSDTDSC", "Censored at", told(false))
}

/// ADPP: kinetics of each infused product.
pub fn kinetics(study: &Study, outcomes: &Outcomes) -> Table {
    let mut rows: Vec<(usize, &'static str, Parameter, Option<f64>)> = Vec::new();
    for (subject, outcome) in outcomes.subjects.iter().enumerate() {
        let profiles = [
            ("CARCELL", outcome.kinetics),
            ("CARCELL2", outcome.kinetics_second),
            ("TRANSGEN", outcome.kinetics_transgene),
        ];
        for (analyte, profile) in profiles {
            for parameter in profile.iter().flat_map(|_| PARAMETERS) {
                let value = profile.and_then(|profile| (parameter.of)(&profile));
                rows.push((subject, analyte, *parameter, value));
            }
        }
    }
    let subjects: Vec<usize> = rows.iter().map(|row| row.0).collect();
    let unit = |analyte: &str, unit: &str| {
        let of_value = if analyte == "TRANSGEN" { "copies/ug" } else { "cells/uL" };
        unit.replace("VALUE", of_value)
    };
    begun("adpp", "Kinetics parameters", study, &subjects)
        .text("PPCAT", "Analyte code", rows.iter().map(|row| row.1.to_owned()).collect())
        .text("PARAMCD", "Parameter code", rows.iter().map(|row| row.2.code.to_owned()).collect())
        .text("PARAM", "Parameter", rows.iter().map(|row| row.2.title.to_owned()).collect())
        .number("AVAL", "Value", rows.iter().map(|row| row.3).collect())
        .text("AVALU", "Unit", rows.iter().map(|row| unit(row.1, row.2.unit)).collect())
}

/// A parameter of the kinetics; the unit of the measured value stands as `VALUE`.
#[derive(Clone, Copy)]
struct Parameter {
    code: &'static str,
    title: &'static str,
    unit: &'static str,
    of: fn(&Kinetics) -> Option<f64>,
}

const PARAMETERS: &[Parameter] = &[
    Parameter { code: "CMAX", title: "Largest value", unit: "VALUE", of: |k| k.cmax },
    Parameter { code: "TMAX", title: "Time of the largest value", unit: "day", of: |k| k.tmax },
    Parameter { code: "CLST", title: "Last quantifiable value", unit: "VALUE", of: |k| k.clast },
    Parameter { code: "TLST", title: "Time of the last value", unit: "day", of: |k| k.tlast },
    Parameter {
        code: "AUCLST",
        title: "Area to the last quantifiable value",
        unit: "day*VALUE",
        of: |k| Some(k.auc_last),
    },
    Parameter {
        code: "AUC28",
        title: "Area over the first 28 days",
        unit: "day*VALUE",
        of: |k| Some(k.auc_28),
    },
    Parameter { code: "LAMZHL", title: "Terminal half-life", unit: "day", of: |k| k.half_life },
];

#[cfg(test)]
mod tests {
    use super::*;
    use ::evaluate::Rules;
    use records::Analyte;

    #[test]
    fn names_and_labels_fit_every_format_and_every_column_is_told() {
        let mut study = Study { name: "S".into(), ..Study::default() };
        study.push_subject("S-1", "A");
        for (day, value) in [(0.0, 30.0), (28.0, 14.0), (56.0, 12.0)] {
            study.findings.push(0, Analyte::SerumMProtein, day, value, false);
            study.findings.push(0, Analyte::InfusedCells, day, 1.0 + day, false);
        }
        let outcomes = ::evaluate::evaluate(&study, &Rules::default());
        let all = tables(&study, &outcomes);
        let named = columns(&all);
        assert_eq!(named.rows(), all.iter().map(|table| table.columns.len()).sum::<usize>());
        for table in &all {
            assert!(!table.label.is_empty() && table.label.len() <= 40, "{}", table.name);
            for field in &table.columns {
                assert!(field.name.len() <= 8 && !field.label.is_empty(), "{}", field.name);
                assert!(field.label.len() <= 40, "{}", field.label);
                assert_eq!(field.column.len(), table.rows(), "{} {}", table.name, field.name);
            }
        }
        let find = |name: &str| all.iter().find(|table| table.name == name).expect("a table");
        let words = |table: &Table, column: &str| -> Vec<String> {
            let cells = table.column(column).expect("a column").cells();
            cells.map(|cell| format!("{cell:?}")).collect()
        };
        assert_eq!(words(find("adrs"), "AVALC")[4], "Text(\"PR\")");
        assert_eq!(words(find("adtte"), "CNSDTDSC")[0], "Text(\"Last Tumor Assessment\")");
        assert_eq!(find("adpp").rows(), PARAMETERS.len());
    }
}
