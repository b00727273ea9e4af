//! A patient's plan, and the agenda that it makes.

use records::{Disposition, Isotype, LightChain, Sex, Study};
use stats::math::ln;
use stats::stream::Purpose;

use super::{Course, Due, Progress, Thresholds, Truth, draws};
use crate::conduct::visits::DAILY_SIGNS;
use crate::conduct::world::{ReplicateDraws, World};
use crate::observe::signs::Tolerance;
use crate::population::Patient;

/// One infusion as planned for this patient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Infusion {
    /// Day.
    pub day: f64,
    /// Which product of the arm.
    pub product: usize,
    /// Cells assigned.
    pub assigned: f64,
    /// Cells that the lot can deliver.
    pub deliverable: f64,
}

/// What is planned for one patient in one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Replicate.
    pub replicate: u32,
    /// The candidate's number.
    pub patient: u32,
    /// Arm, as an index.
    pub arm: usize,
    /// Dose level, 0-based; `None` where the arm does not escalate.
    pub level: Option<usize>,
    /// Calendar day of screening in this arm.
    pub screened: f64,
    /// Days from enrolment to the planned first infusion.
    pub wait: f64,
    /// No lot can be released.
    pub no_product: bool,
    /// Bridging therapy is given while waiting: burden after over before.
    pub bridging: Option<f64>,
    /// Infusions in order.
    pub infusions: Vec<Infusion>,
    /// Covariates.
    pub covariates: Patient,
}

/// What of a patient's covariates every look needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Person {
    /// mg/24h.
    pub(super) urine_m_protein: f64,
    /// mg/L.
    pub(super) involved_light_chain: f64,
    /// 1e9 cells.
    pub(super) marrow_other_cells: f64,
    /// g/L.
    pub(super) albumin: f64,
    /// U/L.
    pub(super) lactate_dehydrogenase: f64,
    /// umol/L.
    pub(super) creatinine: f64,
    pub(super) has_plasmacytoma: bool,
}

impl Person {
    fn of(world: &World, covariates: &Patient) -> Self {
        let value = |name: &str| world.population.value(covariates, name);
        Self {
            urine_m_protein: value("urine_m_protein"),
            involved_light_chain: value("involved_flc"),
            marrow_other_cells: value("marrow_other_cells"),
            albumin: value("albumin"),
            lactate_dehydrogenase: value("ldh"),
            creatinine: creatinine(value),
            has_plasmacytoma: world.population.category(covariates, "plasmacytoma") != "none",
        }
    }
}

/// While a patient waits, the hazards are looked at this often, days.
const WATCH: f64 = 7.0;
/// Rows of findings that most patients do not have more of.
const MOST_FINDINGS: usize = 1024;

impl<'w> Course<'w> {
    /// A patient at the moment of enrolment.
    pub fn new(world: &'w World, plan: Plan, draws_of: &ReplicateDraws) -> Self {
        let survival = draws(world, &plan, Purpose::Survival);
        let threshold = |index: u32| -ln(survival.uniform(index));
        let tolerance = Tolerance::draw(&draws_of.signs, draws(world, &plan, Purpose::Signs));
        let mut course = Self {
            noise: draws(world, &plan, Purpose::Assay),
            missing: draws(world, &plan, Purpose::Missing),
            thresholds: Thresholds {
                myeloma_death: threshold(0),
                other_death: threshold(1),
                waiting: threshold(2),
                infection: -ln(draws(world, &plan, Purpose::Events).uniform(100)),
            },
            tolerance,
            person: Person::of(world, &plan.covariates),
            agenda: Vec::with_capacity(160),
            next: 0,
            study: study(world, &plan),
            marker_rows: Vec::new(),
            rows_sorted: 0,
            truth: Truth { burden_nadir: f64::INFINITY, ..Truth::default() },
            state: Progress {
                last_time: 0.0 - plan.wait,
                last_tocilizumab: f64::NEG_INFINITY,
                last_dexamethasone: f64::NEG_INFINITY,
                planned_cells: plan.infusions.iter().map(|infusion| infusion.assigned).sum(),
                ..Progress::default()
            },
            world,
            plan,
            background: draws_of.background,
            sign_thresholds: draws_of.signs,
        };
        course.write_agenda();
        course
    }

    /// The arm, as an index.
    pub fn arm(&self) -> usize {
        self.plan.arm
    }

    /// Model time of the start.
    pub fn start_time(&self) -> f64 {
        0.0 - self.plan.wait
    }

