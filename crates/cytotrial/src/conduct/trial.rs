//! One arm of one replicate, from the first candidate to the last decision.

use std::cell::Cell;
use std::collections::VecDeque;

use design::{Action, Decision, Design, DoseCounts, Known};
use evaluate::Index;
use records::{Disposition, Study};
use stats::stream::{Purpose, stream};

use super::candidate::Candidate;
use super::course::start::subject;
use super::course::{Finished, Infusion, Plan, Truth};
use super::known::{Settles, Watch};
use super::merge::append;
use super::stopping::Watched;
use super::world::{ReplicateDraws, World};

/// One decision of the dose-finding design.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Step {
    /// Calendar day.
    pub day: f64,
    /// Level at which it was taken, 1-based.
    pub level: usize,
    /// Counts per level then.
    pub counts: Vec<DoseCounts>,
    /// What was decided.
    pub action: Action,
    /// Level of the next cohort, 1-based.
    pub next_level: Option<usize>,
    /// Why.
    pub because: String,
}

/// What a trial does next.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    Escalation {
        level: usize,
        filled: u32,
    },
    /// One patient at a lower level while the cohort at `level` is under evaluation.
    Backfill {
        level: usize,
        open: usize,
    },
    Expansion {
        level: usize,
    },
    Fixed,
    Done,
}

/// A trial in progress.
pub struct Trial<'w> {
    world: &'w World,
    draws: &'w ReplicateDraws,
    candidates: &'w [Candidate],
    arm: usize,
    design: Option<Box<dyn Design>>,
    stage: Stage,
    next_candidate: usize,
    enrolled: u32,
    calendar: f64,
    last_infusion: f64,
    at_level: usize,
    treated: u32,
    /// The first row of the last cohort in the tables.
    cohort_begins: usize,
    watched: Watched,
    screened_out: VecDeque<&'w Candidate>,
    /// The rows of each patient of an escalating arm, sorted; `None` for screening failures.
    indexes: Vec<Option<Index>>,
    settles: Vec<Cell<Settles>>,
    /// The study so far.
    pub study: Study,
    /// Per subject: the candidate's number and the hidden truth; `None` for screening failures.
    pub truths: Vec<(u32, Option<Truth>)>,
    /// Decisions in order.
    pub history: Vec<Step>,
    /// Level chosen for expansion, 1-based.
    pub recommended: Option<usize>,
    /// Why the trial stopped early, if it did.
    pub stopped: Option<String>,
}

impl<'w> Trial<'w> {
    /// A trial that has not begun.
    pub fn new(
        world: &'w World,
        draws: &'w ReplicateDraws,
        candidates: &'w [Candidate],
        arm: usize,
    ) -> Self {
        let planned = &world.experiment.arms[arm];
        let finding = &world.experiment.protocol.dose_finding;
        let design = planned.escalate.then(|| {
            crate::protocol::design(finding).expect("the design was checked when it was read")
        });
        let stage = if planned.escalate {
            let untreated = vec![DoseCounts::default(); planned.levels.len()];
            let first = design.as_ref().map(|rule| rule.decide(planned.start_level, &untreated));
            let patients = first.and_then(|decision| decision.patients).unwrap_or(finding.cohort);
            let filled = finding.cohort - patients.clamp(1, finding.cohort);
            Stage::Escalation { level: planned.start_level, filled }
        } else {
            Stage::Fixed
        };
        Self {
            world,
            draws,
            candidates,
            arm,
            design,
            stage,
            next_candidate: 0,
            enrolled: 0,
            calendar: 0.0,
            last_infusion: f64::NEG_INFINITY,
            at_level: 0,
            treated: 0,
            cohort_begins: 0,
            watched: Watched::default(),
            screened_out: VecDeque::new(),
            indexes: Vec::new(),
            settles: Vec::new(),
            study: Study { name: world.experiment.protocol.id.clone(), ..Study::default() },
            truths: Vec::new(),
            history: Vec::new(),
            recommended: None,
            stopped: None,
        }
    }

