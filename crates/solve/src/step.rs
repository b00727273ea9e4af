//! Steps of a block of patients, each lane with a size of its own.
//!
//! Step control: Gustafsson, ACM Trans Math Softw 1991;17:533-554 (PI).

#![allow(clippy::needless_bitwise_bool, reason = "lanes are computed without branches")]

mod dormand;
mod explicit;
mod factor;
mod inside;
mod plan;
mod rodas;
mod steering;
mod stiff;
mod tsitouras;
mod turning;

use std::sync::Arc;

use crate::event::holds;
use crate::lanes::{LANES, Lanes, Mask, Vectors, Work};
use crate::math;

pub(crate) use inside::Seen;
pub(crate) use plan::{Kind, Plan, Shape, Stiff};

/// Beyond this product of step and eigenvalue the pair is unstable: there |R(z)| passes 1 on the
/// negative real axis at 3.5, and detection begins a little before.
const STABILITY_LIMIT: f64 = 3.0;
/// Steps held back by stability after which a patient is handed to the stiff method.
const STIFF_STEPS: f64 = 50.0;

/// How strongly the next step answers to the error of this one and to that of the one before: the
/// explicit pair is damped, because stability often decides the size of its steps.
const FIFTH_CONTROL: [f64; 2] = [0.14, 0.08];
const EIGHTH_CONTROL: [f64; 2] = [0.125, 0.0];
const STIFF_CONTROL: [f64; 2] = [0.2, 0.0];
const SAFETY: f64 = 0.96;
const SHRINK_LIMIT: f64 = 0.2;
const GROW_LIMIT: f64 = 5.0;

/// The binary logarithm of the smallest error that the controller remembers: 1e-4.
const SMALLEST_LOG_ERROR: f64 = -13.287_712_379_549_449;
/// Steps below this are none.
const SMALLEST_STEP: f64 = 1e-290;

/// The binary logarithm to about 0.001, which is plenty to choose a step by. Anything for what is not
/// positive and finite.
#[inline(always)]
fn rough_log2(x: f64) -> f64 {
    const ONE: u64 = 1023 << 52;
    let bits = x.to_bits();
    let fraction = f64::from_bits((bits & ((1 << 52) - 1)) | ONE);
    // the exponent as a number, by placing it behind 2^52
    let exponent = f64::from_bits((bits >> 52) | 0x4330_0000_0000_0000) - 4_503_599_627_371_519.0;
    // a cubic over 1 to 2 by least squares of the largest error
    let cubic = fraction.mul_add(0.158_249, -1.051_88);
    exponent + fraction.mul_add(fraction.mul_add(cubic, 3.047_88), -2.153_62)
}

/// Two to the power x to about 0.001, for |x| below 1000.
#[inline(always)]
#[expect(clippy::inline_always, reason = "must be compiled into each vector loop")]
fn rough_exp2(x: f64) -> f64 {
    let rounded = x + math::ROUND;
    let rest = x - (rounded - math::ROUND);
    // the series of 2^x
    let cubic = rest.mul_add(rest.mul_add(0.055_504, 0.240_227), std::f64::consts::LN_2);
    let value = rest.mul_add(cubic, 1.0);
    f64::from_bits(value.to_bits().wrapping_add(rounded.to_bits() << 52))
}

/// A block of patients in mid-flight. One lane is one patient.
pub(crate) struct Block {
    plan: Arc<Plan>,
    /// Values of the states, rates, and whatever else a step reads or leaves.
    registers: Vec<Lanes>,
    relative: f64,
    absolute: Vec<f64>,
    max_steps: f64,
    /// Whether machine code may be used.
    native: bool,
    /// Whether what looks need besides was computed for the step just tried.
    has_dense: bool,
    // per watched event and comparison: whether it held at the start of the step
    held: Vec<Lanes>,
    // per lane
    time: Lanes,
    stop: Lanes,
    /// Where the caller looks at the values within a step; infinite when that is not asked.
    look: Lanes,
    /// Where to look for an event; infinite when none is near.
    event: Lanes,
    step: Lanes,
    tried: Lanes,
    next_time: Lanes,
    next_step: Lanes,
    next_log_error: Lanes,
    /// Binary logarithm of the last error that the controller believed.
    log_error: Lanes,
    accepted: Lanes,
    was_rejected: Lanes,
    /// Lanes whose last step had no finite error.
    was_broken: Lanes,
    /// Lanes that do not go to the end of the step just tried although its error was small.
    kept: Lanes,
    /// Lanes whose step just tried was counted before its end.
    counted: Lanes,
    active: Lanes,
    fire: Lanes,
    steps: Lanes,
    rejections: Lanes,
    /// Steps that stability held back, if they are counted.
    held_back: Lanes,
}