    /// Everything that is known to be due, in order.
    fn write_agenda(&mut self) {
        let protocol = &self.world.experiment.protocol;
        let arm = &self.world.experiment.arms[self.plan.arm];
        let mut agenda = Vec::with_capacity(160);
        let depletion: &[_] = if arm.depletion { &protocol.depletion } else { &[] };
        let first = depletion.first().map_or(0.0, |day| day.day);
        let baseline = baseline_day(first, self.plan.wait);
        let mut watch = WATCH - self.plan.wait;
        while watch < baseline {
            agenda.push((watch, Due::Watch));
            watch += WATCH;
        }
        // The hidden burden at day 28 is that of the day, whenever the visit near it takes place.
        agenda.push((28.0, Due::Watch));
        if self.plan.bridging.is_some() {
            agenda.push((baseline, Due::Bridge));
        }
        agenda.push((baseline, Due::Baseline));
        for (index, day) in depletion.iter().enumerate() {
            agenda.push((day.day, Due::Deplete(index)));
        }
        for (index, product) in arm.products.iter().enumerate() {
            let days = product.anti_cd38.iter().flat_map(|companion| &companion.days);
            agenda.extend(days.map(|&day| (day, Due::Companion(index))));
        }
        for (index, infusion) in self.plan.infusions.iter().enumerate() {
            agenda.push((infusion.day, Due::Infuse(index)));
        }
        let drop_out = -ln(draws(self.world, &self.plan, Purpose::DropOut).uniform(0))
            / protocol.conduct.drop_out.max(1e-12);
        for (index, visit) in self.world.visits.iter().enumerate() {
            let missed = self.missing.pair(visit.slot).0 < protocol.conduct.missed_visit;
            let day = Self::actual_day(self.missing, visit).max(0.0);
            // In hospital nobody misses the daily look; a response visit takes a day of its own.
            let may_be_missed = visit.kinds.response || visit.day > f64::from(DAILY_SIGNS);
            if !(missed && may_be_missed) && day < drop_out {
                agenda.push((day, Due::Visit(index)));
            }
        }
        if drop_out < protocol.follow_up {
            agenda.push((drop_out, Due::DropOut));
        }
        agenda.push((protocol.follow_up, Due::End));
        agenda.sort_by(|a, b| a.0.total_cmp(&b.0).then(rank(a.1).cmp(&rank(b.1))));
        self.agenda = agenda;
    }
}

/// What comes first when several things are due at the same moment: look, then treat, then leave.
fn rank(due: Due) -> u8 {
    match due {
        Due::Watch => 0,
        Due::Bridge => 1,
        Due::Baseline => 2,
        Due::Visit(_) => 3,
        Due::Deplete(_) => 4,
        Due::Companion(_) => 5,
        Due::Infuse(_) => 6,
        Due::NewTherapy => 7,
        Due::CrsDeath => 8,
        Due::DropOut => 9,
        Due::End => 10,
    }
}

/// Baseline is the day before lymphodepletion, or before the infusion where there is none; never
/// before enrolment.
fn baseline_day(first_depletion: f64, wait: f64) -> f64 {
    (first_depletion - 1.0).max(-wait).min(0.0)
}

/// The patient's study, with room for what most come to have.
fn study(world: &World, plan: &Plan) -> Study {
    let mut study = subject(world, plan);
    study.findings.reserve(MOST_FINDINGS);
    study
}

/// A study with the subject's row alone.
pub(in crate::conduct) fn subject(world: &World, plan: &Plan) -> Study {
    let arm = &world.experiment.arms[plan.arm];
    let covariate = |name: &str| world.population.value(&plan.covariates, name);
    let mut study = Study { name: world.experiment.protocol.id.clone(), ..Study::default() };
    let subjects = &mut study.subjects;
    subjects.id.push(format!("{}-{:04}", world.experiment.protocol.id, plan.patient + 1));
    subjects.arm.push(arm.name.clone());
    subjects.dose_level.push(plan.level.map(|level| level as u8 + 1));
    subjects.disposition.push(if arm.products.is_empty() {
        Disposition::Observed
    } else {
        Disposition::ProductFailure
    });
    subjects.screened_calendar.push(plan.screened);
    subjects.infused_calendar.push(None);
    subjects.enrolled_day.push(0.0 - plan.wait);
    subjects.age.push(covariate("age"));
    subjects.sex.push(if covariate("male") > 0.5 { Sex::Male } else { Sex::Female });
    subjects.weight.push(covariate("body_weight"));
    subjects.ecog.push(covariate("ecog") as u8);
    subjects.prior_lines.push(covariate("prior_lines") as u8);
    let isotype = world.population.category(&plan.covariates, "isotype");
    subjects.isotype.push(Isotype::from_code(isotype).unwrap_or(Isotype::IgG));
    subjects.light_chain.push(if covariate("kappa") > 0.5 {
        LightChain::Kappa
    } else {
        LightChain::Lambda
    });
    subjects.new_therapy_day.push(None);
    subjects.death_day.push(None);
    subjects.death_cause.push(None);
    subjects.last_known_alive_day.push(0.0 - plan.wait);
    subjects.dose_fraction.push(0.0);
    study
}

/// Creatinine from the drawn clearance by Cockcroft and Gault (Nephron 1976;16:31), umol/L.
fn creatinine(covariate: impl Fn(&str) -> f64) -> f64 {
    let factor = if covariate("male") > 0.5 { 1.0 } else { 0.85 };
    let milligrams = (140.0 - covariate("age")) * covariate("body_weight") * factor
        / (72.0 * covariate("creatinine_clearance").max(1.0));
    88.4 * milligrams
}
