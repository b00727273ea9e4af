//! Kaplan-Meier curves with Greenwood errors, confidence bands and quantiles.
//!
//! Kaplan and Meier, J Am Stat Assoc 1958;53:457-481; Brookmeyer and Crowley, Biometrics
//! 1982;38:29-41 for the interval of a quantile.

use crate::math::{exp, ln, pow};
use crate::special::normal_quantile;

/// Two survival values closer than this are the same level of the curve.
const SAME_LEVEL: f64 = 1.5e-8;

/// The scale on which a confidence interval of the curve is symmetric.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Band {
    /// ln(-ln S), the default: never leaves 0 to 1.
    #[default]
    LogLog,
    /// ln S.
    Log,
    /// S itself, cut at 0 and 1.
    Plain,
    /// ln(S / (1 - S)).
    Logit,
    /// arcsin of the root of S.
    ArcSine,
}

/// One subject's follow-up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// When the subject came under observation; at risk only after it.
    pub entry: f64,
    /// When it ended.
    pub time: f64,
    /// It ended with the event; otherwise censored.
    pub event: bool,
}

impl Observation {
    /// A subject observed from the start.
    pub fn new(time: f64, event: bool) -> Self {
        Self { entry: f64::NEG_INFINITY, time, event }
    }

    /// A subject that came under observation later.
    pub fn delayed(entry: f64, time: f64, event: bool) -> Self {
        Self { entry, time, event }
    }
}

/// A product-limit curve: one entry per distinct time, events before censorings at equal times.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KaplanMeier {
    /// Distinct times, ascending.
    pub times: Vec<f64>,
    /// Patients at risk just before each time.
    pub at_risk: Vec<usize>,
    /// Events at each time.
    pub events: Vec<usize>,
    /// Censorings at each time.
    pub censored: Vec<usize>,
    /// Survival from each time on.
    pub survival: Vec<f64>,
    /// Greenwood's sum of d / (n (n - d)) up to each time; infinite where survival is 0.
    pub greenwood: Vec<f64>,
}

impl KaplanMeier {
    /// The curve of (time, whether the event happened) pairs; times that are not numbers are left out.
    pub fn new(observations: &[(f64, bool)]) -> Self {
        let all: Vec<Observation> =
            observations.iter().map(|&(time, event)| Observation::new(time, event)).collect();
        Self::delayed(&all)
    }

    /// The curve of subjects of whom some came under observation later (left truncation): each is
    /// at risk after its entry only. Those whose time is not after their entry are left out.
    ///
    /// Where few are at risk early, one event can bring such a curve down to 0, where it stays.
    pub fn delayed(observations: &[Observation]) -> Self {
        let mut order: Vec<Observation> =
            observations.iter().copied().filter(|one| one.entry < one.time).collect();
        order.sort_by(|a, b| a.time.total_cmp(&b.time));
        let mut entries: Vec<f64> = order.iter().map(|one| one.entry).collect();
        entries.sort_by(f64::total_cmp);
        let mut curve = Self::default();
        let (mut left, mut survival, mut greenwood) = (0, 1.0, 0.0);
        for ties in order.chunk_by(|a, b| a.time.total_cmp(&b.time).is_eq()) {
            let entered = entries.partition_point(|&entry| entry < ties[0].time);
            let at_risk = entered - left;
            let events = ties.iter().filter(|one| one.event).count();
            let (n, d) = (at_risk as f64, events as f64);
            if events > 0 {
                survival *= (n - d) / n;
                greenwood += d / (n * (n - d));
            }
            curve.times.push(ties[0].time);
            curve.at_risk.push(at_risk);
            curve.events.push(events);
            curve.censored.push(ties.len() - events);
            curve.survival.push(survival);
            curve.greenwood.push(greenwood);
            left += ties.len();
        }
        curve
    }

    /// The curve of follow-up: event and censoring change places.
    pub fn reversed(observations: &[(f64, bool)]) -> Self {
        let flipped: Vec<(f64, bool)> =
            observations.iter().map(|&(time, event)| (time, !event)).collect();
        Self::new(&flipped)
    }

    /// The last entry at or before a time.
    fn index_at(&self, time: f64) -> Option<usize> {
        self.times.partition_point(|&entry| entry <= time).checked_sub(1)
    }

    /// Survival at a time; beyond the last time, the last value.
    pub fn at(&self, time: f64) -> f64 {
        self.index_at(time).map_or(1.0, |index| self.survival[index])
    }

    /// Survival at a time; `None` beyond the last time, where nothing is known (unless the curve
    /// has come down to 0).
    pub fn known_at(&self, time: f64) -> Option<f64> {
        let last = *self.times.last()?;
        let survival = self.at(time);
        (time <= last || survival <= 0.0).then_some(survival)
    }

    /// Patients at risk just before a time, read at the first entry from then on.
    pub fn at_risk_at(&self, time: f64) -> usize {
        let index = self.times.partition_point(|&entry| entry < time);
        self.at_risk.get(index).copied().unwrap_or(0)
    }

    /// Greenwood's standard error of an entry; `None` where survival is 0.
    pub fn standard_error(&self, index: usize) -> Option<f64> {
        let survival = self.survival[index];
        (survival > 0.0).then(|| survival * self.greenwood[index].sqrt())
    }

