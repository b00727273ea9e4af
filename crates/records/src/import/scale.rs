//! Values that look as if their unit were another: ten or a thousand times too large or too small.

use super::origins::{Origins, Place};
use super::units::{self, Conversion};
use crate::problem::Problem;
use crate::terms::Analyte;
use std::collections::BTreeMap;

/// What was seen of one analyte in one unit in one file.
#[derive(Debug, Clone, Copy)]
struct Seen {
    conversion: Conversion,
    is_assumed: bool,
    values: usize,
    beyond: usize,
    first_beyond: Option<Place>,
    largest: f64,
    at: Place,
}

/// What was seen so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Scales {
    seen: BTreeMap<(u32, Analyte, u64), Seen>,
}

impl Scales {
    /// A value in the study's unit.
    pub(super) fn see(
        &mut self,
        analyte: Analyte,
        conversion: Conversion,
        is_assumed: bool,
        value: f64,
        place: Place,
    ) {
        let Some((_, most)) = units::plausible(analyte) else { return };
        let key = (place.file, analyte, conversion.factor.to_bits());
        let seen = self.seen.entry(key).or_insert(Seen {
            conversion,
            is_assumed,
            values: 0,
            beyond: 0,
            first_beyond: None,
            largest: f64::NEG_INFINITY,
            at: place,
        });
        seen.values += 1;
        if value > most {
            seen.beyond += 1;
            seen.first_beyond = seen.first_beyond.or(Some(place));
        }
        if value > seen.largest {
            seen.largest = value;
            seen.at = place;
        }
    }

    /// A column of values that cannot be in their unit is an error where the unit was taken for
    /// granted, and a warning where the file says it.
    pub(super) fn problems(self, origins: &Origins) -> Vec<Problem> {
        let mut found = Vec::new();
        for ((_, analyte, _), seen) in self.seen {
            let Some((least, most)) = units::plausible(analyte) else { continue };
            let unit = units::known(analyte)
                .iter()
                .find(|(_, factor)| (factor - seen.conversion.factor).abs() <= 0.0)
                .map_or(analyte.unit(), |(name, _)| *name);
            let (place, what) = if let Some(place) = seen.first_beyond {
                (place, if seen.largest > 100.0 * most { "a thousand" } else { "ten" })
            } else if seen.largest < least && seen.values > 1 && seen.largest > 0.0 {
                (seen.at, "-ten")
            } else {
                continue;
            };
            let shown = |value: f64| {
                let conversion = seen.conversion;
                crate::csv::number((value - conversion.offset) / conversion.factor)
            };
            let (largest, highest, lowest) = (shown(seen.largest), shown(most), shown(least));
            let title = analyte.title();
            let message = if what == "-ten" {
                format!(
                    "{title} looks ten times too small for {unit}: no value is above {largest}, \
                     expected some above {lowest}"
                )
            } else {
                format!(
                    "{title} looks {what} times too large for {unit}: {} of {} values are above \
                     {highest}, the largest is {largest}",
                    seen.beyond, seen.values
                )
            };
            let others: Vec<&str> = units::known(analyte)
                .iter()
                .filter(|(name, _)| *name != unit)
                .map(|(name, _)| *name)
                .collect();
            let help =
                format!("is the unit another one ({})? say it with the data", others.join(", "));
            let told = origins.told(place);
            let mut problem =
                Problem::error("E108", told.file, message).in_column(told.column).helped(help);
            (problem.line, problem.row) = (told.line, Some(told.row));
            found.push(if seen.is_assumed { problem } else { problem.as_warning() });
        }
        found
    }
}
