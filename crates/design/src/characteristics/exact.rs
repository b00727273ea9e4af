//! Characteristics by enumeration: every state a trial can reach, with its probability.

use crate::characteristics::{Characteristics, Plan, PlanError, check};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Reason, Step};
use crate::design::{Design, Outcomes};
use crate::outcome::multinomial;
use crate::truth::Truth;

/// More states than this at one time are not enumerated.
const MOST_STATES: usize = 20_000_000;

/// Four words of counts, and one of the level and the size of the next cohort.
type Key = [u64; 5];

/// How counts are packed.
#[derive(Debug, Clone, Copy)]
struct Packing {
    doses: usize,
    seen: Seen,
}

/// What belongs to a state besides the DLTs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    /// Responses, and those with a DLT.
    Responses,
    /// Responses, and the deep ones among them.
    Depths,
}

impl Packing {
    /// The packing for a trial; `None` if it does not fit.
    fn new(doses: usize, patients: u32, seen: Seen) -> Option<Self> {
        let most = if seen == Seen::Nothing { 16 } else { 8 };
        (doses <= most && patients < 256).then_some(Self { doses, seen })
    }

    fn pack(self, doses: &[DoseCounts], next: usize, patients: u32) -> Key {
        let mut key = [0; 5];
        for (place, dose) in doses.iter().enumerate() {
            let counts = u64::from(dose.dlts) << 8 | u64::from(dose.evaluable);
            let among = match self.seen {
                Seen::Nothing => {
                    key[place / 4] |= counts << (16 * (place % 4));
                    continue;
                }
                Seen::Responses => dose.responses_with_dlt,
                Seen::Depths => dose.deep_responses,
            };
            let both = u64::from(among) << 24 | u64::from(dose.responses) << 16;
            key[place / 2] |= (both | counts) << (32 * (place % 2));
        }
        key[4] = (next as u64) << 32 | u64::from(patients);
        key
    }

    fn unpack(self, key: &Key, doses: &mut [DoseCounts]) -> (usize, u32) {
        for (place, dose) in doses.iter_mut().enumerate().take(self.doses) {
            let byte = |counts: u64, which: u32| u32::from((counts >> (8 * which)) as u8);
            *dose = DoseCounts::default();
            let counts = match self.seen {
                Seen::Nothing => key[place / 4] >> (16 * (place % 4)),
                Seen::Responses | Seen::Depths => key[place / 2] >> (32 * (place % 2)),
            };
            (dose.evaluable, dose.dlts) = (byte(counts, 0), byte(counts, 1));
            match self.seen {
                Seen::Nothing => {}
                Seen::Responses => {
                    (dose.responses, dose.responses_with_dlt) = (byte(counts, 2), byte(counts, 3));
                }
                Seen::Depths => {
                    (dose.responses, dose.deep_responses) = (byte(counts, 2), byte(counts, 3));
                }
            }
        }
        ((key[4] >> 32) as usize, key[4] as u32)
    }
}

/// States in the order in which they were first reached, each with its probability.
#[derive(Debug, Default)]
struct States {
    entries: Vec<(Key, f64)>,
    /// Places in `entries`, one above, by a fixed hash of the key.
    places: Vec<u32>,
}

impl States {
    fn add(&mut self, key: Key, probability: f64) {
        if 2 * self.entries.len() >= self.places.len() {
            self.grow();
        }
        let mask = self.places.len() - 1;
        let mut place = hash(&key) as usize & mask;
        loop {
            match self.places[place] {
                0 => {
                    self.entries.push((key, probability));
                    self.places[place] = self.entries.len() as u32;
                    return;
                }
                entry if self.entries[entry as usize - 1].0 == key => {
                    self.entries[entry as usize - 1].1 += probability;
                    return;
                }
                _ => place = (place + 1) & mask,
            }
        }
    }