/// What an advance stopped for.
pub(crate) enum Signal {
    /// On some lane a look is due within the step just tried, or an event `rose` over it. Then
    /// [`Block::commit`].
    Within { rose: bool },
    /// Some lanes are at a stop or an event, or cannot go on; [`Block::arrival`] says which.
    Attention,
}

/// Why a lane needs attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    Stop,
    Event,
    TooManySteps,
    StepTooSmall,
    /// Stability, not accuracy, decides the size of steps.
    Stiff,
}

/// Steps until a lane needs attention.
pub(crate) struct Advance<'a> {
    pub(crate) block: &'a mut Block,
    /// How many of the watched conditions are events; comparisons follow.
    pub(crate) events: usize,
    /// Finish a step that was tried already.
    pub(crate) resume: bool,
}

impl Work for Advance<'_> {
    type Output = Signal;

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn run(self) -> Signal {
        let Self { block, events, resume } = self;
        let mut resume = resume;
        loop {
            if !resume {
                block.aim();
                block.attempt();
                let rose = events > 0 && block.watch(events);
                if rose | block.reaches_looks() {
                    return Signal::Within { rose };
                }
            }
            resume = false;
            if block.commit() {
                return Signal::Attention;
            }
        }
    }
}

/// Moves a column of registers to one that stands before it, where a step was accepted.
#[inline(always)]
#[expect(clippy::inline_always, reason = "must be compiled for each set of vector instructions")]
fn advance(registers: &mut [Lanes], accepted: &Mask, states: usize, (from, to): (u32, u32)) {
    let (before, after) = registers.split_at_mut(from as usize);
    for (new, old) in after[..states].iter().zip(&mut before[to as usize..][..states]) {
        *old = accepted.choose(new, old);
    }
}

/// Reads the values at the looks that are due within the step just tried.
pub(crate) struct See<'a>(pub(crate) &'a mut Block);

impl Work for See<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn run(self) {
        let Self(block) = self;
        let share = Lanes::each(|lane| {
            let from = block.time.0[lane];
            (block.look.0[lane] - from) / (block.next_time.0[lane] - from)
        });
        block.prepare_looks();
        block.registers[block.plan.registers.share as usize] = share;
        block.plan.inside.run(&mut block.registers, block.native);
    }
}

/// Prepares for values within the step just tried.
pub(crate) struct Prepare<'a>(pub(crate) &'a mut Block);

impl Work for Prepare<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn run(self) {
        self.0.prepare_looks();
    }
}

impl Block {
    /// An empty block that takes the plan's steps.
    pub(crate) fn new(
        plan: Arc<Plan>,
        (relative, absolute): (f64, Vec<f64>),
        floors: &[f64],
        max_steps: u32,
        vectors: Vectors,
    ) -> Self {
        let native = vectors == Vectors::Avx512;
        let mut registers = plan.inside.registers(native);
        let at = &plan.registers;
        registers[at.relative as usize] = Lanes::all(relative);
        for (first, values) in [(at.absolute, &absolute[..]), (at.floors, floors)] {
            for (register, &value) in registers[first as usize..].iter_mut().zip(values) {
                *register = Lanes::all(value);
            }
        }
        Self {
            registers,
            relative,
            absolute,
            max_steps: f64::from(max_steps),
            native,
            has_dense: false,
            held: vec![Lanes::ZERO; plan.conditions],
            plan,
            time: Lanes::ZERO,
            stop: Lanes::all(f64::INFINITY),
            look: Lanes::all(f64::INFINITY),
            event: Lanes::all(f64::INFINITY),
            step: Lanes::ZERO,
            tried: Lanes::ZERO,
            next_time: Lanes::ZERO,
            next_step: Lanes::ZERO,
            next_log_error: Lanes::ZERO,
            log_error: Lanes::ZERO,
            accepted: Lanes::ZERO,
            was_rejected: Lanes::ZERO,
            was_broken: Lanes::ZERO,
            kept: Lanes::ZERO,
            counted: Lanes::ZERO,
            active: Lanes::ZERO,
            fire: Lanes::ZERO,
            steps: Lanes::ZERO,
            rejections: Lanes::ZERO,
            held_back: Lanes::ZERO,
        }
    }

