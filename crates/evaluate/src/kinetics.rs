//! Cellular kinetics without a model: Cmax, Tmax, Tlast, AUC, terminal half-life.
//!
//! By default linear-up/log-down trapezoids; values below the limit count as 0 before the first
//! quantifiable value, are dropped between quantifiable ones, and end the curve after the last.

use crate::index::{Point, SubjectRecords};
use crate::outcome::{Area, Kinetics};
use records::Analyte;
use serde::{Deserialize, Serialize};
use stats::math;

/// What the analyst chooses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct KineticsOptions {
    /// How an area over the first days is completed when quantifiable values end before.
    pub auc_28: Auc,
    /// Length of the area, days.
    pub auc_days: f64,
    /// What a value below the limit is before the first quantifiable one.
    pub below_limit_before: BelowLimit,
    /// What a value below the limit is between quantifiable ones.
    pub below_limit_between: BelowLimit,
    /// How areas are computed between two samples.
    pub trapezoid: Trapezoid,
    /// Fewest points after the peak for a terminal slope.
    pub slope_points: usize,
    /// Fits whose adjusted R squared is this close to the best are equal; the longest is taken.
    pub slope_tolerance: f64,
    /// Without a sample at or before the infusion the curve starts with 0 at day 0 (a subject
    /// that never had the product before).
    pub starts_at_zero: bool,
    /// The duration above this value is reported, in the unit of the values.
    pub threshold: f64,
}

/// Ways to complete an area whose curve ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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

/// What a value below the limit of quantification becomes. After the last quantifiable value it is
/// never used, but for the first, which ends the area of [`Auc::All`] at 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BelowLimit {
    /// Nothing: the sample is left out.
    Drop,
    /// 0.
    Zero,
    /// Half the limit.
    HalfLimit,
}

/// How areas are computed between two samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trapezoid {
    /// Linear when rising or touching 0, logarithmic when falling.
    #[default]
    LinearUpLogDown,
    /// Linear throughout.
    Linear,
}

impl Default for KineticsOptions {
    fn default() -> Self {
        Self {
            auc_28: Auc::All,
            auc_days: 28.0,
            below_limit_before: BelowLimit::Zero,
            below_limit_between: BelowLimit::Drop,
            trapezoid: Trapezoid::LinearUpLogDown,
            slope_points: 3,
            slope_tolerance: 1e-4,
            starts_at_zero: true,
            threshold: 0.0,
        }
    }
}

impl BelowLimit {
    fn value(self, limit: f64) -> Option<f64> {
        match self {
            Self::Drop => None,
            Self::Zero => Some(0.0),
            Self::HalfLimit => Some(0.5 * limit),
        }
    }
}

/// The curve without its dropped values, and the first sample below the limit after its end.
struct Curve {
    points: Vec<(f64, f64)>,
    first_below_after: Option<f64>,
    trapezoid: Trapezoid,
}

/// A terminal fit on the logarithm.
#[derive(Clone, Copy)]
struct Slope {
    rate: f64,
    intercept: f64,
    r2: f64,
    points: usize,
    /// First and last time of the fit.
    span: (f64, f64),
}

/// Kinetics of a series of one analyte, by day; `None` when never sampled.
pub fn of(series: &[Point], options: &KineticsOptions) -> Option<Kinetics> {
    if series.is_empty() {
        return None;
    }
    let curve = curve(series, options);
    let is_known = |point: &&Point| !point.below_limit && point.value > 0.0 && point.day >= 0.0;
    let mut detected = series.iter().filter(is_known).map(|point| (point.day, point.value));
    let (Some(first), Some(last)) =
        (detected.clone().next(), series.iter().rfind(is_known).map(|at| (at.day, at.value)))
    else {
        return Some(Kinetics::default());
    };
    let peak = detected.clone().fold(first, |best, at| if at.1 > best.1 { at } else { best });
    let slope = terminal_slope(detected.by_ref(), peak.0, options);
    let auc_last = curve.area(last.0);
    let predicted = slope.map(|fit| math::exp(fit.intercept - fit.rate * last.0));
    let infinity = |from: Option<f64>| Some(auc_last + from? / slope?.rate);
    let auc_infinity = infinity(Some(last.1));
    let area = |until: f64| {
        let (value, is_partial) = area_to(&curve, last, slope, until, options.auc_28);
        Area { value, is_partial }
    };
    let auc_28 = area(options.auc_days);
    Some(Kinetics {
        cmax: Some(peak.1),
        tmax: Some(peak.0),
        clast: Some(last.1),
        tlast: Some(last.0),
        first_day: Some(first.0),
        auc_last,
        auc_28: auc_28.value,
        auc_28_is_partial: auc_28.is_partial,
        auc_84: area(84.0),
        auc_180: area(180.0),
        days_above: curve.days_above(options.threshold),
        lambda_z: slope.map(|fit| fit.rate),
        half_life: slope.map(|fit| std::f64::consts::LN_2 / fit.rate),
        slope_points: slope.map_or(0, |fit| fit.points),
        slope_r2: slope.map(|fit| fit.r2),
        slope_span: slope.map(|fit| fit.span),
        auc_infinity,
        auc_infinity_predicted: infinity(predicted),
        extrapolated: auc_infinity.map(|whole| (whole - auc_last) / whole),
    })
}

