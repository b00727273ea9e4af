//! What makes a study unusable or suspicious, all in one pass, with table, row and column.

use crate::import::{Origins, Place};
use crate::problem::Problem;
use crate::study::Study;
use crate::terms::Analyte;
use std::collections::BTreeMap;

/// Days an analysis may follow death: an autopsy or a late sample (assumed).
const AFTER_DEATH_DAYS: f64 = 1.0;

/// Every problem of a study, in the order of its tables and rows: those that [`crate::adam`]
/// writes.
pub fn problems(study: &Study) -> Vec<Problem> {
    problems_at(study, None)
}

/// As [`problems`], with the rows and columns of the files that the study was read from.
pub fn problems_at(study: &Study, origins: Option<&Origins>) -> Vec<Problem> {
    let mut check = Check { study, origins, found: Vec::new() };
    check.subjects();
    check.exposures();
    check.findings();
    check.events();
    check.found
}

struct Check<'a> {
    study: &'a Study,
    origins: Option<&'a Origins>,
    found: Vec<Problem>,
}

/// Where a value stands: the table, its row there, the subject, and the place it was read from.
#[derive(Clone, Copy)]
struct At<'a> {
    table: &'static str,
    row: usize,
    subject: &'a str,
    place: Option<Place>,
}

impl<'a> Check<'a> {
    fn report(
        &mut self,
        code: &'static str,
        at: At<'_>,
        column: &str,
        message: String,
        help: &str,
    ) {
        let problem = match self.origins.zip(at.place) {
            Some((origins, place)) => {
                let told = origins.told(place);
                let mut problem = Problem::error(code, told.file, message).in_column(told.column);
                (problem.line, problem.row) = (told.line, Some(told.row));
                problem
            }
            None => Problem::error(code, at.table, message).at_row(at.row).in_column(column),
        };
        self.found.push(problem.of_subject(at.subject).helped(help));
    }

    /// A row of a table of the study; `places` are where its rows come from.
    fn at(&self, table: &'static str, row: usize, subject: usize, place: Option<Place>) -> At<'a> {
        let subject = self.study.subjects.id.get(subject).map_or("", String::as_str);
        At { table, row, subject, place }
    }

    fn subjects(&mut self) {
        let about = &self.study.subjects;
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for row in 0..about.len() {
            let id = about.id[row].as_str();
            let place = self.origins.map(|origins| origins.subjects[row]);
            let at = self.at("adsl", row, row, place);
            if id.is_empty() {
                self.report("E111", at, "USUBJID", "no identifier".into(), "");
            } else if let Some(first) = seen.insert(id, row) {
                let message = format!("subject `{id}` is already in row {}", first + 1);
                self.report("E110", at, "USUBJID", message, "give each subject one row");
            }
            for (column, value, range) in [
                ("AGE", about.age[row], 0.0..=120.0),
                ("WEIGHTBL", about.weight[row], 20.0..=300.0),
                ("DOSEFRAC", about.dose_fraction[row], 0.0..=1.0),
            ] {
                // an unknown age or weight is no problem here
                if !value.is_nan() && !range.contains(&value) {
                    let (low, high) = (range.start(), range.end());
                    let what = match column {
                        "AGE" => "age",
                        "WEIGHTBL" => "weight, kg,",
                        _ => "share of the planned dose",
                    };
                    let message = format!("{what} {value} is not between {low} and {high}");
                    self.report("E109", at, column, message, "");
                }
            }
            if about.ecog[row] > 5 {
                let message = format!("ECOG {} is above 5", about.ecog[row]);
                self.report("E109", at, "ECOGBL", message, "");
            }
            let alive = about.last_known_alive_day[row];
            match about.death_day[row] {
                Some(death) if alive > death + 1e-9 => {
                    let message = format!("alive on day {alive}, but died on day {death}");
                    self.report("E113", at, "LSTALVEL", message, "one of the two days is wrong");
                }
                None if about.death_cause[row].is_some() => {
                    let help = "give the day of death or clear the cause";
                    let message = "a cause of death without a death".into();
                    self.report("E113", at, "DTHCAUS", message, help);
                }
                _ => {}
            }
        }
    }

    /// The subject's death, or a problem when there is no such subject.
    fn death(&mut self, at: At<'_>, subject: u32) -> f64 {
        let about = &self.study.subjects;
        if let Some(death) = about.death_day.get(subject as usize) {
            return death.unwrap_or(f64::INFINITY);
        }
        let message = format!("subject {} of {}", subject + 1, about.len());
        self.report("E111", at, "USUBJID", format!("{message} does not exist"), "");
        f64::INFINITY
    }

    fn day(&mut self, at: At<'_>, column: &str, day: f64, death: f64, what: &str) {
        if !day.is_finite() {
            self.report("E112", at, column, format!("{day} is not a day"), "");
        } else if day > death + AFTER_DEATH_DAYS {
            let message = format!("{what} on day {day}, after death on day {death}");
            self.report("E113", at, column, message, "check the dates");
        }
    }

    fn exposures(&mut self) {
        let given = &self.study.exposures;
        for row in 0..given.subject.len() {
            let place = self.origins.map(|origins| origins.exposures[row]);
            let at = self.at("adex", row, given.subject[row] as usize, place);
            let death = self.death(at, given.subject[row]);
            self.day(at, "ELDAY", given.day[row], death, "a treatment");
            for (column, amount) in
                [("EXDOSE", given.amount[row]), ("EXPLDOSE", given.assigned[row])]
            {
                // an unknown amount is no problem here
                if !(amount.is_nan() || amount.is_finite() && amount >= 0.0) {
                    let unit = given.treatment[row].unit();
                    self.report("E109", at, column, format!("an amount of {amount} {unit}"), "");
                }
            }
        }
    }

    fn findings(&mut self) {
        let all = &self.study.findings;
        let mut next_row: BTreeMap<&str, usize> = BTreeMap::new();
        for index in 0..all.len() {
            let analyte = all.analyte[index];
            let table = table_of(analyte);
            let next = next_row.entry(table).or_default();
            let row = *next;
            *next += 1;
            let place = self.origins.map(|origins| origins.findings[index]);
            let at = self.at(table, row, all.subject[index] as usize, place);
            let death = self.death(at, all.subject[index]);
            self.day(at, "ELDAY", all.day[index], death, "a value");
            if let Some(message) = value_problem(analyte, all.value[index]) {
                let help = "correct the value, or leave it empty if it was not measured";
                self.report("E109", at, "AVAL", message, help);
            }
        }
    }

    fn events(&mut self) {
        let told = &self.study.events;
        for row in 0..told.subject.len() {
            let place = self.origins.map(|origins| origins.events[row]);
            let at = self.at("adae", row, told.subject[row] as usize, place);
            let death = self.death(at, told.subject[row]);
            let (start, end) = (told.start[row], told.end[row]);
            self.day(at, "ELSTART", start, death, "an event");
            if let Some(end) = end.filter(|&end| end < start) {
                let message = format!("ends on day {end}, before it starts on day {start}");
                self.report("E113", at, "ELEND", message, "one of the two days is wrong");
            }
            if !(1..=5).contains(&told.grade[row]) {
                let message = format!("grade {} is not between 1 and 5", told.grade[row]);
                self.report("E109", at, "ATOXGR", message, "");
            }
        }
    }
}

/// The exported table a value belongs to.
fn table_of(analyte: Analyte) -> &'static str {
    match analyte.domain() {
        "vs" => "advs",
        "pc" => "adpc",
        "tr" => "adtr",
        _ => "adlb",
    }
}

