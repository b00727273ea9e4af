//! The day of a row: elapsed, or from a date or a study day and the subject's anchor.

use super::Import;
use super::sheet::{Reader, Value, shortened};
use super::time::{Moment, elapsed};
use crate::column::Cell;

/// What places a subject's rows in time.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Anchor {
    /// First infusion.
    pub(super) infusion: Option<Moment>,
    /// Whether a dose of the cell product is told.
    pub(super) has_dose: bool,
    /// Elapsed days from study day 1 to the first infusion, where doses have study days only.
    pub(super) infusion_after_day_1: f64,
    /// Day 1 of the study days.
    pub(super) reference: Option<Moment>,
    /// Birth.
    pub(super) birth: Option<Moment>,
    /// Enrolment.
    pub(super) enrolment: Option<Moment>,
    /// New therapy.
    pub(super) new_therapy: Option<Moment>,
    /// Death.
    pub(super) death: Option<Moment>,
    /// Last known alive.
    pub(super) last_alive: Option<Moment>,
    /// The last day of any row.
    pub(super) last_seen: Option<f64>,
    /// Whether the last day alive is told.
    pub(super) is_followed: bool,
    /// Year of birth, where only that is told.
    pub(super) birth_year: Option<f64>,
}

impl Anchor {
    /// A row of the subject on that day.
    pub(super) fn seen(&mut self, day: f64) {
        if day.is_finite() && self.last_seen.is_none_or(|last| last < day) {
            self.last_seen = Some(day);
        }
    }

    /// Elapsed days of a moment.
    pub(super) fn day_of(&self, moment: Moment) -> Option<f64> {
        self.infusion.map(|infusion| moment.since(infusion))
    }

    /// Elapsed days of a study day.
    fn day_of_study_day(&self, number: f64) -> Option<f64> {
        let from_reference = elapsed(number)?;
        let shift = match (self.reference, self.infusion) {
            (Some(reference), Some(infusion)) => (reference.day - infusion.day) as f64,
            _ => -self.infusion_after_day_1,
        };
        Some(from_reference + shift)
    }
}

/// The roles that say a day.
#[derive(Debug, Clone, Copy)]
pub(super) struct DayRoles {
    /// Elapsed days.
    pub(super) day: &'static str,
    /// Study day.
    pub(super) study_day: &'static str,
    /// Date.
    pub(super) date: &'static str,
}

/// Of values, visits and doses.
pub(super) const OF_ROW: DayRoles = DayRoles { day: "day", study_day: "study_day", date: "date" };
/// Of the onset of an event.
pub(super) const OF_START: DayRoles =
    DayRoles { day: "start_day", study_day: "start_study_day", date: "start_date" };
/// Of the end of an event.
pub(super) const OF_END: DayRoles =
    DayRoles { day: "end_day", study_day: "end_study_day", date: "end_date" };

/// The moment that a cell says, if it says one.
fn moment_in(cell: Cell<'_>) -> Option<Moment> {
    match cell {
        Cell::Missing => None,
        Cell::Number(number) => Moment::of_sas(number),
        Cell::Integer(number) => Moment::of_sas(number as f64),
        Cell::Text(text) => Moment::read(text),
    }
}

/// The number that a cell says, if it says one.
fn number_in(cell: Cell<'_>) -> Option<f64> {
    match Value::of(cell) {
        Value::Number(number) => Some(number),
        _ => None,
    }
}

/// A cell as a message shows it.
fn shown(cell: Cell<'_>) -> String {
    match cell {
        Cell::Text(text) => shortened(text),
        Cell::Number(number) => number.to_string(),
        Cell::Integer(number) => number.to_string(),
        Cell::Missing => String::new(),
    }
}