/// Kinetics after each infusion alone, with days counted from it; the last runs to the end.
pub fn by_infusion(
    subject: &SubjectRecords<'_>,
    analyte: Analyte,
    options: &KineticsOptions,
) -> Vec<(f64, Kinetics)> {
    let mut days: Vec<f64> = subject.infusions().collect();
    days.dedup_by(|later, earlier| *later - *earlier < 1e-9);
    let ends = days.iter().skip(1).copied().chain([f64::INFINITY]);
    days.iter()
        .zip(ends)
        .filter_map(|(&start, end)| {
            let part: Vec<Point> = subject
                .series(analyte)
                .iter()
                .filter(|point| point.day > start - 1.0 && point.day <= end)
                .map(|point| Point { day: point.day - start, ..*point })
                .collect();
            of(&part, options).map(|found| (start, found))
        })
        .collect()
}

/// Cells per microlitre from transgene copies per microgram of DNA, when all three are known: white
/// cells (10^9/L), DNA of a cell (pg; about 6.6 in a diploid one) and copies in each infused cell.
pub fn cells_from_copies(copies: f64, white_cells: f64, dna_of_cell: f64, per_cell: f64) -> f64 {
    // 1 ug of DNA is that of 1e6 / dna cells; 10^9/L are 1000 per uL
    copies * dna_of_cell * 1e-6 / per_cell * white_cells * 1e3
}

fn curve(series: &[Point], options: &KineticsOptions) -> Curve {
    let is_below = |point: &Point| point.below_limit || point.value <= 0.0;
    let after = series.partition_point(|point| point.day <= 0.0);
    let mut points = Vec::with_capacity(series.len() + 1);
    match after.checked_sub(1).map(|at| &series[at]) {
        Some(before) if !is_below(before) => points.push((0.0, before.value)),
        Some(before) => {
            let value = options.below_limit_before.value(before.value);
            points.extend(value.map(|value| (0.0, value)));
        }
        None if options.starts_at_zero => points.push((0.0, 0.0)),
        None => {}
    }
    let last = series.iter().rposition(|point| !is_below(point));
    let mut not_yet = after.checked_sub(1).is_none_or(|at| is_below(&series[at]));
    for point in series.iter().take(last.map_or(0, |last| last + 1)).skip(after) {
        let value = match (is_below(point), not_yet) {
            (false, _) => Some(point.value),
            (true, true) => options.below_limit_before.value(point.value),
            (true, false) => options.below_limit_between.value(point.value),
        };
        points.extend(value.map(|value| (point.day, value)));
        not_yet &= is_below(point);
    }
    let first_below_after =
        last.and_then(|at| series.get(at + 1)).map(|point| point.day).filter(|&day| day > 0.0);
    Curve { points, first_below_after, trapezoid: options.trapezoid }
}

impl Curve {
    /// Whether the way from one value to the next is straight.
    fn is_straight(&self, from: f64, to: f64) -> bool {
        self.trapezoid == Trapezoid::Linear || to >= from || from <= 0.0 || to <= 0.0
    }

    fn trapezoid(&self, (t1, c1): (f64, f64), (t2, c2): (f64, f64)) -> f64 {
        if self.is_straight(c1, c2) {
            0.5 * (c1 + c2) * (t2 - t1)
        } else {
            (c1 - c2) * (t2 - t1) / math::ln(c1 / c2)
        }
    }

