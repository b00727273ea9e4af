//! Many reactions at once where that changes no rate by much: explicit tau-leaping with critical
//! reactions, Cao, Gillespie, Petzold, J Chem Phys 2006;124:044109.

use super::course::Course;
use super::direct;
use crate::failure::Failure;

/// A leap must be worth this many single reactions.
const WORTH: f64 = 10.0;
/// As many single reactions happen where a leap is not worth it.
const SINGLE: u32 = 100;

/// Leaps until a time. `error` is the share by which a rate may change in a leap; a reaction that
/// can happen fewer than `critical_below` times before it has used up something happens at most once.
pub(crate) fn pass(
    course: &mut Course<'_>,
    until: f64,
    error: f64,
    critical_below: f64,
) -> Result<(), Failure> {
    course.refresh()?;
    while course.time < until {
        let total = course.total()?;
        if total <= 0.0 {
            course.set_time(until);
            return Ok(());
        }
        let critical = critical(course, critical_below);
        let mut longest = longest(course, &critical, error);
        loop {
            if longest < WORTH / total {
                direct::pass(course, until, SINGLE)?;
                break;
            }
            match leap(course, until, &critical, longest)? {
                None => break,
                Some(tried) => longest = 0.5 * tried,
            }
        }
    }
    Ok(())
}

/// Which reactions are about to use something up.
fn critical(course: &Course<'_>, below: f64) -> Vec<bool> {
    let is_critical = |(jump, &rate): (usize, &f64)| {
        let left = course.network.jumps[jump]
            .changes
            .iter()
            .filter(|(_, change)| *change < 0.0)
            .map(|&(position, change)| (course.counts[position] / -change).floor());
        rate > 0.0 && left.fold(f64::INFINITY, f64::min) < below
    };
    course.rates.iter().enumerate().map(is_critical).collect()
}

/// The longest leap in which no rate changes by more than its share (equations 32 and 33).
fn longest(course: &Course<'_>, critical: &[bool], error: f64) -> f64 {
    let species = &course.network.species;
    let (mut mean, mut variance) = (vec![0.0; species.len()], vec![0.0; species.len()]);
    for (jump, &rate) in course.rates.iter().enumerate().filter(|(jump, _)| !critical[*jump]) {
        for &(position, change) in &course.network.jumps[jump].changes {
            mean[position] += change * rate;
            variance[position] += change * change * rate;
        }
    }
    let mut longest = f64::INFINITY;
    for (position, species) in species.iter().enumerate() {
        if species.order.0 == 0 {
            continue;
        }
        let count = course.counts[position];
        let bound = (error * count / sensitivity(species.order, count)).max(1.0);
        if variance[position] > 0.0 {
            longest = longest.min(bound * bound / variance[position]);
        }
        if mean[position].abs() > 0.0 {
            longest = longest.min(bound / mean[position].abs());
        }
    }
    longest
}

/// By how much more than the species' own share a rate of this order changes (section III.B).
fn sensitivity((order, own): (u32, u32), count: f64) -> f64 {
    let (one, two) = ((count - 1.0).max(1.0), (count - 2.0).max(1.0));
    match (order, own) {
        (2, 2) => 2.0 + 1.0 / one,
        (3, 2) => 1.5 * (2.0 + 1.0 / one),
        (3, 3) => 3.0 + 1.0 / one + 2.0 / two,
        _ => f64::from(order),
    }
}

/// One leap of at most the given length; its length, with nothing done, if it would use up more
/// than there is.
fn leap(
    course: &mut Course<'_>,
    until: f64,
    critical: &[bool],
    longest: f64,
) -> Result<Option<f64>, Failure> {
    let risk: f64 =
        course.rates.iter().zip(critical).filter(|(_, c)| **c).map(|(rate, _)| rate).sum();
    let next = if risk > 0.0 { course.exponential() / risk } else { f64::INFINITY };
    let (mut length, mut is_due) = if longest < next { (longest, false) } else { (next, true) };
    let ends = course.time + length >= until;
    if ends {
        (length, is_due) = (until - course.time, false);
    }
    let mut counts = course.counts.clone();
    let mut happened = 0.0;
    let due = if is_due { course.choose(risk, |jump| critical[jump]) } else { None };
    for (jump, &is_critical) in critical.iter().enumerate() {
        let times = match due {
            Some(due) if due == jump => 1.0,
            _ if is_critical => 0.0,
            _ => course.poisson(course.rates[jump] * length),
        };
        happened += times;
        for &(position, change) in &course.network.jumps[jump].changes {
            counts[position] += change * times;
        }
    }
    if counts.iter().any(|count| *count < 0.0) {
        return Ok(Some(length));
    }
    course.count()?;
    course.statistics.leaps += 1;
    course.statistics.jumps += happened as u64;
    for (position, count) in counts.into_iter().enumerate() {
        course.set_count(position, count);
    }
    course.set_time(if ends { until } else { course.time + length });
    course.refresh()?;
    Ok(None)
}
