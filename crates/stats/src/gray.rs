//! Gray's test: whether groups have the same cumulative incidence of one cause.
//!
//! Gray, Ann Stat 1988;16:1141-1154, with weights that count every event alike (rho 0). The
//! variance is that of section 4 there, with factors for ties.

use crate::competing::Cause;
use crate::log_rank::Test;
use crate::matrix::Factors;

/// One group at one time.
#[derive(Clone, Copy, Default)]
struct Group {
    at_risk: f64,
    /// Events of the cause and of the others, at this time.
    own: f64,
    other: f64,
    ended: f64,
    /// Share free of any event just before and from this time on.
    free_before: f64,
    free: f64,
    incidence: f64,
}

/// Compares the groups' cumulative incidence of one cause. `groups` has a number below `count` for
/// every observation. `None` when fewer than two groups can be told apart.
///
/// # Panics
/// When the lists have different lengths or a group is not below `count`.
pub fn gray_test(
    observations: &[(f64, Cause)],
    groups: &[usize],
    count: usize,
    cause: usize,
) -> Option<Test> {
    assert_eq!(observations.len(), groups.len(), "one group per observation");
    let mut rows: Vec<usize> =
        (0..groups.len()).filter(|&row| !observations[row].0.is_nan()).collect();
    rows.sort_by(|&a, &b| observations[a].0.total_cmp(&observations[b].0));
    let mut state = State::new(count);
    for &row in &rows {
        state.groups[groups[row]].at_risk += 1.0;
    }
    for ties in rows.chunk_by(|&a, &b| observations[a].0.total_cmp(&observations[b].0).is_eq()) {
        for &row in ties {
            let group = &mut state.groups[groups[row]];
            group.ended += 1.0;
            match observations[row].1 {
                Cause::Censored => {}
                Cause::Event(number) if number == cause => group.own += 1.0,
                Cause::Event(_) => group.other += 1.0,
            }
        }
        state.step();
    }
    state.test()
}

struct State {
    count: usize,
    groups: Vec<Group>,
    /// Cumulative incidence of all groups together, just before the time.
    pooled: f64,
    score: Vec<f64>,
    /// Integrated weights of the scores on each group's events.
    carried: Vec<f64>,
    variance: Vec<f64>,
    mixed: Vec<f64>,
    spread: Vec<f64>,
}

impl State {
    fn new(count: usize) -> Self {
        let group = Group { free_before: 1.0, free: 1.0, ..Group::default() };
        Self {
            count,
            groups: vec![group; count],
            pooled: 0.0,
            score: vec![0.0; count],
            carried: vec![0.0; count * count],
            variance: vec![0.0; count * count],
            mixed: vec![0.0; count * count],
            spread: vec![0.0; count],
        }
    }

    /// One time: events counted, then those who ended leave.
    fn step(&mut self) {
        let own: f64 = self.groups.iter().map(|group| group.own).sum();
        let other: f64 = self.groups.iter().map(|group| group.other).sum();
        if own + other > 0.0 {
            self.events(own, other);
        }
        for group in &mut self.groups {
            group.at_risk -= group.ended;
            group.free_before = group.free;
            (group.own, group.other, group.ended) = (0.0, 0.0, 0.0);
        }
    }

    fn events(&mut self, own: f64, other: f64) {
        // at risk in the sense of the test: those who had the competing event stay in it
        let weight = |group: &Group| {
            if group.at_risk > 0.0 { group.at_risk / group.free_before } else { 0.0 }
        };
        let total: f64 = self.groups.iter().map(weight).sum();
        let exposed = |group: &Group| weight(group) * (1.0 - group.incidence);
        let all_exposed: f64 = self.groups.iter().map(exposed).sum();
        for at in 0..self.count {
            let group = &self.groups[at];
            if group.at_risk > 0.0 {
                self.score[at] += group.own - own * exposed(group) / all_exposed;
            }
        }
        let mut now = vec![0.0; self.count * self.count];
        let rise = own / (total * (1.0 - self.pooled));
        for first in 0..self.count {
            for second in 0..self.count {
                let (a, b) = (weight(&self.groups[first]), weight(&self.groups[second]));
                let same = if first == second { a } else { 0.0 };
                let value = if a > 0.0 && b > 0.0 { same - a * b / total } else { 0.0 };
                now[first * self.count + second] = value;
                self.carried[first * self.count + second] += value * rise;
            }
        }
        let pooled = self.pooled + own / total;
        for group in self.groups.iter_mut().filter(|group| group.at_risk > 0.0) {
            group.free =
                group.free_before * (group.at_risk - group.own - group.other) / group.at_risk;
            group.incidence += group.free_before * group.own / group.at_risk;
        }
        if own > 0.0 {
            self.own_variance(own, total, pooled, &now);
        }
        if other > 0.0 {
            self.other_variance(pooled);
        }
        self.pooled = pooled;
    }

