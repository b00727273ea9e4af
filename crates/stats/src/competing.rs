//! Cumulative incidence of competing events (Aalen-Johansen), with its variance and intervals.
//!
//! Aalen and Johansen, Scand J Stat 1978;5:141-150; variance by the delta method as in Marubini and
//! Valsecchi, Analysing Survival Data from Clinical Trials and Observational Studies, 1995, ch. 10.

use crate::math::{exp, ln, pow};
use crate::special::normal_quantile;

/// What ended a subject's follow-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Follow-up ended without any event.
    Censored,
    /// An event of this number, from 0.
    Event(usize),
}

/// Cumulative incidence of each cause: one entry per distinct time, events before censorings at
/// equal times. Never one minus the Kaplan-Meier curve of one cause, which counts those who had
/// another event as if they could still have this one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CumulativeIncidence {
    /// Distinct times, ascending.
    pub times: Vec<f64>,
    /// Subjects at risk just before each time.
    pub at_risk: Vec<usize>,
    /// Events at each time, per cause.
    pub events: Vec<Vec<usize>>,
    /// Censorings at each time.
    pub censored: Vec<usize>,
    /// Share without any event just before each time.
    pub free_before: Vec<f64>,
    /// Cumulative incidence from each time on, per cause.
    pub incidence: Vec<Vec<f64>>,
}