impl Import<'_> {
    /// The date of a role, when there is one; what is none is a problem.
    pub(super) fn moment(
        &mut self,
        reader: &Reader<'_>,
        row: usize,
        role: &'static str,
    ) -> Option<Moment> {
        let cell = reader.cell(role, row);
        if Value::of(cell) == Value::Missing {
            return None;
        }
        let Some(moment) = moment_in(cell) else {
            let shown = shown(cell);
            let message = format!("`{shown}` is not a date");
            let help = "write dates as 2024-05-17, with a time as 2024-05-17T09:30";
            self.problems.push(reader.wrong("E112", row, role, message).helped(help));
            return None;
        };
        if moment.is_partial {
            let shown = super::sheet::text_in(cell);
            let message = format!("`{shown}` has no day; the last day of the month is taken");
            let help = "give the whole date if it is known";
            let problem = reader.wrong("E112", row, role, message).helped(help);
            self.problems.push(problem.as_warning());
        }
        Some(moment)
    }

    /// The day of a row; a row that has none, though it needs one, is a problem.
    pub(super) fn needed_day(
        &mut self,
        reader: &Reader<'_>,
        row: usize,
        subject: u32,
        roles: DayRoles,
    ) -> Option<f64> {
        let before = self.problems.len();
        let day = self.day(reader, row, subject, roles);
        if day.is_none() && self.problems.len() == before && !self.unplaced.contains(&subject) {
            let role = [roles.day, roles.date, roles.study_day];
            let role = role.into_iter().find(|role| reader.has(role)).unwrap_or(roles.day);
            let message = "the row has no day".to_owned();
            let help = "give a date, a study day, or elapsed days from the first infusion";
            self.problems.push(reader.wrong("E112", row, role, message).helped(help));
        }
        day
    }

    /// The day of a row: elapsed days, or the date, or the study day.
    pub(super) fn day(
        &mut self,
        reader: &Reader<'_>,
        row: usize,
        subject: u32,
        roles: DayRoles,
    ) -> Option<f64> {
        if reader.has(roles.day)
            && let Some(day) = self.number_of_day(reader, row, roles.day)
        {
            self.other_days(reader, row, subject, roles, roles.day, day);
            return Some(day);
        }
        let moment =
            if reader.has(roles.date) { self.moment(reader, row, roles.date) } else { None };
        if let Some(moment) = moment {
            self.not_before_birth(reader, row, subject, roles.date, moment);
            if let Some(day) = self.anchors[subject as usize].day_of(moment) {
                self.other_days(reader, row, subject, roles, roles.date, day);
                return Some(day);
            }
        }
        if reader.has(roles.study_day)
            && let Some(number) = reader.number(roles.study_day, row, &mut self.problems)
        {
            let day = self.anchors[subject as usize].day_of_study_day(number);
            if day.is_none() {
                let message = format!("there is no study day {number}");
                let help = "study day 1 is the first day, -1 the day before; elapsed days, which \
                            have a day 0, stand in a column `day`";
                let problem = reader.wrong("E112", row, roles.study_day, message);
                self.problems.push(problem.helped(help));
            }
            return day;
        }
        if moment.is_some() && self.unplaced.insert(subject) {
            let message = "the subject has dates but no infusion that they could count from";
            let help = "give the date of the first infusion: `infusion_date` among the subjects, \
                        or a dose of the cell product";
            let problem = reader.wrong("E119", row, roles.date, message.to_owned()).helped(help);
            self.problems.push(problem.as_warning());
        }
        None
    }

    /// Tells of the other days of a row that contradict the one that counts.
    fn other_days(
        &mut self,
        reader: &Reader<'_>,
        row: usize,
        subject: u32,
        roles: DayRoles,
        counted: &'static str,
        day: f64,
    ) {
        let anchor = &self.anchors[subject as usize];
        let cell = |role| reader.cell(role, row);
        let date = (counted != roles.date && reader.has(roles.date))
            .then(|| moment_in(cell(roles.date)).filter(|moment| !moment.is_partial))
            .flatten()
            .and_then(|moment| anchor.day_of(moment));
        let study_day = reader
            .has(roles.study_day)
            .then(|| number_in(cell(roles.study_day)))
            .flatten()
            .and_then(|number| anchor.day_of_study_day(number));
        for (role, other) in [(roles.date, date), (roles.study_day, study_day)] {
            // a sample in the night before, or a reference date with a time, is no contradiction
            let Some(other) = other.filter(|other| (other - day).abs() > 1.0 + 1e-9) else {
                continue;
            };
            let (counts, says) = (shown(cell(counted)), shown(cell(role)));
            let message = format!(
                "`{counts}` is day {day} from the infusion, but `{says}` is day {other}; the \
                 first counts"
            );
            let problem = reader.wrong("E113", row, role, message).as_warning();
            self.problems
                .push(problem.helped("one of the two is wrong, or counts from another day"));
        }
    }

    fn number_of_day(
        &mut self,
        reader: &Reader<'_>,
        row: usize,
        role: &'static str,
    ) -> Option<f64> {
        let day = reader.number(role, row, &mut self.problems)?;
        if day.abs() <= 100_000.0 {
            return Some(day);
        }
        let message = format!("day {day} is more than 270 years from the infusion");
        let help = "elapsed days count from the first infusion; dates stand in a column `date`";
        self.problems.push(reader.wrong("E112", row, role, message).helped(help));
        None
    }

    fn not_before_birth(
        &mut self,
        reader: &Reader<'_>,
        row: usize,
        subject: u32,
        role: &'static str,
        moment: Moment,
    ) {
        let anchor = &self.anchors[subject as usize];
        let born = match (anchor.birth, anchor.birth_year) {
            (Some(birth), _) => (moment.day < birth.day).then(|| birth.iso()),
            (None, Some(year)) => ((moment.year() as f64) < year).then(|| year.to_string()),
            (None, None) => None,
        };
        if let Some(born) = born {
            let message = format!("{} is before the birth of the subject, {born}", moment.iso());
            let problem = reader.wrong("E113", row, role, message);
            self.problems.push(problem.helped("one of the two dates is wrong"));
        }
    }
}
