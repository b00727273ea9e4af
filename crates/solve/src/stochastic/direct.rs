//! One reaction after another: the direct method, Gillespie, J Phys Chem 1977;81:2340-2361.

use super::course::Course;
use crate::failure::Failure;

/// At most that many reactions, until a time; whether the time was reached. Rates must be up to date.
pub(crate) fn pass(course: &mut Course<'_>, until: f64, most: u32) -> Result<bool, Failure> {
    for _ in 0..most {
        let total = course.total()?;
        if total <= 0.0 {
            course.set_time(until);
            return Ok(true);
        }
        let time = course.time + course.exponential() / total;
        if time > until {
            course.set_time(until);
            return Ok(true);
        }
        course.set_time(time);
        if let Some(jump) = course.choose(total, |_| true) {
            course.fire(jump)?;
        }
    }
    Ok(false)
}