impl CumulativeIncidence {
    /// The curves of `causes` causes. Times that are not numbers are left out.
    ///
    /// # Panics
    /// When an event has a number that is not below `causes`.
    pub fn new(observations: &[(f64, Cause)], causes: usize) -> Self {
        let mut order: Vec<(f64, Cause)> =
            observations.iter().copied().filter(|(time, _)| !time.is_nan()).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut curve = Self::default();
        let (mut at_risk, mut free) = (order.len(), 1.0);
        let mut incidence = vec![0.0; causes];
        for ties in order.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
            let mut events = vec![0_usize; causes];
            for (_, cause) in ties {
                if let Cause::Event(number) = *cause {
                    assert!(number < causes, "cause {number} of {causes}");
                    events[number] += 1;
                }
            }
            let (n, all) = (at_risk as f64, events.iter().sum::<usize>());
            for (share, count) in incidence.iter_mut().zip(&events) {
                *share += free * *count as f64 / n;
            }
            curve.times.push(ties[0].0);
            curve.at_risk.push(at_risk);
            curve.free_before.push(free);
            curve.incidence.push(incidence.clone());
            curve.censored.push(ties.len() - all);
            curve.events.push(events);
            free *= (n - all as f64) / n;
            at_risk -= ties.len();
        }
        curve
    }

    /// The last entry at or before a time.
    fn index_at(&self, time: f64) -> Option<usize> {
        self.times.partition_point(|&entry| entry <= time).checked_sub(1)
    }

    /// Cumulative incidence of a cause at a time; beyond the last time, the last value.
    pub fn at(&self, cause: usize, time: f64) -> f64 {
        self.index_at(time).map_or(0.0, |index| self.incidence[index][cause])
    }

    /// Variance of the cumulative incidence of a cause at a time; `None` once nobody is left at risk
    /// without the event, where the formula has no value.
    pub fn variance_at(&self, cause: usize, time: f64) -> Option<f64> {
        let Some(last) = self.index_at(time) else { return Some(0.0) };
        let end = self.incidence[last][cause];
        let mut sum = 0.0;
        for index in 0..=last {
            let all = self.events[index].iter().sum::<usize>();
            if all == 0 {
                continue;
            }
            let (n, all) = (self.at_risk[index] as f64, all as f64);
            let (own, free) = (self.events[index][cause] as f64, self.free_before[index]);
            let rise = end - self.incidence[index][cause];
            // the last subjects at risk: nothing can rise after them
            if n > all {
                sum += rise * rise * all / (n * (n - all));
            } else if rise != 0.0 {
                return None;
            }
            sum += free * free * own * (n - own) / (n * n * n);
            sum -= 2.0 * rise * free * own / (n * n);
        }
        Some(sum.max(0.0))
    }

    /// Standard error of the cumulative incidence of a cause at a time.
    pub fn standard_error_at(&self, cause: usize, time: f64) -> Option<f64> {
        self.variance_at(cause, time).map(f64::sqrt)
    }

    /// The confidence interval at a time, symmetric in ln(-ln F); `None` where F is 0 or 1.
    pub fn interval_at(&self, cause: usize, time: f64, level: f64) -> Option<(f64, f64)> {
        let share = self.at(cause, time);
        let error = self.standard_error_at(cause, time)?;
        if share <= 0.0 || share >= 1.0 {
            return None;
        }
        let z = normal_quantile(0.5 + 0.5 * level);
        let half = z * error / (share * ln(share));
        let (a, b) = (pow(share, exp(-half)), pow(share, exp(half)));
        Some((a.min(b), a.max(b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, want: f64) {
        assert!((got - want).abs() < 1e-14, "{got} is not {want}");
    }

    #[test]
    fn without_censoring_it_is_the_share_and_its_binomial_variance() {
        // 10 subjects: 4 events of cause 0, 3 of cause 1, 3 followed to the end
        let mut observations: Vec<(f64, Cause)> =
            (1..=4).map(|day| (f64::from(2 * day), Cause::Event(0))).collect();
        observations.extend((1..=3).map(|day| (f64::from(2 * day + 1), Cause::Event(1))));
        observations.extend([(20.0, Cause::Censored); 3]);
        let curve = CumulativeIncidence::new(&observations, 2);
        for (cause, share) in [(0, 0.4), (1, 0.3)] {
            close(curve.at(cause, 15.0), share);
            close(curve.variance_at(cause, 15.0).unwrap(), share * (1.0 - share) / 10.0);
        }
        close(curve.at(0, 5.0), 0.2);
        close(curve.at(0, 1.0), 0.0);
    }

    #[test]
    fn shares_of_all_causes_and_the_share_without_event_make_one() {
        let observations = [
            (1.0, Cause::Event(0)),
            (2.0, Cause::Censored),
            (3.0, Cause::Event(1)),
            (3.0, Cause::Event(0)),
            (3.0, Cause::Censored),
            (4.0, Cause::Event(1)),
            (6.0, Cause::Censored),
        ];
        let curve = CumulativeIncidence::new(&observations, 2);
        let free = crate::KaplanMeier::new(
            &observations.map(|(time, cause)| (time, cause != Cause::Censored)),
        );
        for time in [0.5, 1.0, 2.5, 3.0, 4.0, 9.0] {
            close(curve.at(0, time) + curve.at(1, time) + free.at(time), 1.0);
        }
    }

    #[test]
    fn with_one_cause_it_is_one_minus_kaplan_meier_with_greenwood() {
        let times = [(2.0, true), (3.0, false), (3.0, true), (5.0, true), (8.0, false)];
        let kaplan = crate::KaplanMeier::new(&times);
        let cause = |event: bool| if event { Cause::Event(0) } else { Cause::Censored };
        let curve = CumulativeIncidence::new(&times.map(|(time, event)| (time, cause(event))), 1);
        for time in [2.0, 4.0, 5.0, 9.0] {
            close(curve.at(0, time), 1.0 - kaplan.at(time));
            close(
                curve.standard_error_at(0, time).unwrap(),
                kaplan.standard_error_at(time).unwrap(),
            );
        }
    }

    #[test]
    fn an_empty_group_has_no_incidence_and_no_interval() {
        let curve = CumulativeIncidence::new(&[], 2);
        close(curve.at(1, 10.0), 0.0);
        assert_eq!(curve.interval_at(1, 10.0, 0.95), None);
    }
}