fn value_problem(analyte: Analyte, value: f64) -> Option<String> {
    let (title, unit) = (analyte.title(), analyte.unit());
    if !value.is_finite() {
        return Some(format!("{title} is {value}"));
    }
    let codes = analyte.codes();
    if !codes.is_empty() {
        let known = value >= 0.0 && value < codes.len() as f64 && value.fract().abs() <= 0.0;
        return (!known).then(|| format!("{title}: {value} is no code; 0 to {}", codes.len() - 1));
    }
    let highest = match analyte {
        Analyte::MarrowPlasmaCells | Analyte::OxygenSaturation | Analyte::RashArea => 100.0,
        Analyte::MinimalResidualDisease | Analyte::MrdSensitivity => 1.0,
        Analyte::IceScore => 10.0,
        // a temperature in Fahrenheit is the likely mistake
        Analyte::Temperature => 45.0,
        _ => f64::INFINITY,
    };
    if value < 0.0 {
        Some(format!("{title} is {value} {unit}, below 0"))
    } else if value > highest {
        Some(format!("{title} is {value} {unit}, above {highest}"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::{DeathCause, EventTerm, Treatment};

    fn messages(study: &Study) -> Vec<String> {
        problems(study).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_sound_study_has_none() {
        let mut study = Study::default();
        study.push_subject("S-1", "A");
        study.exposures.push(0, Treatment::CellProduct, 0.0, 1e8, 1e8);
        study.findings.push(0, Analyte::SerumMProtein, 0.0, 30.0, false);
        study.events.push(0, EventTerm::Infection, 3.0, None, 2, true);
        assert_eq!(messages(&study), Vec::<String>::new());
    }

    #[test]
    fn every_problem_is_found_in_one_pass() {
        let mut study = Study::default();
        study.push_subject("S-1", "A");
        study.push_subject("S-1", "A");
        study.subjects.death_day[0] = Some(10.0);
        study.subjects.last_known_alive_day[0] = 12.0;
        study.subjects.death_cause[1] = Some(DeathCause::Other);
        study.findings.push(0, Analyte::SerumMProtein, 0.0, -3.0, false);
        study.findings.push(7, Analyte::Platelets, 0.0, 100.0, false);
        study.findings.push(0, Analyte::Temperature, 20.0, 98.6, false);
        study.findings.push(1, Analyte::OxygenDevice, 1.0, 9.0, false);
        study.exposures.push(1, Treatment::CellProduct, 0.0, -1.0, 1e8);
        study.events.push(1, EventTerm::Infection, 5.0, Some(3.0), 6, true);
        let want = [
            "adsl, row 1, LSTALVEL, subject S-1: alive on day 12, but died on day 10",
            "adsl, row 2, USUBJID, subject S-1: subject `S-1` is already in row 1",
            "adsl, row 2, DTHCAUS, subject S-1: a cause of death without a death",
            "adex, row 1, EXDOSE, subject S-1: an amount of -1 cells",
            "adlb, row 1, AVAL, subject S-1: serum M-protein is -3 g/L, below 0",
            "adlb, row 2, USUBJID: subject 8 of 2 does not exist",
            "advs, row 1, ELDAY, subject S-1: a value on day 20, after death on day 10",
            "advs, row 1, AVAL, subject S-1: body temperature is 98.6 degC, above 45",
            "advs, row 2, AVAL, subject S-1: oxygen device: 9 is no code; 0 to 7",
            "adae, row 1, ELEND, subject S-1: ends on day 3, before it starts on day 5",
            "adae, row 1, ATOXGR, subject S-1: grade 6 is not between 1 and 5",
        ];
        assert_eq!(messages(&study), want);
    }
}
