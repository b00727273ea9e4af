//! What happens between steps, one lane at a time: patients come and go, stops and events are set.
//!
//! First step: Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I, section II.4.

use super::plan::Kind;
use super::{Arrival, Block, SMALLEST_LOG_ERROR, STIFF_STEPS, dormand, tsitouras};
use crate::event::{Changes, holds};
use crate::math;

impl Block {
    /// Why the lane needs attention, if it does.
    pub(crate) fn arrival(&self, lane: usize) -> Option<Arrival> {
        if self.active.0[lane] == 0.0 {
            None
        } else if self.time.0[lane] >= self.stop.0[lane] {
            Some(Arrival::Stop)
        } else if self.fire.0[lane] > 0.0 {
            Some(Arrival::Event)
        } else if self.steps.0[lane] >= self.max_steps {
            Some(Arrival::TooManySteps)
        } else if self.held_back.0[lane] >= STIFF_STEPS {
            Some(Arrival::Stiff)
        } else if self.is_stuck(lane) {
            Some(Arrival::StepTooSmall)
        } else {
            None
        }
    }

    pub(crate) fn any_active(&self) -> bool {
        self.active.0.iter().any(|&active| active > 0.0)
    }

    pub(crate) fn time(&self, lane: usize) -> f64 {
        self.time.0[lane]
    }

    /// Steps taken and rejected since the lane was filled.
    pub(crate) fn steps(&self, lane: usize) -> (u32, u32) {
        (self.steps.0[lane] as u32, self.rejections.0[lane] as u32)
    }

    /// Whether the last step tried on the lane ended in finite values and rates.
    pub(crate) fn is_finite(&self, lane: usize) -> bool {
        let at = &self.plan.registers;
        let columns = [at.new, at.rates].into_iter().chain(at.stages.iter().copied());
        let mut all = columns.flat_map(|first| (0..self.plan.states).map(move |i| (first, i)));
        all.all(|(first, i)| self.register(first, i).0[lane].is_finite())
    }

    pub(crate) fn state(&self, state: usize, lane: usize) -> f64 {
        self.register(self.plan.registers.y, state).0[lane]
    }

    /// Puts a patient on a lane.
    pub(crate) fn occupy(&mut self, lane: usize, time: f64) {
        self.time.0[lane] = time;
        self.active.0[lane] = 1.0;
        self.event.0[lane] = f64::INFINITY;
        for per_lane in [
            &mut self.steps,
            &mut self.rejections,
            &mut self.was_rejected,
            &mut self.was_broken,
            &mut self.fire,
            &mut self.step,
            &mut self.held_back,
        ] {
            per_lane.0[lane] = 0.0;
        }
    }

    /// Goes on counting the steps of a patient who comes from another block.
    pub(crate) fn set_steps(&mut self, lane: usize, steps: u32, rejections: u32) {
        self.steps.0[lane] = f64::from(steps);
        self.rejections.0[lane] = f64::from(rejections);
    }

    /// The method.
    pub(crate) fn kind(&self) -> Kind {
        self.plan.kind()
    }

    /// Leaves a lane empty.
    pub(crate) fn vacate(&mut self, lane: usize) {
        self.active.0[lane] = 0.0;
        self.step.0[lane] = 0.0;
        self.fire.0[lane] = 0.0;
        self.stop.0[lane] = f64::INFINITY;
        self.look.0[lane] = f64::INFINITY;
        self.event.0[lane] = f64::INFINITY;
    }

    /// Where a step must end, and where a look within a step is due; infinite where there is none.
    pub(crate) fn set_stop(&mut self, lane: usize, stop: f64, look: f64) {
        self.stop.0[lane] = stop;
        self.look.0[lane] = look;
        self.fire.0[lane] = 0.0;
        self.event.0[lane] = f64::INFINITY;
    }

    /// Sets the fixed terms, in their order.
    pub(crate) fn set_fixed(&mut self, lane: usize, terms: impl Iterator<Item = f64>) {
        let first = self.plan.registers.fixed as usize;
        for (register, value) in self.registers[first..].iter_mut().zip(terms) {
            register.0[lane] = value;
        }
    }

    pub(crate) fn set_state(&mut self, state: usize, lane: usize, value: f64, rate: f64) {
        let at = &self.plan.registers;
        self.registers[at.y as usize + state].0[lane] = value;
        self.registers[at.rates as usize + state].0[lane] = rate;
    }

    pub(crate) fn rate(&self, state: usize, lane: usize) -> f64 {
        self.register(self.plan.registers.rates, state).0[lane]
    }

    /// The step to try next, forgetting what the controller knew.
    pub(crate) fn restart(&mut self, lane: usize, step: f64) {
        self.step.0[lane] = step;
        self.log_error.0[lane] = SMALLEST_LOG_ERROR;
        self.was_rejected.0[lane] = 0.0;
        self.was_broken.0[lane] = 0.0;
    }

    pub(crate) fn has_step(&self, lane: usize) -> bool {
        self.step.0[lane] > 0.0
    }

    pub(crate) fn set_held(&mut self, position: usize, lane: usize, held: bool) {
        self.held[position].0[lane] = if held { 1.0 } else { 0.0 };
    }

    pub(crate) fn held(&self, position: usize, lane: usize) -> bool {
        self.held[position].0[lane] > 0.0
    }

    /// Whether a watched event rose on a lane over the step just tried, or a comparison changed.
    fn changed(&self, lane: usize, events: usize) -> bool {
        self.held.iter().enumerate().any(|(position, held)| {
            let now = holds(self.register(self.plan.registers.conditions, position).0[lane]);
            (now != (held.0[lane] > 0.0)) & (now | (position >= events))
        })
    }