    fn own_variance(&mut self, own: f64, total: f64, pooled: f64, now: &[f64]) {
        let count = self.count;
        for at in 0..count {
            let group = self.groups[at];
            if group.at_risk <= 0.0 {
                continue;
            }
            let left = if group.free > 0.0 { 1.0 - (1.0 - pooled) / group.free } else { 1.0 };
            let ties =
                if own > 1.0 { 1.0 - (own - 1.0) / (total * group.free_before - 1.0) } else { 1.0 };
            let size = ties * group.free_before * own / (total * group.at_risk);
            let part = |row: usize| now[row * count + at] - left * self.carried[row * count + at];
            let parts: Vec<f64> = (0..count).map(part).collect();
            self.spread[at] += left * left * size;
            for first in 0..count {
                self.mixed[first * count + at] += parts[first] * left * size;
                for second in 0..count {
                    self.variance[first * count + second] += parts[first] * parts[second] * size;
                }
            }
        }
    }

    fn other_variance(&mut self, pooled: f64) {
        let count = self.count;
        for at in 0..count {
            let group = self.groups[at];
            if group.free <= 0.0 || group.other <= 0.0 {
                continue;
            }
            let left = (1.0 - pooled) / group.free;
            let ties = if group.other > 1.0 {
                1.0 - (group.other - 1.0) / (group.at_risk - 1.0)
            } else {
                1.0
            };
            let share = group.free_before / group.at_risk;
            let size = ties * share * share * group.other;
            let parts: Vec<f64> =
                (0..count).map(|row| left * self.carried[row * count + at]).collect();
            self.spread[at] += left * left * size;
            for first in 0..count {
                self.mixed[first * count + at] -= parts[first] * left * size;
                for second in 0..count {
                    self.variance[first * count + second] += parts[first] * parts[second] * size;
                }
            }
        }
    }

    fn test(&self) -> Option<Test> {
        let count = self.count;
        let mut variance = self.variance.clone();
        for first in 0..count {
            for second in 0..count {
                for at in 0..count {
                    let (a, b) = (first * count + at, second * count + at);
                    variance[first * count + second] +=
                        self.carried[a] * self.carried[b] * self.spread[at]
                            + self.carried[a] * self.mixed[b]
                            + self.carried[b] * self.mixed[a];
                }
            }
        }
        let factors = Factors::new(&variance, count);
        let freedom = factors.rank().min(count.saturating_sub(1));
        // the last group says nothing that the others do not
        let rows = count.checked_sub(1).filter(|&rows| rows > 0 && freedom > 0)?;
        let kept: Vec<f64> =
            (0..rows).flat_map(|row| variance[row * count..row * count + rows].to_vec()).collect();
        let factors = Factors::new(&kept, rows);
        (factors.rank() > 0)
            .then(|| Test::chi_square(factors.quadratic(&self.score[..rows]), factors.rank()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_alike_differ_by_nothing() {
        let one = [(1.0, Cause::Event(0)), (2.0, Cause::Event(1)), (3.0, Cause::Censored)];
        let both: Vec<(f64, Cause)> = one.iter().chain(&one).copied().collect();
        let test = gray_test(&both, &[0, 0, 0, 1, 1, 1], 2, 0).unwrap();
        assert!(test.statistic.abs() < 1e-20 && (test.probability - 1.0).abs() < 1e-9, "{test:?}");
    }

    #[test]
    fn nothing_to_compare_gives_no_test() {
        assert_eq!(gray_test(&[(1.0, Cause::Event(0))], &[0], 1, 0), None);
        assert_eq!(gray_test(&[], &[], 2, 0), None);
        assert_eq!(
            gray_test(&[(1.0, Cause::Censored), (2.0, Cause::Censored)], &[0, 1], 2, 0),
            None
        );
    }
}
