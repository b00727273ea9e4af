//! `[conduct]` and `[stopping]`: how the trial runs, and what ends it.

use crate::protocol::section::{Field, Section};
use crate::protocol::{Conduct, Stopping, quantity};

pub(super) fn conduct(section: Section<'_>) -> Option<Conduct> {
    let accrual = section.need("accrual").and_then(|field| {
        let here = field.clone();
        let rate = field.quantity("patients/day")?;
        if rate > 0.0 {
            return Some(rate);
        }
        here.error("V101", "nobody is ever enrolled", "write a rate above zero")
    });
    let screen_failure = section.need("screen-failure").and_then(Field::chance);
    let drop_out = section.need("drop-out").and_then(probability_per_day);
    let missed_visit = section.need("missed-visit").and_then(Field::share);
    let new_therapy_after = section.need("new-therapy-after").and_then(|field| field.law("day"));
    let salvage_effect = section.need("salvage-effect").and_then(|field| field.amount("1/day"));
    let bridging = section.need("bridging").and_then(Field::chance);
    let bridging_response = section.need("bridging-response").and_then(Field::chance);
    let bridging_ratio = section.need("bridging-ratio").and_then(|field| {
        let here = field.clone();
        let laws = field.each(|law| law.law("1"))?;
        match <[_; 2]>::try_from(laws) {
            Ok(laws) => Some(laws),
            Err(laws) => here.error(
                "V101",
                format!("`bridging-ratio` holds {} distributions, wanted 2", laws.len()),
                "the first is for responders, the second for the others",
            ),
        }
    });
    section.done();
    Some(Conduct {
        accrual: accrual?,
        screen_failure: screen_failure?,
        drop_out: drop_out?,
        missed_visit: missed_visit?,
        new_therapy_after: new_therapy_after?,
        salvage_effect: salvage_effect?,
        bridging: bridging?,
        bridging_response: bridging_response?,
        bridging_ratio: bridging_ratio?,
    })
}

/// `0.01 per month`: a probability over that time, as the probability per day that gives it.
fn probability_per_day(field: Field<'_>) -> Option<f64> {
    let here = field.clone();
    let text = field.text()?;
    let wanted = "write a probability and its time like `\"0.01 per month\"`";
    let Some((share, time)) = text.split_once(" per ") else {
        return here.error("U104", format!("`{text}` has no time"), wanted);
    };
    let Ok(share) = share.trim().parse::<f64>() else {
        return here.error("T102", format!("`{share}` is not a number"), wanted);
    };
    if !(0.0..1.0).contains(&share) {
        return here.error("V101", format!("{share} is not a probability below 1"), wanted);
    }
    match quantity::read(&format!("1 {time}"), "day") {
        Ok(days) => Some(1.0 - stats::math::exp(stats::math::ln(1.0 - share) / days)),
        Err(fault) => here.error(fault.code, fault.message, fault.help),
    }
}

/// `[stopping]`.
pub(super) fn rules(section: Section<'_>) -> Option<Vec<Stopping>> {
    let rules = section.need("rules").and_then(|field| field.each(stopping));
    section.done();
    rules
}

/// One of the three kinds of sentence.
fn stopping(field: Field<'_>) -> Option<Stopping> {
    let here = field.clone();
    let text = field.text()?;
    let rule = deaths(&text).or_else(|| dlt_rate(&text)).or_else(|| gvhd(&text));
    rule.or_else(|| {
        here.error(
            "V105",
            format!("`{text}` is not a stopping rule that this program knows"),
            "known forms: `2 deaths not due to myeloma within 28 day`, \
             `P(dlt > 0.30 at level 1) > 0.95`, `GvHD grade 3..4 in 2 of the first 6`",
        )
    })
}

fn deaths(text: &str) -> Option<Stopping> {
    let (deaths, rest) = text.trim().split_once(' ')?;
    let rest = rest.strip_prefix("deaths").or_else(|| rest.strip_prefix("death"))?;
    let time = rest.trim().strip_prefix("not due to myeloma within ")?;
    let days = quantity::read(time, "day").ok().filter(|days| *days > 0.0)?;
    let deaths = deaths.parse().ok().filter(|deaths| *deaths > 0)?;
    Some(Stopping::EarlyDeaths { deaths, days })
}

fn dlt_rate(text: &str) -> Option<Stopping> {
    let rest = text.trim().strip_prefix("P(dlt >")?;
    let (rate, rest) = rest.split_once("at level")?;
    let (level, probability) = rest.split_once(')')?;
    let share =
        |text: &str| text.trim().parse::<f64>().ok().filter(|share| *share > 0.0 && *share < 1.0);
    let rate = share(rate)?;
    let probability = share(probability.trim().strip_prefix('>')?)?;
    let level = level.trim().parse().ok().filter(|level| *level > 0)?;
    Some(Stopping::DltRate { level, rate, probability })
}

fn gvhd(text: &str) -> Option<Stopping> {
    let rest = text.trim().strip_prefix("GvHD grade ")?;
    let (grade, rest) = rest.split_once(" in ")?;
    let grade = grade.trim().strip_suffix("..4").unwrap_or(grade.trim());
    let (patients, first) = rest.split_once(" of the first ")?;
    let grade = grade.parse().ok().filter(|grade| (1..=4).contains(grade))?;
    let patients = patients.trim().parse().ok().filter(|patients| *patients > 0)?;
    let first = first.trim().parse().ok().filter(|first| *first >= patients)?;
    Some(Stopping::Gvhd { grade, patients, first })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_sentences_are_understood_and_others_are_not() {
        assert_eq!(
            deaths("2 deaths not due to myeloma within 4 week"),
            Some(Stopping::EarlyDeaths { deaths: 2, days: 28.0 })
        );
        assert_eq!(
            dlt_rate("P(dlt > 0.30 at level 1) > 0.95"),
            Some(Stopping::DltRate { level: 1, rate: 0.30, probability: 0.95 })
        );
        assert_eq!(
            gvhd("GvHD grade 3..4 in 2 of the first 6"),
            Some(Stopping::Gvhd { grade: 3, patients: 2, first: 6 })
        );
        assert_eq!(dlt_rate("P(dlt > 30 at level 1) > 0.95"), None);
        assert_eq!(gvhd("GvHD grade 3..4 in 7 of the first 6"), None);
    }
}
