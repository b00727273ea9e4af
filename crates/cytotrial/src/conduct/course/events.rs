//! What happens to a patient between stops: death, loss while waiting, infections, reactions.

use records::{DeathCause, Disposition, EventTerm};
use solve::Stop;
use stats::math::ln;
use stats::stream::Purpose;

use super::{Course, draws};
use crate::conduct::handles::Output;

/// Days that an infection lasts: assumed.
const INFECTION_DAYS: f64 = 10.0;
/// A burden this many times that at enrolment makes a waiting patient too ill for cells: assumed.
const TOO_ILL: f64 = 1.5;

impl Course<'_> {
    /// Adds up the hazards since the last stop and lets happen what crosses its threshold.
    pub(super) fn accumulate(&mut self, stop: &Stop<'_>) {
        let now = stop.time();
        let since = now - self.state.last_time;
        let hazards =
            [self.read(stop, Output::MyelomaHazard), self.read(stop, Output::OtherHazard)];
        if self.truth.burden_at_start == 0.0 {
            self.truth.burden_at_start = self.read(stop, Output::Tumour);
        } else if since > 0.0 {
            self.deaths(hazards, now);
            if !self.state.over && !self.state.infused {
                self.waiting(stop, since);
            }
            if !self.state.over {
                self.infections(stop, since);
            }
        }
        self.state.last_hazards = hazards;
        self.state.waiting_rate = self.waiting_rate(stop);
        self.state.infection_rate = self.infection_rate(stop);
    }

    /// Death when a cumulative hazard passes this patient's threshold; the day by interpolation.
    fn deaths(&mut self, hazards: [f64; 2], now: f64) {
        let thresholds = [self.thresholds.myeloma_death, self.thresholds.other_death];
        let before = self.state.last_hazards;
        let start = self.state.last_time;
        let mut first: Option<(f64, usize)> = None;
        for cause in 0..2 {
            if hazards[cause] >= thresholds[cause] {
                let share = (thresholds[cause] - before[cause])
                    / (hazards[cause] - before[cause]).max(1e-300);
                let day = start + share.clamp(0.0, 1.0) * (now - start);
                if first.is_none_or(|(known, _)| day < known) {
                    first = Some((day, cause));
                }
            }
        }
        if let Some((day, cause)) = first {
            self.die(day, cause);
        }
    }

    fn die(&mut self, day: f64, cause: usize) {
        let half = draws(self.world, &self.plan, Purpose::Survival).uniform(10) < 0.5;
        // Half of the deaths without relapse are infections (meta-analysis: 50.9 %).
        let cause = match (cause, half) {
            (0, _) => DeathCause::Myeloma,
            (_, true) => DeathCause::Infection,
            (_, false) => DeathCause::Other,
        };
        let subjects = &mut self.study.subjects;
        subjects.death_day[0] = Some(day);
        subjects.death_cause[0] = Some(cause);
        if !self.state.infused && !self.plan.infusions.is_empty() {
            subjects.disposition[0] = Disposition::DiedBeforeInfusion;
        }
        if cause == DeathCause::Infection {
            self.study.events.push(0, EventTerm::Infection, day, Some(day), 5, false);
        }
        self.leave(day);
    }

    /// Death from CRS: reported as an event of grade 5.
    pub(super) fn die_of_crs(&mut self, day: f64) {
        let cause = DeathCause::CytokineReleaseSyndrome;
        self.study.subjects.death_day[0] = Some(day);
        self.study.subjects.death_cause[0] = Some(cause);
        let term = EventTerm::CytokineReleaseSyndrome;
        self.study.events.push(0, term, day, Some(day), 5, true);
        self.leave(day);
    }

    /// Hazard of not being infused while a product is made (reference model, section 4).
    fn waiting_rate(&self, stop: &Stop<'_>) -> f64 {
        let arm = &self.world.experiment.arms[self.plan.arm];
        let per_week = arm
            .products
            .iter()
            .filter(|product| product.made_to_order)
            .map(|product| product.waiting_hazard_per_week)
            .fold(0.0, f64::max);
        if per_week == 0.0 || self.state.infused {
            return 0.0;
        }
        let relative = self.read(stop, Output::Tumour) / self.world.median_burden;
        per_week / 7.0 * relative.max(0.0).sqrt()
    }

    fn waiting(&mut self, stop: &Stop<'_>, since: f64) {
        self.state.waiting += 0.5 * since * (self.state.waiting_rate + self.waiting_rate(stop));
        if self.state.waiting >= self.thresholds.waiting {
            let relative = self.read(stop, Output::Tumour) / self.truth.burden_at_start;
            let disposition = if relative >= TOO_ILL {
                Disposition::ProgressedBeforeInfusion
            } else {
                Disposition::WithdrewBeforeInfusion
            };
            self.never_infused(disposition, stop.time());
        }
    }

    fn infection_rate(&self, stop: &Stop<'_>) -> f64 {
        let background = &self.background;
        background.infection_hazard
            * (1.0
                + background.infection_neutropenia * self.read(stop, Output::Neutropenia)
                + background.infection_hypogamma * self.read(stop, Output::Hypogamma))
    }

    /// Infections arrive at a rate that neutropenia and low `IgG` raise.
    fn infections(&mut self, stop: &Stop<'_>, since: f64) {
        self.state.infection +=
            0.5 * since * (self.state.infection_rate + self.infection_rate(stop));
        let events = draws(self.world, &self.plan, Purpose::Events);
        while self.state.infection >= self.thresholds.infection {
            let number = self.state.infections;
            self.state.infections += 1;
            self.thresholds.infection += -ln(events.uniform(101 + number));
            if !self.state.infused && !self.plan.infusions.is_empty() {
                continue;
            }
            let (severity, attribution) = events.pair(1000 + number);
            let grade = if severity < self.background.infection_severe { 3 } else { 2 };
            let related = attribution < self.background.infection_related;
            let start = stop.time();
            let end = Some(start + INFECTION_DAYS);
            self.study.events.push(0, EventTerm::Infection, start, end, grade, related);
        }
    }

    /// Reactions to the infusion itself, and other events blamed on the product.
    pub(super) fn background_at_infusion(&mut self, day: f64, is_nk: bool) {
        let events = draws(self.world, &self.plan, Purpose::Events);
        let (reaction, other) = events.pair(10);
        let [nk, t] = self.background.infusion_reaction;
        let (any, severe) =
            if is_nk { (nk, self.background.infusion_reaction_severe.min(nk)) } else { (t, 0.0) };
        if reaction < any {
            let grade = if reaction < severe { 3 } else { 1 + u8::from(events.uniform(11) < 0.5) };
            // A reaction is over within hours.
            let end = Some(day + 0.25);
            self.study.events.push(0, EventTerm::InfusionReaction, day, end, grade, true);
        }
        if other < self.background.other_severe {
            let (when, length) = events.pair(12);
            let start = day + 28.0 * when;
            // Longer than 72 h, so that it counts as lasting: the row is for such events only.
            let end = Some(start + 3.5 + 7.0 * length);
            let term = EventTerm::OtherNonHaematological;
            self.study.events.push(0, term, start, end, 3, true);
        }
    }

    /// The investigator reports damage of normal tissue that carries the target: one event for each
    /// grade, from the visit that shows it to the one that shows another.
    pub(super) fn report_off_tumour(&mut self, day: f64, damage: f64) {
        let grade = self.background.off_tumour.iter().filter(|&&from| damage >= from).count() as u8;
        let events = &mut self.study.events;
        let reported = self.state.off_tumour_row.map_or(0, |row| events.grade[row]);
        if grade == reported {
            return;
        }
        if let Some(row) = self.state.off_tumour_row.take() {
            events.end[row] = Some(day);
        }
        if grade > 0 {
            self.state.off_tumour_row = Some(events.subject.len());
            events.push(0, EventTerm::OffTumourDamage, day, None, grade, true);
        }
    }
}
