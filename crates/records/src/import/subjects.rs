//! Subjects: who they are, where their days begin, when they were last seen.

use super::days::Anchor;
use super::sheet::{Reader, Value, shortened, text_in};
use super::time::Moment;
use super::{Import, Kind, Place, synonyms};
use crate::column::Cell;
use crate::problem::Problem;
use crate::terms::{Analyte, Disposition, LightChain, Treatment};
use std::borrow::Cow;

/// Upper end of the normal ratio of kappa to lambda free light chains (IMWG).
const HIGHEST_NORMAL_RATIO: f64 = 1.65;

/// The subject's identifier in a row; empty when there is none.
pub(super) fn id_in<'a>(reader: &Reader<'a>, row: usize) -> Cow<'a, str> {
    match reader.cell("subject", row) {
        Cell::Integer(number) => Cow::Owned(number.to_string()),
        Cell::Number(number) => Cow::Owned(crate::csv::number(number)),
        cell => Cow::Borrowed(text_in(cell)),
    }
}

impl Import<'_> {
    /// Reads the tables of subjects.
    pub(super) fn subjects(&mut self, readers: &[Reader<'_>]) {
        let of_subjects: Vec<&Reader<'_>> =
            readers.iter().filter(|reader| reader.kind == Kind::Subjects).collect();
        for reader in &of_subjects {
            if !reader.requires(&["subject"], &mut self.problems) {
                continue;
            }
            self.has_subjects = true;
            for row in 0..reader.rows() {
                let id = id_in(reader, row);
                if id.is_empty() {
                    let message = "the row names no subject".to_owned();
                    self.problems.push(reader.wrong("E111", row, "subject", message));
                    continue;
                }
                let known = self.rows.get(id.as_ref()).copied();
                if let Some(at) = known
                    && let earlier = self.origins.subjects[at as usize]
                    && earlier.file == reader.place
                {
                    self.told_twice(reader, row, earlier.row as usize, &id);
                    continue;
                }
                let at = match known {
                    Some(at) => at,
                    None => self.new_subject(&id, Place::new(reader.place, row, 0)),
                };
                self.describe(reader, row, at as usize);
            }
        }
    }

    /// A subject nobody told of before, infused on day 0 unless somebody says otherwise.
    pub(super) fn new_subject(&mut self, id: &str, place: Place) -> u32 {
        let at = self.study.push_subject(id, "");
        let about = &mut self.study.subjects;
        about.last_known_alive_day[at as usize] = f64::NAN;
        about.screened_calendar[at as usize] = f64::NAN;
        about.infused_calendar[at as usize] = None;
        about.dose_fraction[at as usize] = f64::NAN;
        self.rows.insert(id.to_owned(), at);
        self.origins.subjects.push(place);
        self.anchors.push(Anchor::default());
        at
    }

    /// One subject in two rows of a table.
    fn told_twice(&mut self, reader: &Reader<'_>, row: usize, earlier: usize, id: &str) {
        let sheet = reader.sheet;
        let place = |row: usize| match sheet.lines.get(row) {
            Some(line) => format!("line {line}"),
            None => format!("row {}", row + 1),
        };
        let shown = |cell: Cell<'_>| match cell {
            Cell::Missing => "nothing".to_owned(),
            Cell::Text(text) => format!("`{}`", shortened(text)),
            Cell::Number(number) => crate::csv::number(number),
            Cell::Integer(number) => number.to_string(),
        };
        let differs = sheet.table.columns.iter().find_map(|field| {
            let (before, now) = (field.column.cell(earlier), field.column.cell(row));
            (before != now).then(|| (field.name.as_str(), shown(before), shown(now)))
        });
        let help = "give each subject one row; two persons need two identifiers";
        let first = place(earlier);
        let problem = if let Some((column, before, now)) = differs {
            let message = format!(
                "subject `{id}` is already in {first}, and `{column}` differs: {before} there, \
                 {now} here"
            );
            sheet.wrong("E110", row, message).in_column(column)
        } else {
            let message = format!("subject `{id}` is already in {first}, with the same values");
            sheet.wrong("E110", row, message).as_warning()
        };
        self.problems.push(problem.of_subject(id).helped(help));
    }

    /// What a row says of a subject.
    fn describe(&mut self, reader: &Reader<'_>, row: usize, at: usize) {
        let text = |role: &str| reader.text(role, row);
        if self.study.name.is_empty() {
            text("study").clone_into(&mut self.study.name);
        }
        if !text("arm").is_empty() {
            text("arm").clone_into(&mut self.study.subjects.arm[at]);
        }
        self.moments(reader, row, at);
        self.words(reader, row, at);
        let mut number = |role: &'static str| reader.number(role, row, &mut self.problems);
        let about = &mut self.study.subjects;
        let set = |target: &mut f64, value: Option<f64>| {
            if let Some(value) = value {
                *target = value;
            }
        };
        set(&mut about.age[at], number("age"));
        set(&mut about.weight[at], number("weight"));
        set(&mut about.enrolled_day[at], number("enrolment_day"));
        set(&mut about.screened_calendar[at], number("screening_calendar"));
        set(&mut about.last_known_alive_day[at], number("last_alive_day"));
        set(&mut about.dose_fraction[at], number("dose_fraction"));
        for (target, role) in [
            (&mut about.infused_calendar[at], "infusion_calendar"),
            (&mut about.new_therapy_day[at], "new_therapy_day"),
            (&mut about.death_day[at], "death_day"),
        ] {
            *target = number(role).or(*target);
        }
        let small = [("ecog", 5.0), ("prior_lines", 100.0), ("dose_level", 100.0)]
            .map(|(role, most)| (role, most, number(role)));
        for (role, most, value) in small {
            let Some(value) = value else { continue };
            if !(0.0..=most).contains(&value) || value.fract().abs() > 0.0 {
                let message = format!("{value} is not a whole number from 0 to {most}");
                self.problems.push(reader.wrong("E109", row, role, message));
                continue;
            }
            let about = &mut self.study.subjects;
            match role {
                "ecog" => about.ecog[at] = value as u8,
                "prior_lines" => about.prior_lines[at] = value as u8,
                _ => about.dose_level[at] = Some(value as u8),
            }
        }
    }

    /// The dates of a subject.
    fn moments(&mut self, reader: &Reader<'_>, row: usize, at: usize) {
        let mut read = |role: &'static str| self.moment(reader, row, role);
        let found = Anchor {
            infusion: read("infusion_date"),
            reference: read("reference_date"),
            birth: read("birth_date"),
            enrolment: read("enrolment_date"),
            new_therapy: read("new_therapy_date"),
            death: read("death_date"),
            last_alive: read("last_alive_date"),
            ..Anchor::default()
        };
        let year = reader.number("birth_year", row, &mut self.problems);
        let anchor = &mut self.anchors[at];
        let differs = match (anchor.birth, found.birth) {
            (Some(before), Some(now)) if before.day != now.day => Some((before.iso(), now.iso())),
            _ => None,
        };
        let keep = |mine: &mut Option<Moment>, theirs: Option<Moment>| *mine = theirs.or(*mine);
        keep(&mut anchor.infusion, found.infusion);
        keep(&mut anchor.reference, found.reference);
        keep(&mut anchor.birth, found.birth);
        keep(&mut anchor.enrolment, found.enrolment);
        keep(&mut anchor.new_therapy, found.new_therapy);
        keep(&mut anchor.death, found.death);
        keep(&mut anchor.last_alive, found.last_alive);
        anchor.birth_year = year.or(anchor.birth_year);
        if let Some((before, now)) = differs {
            let message = format!("born on {now} here, on {before} in another table");
            let problem = reader.wrong("E110", row, "birth_date", message);
            self.problems.push(problem.helped("two persons need two identifiers"));
        }
    }

    /// The controlled terms of a subject.
    fn words(&mut self, reader: &Reader<'_>, row: usize, at: usize) {
        let about = &mut self.study.subjects;
        let problems = &mut self.problems;
        let mut term = |role: &'static str, known: &str| {
            let message = format!("`{}` is none of {known}", shortened(reader.text(role, row)));
            problems.push(reader.wrong("E104", row, role, message));
        };
        let text = |role: &str| {
            let text = reader.text(role, row);
            if Value::of(reader.cell(role, row)) == Value::Missing { "" } else { text }
        };
        if !text("sex").is_empty() {
            match synonyms::sex(text("sex")) {
                Some(sex) => about.sex[at] = sex,
                None => term("sex", "F, M"),
            }
        }
        if !text("light_chain").is_empty() {
            match synonyms::light_chain(text("light_chain")) {
                Some(chain) => {
                    about.light_chain[at] = chain;
                    self.chains.insert(at as u32);
                }
                None => term("light_chain", "kappa, lambda"),
            }
        }
        if !text("isotype").is_empty() {
            match synonyms::isotype(text("isotype")) {
                Some(isotype) => about.isotype[at] = isotype,
                None => term("isotype", "IgG, IgA, IgD, IgM, LC, nonsecretory"),
            }
        }
        if !text("disposition").is_empty() {
            if let Some(disposition) = synonyms::disposition(text("disposition")) {
                about.disposition[at] = disposition;
            } else {
                let known: Vec<&str> = Disposition::ALL.iter().map(|d| d.code()).collect();
                term("disposition", &known.join(", "));
            }
        } else if synonyms::disposition(&about.arm[at]) == Some(Disposition::ScreenFailure) {
            about.disposition[at] = Disposition::ScreenFailure;
        }
        if let Some(cause) = synonyms::death_cause(text("death_cause")) {
            about.death_cause[at] = Some(cause);
        }
    }

    /// Dates that the subjects' tables gave become days, now that the infusions are known.
    pub(super) fn place_subjects(&mut self) {
        for at in 0..self.anchors.len() {
            let anchor = &self.anchors[at];
            let about = &mut self.study.subjects;
            let day = |moment: Option<Moment>| moment.and_then(|moment| anchor.day_of(moment));
            about.new_therapy_day[at] = about.new_therapy_day[at].or(day(anchor.new_therapy));
            about.death_day[at] = about.death_day[at].or(day(anchor.death));
            if let Some(enrolled) = day(anchor.enrolment) {
                about.enrolled_day[at] = enrolled;
            }
            if about.last_known_alive_day[at].is_nan()
                && let Some(last) = day(anchor.last_alive)
            {
                about.last_known_alive_day[at] = last;
            }
            let is_followed = !about.last_known_alive_day[at].is_nan();
            self.anchors[at].is_followed = is_followed;
        }
    }

    /// What follows from all rows: the last day seen, the calendar, the involved chain.
    pub(super) fn finish_subjects(&mut self) {
        let has_doses = !self.study.exposures.subject.is_empty();
        for at in 0..self.anchors.len() {
            let anchor = &self.anchors[at];
            let about = &mut self.study.subjects;
            let seen = anchor.last_seen.unwrap_or(0.0);
            if !anchor.is_followed {
                // who begins a new therapy is alive on that day
                let treated = about.new_therapy_day[at].unwrap_or(seen);
                about.last_known_alive_day[at] =
                    about.death_day[at].unwrap_or_else(|| seen.max(treated));
            }
            let is_infused = anchor.infusion.is_some() || anchor.has_dose;
            let is_lost = !is_infused
                && (has_doses || self.unplaced.contains(&(at as u32)))
                && about.infused_calendar[at].is_none();
            if is_lost && about.disposition[at] == Disposition::Infused {
                about.disposition[at] = Disposition::WithdrewBeforeInfusion;
                let told = self.origins.told(self.origins.subjects[at]);
                let message = "no infusion of the cell product is told of: counted as enrolled and \
                               never infused";
                let help = "if the subject was infused, add the dose or `infusion_date`";
                let mut problem = Problem::error("E119", told.file, message)
                    .as_warning()
                    .of_subject(&about.id[at])
                    .helped(help);
                (problem.line, problem.row) = (told.line, Some(told.row));
                self.problems.push(problem);
            }
        }
        self.calendar();
        if !has_doses {
            self.infused_on_day_0();
        }
        self.dose_fractions();
        self.light_chains();
    }

    /// Calendar days. Where there are dates the earliest infusion is day 0; a subject without one
    /// counts back from the end of the data, as if last seen on that day.
    fn calendar(&mut self) {
        let about = &mut self.study.subjects;
        let dates = self.anchors.iter().filter_map(|anchor| anchor.infusion);
        let start = dates.map(|infusion| infusion.day).min();
        let seen = |at: usize, about: &crate::study::Subjects| {
            about.death_day[at].unwrap_or(0.0).max(about.last_known_alive_day[at])
        };
        let mut end = f64::NEG_INFINITY;
        for (at, anchor) in self.anchors.iter().enumerate() {
            if let (Some(start), Some(infusion)) = (start, anchor.infusion)
                && about.infused_calendar[at].is_none()
            {
                about.infused_calendar[at] = Some((infusion.day - start) as f64);
            }
            if let Some(day) = about.infused_calendar[at] {
                end = end.max(day + seen(at, about));
            }
        }
        let end = if end.is_finite() { end } else { 0.0 };
        for at in 0..self.anchors.len() {
            let is_infused = about.disposition[at] == Disposition::Infused;
            if about.infused_calendar[at].is_none() && is_infused {
                about.infused_calendar[at] = Some(end - seen(at, about));
            }
        }
    }

    /// Without a table of doses every subject was infused on day 0, with an unknown amount.
    fn infused_on_day_0(&mut self) {
        for at in 0..self.study.subjects.len() {
            if self.study.subjects.disposition[at] == Disposition::Infused {
                let nothing = f64::NAN;
                let cells = Treatment::CellProduct;
                self.study.exposures.push(at as u32, cells, 0.0, nothing, nothing);
                self.origins.exposures.push(self.origins.subjects[at]);
            }
        }
    }

    /// The share of the planned cells that was given, where the doses say both.
    fn dose_fractions(&mut self) {
        let mut sums = vec![(0.0, 0.0); self.study.subjects.len()];
        let given = &self.study.exposures;
        for row in 0..given.subject.len() {
            if given.treatment[row] == Treatment::CellProduct {
                let sum: &mut (f64, f64) = &mut sums[given.subject[row] as usize];
                sum.0 += given.amount[row];
                sum.1 += given.assigned[row];
            }
        }
        for (fraction, (amount, planned)) in self.study.subjects.dose_fraction.iter_mut().zip(sums)
        {
            if fraction.is_nan() {
                let share = amount / planned;
                *fraction = if share.is_finite() { share.clamp(0.0, 1.0) } else { 1.0 };
            }
        }
    }

    /// The involved chain of subjects that no table tells: the one in excess at baseline.
    fn light_chains(&mut self) {
        let findings = &self.study.findings;
        let mut last = vec![[None::<(f64, f64)>; 2]; self.study.subjects.len()];
        for row in 0..findings.len() {
            let chain = match findings.analyte[row] {
                Analyte::KappaFreeLightChain => 0,
                Analyte::LambdaFreeLightChain => 1,
                _ => continue,
            };
            let (day, value) = (findings.day[row], findings.value[row]);
            let known = &mut last[findings.subject[row] as usize][chain];
            // of two values of one day the higher counts, as it does for the criteria
            let is_later = |(before, lower): (f64, f64)| (before, lower) <= (day, value);
            if day <= 0.0 && known.is_none_or(is_later) {
                *known = Some((day, value));
            }
        }
        for (at, values) in last.iter().enumerate() {
            if self.chains.contains(&(at as u32)) {
                continue;
            }
            if let [Some((_, kappa)), Some((_, lambda))] = values {
                let is_kappa = kappa / lambda > HIGHEST_NORMAL_RATIO;
                self.study.subjects.light_chain[at] =
                    if is_kappa { LightChain::Kappa } else { LightChain::Lambda };
            }
        }
    }
}
