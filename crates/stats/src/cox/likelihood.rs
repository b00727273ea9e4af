//! The partial likelihood with its first two derivatives, one risk set after the other.

use super::{Model, Ties};
use crate::math::{exp, ln};

/// Log likelihood, its gradient and minus its second derivatives, row by row.
#[derive(Debug, Clone)]
pub(super) struct Derivatives {
    pub(super) likelihood: f64,
    pub(super) score: Vec<f64>,
    pub(super) information: Vec<f64>,
}

impl Derivatives {
    pub(super) fn zero(count: usize) -> Self {
        Self { likelihood: 0.0, score: vec![0.0; count], information: vec![0.0; count * count] }
    }

    /// Takes one denominator off: its logarithm, its mean and its second moments.
    fn subtract(&mut self, log: f64, mean: &[f64], second: &[f64]) {
        let count = mean.len();
        self.likelihood -= log;
        for row in 0..count {
            self.score[row] -= mean[row];
            for column in 0..count {
                self.information[row * count + column] +=
                    second[row * count + column] - mean[row] * mean[column];
            }
        }
    }
}

/// Those at risk at one time of events.
pub(super) struct Set {
    pub(super) time: f64,
    pub(super) at_risk: Vec<u32>,
    /// Those of them who have the event.
    pub(super) deaths: Vec<u32>,
}

/// All risk sets, strata one after the other and times ascending.
pub(super) struct Sets {
    pub(super) count: usize,
    /// Covariates of each subject, centred.
    pub(super) values: Vec<f64>,
    /// Standard deviation of each covariate.
    pub(super) deviations: Vec<f64>,
    pub(super) all: Vec<Set>,
}

/// Weighted sums over a risk set.
pub(super) struct Sums {
    pub(super) zero: f64,
    pub(super) first: Vec<f64>,
    second: Vec<f64>,
}

impl Sums {
    fn new(count: usize) -> Self {
        Self { zero: 0.0, first: vec![0.0; count], second: vec![0.0; count * count] }
    }

    fn add(&mut self, weight: f64, values: &[f64]) {
        let count = values.len();
        self.zero += weight;
        for row in 0..count {
            self.first[row] += weight * values[row];
            for column in 0..count {
                self.second[row * count + column] += weight * values[row] * values[column];
            }
        }
    }
}

impl Sets {
    pub(super) fn new(model: &Model) -> Self {
        let subjects = model.observations.len();
        let count = model.covariates.len();
        let mut values = vec![0.0; subjects * count];
        let mut deviations = Vec::with_capacity(count);
        for (column, covariate) in model.covariates.iter().enumerate() {
            let mean = covariate.values.iter().sum::<f64>() / subjects.max(1) as f64;
            let mut squares = 0.0;
            for (row, value) in covariate.values.iter().enumerate() {
                values[row * count + column] = value - mean;
                squares += (value - mean) * (value - mean);
            }
            deviations.push((squares / subjects.max(1) as f64).sqrt());
        }
        let stratum = |row: u32| model.strata.get(row as usize).copied().unwrap_or(0);
        let about = |row: u32| &model.observations[row as usize];
        let mut rows: Vec<u32> = (0..subjects as u32).collect();
        rows.sort_by(|&a, &b| {
            stratum(a).cmp(&stratum(b)).then(about(a).time.total_cmp(&about(b).time))
        });
        let mut all = Vec::new();
        for rows in rows.chunk_by(|&a, &b| stratum(a) == stratum(b)) {
            let mut from = 0;
            for ties in rows.chunk_by(|&a, &b| about(a).time.total_cmp(&about(b).time).is_eq()) {
                let time = about(ties[0]).time;
                let entered = |row: &u32| about(*row).entry < time;
                let deaths: Vec<u32> =
                    ties.iter().copied().filter(|row| about(*row).event && entered(row)).collect();
                if !deaths.is_empty() {
                    let at_risk = rows[from..].iter().copied().filter(entered).collect();
                    all.push(Set { time, at_risk, deaths });
                }
                from += ties.len();
            }
        }
        Self { count, values, deviations, all }
    }

    pub(super) fn events(&self) -> usize {
        self.all.iter().map(|set| set.deaths.len()).sum()
    }

    pub(super) fn row(&self, row: u32) -> &[f64] {
        &self.values[row as usize * self.count..(row as usize + 1) * self.count]
    }

    /// The linear predictor of a subject.
    pub(super) fn score(&self, row: u32, beta: &[f64]) -> f64 {
        self.row(row).iter().zip(beta).map(|(value, beta)| value * beta).sum()
    }

