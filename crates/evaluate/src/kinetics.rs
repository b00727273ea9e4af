//! Cellular kinetics without a model: Cmax, Tmax, Tlast, AUC, terminal half-life.
//!
//! Linear-up/log-down trapezoids; values below the limit count as 0 before the first quantifiable
//! value, are dropped between quantifiable ones, and end the curve after the last.

use crate::index::Point;
use crate::outcome::Kinetics;
use serde::Deserialize;
use stats::math;

/// What the analyst chooses.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct KineticsOptions {
    /// How the area over the first 28 days is completed when quantifiable values end before.
    pub auc_28: Auc,
    /// Length of the area, days.
    pub auc_days: f64,
    /// Fewest points after the peak for a terminal slope.
    pub slope_points: usize,
    /// Fits whose adjusted R squared is this close to the best are equal; the longest is taken.
    pub slope_tolerance: f64,
    /// Without a sample at or before the infusion the curve starts with 0 at day 0 (a subject
    /// that never had the product before).
    pub starts_at_zero: bool,
}

/// Ways to complete an area whose curve ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auc {
    /// A straight line to 0 at the first sample below the limit after the last value, else stop.
    #[default]
    All,
    /// Stop at the last value.
    Last,
    /// Along the terminal slope from the fitted value at the last time.
    Predicted,
    /// Along the terminal slope from the last value.
    Observed,
}

impl Default for KineticsOptions {
    fn default() -> Self {
        Self {
            auc_28: Auc::All,
            auc_days: 28.0,
            slope_points: 3,
            slope_tolerance: 1e-4,
            starts_at_zero: true,
        }
    }
}

/// The curve without its dropped values, and the first sample below the limit after its end.
struct Curve {
    points: Vec<(f64, f64)>,
    first_below_after: Option<f64>,
}

/// A terminal fit on the logarithm.
#[derive(Clone, Copy)]
struct Slope {
    rate: f64,
    intercept: f64,
    r2: f64,
    points: usize,
}

/// Kinetics of a series of one analyte, by day; `None` when never sampled.
pub fn of(series: &[Point], options: &KineticsOptions) -> Option<Kinetics> {
    if series.is_empty() {
        return None;
    }
    let curve = curve(series, options);
    let detected = || curve.points.iter().filter(|point| point.1 > 0.0);
    let (Some(&first), Some(&last)) = (detected().next(), detected().next_back()) else {
        return Some(Kinetics { auc_28_is_partial: false, ..Kinetics::default() });
    };
    let peak =
        detected().copied().fold(first, |best, point| if point.1 > best.1 { point } else { best });
    let slope = terminal_slope(&curve.points, peak.0, options);
    let auc_last = area(&curve.points, last.0);
    let (auc_28, partial) = area_to(&curve, last, slope, options);
    Some(Kinetics {
        cmax: Some(peak.1),
        tmax: Some(peak.0),
        clast: Some(last.1),
        tlast: Some(last.0),
        first_day: Some(first.0),
        auc_last,
        auc_28,
        auc_28_is_partial: partial,
        lambda_z: slope.map(|fit| fit.rate),
        half_life: slope.map(|fit| std::f64::consts::LN_2 / fit.rate),
        slope_points: slope.map_or(0, |fit| fit.points),
        slope_r2: slope.map(|fit| fit.r2),
        auc_infinity: slope.map(|fit| auc_last + last.1 / fit.rate),
    })
}

fn curve(series: &[Point], options: &KineticsOptions) -> Curve {
    let value = |point: &Point| {
        if point.below_limit || point.value <= 0.0 { 0.0 } else { point.value }
    };
    let after = series.partition_point(|point| point.day <= 0.0);
    let mut points = Vec::with_capacity(series.len() + 1);
    match after.checked_sub(1).map(|at| &series[at]) {
        Some(before) => points.push((0.0, value(before))),
        None if options.starts_at_zero => points.push((0.0, 0.0)),
        None => {}
    }
    let last = series.iter().rposition(|point| value(point) > 0.0);
    let mut not_yet = points.iter().all(|known| known.1 <= 0.0);
    for point in series.iter().take(last.map_or(0, |last| last + 1)).skip(after) {
        let value = value(point);
        if value > 0.0 || not_yet {
            points.push((point.day, value));
        }
        not_yet &= value <= 0.0;
    }
    let first_below_after =
        last.and_then(|at| series.get(at + 1)).map(|point| point.day).filter(|&day| day > 0.0);
    Curve { points, first_below_after }
}