    fn grow(&mut self) {
        let size = (4 * self.entries.len()).next_power_of_two().max(1_024);
        self.places.clear();
        self.places.resize(size, 0);
        for (index, (key, _)) in self.entries.iter().enumerate() {
            let mut place = hash(key) as usize & (size - 1);
            while self.places[place] != 0 {
                place = (place + 1) & (size - 1);
            }
            self.places[place] = index as u32 + 1;
        }
    }

    fn clear(&mut self) {
        self.entries.clear();
        self.places.fill(0);
    }
}

/// A fixed mixture of the words of a key.
fn hash(key: &Key) -> u64 {
    let mix = key
        .iter()
        .fold(0_u64, |sum, &word| (sum.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mix ^ mix >> 29
}

/// The exact characteristics of a design under a truth.
pub fn exact(design: &dyn Design, truth: &Truth, plan: Plan) -> Result<Characteristics, PlanError> {
    check(design, truth, plan)?;
    let doses = truth.doses.len();
    let seen = match design.outcomes() {
        Outcomes::Toxicity | Outcomes::ToxicityInTime => Seen::Nothing,
        Outcomes::Response | Outcomes::ToxicityAndResponse => Seen::Responses,
        Outcomes::NestedResponse => Seen::Depths,
    };
    let packing = Packing::new(doses, plan.max_patients, seen)
        .ok_or(PlanError::TooLarge { doses, patients: plan.max_patients })?;
    let mut walk = Walk::new(design, truth, plan, packing);
    walk.begin();
    let mut states = States::default();
    while !walk.next.entries.is_empty() {
        std::mem::swap(&mut states, &mut walk.next);
        walk.next.clear();
        for (key, probability) in &states.entries {
            walk.treat(key, *probability);
        }
        if walk.next.entries.len() > MOST_STATES {
            return Err(PlanError::TooManyStates(MOST_STATES));
        }
    }
    Ok(walk.finish())
}

/// The enumeration under way.
struct Walk<'a> {
    design: &'a dyn Design,
    truth: &'a Truth,
    plan: Plan,
    packing: Packing,
    /// Outcomes with probabilities, by level and size of the cohort.
    outcomes: Vec<Vec<Vec<(DoseCounts, f64)>>>,
    known: Known,
    next: States,
    result: Characteristics,
}

impl<'a> Walk<'a> {
    fn new(design: &'a dyn Design, truth: &'a Truth, plan: Plan, packing: Packing) -> Self {
        let doses = truth.doses.len();
        let zeros = vec![0.0; doses];
        let result = Characteristics {
            selected: zeros.clone(),
            none: 0.0,
            stopped_for_safety: 0.0,
            stopped_for_futility: 0.0,
            patients: zeros.clone(),
            dlts: zeros.clone(),
            responses: zeros,
            errors: None,
        };
        let known = Known::of_counts(plan.start, &vec![DoseCounts::default(); doses]);
        let outcomes = vec![Vec::new(); doses];
        Self { design, truth, plan, packing, outcomes, known, next: States::default(), result }
    }

    fn begin(&mut self) {
        let step = self.design.step(&self.known, &mut Reason::silent());
        self.follow(step, 1.0);
    }

    /// Every outcome of the next cohort of a state.
    fn treat(&mut self, key: &Key, probability: f64) {
        let (level, size) = self.packing.unpack(key, &mut self.known.doses);
        self.prepare(level, size);
        let before = self.known.doses[level];
        let treated: u32 = self.known.doses.iter().map(|dose| dose.evaluable).sum();
        for place in 0..self.outcomes[level][size as usize].len() {
            let (cohort, share) = self.outcomes[level][size as usize][place];
            self.known.level = level;
            self.known.doses[level] = before.with(cohort);
            self.known.last_cohort = Some(cohort);
            let probability = probability * share;
            if treated + size >= self.plan.max_patients {
                self.end(Action::Finish, probability);
            } else {
                let step = self.design.step(&self.known, &mut Reason::silent());
                self.follow(step, probability);
            }
        }
        self.known.doses[level] = before;
    }

    /// Works out the outcomes of a cohort once.
    fn prepare(&mut self, level: usize, size: u32) {
        let by_size = &mut self.outcomes[level];
        if by_size.len() <= size as usize {
            by_size.resize(size as usize + 1, Vec::new());
        }
        if by_size[size as usize].is_empty() {
            let dose = self.truth.doses[level];
            let by_both = |cells: [f64; 4]| {
                let counts = |(cells, share)| (DoseCounts::of_outcomes(cells), share);
                multinomial(size, cells).into_iter().map(counts).collect()
            };
            by_size[size as usize] = match self.packing.seen {
                Seen::Nothing => by_both([1.0 - dose.toxicity, 0.0, dose.toxicity, 0.0]),
                Seen::Responses => by_both(dose.cells()),
                Seen::Depths => multinomial(size, dose.cells_by_depth())
                    .into_iter()
                    .map(|(cells, share)| (DoseCounts::of_depths(cells), share))
                    .collect(),
            };
        }
    }

    /// Goes where a step leads.
    fn follow(&mut self, step: Step, probability: f64) {
        let treated: u32 = self.known.doses.iter().map(|dose| dose.evaluable).sum();
        let wanted = step.patients.unwrap_or(self.plan.cohort).max(1);
        let size = wanted.min(self.plan.max_patients - treated);
        match step.next_level {
            Some(next) => {
                let key = self.packing.pack(&self.known.doses, next, size);
                self.next.add(key, probability);
            }
            None => self.end(step.action, probability),
        }
    }

    /// Counts a finished trial.
    fn end(&mut self, action: Action, probability: f64) {
        let result = &mut self.result;
        let doses = &self.known.doses;
        let recommended = match action {
            Action::StopForSafety => {
                result.stopped_for_safety += probability;
                None
            }
            Action::StopForFutility => {
                result.stopped_for_futility += probability;
                None
            }
            _ => self.design.recommend(doses),
        };
        match recommended {
            Some(level) => result.selected[level] += probability,
            None => result.none += probability,
        }
        for (place, dose) in doses.iter().enumerate() {
            result.patients[place] += probability * f64::from(dose.evaluable);
            result.dlts[place] += probability * f64::from(dose.dlts);
            result.responses[place] += probability * f64::from(dose.responses);
        }
    }

    fn finish(mut self) -> Characteristics {
        if self.packing.seen == Seen::Nothing {
            // The design does not look at responses, so their rate is that of the truth.
            for (place, dose) in self.truth.doses.iter().enumerate() {
                self.result.responses[place] = self.result.patients[place] * dose.response;
            }
        }
        self.result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_packed_and_unpacked() {
        for seen in [Seen::Nothing, Seen::Responses, Seen::Depths] {
            let packing = Packing::new(5, 200, seen).unwrap();
            let mut doses = vec![DoseCounts::default(); 5];
            for (place, dose) in (0..5).zip(&mut doses) {
                *dose = DoseCounts::of(40 + place, place);
                match seen {
                    Seen::Nothing => {}
                    Seen::Responses => (dose.responses, dose.responses_with_dlt) = (20, place / 2),
                    Seen::Depths => (dose.responses, dose.deep_responses) = (20, place / 2),
                }
            }
            let key = packing.pack(&doses, 3, 17);
            let mut again = vec![DoseCounts::default(); 5];
            assert_eq!(packing.unpack(&key, &mut again), (3, 17));
            assert_eq!(again, doses);
        }
        assert!(Packing::new(9, 20, Seen::Responses).is_none());
        assert!(Packing::new(3, 256, Seen::Nothing).is_none());
    }

    #[test]
    fn a_state_reached_twice_is_one_state() {
        let mut states = States::default();
        for _ in 0..3 {
            for number in 0..5_000 {
                states.add([number, number * number, 7, 0, 1], 0.5);
            }
        }
        assert_eq!(states.entries.len(), 5_000);
        assert!(states.entries.iter().all(|(_, probability)| (probability - 1.5).abs() < 1e-15));
    }
}
