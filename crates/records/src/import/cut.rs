//! A study as it was known on the day of a data cut.

use super::time::Moment;
use super::{Imported, Place};
use crate::problem::Problem;
use crate::study::Study;

impl Imported {
    /// Leaves only what was known at the end of a day, by the dates of the infusions: later rows go,
    /// who died later is alive on that day, who was infused later is not in the study yet.
    ///
    /// # Errors
    /// A subject whose data have no dates.
    pub fn cut(&mut self, cutoff: Moment) -> Result<(), Vec<Problem>> {
        let about = &self.study.subjects;
        let mut last = Vec::new();
        let mut problems = Vec::new();
        for (row, infusion) in self.infusions.iter().enumerate() {
            match infusion {
                Some(infusion) => last.push((cutoff.day - infusion.day) as f64),
                None if about.infused_calendar[row].is_none() => last.push(f64::INFINITY),
                None => {
                    let told = self.origins.told(self.origins.subjects[row]);
                    let message = "a data cut needs dates, and the subject has none";
                    let mut problem = Problem::error("E119", told.file, message)
                        .of_subject(&about.id[row])
                        .helped("give the date of the first infusion, or leave out `--cutoff`");
                    (problem.line, problem.row) = (told.line, Some(told.row));
                    problems.push(problem);
                }
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        for (row, &day) in last.iter().enumerate().filter(|(_, day)| day.is_finite()) {
            let about = &mut self.study.subjects;
            let is_known = |value: &mut Option<f64>| *value = value.filter(|&at| at < day + 1.0);
            is_known(&mut about.death_day[row]);
            is_known(&mut about.new_therapy_day[row]);
            if about.death_day[row].is_none() {
                about.death_cause[row] = None;
            }
            let alive = &mut about.last_known_alive_day[row];
            *alive = alive.min(day);
        }
        self.drop_rows(&last);
        Ok(())
    }

    /// Drops rows after each subject's last day, and subjects whose last day is before day 0.
    fn drop_rows(&mut self, last: &[f64]) {
        let mut new_rows: Vec<Option<u32>> = Vec::new();
        let mut next = 0;
        for &day in last {
            new_rows.push((day >= 0.0).then_some(next));
            next += u32::from(day >= 0.0);
        }
        let row_of = |subject: u32, day: f64| {
            let known = day < last[subject as usize] + 1.0;
            new_rows[subject as usize].filter(|_| known)
        };
        let old = std::mem::take(&mut self.study);
        let places = std::mem::take(&mut self.origins.findings);
        let mut study = Study { name: old.name.clone(), ..Study::default() };
        for (row, subject) in new_rows.iter().enumerate() {
            if subject.is_some() {
                study.subjects.push_row(&old.subjects, row);
            }
        }
        for (at, &place) in places.iter().enumerate() {
            let all = &old.findings;
            if let Some(subject) = row_of(all.subject[at], all.day[at]) {
                let (value, below) = (all.value[at], all.below_limit[at]);
                study.findings.push(subject, all.analyte[at], all.day[at], value, below);
                self.origins.findings.push(place);
            }
        }
        let remarks = &old.remarks;
        for at in 0..remarks.len() {
            let day = remarks.day[at];
            if let Some(subject) = row_of(remarks.subject[at], day) {
                study.remarks.push(subject, remarks.analyte[at], day, remarks.remark[at]);
            }
        }
        let places = std::mem::take(&mut self.origins.exposures);
        for (at, &place) in places.iter().enumerate() {
            let all = &old.exposures;
            if let Some(subject) = row_of(all.subject[at], all.day[at]) {
                let (amount, assigned) = (all.amount[at], all.assigned[at]);
                study.exposures.push(subject, all.treatment[at], all.day[at], amount, assigned);
                self.origins.exposures.push(place);
            }
        }
        let places = std::mem::take(&mut self.origins.events);
        for (at, &place) in places.iter().enumerate() {
            let all = &old.events;
            if let Some(subject) = row_of(all.subject[at], all.start[at]) {
                let day = last[all.subject[at] as usize];
                let end = all.end[at].filter(|&end| end < day + 1.0);
                study.events.push(
                    subject,
                    all.term[at],
                    all.start[at],
                    end,
                    all.grade[at],
                    all.related[at],
                );
                self.origins.events.push(place);
            }
        }
        let places = std::mem::take(&mut self.origins.responses);
        for (at, &place) in places.iter().enumerate() {
            let all = &old.responses;
            let (subject, day) = (all.subject[at], all.day[at]);
            // what was the best response on the day of the cut cannot be told without its day
            let is_whole = last[subject as usize].is_infinite();
            let at_day = day.or(is_whole.then_some(f64::NEG_INFINITY));
            if let Some(subject) = at_day.and_then(|day| row_of(subject, day)) {
                let (response, is_best) = (all.response[at], all.is_best[at]);
                study.responses.push(subject, day, response, is_best, &all.evaluator[at]);
                self.origins.responses.push(place);
            }
        }
        let is_kept = |row: &usize| new_rows[*row].is_some();
        let kept = || (0..new_rows.len()).filter(is_kept);
        let places: Vec<Place> = kept().map(|row| self.origins.subjects[row]).collect();
        self.infusions = kept().map(|row| self.infusions[row]).collect();
        self.origins.subjects = places;
        self.study = study;
    }
}