/// One trapezoid: linear when rising or touching 0, logarithmic when falling.
fn trapezoid((t1, c1): (f64, f64), (t2, c2): (f64, f64)) -> f64 {
    if c2 >= c1 || c1 <= 0.0 || c2 <= 0.0 {
        0.5 * (c1 + c2) * (t2 - t1)
    } else {
        (c1 - c2) * (t2 - t1) / math::ln(c1 / c2)
    }
}

/// The value between two points by the same rule as [`trapezoid`].
fn between((t1, c1): (f64, f64), (t2, c2): (f64, f64), time: f64) -> f64 {
    let share = (time - t1) / (t2 - t1);
    if c2 >= c1 || c1 <= 0.0 || c2 <= 0.0 {
        c1 + share * (c2 - c1)
    } else {
        c1 * math::exp(share * math::ln(c2 / c1))
    }
}

/// Area from the first point to a time within the curve.
fn area(points: &[(f64, f64)], until: f64) -> f64 {
    let mut sum = 0.0;
    for pair in points.windows(2) {
        let (start, end) = (pair[0], pair[1]);
        if end.0 <= until {
            sum += trapezoid(start, end);
        } else {
            if start.0 < until {
                sum += trapezoid(start, (until, between(start, end, until)));
            }
            break;
        }
    }
    sum
}

/// The area over the first days, and whether it stopped short of them.
fn area_to(
    curve: &Curve,
    last: (f64, f64),
    slope: Option<Slope>,
    options: &KineticsOptions,
) -> (f64, bool) {
    let until = options.auc_days;
    let measured = area(&curve.points, until.min(last.0));
    if last.0 >= until {
        return (measured, false);
    }
    let tail = |from: f64, rate: f64| from / rate * (1.0 - math::exp(-rate * (until - last.0)));
    let added = match (options.auc_28, curve.first_below_after, slope) {
        (Auc::All, Some(below), _) => {
            let end = (below, 0.0);
            if below <= until {
                Some(trapezoid(last, end))
            } else {
                Some(trapezoid(last, (until, between(last, end, until))))
            }
        }
        (Auc::Predicted, _, Some(fit)) => {
            Some(tail(math::exp(fit.intercept - fit.rate * last.0), fit.rate))
        }
        (Auc::Observed, _, Some(fit)) => Some(tail(last.1, fit.rate)),
        _ => None,
    };
    (measured + added.unwrap_or(0.0), added.is_none())
}

/// The log-linear fit to the last points after the peak with the best adjusted R squared; among
/// fits within the tolerance the one with most points.
fn terminal_slope(points: &[(f64, f64)], peak: f64, options: &KineticsOptions) -> Option<Slope> {
    let mut sums = Sums::default();
    let mut fits: Vec<Slope> = Vec::new();
    let after_peak =
        points.iter().rev().take_while(|point| point.0 > peak).filter(|point| point.1 > 0.0);
    for &(time, value) in after_peak {
        sums.add(time, math::ln(value));
        fits.extend(
            sums.fit().filter(|fit| fit.points >= options.slope_points.max(3) && fit.rate > 0.0),
        );
    }
    let best = fits.iter().map(|fit| fit.r2).fold(f64::NEG_INFINITY, f64::max);
    fits.into_iter().rfind(|fit| fit.r2 > best - options.slope_tolerance)
}

/// Sums for a straight line, taken from the first point added so that nothing cancels.
#[derive(Default)]
struct Sums {
    origin: Option<(f64, f64)>,
    count: usize,
    t: f64,
    l: f64,
    tt: f64,
    tl: f64,
    ll: f64,
}

impl Sums {
    fn add(&mut self, time: f64, log: f64) {
        let (time_0, log_0) = *self.origin.get_or_insert((time, log));
        let (t, l) = (time - time_0, log - log_0);
        self.count += 1;
        self.t += t;
        self.l += l;
        self.tt += t * t;
        self.tl += t * l;
        self.ll += l * l;
    }

    fn fit(&self) -> Option<Slope> {
        let (time_0, log_0) = self.origin?;
        let n = self.count as f64;
        let (mean_t, mean_l) = (self.t / n, self.l / n);
        let tt = self.tt - n * mean_t * mean_t;
        let tl = self.tl - n * mean_t * mean_l;
        let ll = self.ll - n * mean_l * mean_l;
        if self.count < 3 || tt <= 0.0 || ll <= 0.0 {
            return None;
        }
        let r2 = (tl * tl / (tt * ll)).min(1.0);
        let adjusted = 1.0 - (1.0 - r2) * (n - 1.0) / (n - 2.0);
        let rate = -tl / tt;
        let intercept = log_0 + mean_l + rate * (time_0 + mean_t);
        Some(Slope { rate, intercept, r2: adjusted, points: self.count })
    }
}