    /// What changed on a lane whose step was accepted, given how many of those watched are events.
    pub(crate) fn changes(&self, lane: usize, events: usize) -> Changes {
        let mut changes = Changes::default();
        if self.accepted.0[lane] * self.active.0[lane] == 0.0 {
            return changes;
        }
        let turning = self.plan.turning.iter().enumerate();
        let turns = |at: usize| self.register(self.plan.registers.turning, at).0[lane] > 0.0;
        changes.turning =
            turning.filter(|(at, _)| turns(*at)).map(|(_, &position)| position).collect();
        if changes.turning.is_empty() && !self.changed(lane, events) {
            return changes;
        }
        for (position, held) in self.held.iter().enumerate() {
            let value = self.register(self.plan.registers.conditions, position);
            let (before, now) = (held.0[lane] > 0.0, holds(value.0[lane]));
            if position >= events && before != now {
                changes.compared.push(position - events);
            } else if position < events && before {
                changes.held.push(position);
            } else if position < events && now {
                changes.rising.push(position);
            }
        }
        changes
    }

    /// Whether the step just tried on a lane was accepted and goes to or past where a look is due.
    pub(crate) fn reaches_look(&self, lane: usize) -> bool {
        (self.accepted.0[lane] > 0.0)
            & (self.active.0[lane] > 0.0)
            & (self.next_time.0[lane] >= self.look.0[lane])
    }

    /// A look was taken within the step just tried; what is due now.
    pub(crate) fn look_again(&mut self, lane: usize, stop: f64, look: f64) {
        self.stop.0[lane] = stop;
        self.look.0[lane] = look;
    }

    /// Counts the step just tried at once, because the patient may end within it.
    pub(crate) fn count(&mut self, lane: usize) {
        self.steps.0[lane] += 1.0 - self.counted.0[lane];
        self.counted.0[lane] = 1.0;
    }

    /// The lane goes on from where it was put, not from the end of the step just tried.
    pub(crate) fn keep(&mut self, lane: usize, time: f64) {
        self.accepted.0[lane] = 0.0;
        self.kept.0[lane] = 1.0;
        self.time.0[lane] = time;
        self.next_step.0[lane] = self.step.0[lane];
        self.next_log_error.0[lane] = self.log_error.0[lane];
    }

    /// Takes the step just tried again, only as far as `time`.
    pub(crate) fn retake(&mut self, lane: usize, time: f64) {
        self.accepted.0[lane] = 0.0;
        self.next_step.0[lane] = self.step.0[lane];
        self.next_log_error.0[lane] = self.log_error.0[lane];
        self.event.0[lane] = time;
        self.kept.0[lane] = 1.0;
    }

    /// Whether events fire at the lane's present time.
    pub(crate) fn fires(&self, lane: usize) -> bool {
        self.fire.0[lane] > 0.0
    }

    /// Lets events fire at the end of the step just tried.
    pub(crate) fn fire(&mut self, lane: usize) {
        self.fire.0[lane] = 1.0;
    }

    /// The first step from here, given the states' values and rates, and a way to compute rates.
    pub(crate) fn first_step(
        &self,
        values: &[f64],
        rates: &[f64],
        rates_after: impl FnOnce(f64, &[f64]) -> Vec<f64>,
    ) -> f64 {
        let norm = |v: &dyn Fn(usize) -> f64| {
            let sum: f64 = (0..values.len())
                .map(|i| v(i) / self.relative.mul_add(values[i].abs(), self.absolute[i]))
                .map(|ratio| ratio * ratio)
                .sum();
            (sum / values.len().max(1) as f64).sqrt()
        };
        let (size, slope) = (norm(&|i| values[i]), norm(&|i| rates[i]));
        let short = if size < 1e-5 || slope < 1e-5 { 1e-6 } else { 0.01 * size / slope };
        let after: Vec<f64> =
            (0..values.len()).map(|i| short.mul_add(rates[i], values[i])).collect();
        let later = rates_after(short, &after);
        let bend = norm(&|i| later[i] - rates[i]) / short;
        let larger = if bend > slope { bend } else { slope };
        let step = if larger <= 1e-15 {
            if short * 1e-3 > 1e-6 { short * 1e-3 } else { 1e-6 }
        } else {
            math::pow(0.01 / larger, 1.0 / self.plan.kind().error_order())
        };
        if step < 100.0 * short { step } else { 100.0 * short }
    }

    /// The state with the largest error in the last step tried on a lane.
    pub(crate) fn worst_state(&self, lane: usize) -> usize {
        let mut worst = (0, -1.0);
        let at = &self.plan.registers;
        for i in 0..self.plan.states {
            let read = |first: u32| self.register(first, i).0[lane];
            let weighted = |weights: &[f64]| {
                let rates = std::iter::once(&at.rates).chain(&at.stages);
                let parts = weights.iter().zip(rates).map(|(weight, &first)| weight * read(first));
                parts.sum::<f64>() * self.tried.0[lane]
            };
            let error = match self.plan.kind() {
                Kind::Fifth => weighted(&tsitouras::ERROR),
                Kind::Eighth => weighted(&dormand::ERROR),
                Kind::Stiff => at.stages.last().map_or(0.0, |&last| read(last)),
            };
            let size = read(at.y).abs();
            let ratio = error.abs() / self.relative.mul_add(size, self.absolute[i]);
            if !ratio.is_finite() {
                return i;
            }
            if ratio > worst.1 {
                worst = (i, ratio);
            }
        }
        worst.0
    }
}