    /// The standard error at a time; `None` where survival is 0.
    pub fn standard_error_at(&self, time: f64) -> Option<f64> {
        self.index_at(time).map_or(Some(0.0), |index| self.standard_error(index))
    }

    /// The confidence interval of an entry; `None` where the scale has no value for it.
    pub fn interval(&self, index: usize, level: f64, band: Band) -> Option<(f64, f64)> {
        let (survival, root) = (self.survival[index], self.greenwood[index].sqrt());
        if survival <= 0.0 {
            return None;
        }
        let z = normal_quantile(0.5 + 0.5 * level);
        match band {
            Band::Plain => {
                let half = z * survival * root;
                Some(((survival - half).max(0.0), (survival + half).min(1.0)))
            }
            Band::Log => Some((survival * exp(-z * root), (survival * exp(z * root)).min(1.0))),
            Band::LogLog if survival < 1.0 => {
                let half = z * root / ln(survival);
                Some((pow(survival, exp(-half)), pow(survival, exp(half))))
            }
            Band::Logit if survival < 1.0 => {
                let (odds, half) = (survival / (1.0 - survival), z * root / (1.0 - survival));
                let share = |odds: f64| odds / (1.0 + odds);
                Some((share(odds * exp(-half)), share(odds * exp(half))))
            }
            Band::ArcSine if survival < 1.0 => {
                let angle = libm::asin(survival.sqrt());
                let half = 0.5 * z * root * (survival / (1.0 - survival)).sqrt();
                let share = |angle: f64| {
                    let sine = libm::sin(angle.clamp(0.0, std::f64::consts::FRAC_PI_2));
                    sine * sine
                };
                Some((share(angle - half), share(angle + half)))
            }
            Band::LogLog | Band::Logit | Band::ArcSine => None,
        }
    }

    /// The confidence interval at a time; (1, 1) before the first entry.
    pub fn interval_at(&self, time: f64, level: f64, band: Band) -> Option<(f64, f64)> {
        self.index_at(time).map_or(Some((1.0, 1.0)), |index| self.interval(index, level, band))
    }

    /// The time by which a share `p` had the event; `None` if the curve does not come down so far.
    ///
    /// Where the curve runs level at exactly 1 - p, the middle of that stretch, as R and SAS do.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        self.crossing(1.0 - p, |index| Some(self.survival[index]))
    }

    /// The confidence limits of a quantile, each `None` where it is not reached.
    pub fn quantile_interval(&self, p: f64, level: f64, band: Band) -> (Option<f64>, Option<f64>) {
        let limits: Vec<Option<(f64, f64)>> =
            (0..self.times.len()).map(|index| self.interval(index, level, band)).collect();
        let lower = self.crossing(1.0 - p, |index| limits[index].map(|limit| limit.0));
        let upper = self.crossing(1.0 - p, |index| limits[index].map(|limit| limit.1));
        (lower, upper)
    }

    /// The median time.
    pub fn median(&self) -> Option<f64> {
        self.quantile(0.5)
    }

    /// The confidence limits of the median on the default scale.
    pub fn median_interval(&self, level: f64) -> (Option<f64>, Option<f64>) {
        self.quantile_interval(0.5, level, Band::LogLog)
    }

    /// Where a falling step curve reaches a height.
    fn crossing(&self, height: f64, curve: impl Fn(usize) -> Option<f64>) -> Option<f64> {
        let first_below = |limit: f64| {
            (0..self.times.len()).find(|&index| curve(index).is_some_and(|value| value <= limit))
        };
        let reached = first_below(height + SAME_LEVEL)?;
        let last = self.times.len() - 1;
        let ends_level = curve(last).is_some_and(|value| (value - height).abs() < SAME_LEVEL);
        let passed = match first_below(height - SAME_LEVEL) {
            Some(index) => index,
            None if ends_level => last,
            None => return None,
        };
        Some(0.5 * (self.times[reached] + self.times[passed]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_has_no_median() {
        let curve = KaplanMeier::new(&[]);
        assert_eq!(curve.median(), None);
        assert_eq!(curve.median_interval(0.95), (None, None));
        assert!((curve.at(10.0) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_patient_censored_with_an_event_was_at_risk_for_it() {
        let curve = KaplanMeier::new(&[(2.0, false), (2.0, true), (3.0, true), (5.0, false)]);
        assert_eq!(curve.at_risk, [4, 2, 1]);
        assert!((curve.at(2.0) - 0.75).abs() < 1e-15);
        assert_eq!(
            (curve.at_risk_at(0.0), curve.at_risk_at(2.5), curve.at_risk_at(9.0)),
            (4, 2, 0)
        );
    }

    #[test]
    fn a_curve_that_stays_above_half_has_no_median() {
        let curve = KaplanMeier::new(&[(1.0, true), (2.0, false), (3.0, false), (4.0, false)]);
        assert_eq!(curve.median(), None);
        assert_eq!(curve.standard_error_at(0.5), Some(0.0));
    }

    #[test]
    fn follow_up_is_the_curve_with_event_and_censoring_exchanged() {
        let data = [(1.0, true), (4.0, false), (6.0, false), (7.0, false)];
        assert_eq!(KaplanMeier::reversed(&data).median(), Some(6.0));
    }
}
