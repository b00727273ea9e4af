//! The course of one patient: the solver stops here at each visit; here the protocol acts.
//!
//! Everything that happens is written to a one-subject [`Study`]; the hidden truth that is kept
//! (burden, kills) travels apart from it, in [`Truth`], and no endpoint sees it.

use records::{Disposition, Isotype, LightChain, Study, Treatment};
use solve::{Next, Stop};
use stats::stream::{Purpose, Stream, stream};

use super::background::Background;
use super::handles::Output;
use super::visits::Planned;
use super::world::World;
use crate::observe::signs::{Cytokines, SignThresholds, Signs, Tolerance, signs};

pub mod events;
pub mod look;
pub mod start;
pub mod treat;

use start::Person;
pub use start::{Infusion, Plan};

/// What the model knew and no clinic sees.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Truth {
    /// Burden at enrolment, 1e9 cells.
    pub burden_at_start: f64,
    /// Burden at the first infusion.
    pub burden_at_infusion: f64,
    /// Burden at day 28; `None` when the patient did not reach it.
    pub burden_day_28: Option<f64>,
    /// Lowest burden seen at a stop.
    pub burden_nadir: f64,
    /// Kills by NK and by T cells until the last stop, 1e9 cells.
    pub kills: [f64; 2],
    /// Peak of the IL-6 signal seen at a stop, pg/mL.
    pub peak_il6_felt: f64,
}

/// Something that is due on a day. Order within a day is the order of the variants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Due {
    /// Look at hazards only.
    Watch,
    /// Baseline: everything is measured.
    Baseline,
    /// A visit of the calendar.
    Visit(usize),
    /// End of bridging.
    Bridge,
    /// Lymphodepletion day.
    Deplete(usize),
    /// Antibody that belongs to a product.
    Companion(usize),
    /// Infusion.
    Infuse(usize),
    /// A new anti-myeloma therapy begins.
    NewTherapy,
    /// Death from CRS.
    CrsDeath,
    /// The patient leaves the study.
    DropOut,
    /// End of follow-up.
    End,
}

impl Due {
    /// Treatment begins at the end of a step; the rest is looked at within one.
    fn next(self, day: f64) -> Next {
        match self {
            Self::Bridge
            | Self::Deplete(_)
            | Self::Companion(_)
            | Self::Infuse(_)
            | Self::NewTherapy => Next::Stop(day),
            Self::Watch
            | Self::Baseline
            | Self::Visit(_)
            | Self::CrsDeath
            | Self::DropOut
            | Self::End => Next::Look(day),
        }
    }
}

/// One patient on the way through the protocol.
pub struct Course<'w> {
    pub(super) world: &'w World,
    pub(super) plan: Plan,
    pub(super) background: Background,
    pub(super) sign_thresholds: SignThresholds,
    pub(super) agenda: Vec<(f64, Due)>,
    pub(super) next: usize,
    pub(super) study: Study,
    /// Findings that progression is judged by, among so many rows.
    pub(super) marker_rows: Vec<u32>,
    pub(super) rows_sorted: usize,
    pub(super) truth: Truth,
    pub(super) thresholds: Thresholds,
    pub(super) tolerance: Tolerance,
    pub(super) person: Person,
    pub(super) noise: Stream,
    pub(super) missing: Stream,
    pub(super) state: Progress,
}

/// Unit-rate hazards at which something happens to this patient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Thresholds {
    pub(super) myeloma_death: f64,
    pub(super) other_death: f64,
    pub(super) waiting: f64,
    pub(super) infection: f64,
}

/// What has happened so far.
#[allow(clippy::struct_excessive_bools, reason = "each says one thing that has happened")]
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Progress {
    pub(super) infused: bool,
    pub(super) over: bool,
    pub(super) last_time: f64,
    pub(super) last_hazards: [f64; 2],
    pub(super) waiting: f64,
    pub(super) waiting_rate: f64,
    pub(super) infection: f64,
    pub(super) infection_rate: f64,
    pub(super) infections: u32,
    pub(super) fever_since: Option<f64>,
    pub(super) tocilizumab_doses: u32,
    pub(super) last_tocilizumab: f64,
    pub(super) last_dexamethasone: f64,
    pub(super) worst_crs: u8,
    pub(super) severe_neurotoxicity: bool,
    pub(super) new_therapy: bool,
    pub(super) planned_cells: f64,
    pub(super) given_cells: f64,
    pub(super) off_tumour_row: Option<usize>,
}

/// What the course leaves behind.
pub struct Finished {
    /// The patient's plan.
    pub plan: Plan,
    /// The patient's rows, with one subject.
    pub study: Study,
    /// The hidden truth.
    pub truth: Truth,
}