    /// Whether nothing more will happen.
    pub fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// The patients to treat next; empty when the trial is over.
    pub fn wanted(&mut self) -> Vec<Plan> {
        if let Some(next) = self.candidates.get(self.next_candidate) {
            self.check_stopping(next.arrival.max(self.calendar));
        }
        let protocol = &self.world.experiment.protocol;
        let left = protocol.patients.saturating_sub(self.enrolled);
        let (number, level) = match self.stage {
            Stage::Escalation { level, filled } => {
                let finding = &protocol.dose_finding;
                let open = finding.max_escalation.saturating_sub(self.treated);
                ((finding.cohort - filled).min(open).min(left), Some(level))
            }
            Stage::Backfill { open, .. } => (left.min(1), Some(open)),
            Stage::Expansion { level } => (left, Some(level)),
            Stage::Fixed => (left, None),
            Stage::Done => (0, None),
        };
        let mut plans = Vec::new();
        while plans.len() < number as usize {
            let Some(candidate) = self.next_eligible() else { break };
            plans.push(self.plan(candidate, level));
            self.enrolled += 1;
        }
        if plans.is_empty() && !self.is_done() {
            self.end_without_candidates();
        }
        plans
    }

    /// The next eligible candidate; those who fail screening are kept on the way.
    fn next_eligible(&mut self) -> Option<&'w Candidate> {
        while let Some(candidate) = self.candidates.get(self.next_candidate) {
            self.next_candidate += 1;
            if candidate.failure.is_none() {
                return Some(candidate);
            }
            self.screened_out.push_back(candidate);
        }
        None
    }

    /// The calendar day on which the first candidate after the last enrolled patient comes.
    fn next_comes(&self, patient: &Plan) -> f64 {
        let before = self.screened_out.front().filter(|one| one.number < patient.patient);
        before.map_or(patient.screened, |one| one.arrival.max(self.calendar))
    }

    /// Writes down those who failed screening before this candidate.
    fn write_failures_before(&mut self, number: u32) {
        while let Some(candidate) = self.screened_out.pop_front_if(|one| one.number < number) {
            self.write_failure(candidate);
        }
    }

    fn write_failure(&mut self, candidate: &Candidate) {
        let plan = Plan {
            replicate: self.draws.replicate,
            patient: candidate.number,
            arm: self.arm,
            level: None,
            screened: candidate.arrival,
            wait: 0.0,
            no_product: true,
            bridging: None,
            infusions: Vec::new(),
            covariates: candidate.patient.clone(),
        };
        let mut one = subject(self.world, &plan);
        one.subjects.disposition[0] = Disposition::ScreenFailure;
        append(&mut self.study, one);
        self.indexes.push(None);
        self.settles.push(Cell::new(Settles::UNKNOWN));
        self.truths.push((candidate.number, None));
    }

    /// The plan of one patient.
    fn plan(&mut self, candidate: &Candidate, level: Option<usize>) -> Plan {
        let world = self.world;
        let protocol = &world.experiment.protocol;
        let arm = &world.experiment.arms[self.arm];
        let lot =
            stream(world.experiment.seed, self.draws.replicate, candidate.number, Purpose::Lot);
        let screened = candidate.arrival.max(self.calendar);
        let shortest = if arm.depletion {
            protocol.depletion.first().map_or(0.0, |d| 1.0 - d.day)
        } else {
            0.0
        };
        let mut wait = if arm.products.is_empty() {
            0.0
        } else {
            let from_products = arm
                .products
                .iter()
                .map(|product| product.wait.quantile(lot.uniform(0)))
                .fold(0.0, f64::max);
            arm.wait.as_ref().map_or(from_products, |wait| wait.quantile(lot.uniform(0)))
        }
        .max(shortest);
        if level.is_some() && !matches!(self.stage, Stage::Backfill { .. }) {
            let stagger = &protocol.dose_finding.stagger;
            let gap = match self.at_level {
                0 => 0.0,
                already => stagger.get(already - 1).or(stagger.last()).copied().unwrap_or(0.0),
            };
            if matches!(self.stage, Stage::Escalation { .. }) {
                wait = wait.max(self.last_infusion + gap - screened);
            }
            self.at_level += 1;
            self.last_infusion = screened + wait;
        }
        let made_to_order = arm.products.iter().any(|product| product.made_to_order);
        let bridging = (made_to_order && lot.uniform(2) < self.draws.bridging[0]).then(|| {
            let responds = lot.uniform(3) < self.draws.bridging[1];
            protocol.conduct.bridging_ratio[usize::from(!responds)].quantile(lot.uniform(4))
        });
        let weight = world.population.value(&candidate.patient, "body_weight");
        let dose = arm.levels.get(level.unwrap_or(arm.start_level)).copied();
        let mut infusions = Vec::new();
        if let Some(dose) = dose {
            let assigned = dose.cells(weight);
            for (order, &day) in arm.infusion_days.iter().enumerate() {
                for (product, made) in arm.products.iter().enumerate() {
                    let address = 10 + 8 * order as u32 + product as u32;
                    let yielded = made.lot_yield.quantile(lot.uniform(address));
                    let deliverable = yielded.min(made.max_per_lot);
                    infusions.push(Infusion { day, product, assigned, deliverable });
                }
            }
        }
        Plan {
            replicate: self.draws.replicate,
            patient: candidate.number,
            arm: self.arm,
            level,
            screened,
            wait,
            no_product: lot.uniform(1) < self.draws.release_failure[self.arm],
            bridging,
            infusions,
            covariates: candidate.patient.clone(),
        }
    }

    /// Takes the courses of the patients asked for, in order. The courses are computed ahead of the
    /// calendar: nobody who came after the trial had stopped was ever enrolled.
    pub fn receive(&mut self, finished: Vec<Finished>) {
        let protocol = &self.world.experiment.protocol;
        let mut infused = 0;
        let rows = finished.iter().map(|one| one.study.findings.len()).sum();
        self.study.findings.reserve(rows);
        for one in finished {
            self.check_stopping(self.next_comes(&one.plan));
            if self.stopped.is_some() {
                return;
            }
            self.write_failures_before(one.plan.patient);
            infused += u32::from(one.study.subjects.infused_calendar[0].is_some());
            let index = self.design.is_some().then(|| Index::one(&one.study, 0));
            if let Some(index) = &index {
                self.watched.add(&one.study, index, &protocol.rules, &protocol.stopping);
            }
            let row = self.study.subjects.len();
            self.indexes.push(index.map(|index| index.moved_to(row)));
            self.settles.push(Cell::new(Settles::UNKNOWN));
            self.truths.push((one.plan.patient, Some(one.truth)));
            append(&mut self.study, one.study);
        }
        match self.stage {
            Stage::Backfill { level, .. } => self.decide(level),
            Stage::Escalation { level, filled } => {
                self.treated += infused;
                let filled = filled + infused;
                self.stage = Stage::Escalation { level, filled };
                if filled >= protocol.dose_finding.cohort || self.escalation_is_full() {
                    self.decide(level);
                }
            }
            Stage::Expansion { .. } | Stage::Fixed => self.stage = Stage::Done,
            Stage::Done => {}
        }
        if self.is_done() {
            self.write_failures_before(u32::MAX);
        }
        self.check_stopping(if self.is_done() { f64::INFINITY } else { self.calendar });
    }

    /// Asks the design, waiting until it can answer.
    fn decide(&mut self, level: usize) {
        self.calendar = self.calendar.max(self.last_infusion);
        let (counts, decision) = loop {
            let (known, next_change) = self.known(level, self.calendar);
            let design = self.design.as_ref().expect("an escalating arm has a design");
            let decision = design.decide_on(&known);
            let counts = known.doses;
            self.history.push(Step {
                day: self.calendar,
                level: level + 1,
                counts: counts.clone(),
                action: decision.action,
                next_level: decision.next_level.map(|next| next + 1),
                because: decision.because.clone(),
            });
            match (decision.action, next_change) {
                (Action::Suspend, Some(day)) if day > self.calendar => {
                    if self.backfill(level, day) {
                        return;
                    }
                    self.calendar = day;
                }
                _ => break (counts, decision),
            }
        };
        self.follow(level, &counts, &decision);
    }

    /// Whether a candidate who comes before a day is treated at a lower level meanwhile.
    fn backfill(&mut self, level: usize, before: f64) -> bool {
        let Some(design) = self.design.as_deref().filter(|design| design.backfills()) else {
            return false;
        };
        let experiment = &self.world.experiment;
        let mut candidates = self.candidates[self.next_candidate..].iter();
        let Some(next) = candidates.find(|one| one.failure.is_none()) else { return false };
        let comes = next.arrival.max(self.calendar);
        if comes >= before || self.enrolled >= experiment.protocol.patients {
            return false;
        }
        let mut assigned = vec![0; experiment.arms[self.arm].levels.len()];
        for level in self.study.subjects.dose_level.iter().flatten() {
            assigned[usize::from(*level) - 1] += 1;
        }
        let (known, _) = self.known(level, comes);
        let Some(open) = design.backfill(&known, &assigned) else { return false };
        self.calendar = comes;
        self.stage = Stage::Backfill { level, open };
        true
    }

    /// Does what the design decided.
    fn follow(&mut self, level: usize, counts: &[DoseCounts], decision: &Decision) {
        match (decision.action, decision.next_level) {
            (Action::StopForSafety, _) => {
                self.stopped = Some("the lowest dose is too toxic".to_owned());
                self.stage = Stage::Done;
            }
            (Action::StopForFutility, _) => {
                self.stopped = Some("too few responses".to_owned());
                self.stage = Stage::Done;
            }
            (Action::Escalate | Action::Stay | Action::DeEscalate, Some(next))
                if !self.escalation_is_full() =>
            {
                if next != level {
                    self.at_level = 0;
                }
                self.cohort_begins = self.study.subjects.len();
                let cohort = self.world.experiment.protocol.dose_finding.cohort;
                let patients = decision.patients.unwrap_or(cohort).clamp(1, cohort);
                self.stage = Stage::Escalation { level: next, filled: cohort - patients };
            }
            _ => self.expand(counts),
        }
    }

    /// Nobody more is treated in escalation; those who cannot be judged were treated, too.
    fn escalation_is_full(&self) -> bool {
        let protocol = &self.world.experiment.protocol;
        self.treated >= protocol.dose_finding.max_escalation || self.enrolled >= protocol.patients
    }

    /// Escalation is over: expand at the recommended level.
    fn expand(&mut self, counts: &[DoseCounts]) {
        let design = self.design.as_ref().expect("an escalating arm has a design");
        self.recommended = design.recommend(counts).map(|level| level + 1);
        self.stage = if let Some(level) = self.recommended {
            Stage::Expansion { level: level - 1 }
        } else {
            self.stopped = Some("no dose could be recommended".to_owned());
            Stage::Done
        };
    }

    /// Nobody is left to enrol.
    fn end_without_candidates(&mut self) {
        if let Stage::Escalation { .. } | Stage::Backfill { .. } = self.stage {
            let (known, _) = self.known(0, self.calendar);
            self.expand(&known.doses);
        }
        self.write_failures_before(u32::MAX);
        self.stage = Stage::Done;
    }

    /// What the design is told on a calendar day, and the next day on which it changes.
    fn known(&self, level: usize, today: f64) -> (Known, Option<f64>) {
        let experiment = &self.world.experiment;
        let watch = Watch {
            study: &self.study,
            indexes: &self.indexes,
            settles: &self.settles,
            protocol: &experiment.protocol,
            levels: experiment.arms[self.arm].levels.len(),
            design: self.design.as_deref().expect("an escalating arm has a design"),
            cohort: (level, self.cohort_begins),
        };
        watch.on(today)
    }

    /// Rules that stop the whole trial, by what is known on a calendar day.
    fn check_stopping(&mut self, today: f64) {
        let has_begun = self.truths.iter().any(|(_, truth)| truth.is_some());
        if self.stopped.is_some() || !has_begun || self.design.is_none() {
            return;
        }
        let rules = &self.world.experiment.protocol.stopping;
        if let Some(reason) = rules.iter().find_map(|rule| self.watched.stops(rule, today)) {
            self.stopped = Some(reason);
            self.stage = Stage::Done;
        }
    }
}