    /// Computes, once for a step, what looks within it need besides what it leaves.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn prepare_looks(&mut self) {
        if !self.has_dense {
            self.plan.run_dense(&mut self.registers, self.native);
            self.has_dense = true;
        }
    }

    /// The register of a state among those that begin with `first`.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn register(&self, first: u32, position: usize) -> &Lanes {
        &self.registers[first as usize + position]
    }

    /// Decides how far each lane tries to go.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn aim(&mut self) {
        let Self { time, step, stop, look, event, .. } = *self;
        let target =
            Lanes::each(
                |lane| {
                    if event.0[lane] < stop.0[lane] { event.0[lane] } else { stop.0[lane] }
                },
            );
        // What lies past a look need not be computable: a step that could not be computed ends there.
        let near = Mask::each(|lane| {
            (self.was_broken.0[lane] > 0.0)
                & (look.0[lane] < target.0[lane])
                & (look.0[lane] > time.0[lane])
        });
        let target = near.choose(&look, &target);
        let remaining = Lanes::each(|lane| target.0[lane] - time.0[lane]);
        let ends = Mask::each(|lane| step.0[lane] >= remaining.0[lane]);
        let halves = Mask::each(|lane| 2.0 * step.0[lane] > remaining.0[lane]);
        let half = Lanes::each(|lane| 0.5 * remaining.0[lane]);
        let tried = ends.choose(&remaining, &halves.choose(&half, &step));
        let after = Lanes::each(|lane| time.0[lane] + tried.0[lane]);
        self.tried = tried;
        self.next_time = ends.choose(&target, &after);
    }

    /// Tries one step on every lane.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn attempt(&mut self) {
        let at = &self.plan.registers;
        self.registers[at.time as usize] = self.time;
        self.registers[at.next_time as usize] = self.next_time;
        self.registers[at.tried as usize] = self.tried;
        self.plan.run(&mut self.registers, self.native);
        let square = self.registers[self.plan.registers.square_error as usize];
        self.control(&square);
        self.has_dense = false;
        if self.plan.shape().counts_stiffness {
            let product = self.registers[self.plan.registers.eigenvalue as usize];
            for lane in 0..LANES {
                let counts = (product.0[lane] > STABILITY_LIMIT) & (self.accepted.0[lane] > 0.0);
                self.held_back.0[lane] += if counts { 1.0 } else { 0.0 };
            }
        }
    }

    /// Decides which lanes accept their step, and the steps to try next.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn control(&mut self, square: &Lanes) {
        let kind = self.plan.kind();
        let [answer, memory] = match kind {
            Kind::Fifth => FIFTH_CONTROL,
            Kind::Eighth => EIGHTH_CONTROL,
            Kind::Stiff => STIFF_CONTROL,
        };
        let after_rejection = -1.0 / kind.error_order();
        let (tried, step) = (self.tried, self.step);
        let accepted = Mask::each(|lane| square.0[lane] <= 1.0);
        let log = Lanes::each(|lane| 0.5 * rough_log2(square.0[lane]));
        let growth =
            Lanes::each(|lane| memory.mul_add(self.log_error.0[lane], -answer * log.0[lane]));
        let shrinkage = Lanes::each(|lane| after_rejection * log.0[lane]);
        let exponent = accepted.choose(&growth, &shrinkage);
        let rejected = Mask::each(|lane| self.was_rejected.0[lane] > 0.0);
        let limit = rejected.choose(&Lanes::all(1.0), &Lanes::all(GROW_LIMIT));
        let factor = Lanes::each(|lane| {
            let factor = SAFETY * rough_exp2(exponent.0[lane]);
            let factor = if factor < limit.0[lane] { factor } else { limit.0[lane] };
            // written so that an error that is not a number shrinks the step
            let factor = if factor > SHRINK_LIMIT { factor } else { SHRINK_LIMIT };
            if square.0[lane] < f64::INFINITY { factor } else { SHRINK_LIMIT }
        });
        let next = Lanes::each(|lane| tried.0[lane] * factor.0[lane]);
        // A step cut short by a stop says nothing against the step planned.
        let cut = Mask::each(|lane| {
            (tried.0[lane] < step.0[lane]) & (factor.0[lane] >= 1.0) & (step.0[lane] > next.0[lane])
        });
        self.next_step = cut.and(accepted).choose(&step, &next);
        self.accepted = accepted.choose(&Lanes::all(1.0), &Lanes::ZERO);
        self.was_broken =
            Lanes::each(|lane| if square.0[lane] < f64::INFINITY { 0.0 } else { 1.0 });
        let believed = Mask::each(|lane| tried.0[lane] >= step.0[lane]).and(accepted);
        let log = Lanes::each(|lane| {
            if log.0[lane] > SMALLEST_LOG_ERROR { log.0[lane] } else { SMALLEST_LOG_ERROR }
        });
        self.next_log_error = believed.choose(&log, &self.log_error);
    }

    /// Whether a watched event rose over the step, or a comparison changed or may have changed and changed back, on
    /// an accepted lane.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn watch(&mut self, events: usize) -> bool {
        let open = Mask::each(|lane| (self.accepted.0[lane] > 0.0) & (self.active.0[lane] > 0.0));
        let mut rose = false;
        for (position, held) in self.held.iter().enumerate() {
            let value = self.register(self.plan.registers.conditions, position);
            let counts = position >= events;
            let changes = Mask::each(|lane| {
                let (now, before) = (holds(value.0[lane]), held.0[lane] > 0.0);
                (now != before) & (now | counts)
            });
            rose |= changes.and(open).any();
        }
        for position in 0..self.plan.turning.len() {
            let value = self.register(self.plan.registers.turning, position);
            rose |= Mask::each(|lane| value.0[lane] > 0.0).and(open).any();
        }
        rose
    }

    /// Whether a look is due within the step just tried on some lane.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    pub(crate) fn reaches_looks(&self) -> bool {
        Mask::each(|lane| self.reaches_look(lane)).any()
    }

    /// Moves the accepted lanes; whether a lane needs attention.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn commit(&mut self) -> bool {
        let accepted = Mask::each(|lane| self.accepted.0[lane] > 0.0);
        let (at, states) = (&self.plan.registers, self.plan.states);
        advance(&mut self.registers, &accepted, states, (at.new, at.y));
        if let (Some(&last), false) = (at.stages.last(), self.plan.kind().is_stiff()) {
            advance(&mut self.registers, &accepted, states, (last, at.rates));
        }
        for (position, held) in self.held.iter_mut().enumerate() {
            let value = self.registers[at.conditions as usize + position];
            let holds = Lanes::each(|lane| if holds(value.0[lane]) { 1.0 } else { 0.0 });
            *held = accepted.choose(&holds, held);
        }
        self.time = accepted.choose(&self.next_time, &self.time);
        self.step = self.next_step;
        self.log_error = self.next_log_error;
        let passed = Mask::each(|lane| self.time.0[lane] >= self.event.0[lane]);
        self.event = passed.choose(&Lanes::all(f64::INFINITY), &self.event);
        let (active, counted, kept) = (self.active, self.counted, self.kept);
        // an accepted step that is not gone to its end is no rejection
        let rejected = Lanes::each(|lane| 1.0 - self.accepted.0[lane] - kept.0[lane]);
        self.steps =
            Lanes::each(|lane| self.steps.0[lane] + active.0[lane] * (1.0 - counted.0[lane]));
        self.rejections =
            Lanes::each(|lane| self.rejections.0[lane] + active.0[lane] * rejected.0[lane]);
        self.was_rejected = rejected;
        self.counted = Lanes::ZERO;
        self.kept = Lanes::ZERO;
        self.needs_attention().any()
    }

    /// The lanes that are at a stop or an event, or cannot go on.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn needs_attention(&self) -> Mask {
        let stuck = Mask::each(|lane| self.is_stuck(lane));
        let ended =
            Mask::each(|lane| (self.time.0[lane] >= self.stop.0[lane]) | (self.fire.0[lane] > 0.0));
        let failed = Mask::each(|lane| {
            (self.steps.0[lane] >= self.max_steps) | (self.held_back.0[lane] >= STIFF_STEPS)
        });
        let active = Mask::each(|lane| self.active.0[lane] > 0.0);
        stuck.or(ended).or(failed).and(active)
    }

    /// Whether the next step would hardly move time. Near time 0 steps may be of any size: a rate of
    /// 1e14 is one of a model in litres whose cell has a femtolitre.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn is_stuck(&self, lane: usize) -> bool {
        let (step, least) = (self.step.0[lane], 1e-14 * self.time.0[lane].abs());
        step.is_nan() | (step <= least) | (step < SMALLEST_STEP)
    }
}
