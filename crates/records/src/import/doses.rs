//! Doses: what was given when, and with it the day from which all others count.

use super::days::OF_ROW;
use super::sheet::{Reader, shortened};
use super::time::{Moment, elapsed};
use super::{Import, Kind, Place, subjects, synonyms};
use crate::terms::Treatment;

impl Import<'_> {
    /// The first infusion of every subject by the tables of doses; it counts before the date that a
    /// table of subjects gives.
    pub(super) fn infusions(&mut self, readers: &[Reader<'_>]) {
        let mut first: Vec<Option<Moment>> = vec![None; self.rows.len()];
        let mut study_days: Vec<Option<f64>> = vec![None; self.rows.len()];
        let mut has_elapsed = vec![false; self.rows.len()];
        let is_usable = |reader: &&Reader<'_>| {
            reader.kind == Kind::Doses && reader.has("subject") && reader.has("treatment")
        };
        for reader in readers.iter().filter(is_usable) {
            for row in 0..reader.rows() {
                if self.treatment(reader, row) != Some(Treatment::CellProduct) {
                    continue;
                }
                let Some(&at) = self.rows.get(subjects::id_in(reader, row).as_ref()) else {
                    continue;
                };
                let at = at as usize;
                self.anchors[at].has_dose = true;
                has_elapsed[at] |= reader.has("day");
                let known = self.problems.len();
                let date = self.moment(reader, row, "date");
                let day = reader.number("study_day", row, &mut self.problems).and_then(elapsed);
                // told again when the rows are read
                self.problems.truncate(known);
                let is_first =
                    |date: &Moment| first[at].is_none_or(|known| is_before(*date, known));
                first[at] = date.filter(is_first).or(first[at]);
                study_days[at] = match (study_days[at], day) {
                    (Some(before), Some(day)) => Some(f64::min(before, day)),
                    (before, day) => before.or(day),
                };
            }
        }
        for (at, (date, day)) in first.into_iter().zip(study_days).enumerate() {
            let anchor = &mut self.anchors[at];
            match (date, day) {
                (Some(date), _) => anchor.infusion = Some(date),
                (None, Some(day)) if anchor.infusion.is_none() && !has_elapsed[at] => {
                    anchor.infusion_after_day_1 = day;
                }
                _ => {}
            }
        }
    }

    /// What a row gives.
    fn treatment(&self, reader: &Reader<'_>, row: usize) -> Option<Treatment> {
        let name = reader.text("treatment", row);
        match self.mapping.treatments.get(name) {
            Some(code) => Treatment::from_code(code),
            None => synonyms::treatment(name, reader.text("unit", row)),
        }
    }

    /// Reads a table of doses.
    pub(super) fn doses(&mut self, reader: &Reader<'_>) {
        if !reader.requires(&["subject", "treatment"], &mut self.problems) {
            return;
        }
        for row in 0..reader.rows() {
            let subject = self.subject_of(reader, row);
            let treatment = self.treatment(reader, row);
            if treatment.is_none() {
                let name = reader.text("treatment", row);
                let known: Vec<&str> = Treatment::ALL.iter().map(|term| term.code()).collect();
                let message = format!("the treatment `{}` is not known", shortened(name));
                let help = format!(
                    "add a line to mapping.toml under [treatments]: \"{}\" = one of {}",
                    shortened(name),
                    known.join(", ")
                );
                self.problems.push(reader.wrong("E104", row, "treatment", message).helped(help));
            }
            let (Some(subject), Some(treatment)) = (subject, treatment) else { continue };
            let amount = reader.number("amount", row, &mut self.problems);
            let planned = reader.number("planned", row, &mut self.problems);
            let Some(factor) = self.amount_unit(reader, row, treatment) else { continue };
            let Some(day) = self.needed_day(reader, row, subject, OF_ROW) else { continue };
            let amount = amount.map_or(f64::NAN, |amount| amount * factor);
            let planned = planned.map_or(amount, |planned| planned * factor);
            self.study.exposures.push(subject, treatment, day, amount, planned);
            let column = reader.place_of("amount");
            self.origins.exposures.push(Place::new(reader.place, row, column));
            self.anchors[subject as usize].seen(day);
        }
    }

    /// The factor of a dose's unit; a unit that cannot be is a problem.
    fn amount_unit(
        &mut self,
        reader: &Reader<'_>,
        row: usize,
        treatment: Treatment,
    ) -> Option<f64> {
        let unit = reader.text("unit", row);
        let factor = match treatment.unit() {
            _ if unit.is_empty() => Some(1.0),
            "cells" => synonyms::cells(unit),
            "mg" => match unit.to_lowercase().as_str() {
                "mg" => Some(1.0),
                "g" => Some(1000.0),
                "ug" | "µg" => Some(0.001),
                _ => None,
            },
            _ => Some(1.0),
        };
        if factor.is_none() {
            let what = treatment.title();
            let message = format!("the unit of {what} is `{}`", shortened(unit));
            let help = format!(
                "expected `{}`; per kilogram or per square metre is no amount",
                treatment.unit()
            );
            self.problems.push(reader.wrong("E106", row, "unit", message).helped(help));
        }
        factor
    }
}

/// Whether a moment is before another; a day without a time begins at midnight.
fn is_before(one: Moment, other: Moment) -> bool {
    let time = |moment: Moment| moment.time.unwrap_or(0.0);
    one.day < other.day || (one.day == other.day && time(one) < time(other))
}