    /// The value between two points by the same rule.
    fn between(&self, (t1, c1): (f64, f64), (t2, c2): (f64, f64), time: f64) -> f64 {
        let share = (time - t1) / (t2 - t1);
        if self.is_straight(c1, c2) {
            c1 + share * (c2 - c1)
        } else {
            c1 * math::exp(share * math::ln(c2 / c1))
        }
    }

    /// Area from the first point to a time within the curve.
    fn area(&self, until: f64) -> f64 {
        let mut sum = 0.0;
        for pair in self.points.windows(2) {
            let (start, end) = (pair[0], pair[1]);
            if end.0 <= until {
                sum += self.trapezoid(start, end);
            } else {
                if start.0 < until {
                    sum += self.trapezoid(start, (until, self.between(start, end, until)));
                }
                break;
            }
        }
        sum
    }

    /// Days above a value within the curve, crossings by the rule of the areas.
    fn days_above(&self, threshold: f64) -> f64 {
        let mut days = 0.0;
        for pair in self.points.windows(2) {
            let (start, end) = (pair[0], pair[1]);
            let (low, high) = (start.1.min(end.1), start.1.max(end.1));
            if low > threshold {
                days += end.0 - start.0;
            } else if high > threshold {
                let share = if self.is_straight(start.1, end.1) || threshold <= 0.0 {
                    (high - threshold) / (high - low)
                } else {
                    math::ln(high / threshold) / math::ln(high / low)
                };
                days += share * (end.0 - start.0);
            }
        }
        days
    }
}

/// The area over the first days, and whether it stopped short of them.
fn area_to(
    curve: &Curve,
    last: (f64, f64),
    slope: Option<Slope>,
    until: f64,
    variant: Auc,
) -> (f64, bool) {
    let measured = curve.area(until.min(last.0));
    if last.0 >= until {
        return (measured, false);
    }
    let tail = |from: f64, rate: f64| from / rate * (1.0 - math::exp(-rate * (until - last.0)));
    let added = match (variant, curve.first_below_after, slope) {
        // a straight line to 0, whatever the rule between samples
        (Auc::All, Some(below), _) => {
            let end = below.min(until);
            let left = last.1 * (below - end) / (below - last.0);
            Some(0.5 * (last.1 + left) * (end - last.0))
        }
        (Auc::Predicted, _, Some(fit)) => {
            Some(tail(math::exp(fit.intercept - fit.rate * last.0), fit.rate))
        }
        (Auc::Observed, _, Some(fit)) => Some(tail(last.1, fit.rate)),
        _ => None,
    };
    (measured + added.unwrap_or(0.0), added.is_none())
}

impl Kinetics {
    /// What an analyst should know before using the terminal slope and what rests on it.
    pub fn warnings(&self) -> Vec<&'static str> {
        let mut found = Vec::new();
        if self.cmax.is_none() {
            return vec!["never detected"];
        }
        if self.auc_28_is_partial {
            found.push("values end before the end of the area, which stops there");
        }
        let Some(half_life) = self.half_life else {
            found.push("no terminal slope: fewer than three falling values after the peak");
            return found;
        };
        if self.slope_r2.is_some_and(|r2| r2 < 0.8) {
            found.push("adjusted R squared of the terminal slope below 0.8");
        }
        if self.slope_span.is_some_and(|(first, last)| last - first < 2.0 * half_life) {
            found.push("terminal slope over fewer than two half-lives");
        }
        if self.extrapolated.is_some_and(|share| share > 0.2) {
            found.push("more than 20% of the area to infinity is extrapolated");
        }
        found
    }
}

/// The log-linear fit to the last points after the peak with the best adjusted R squared; among
/// fits within the tolerance the one with most points.
fn terminal_slope(
    detected: impl Iterator<Item = (f64, f64)>,
    peak: f64,
    options: &KineticsOptions,
) -> Option<Slope> {
    let points: Vec<(f64, f64)> = detected.filter(|point| point.0 > peak).collect();
    let mut sums = Sums::default();
    let mut fits: Vec<Slope> = Vec::new();
    for &(time, value) in points.iter().rev() {
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
    first: f64,
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
        self.first = time;
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
        let span = (self.first, time_0);
        Some(Slope { rate, intercept, r2: adjusted, points: self.count, span })
    }
}