impl Course<'_> {
    /// Called by the solver at the start and at each stop; returns the next stop.
    pub fn at_stop(&mut self, stop: &mut Stop<'_>) -> Option<Next> {
        let now = stop.time();
        self.accumulate(stop);
        if self.state.over {
            return None;
        }
        self.read_truth(stop);
        while let Some(&(day, due)) = self.agenda.get(self.next) {
            if day > now + 1e-9 {
                break;
            }
            self.next += 1;
            self.act(due, stop);
            if self.state.over {
                return None;
            }
            if due == Due::Bridge {
                // What is due after it today sees the tumour that bridging has left.
                self.state.last_time = now;
                return Some(Next::Stop(now));
            }
        }
        self.state.last_time = now;
        self.agenda.get(self.next).map(|&(day, due)| due.next(day.max(now)))
    }

    /// Does what is due.
    fn act(&mut self, due: Due, stop: &mut Stop<'_>) {
        match due {
            Due::Watch => {}
            Due::Baseline => self.baseline(stop),
            Due::Visit(index) => self.visit(index, stop),
            Due::Bridge => self.bridge(stop),
            Due::Deplete(index) => self.deplete(index, stop),
            Due::Companion(product) => self.give_companion(product, stop),
            Due::Infuse(index) => self.infuse(index, stop),
            Due::NewTherapy => self.start_new_therapy(stop),
            Due::CrsDeath => self.die_of_crs(stop.time()),
            Due::DropOut | Due::End => self.leave(stop.time()),
        }
    }

    /// Puts something on the agenda, after what is already due on that day.
    pub(super) fn schedule(&mut self, day: f64, due: Due) {
        let place = self.agenda[self.next..].partition_point(|&(known, _)| known <= day);
        self.agenda.insert(self.next + place, (day, due));
    }

    /// The patient is no longer followed.
    pub(super) fn leave(&mut self, day: f64) {
        self.state.over = true;
        self.study.subjects.last_known_alive_day[0] = day;
        self.forget_after(day);
    }

    /// Nobody sees an event that would have begun later, nor an end that would have come later.
    fn forget_after(&mut self, day: f64) {
        let events = std::mem::take(&mut self.study.events);
        for row in (0..events.subject.len()).filter(|&row| events.start[row] <= day) {
            let end = events.end[row].filter(|&end| end <= day);
            let (term, start) = (events.term[row], events.start[row]);
            self.study.events.push(0, term, start, end, events.grade[row], events.related[row]);
        }
    }

    /// A value of the model now.
    pub(super) fn read(&self, stop: &Stop<'_>, output: Output) -> f64 {
        stop.value(self.world.handles.output(output))
    }

    /// The signs now, from the model's cytokines and the patient's tolerance.
    pub(super) fn signs_now(&self, stop: &Stop<'_>) -> Signs {
        let now = Cytokines {
            il6_felt: self.read(stop, Output::Il6Rise),
            il1: self.read(stop, Output::Il1),
            interferon: self.read(stop, Output::Interferon),
        };
        signs(&self.sign_thresholds, self.tolerance, now)
    }

    fn read_truth(&mut self, stop: &Stop<'_>) {
        let burden = self.read(stop, Output::Tumour);
        let now = stop.time();
        self.truth.burden_nadir = self.truth.burden_nadir.min(burden);
        if now >= 28.0 && self.truth.burden_day_28.is_none() {
            self.truth.burden_day_28 = Some(burden);
        }
        self.truth.kills = [self.read(stop, Output::KillsByNk), self.read(stop, Output::KillsByT)];
        let felt = self.read(stop, Output::Il6Felt);
        self.truth.peak_il6_felt = self.truth.peak_il6_felt.max(felt);
    }

    /// The visit's actual day: planned, moved within its window by an addressed draw.
    pub(super) fn actual_day(missing: Stream, visit: &Planned) -> f64 {
        let moved = visit.window * (2.0 * missing.pair(visit.slot).1 - 1.0);
        visit.day + moved.round()
    }

    /// Isotype and involved chain.
    pub(super) fn clone_type(&self) -> (Isotype, LightChain) {
        (self.study.subjects.isotype[0], self.study.subjects.light_chain[0])
    }

    /// The amount of a drug was given now.
    pub(super) fn give(&mut self, treatment: Treatment, day: f64, amount: f64, assigned: f64) {
        self.study.exposures.push(0, treatment, day, amount, assigned);
    }

    /// Ends the course before any infusion.
    pub(super) fn never_infused(&mut self, disposition: Disposition, day: f64) {
        self.study.subjects.disposition[0] = disposition;
        self.leave(day);
    }

    /// What is left when the solver is done, or when it gave up on this patient.
    pub fn finish(mut self, failed_at: Option<f64>) -> Finished {
        if let Some(time) = failed_at {
            self.study.subjects.disposition[0] = Disposition::NotEvaluable;
            self.study.subjects.last_known_alive_day[0] = time;
            self.forget_after(time);
        }
        if self.state.planned_cells > 0.0 {
            self.study.subjects.dose_fraction[0] =
                self.state.given_cells / self.state.planned_cells;
        }
        Finished { plan: self.plan, study: self.study, truth: self.truth }
    }
}

/// The address of a patient's draws.
pub(super) fn draws(world: &World, plan: &Plan, purpose: Purpose) -> Stream {
    stream(world.experiment.seed, plan.replicate, plan.patient, purpose)
}