    /// How far the linear predictors within a risk set lie apart, at most.
    pub(super) fn spread(&self, beta: &[f64]) -> f64 {
        let within = |set: &Set| {
            let scores = set.at_risk.iter().map(|&row| self.score(row, beta));
            let (low, high) = scores
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), one| {
                    (low.min(one), high.max(one))
                });
            high - low
        };
        self.all.iter().map(within).fold(0.0, f64::max)
    }

    /// Whether, along this direction, nobody at risk ever lies ahead of those who have the event.
    pub(super) fn never_behind(&self, direction: &[f64]) -> bool {
        let slack = 1e-6 * self.spread(direction);
        slack > 0.0
            && self.all.iter().all(|set| {
                let score = |row: &u32| self.score(*row, direction);
                let ahead = set.at_risk.iter().filter(|row| !set.deaths.contains(row)).map(score);
                let high = ahead.fold(f64::NEG_INFINITY, f64::max);
                set.deaths.iter().map(score).all(|own| own >= high - slack)
            })
    }

    pub(super) fn derivatives(&self, beta: &[f64], ties: Ties) -> Derivatives {
        let mut sum = Derivatives::zero(self.count);
        for set in &self.all {
            let part = self.of_set(set, beta, ties);
            sum.likelihood += part.likelihood;
            add(&mut sum.score, &part.score);
            add(&mut sum.information, &part.information);
        }
        sum
    }

    /// The part of one risk set.
    pub(super) fn of_set(&self, set: &Set, beta: &[f64], ties: Ties) -> Derivatives {
        let mut part = Derivatives::zero(self.count);
        for &row in &set.deaths {
            part.likelihood += self.score(row, beta);
            add(&mut part.score, self.row(row));
        }
        if ties == Ties::Exact && set.deaths.len() > 1 {
            self.exact(set, beta, &mut part);
            return part;
        }
        let (top, all, deaths) = self.sums(set, beta);
        let count = set.deaths.len();
        for place in 0..count {
            let share = if ties == Ties::Efron { place as f64 / count as f64 } else { 0.0 };
            let zero = all.zero - share * deaths.zero;
            let less = |all: &[f64], own: &[f64]| -> Vec<f64> {
                all.iter().zip(own).map(|(all, own)| (all - share * own) / zero).collect()
            };
            let mean = less(&all.first, &deaths.first);
            part.subtract(top + ln(zero), &mean, &less(&all.second, &deaths.second));
        }
        part
    }

    /// Sums over a risk set and over its deaths; weights are relative to the highest, whose
    /// logarithm comes first.
    pub(super) fn sums(&self, set: &Set, beta: &[f64]) -> (f64, Sums, Sums) {
        let top =
            set.at_risk.iter().map(|&row| self.score(row, beta)).fold(f64::NEG_INFINITY, f64::max);
        let over = |rows: &[u32]| {
            let mut sums = Sums::new(self.count);
            for &row in rows {
                sums.add(exp(self.score(row, beta) - top), self.row(row));
            }
            sums
        };
        (top, over(&set.at_risk), over(&set.deaths))
    }

    /// The sum over all ways to choose as many subjects as died: Gail, Lubin and Rubinstein,
    /// Biometrika 1981;68:703-707.
    fn exact(&self, set: &Set, beta: &[f64], part: &mut Derivatives) {
        let size = set.deaths.len();
        let top =
            set.at_risk.iter().map(|&row| self.score(row, beta)).fold(f64::NEG_INFINITY, f64::max);
        let mut chosen: Vec<Sums> = (0..=size).map(|_| Sums::new(self.count)).collect();
        chosen[0].zero = 1.0;
        for (done, &row) in set.at_risk.iter().enumerate() {
            let (weight, values) = (exp(self.score(row, beta) - top), self.row(row));
            for place in (1..=size.min(done + 1)).rev() {
                let (before, rest) = chosen.split_at_mut(place);
                with_one_more(&mut rest[0], &before[place - 1], weight, values);
            }
        }
        let Sums { zero, first, second } = &chosen[size];
        let over = |values: &[f64]| -> Vec<f64> { values.iter().map(|one| one / zero).collect() };
        part.subtract(size as f64 * top + ln(*zero), &over(first), &over(second));
    }
}

/// Adds to the sums over choices of one more subject those that hold this one.
fn with_one_more(to: &mut Sums, from: &Sums, weight: f64, values: &[f64]) {
    let count = values.len();
    to.zero += weight * from.zero;
    for row in 0..count {
        to.first[row] += weight * (from.first[row] + values[row] * from.zero);
        for column in 0..count {
            to.second[row * count + column] += weight
                * (from.second[row * count + column]
                    + values[row] * from.first[column]
                    + from.first[row] * values[column]
                    + values[row] * values[column] * from.zero);
        }
    }
}

fn add(to: &mut [f64], from: &[f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += from;
    }
}
