//! The values of options of `cytotrial model solve`.

use cytotrial::operation::model::solve::Dose;

/// Times in ascending order.
#[derive(Debug, Clone)]
pub(super) struct Times(pub(super) Vec<f64>);

/// A part of the patients: which of how many.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shard {
    which: u32,
    of: u32,
}

impl Shard {
    /// The positions of its patients among so many.
    pub(super) fn range(self, patients: u32) -> std::ops::Range<u32> {
        let edge = |part: u32| (u64::from(patients) * u64::from(part) / u64::from(self.of)) as u32;
        edge(self.which - 1)..edge(self.which)
    }
}

/// More rows are a slip of the hand.
const MOST_TIMES: f64 = 1e7;

pub(super) fn number(text: &str) -> Result<f64, String> {
    let value = text.trim().parse::<f64>().ok().filter(|value| value.is_finite());
    value.ok_or_else(|| format!("`{text}` is not a number"))
}

pub(super) fn above_zero(text: &str) -> Result<f64, String> {
    let value = number(text)?;
    if value > 0.0 { Ok(value) } else { Err(format!("{text} is not above 0")) }
}

pub(super) fn tolerance(text: &str) -> Result<f64, String> {
    let value = number(text)?;
    if value > 0.0 && value < 1.0 {
        Ok(value)
    } else {
        Err("a tolerance is above 0 and below 1".into())
    }
}

pub(super) fn probability(text: &str) -> Result<f64, String> {
    let value = number(text)?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err("a quantile is from 0 to 1".into()) }
}

pub(super) fn shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(which, of)| {
        let (which, of) = (which.trim().parse::<u32>().ok()?, of.trim().parse::<u32>().ok()?);
        (1 <= which && which <= of).then_some(Shard { which, of })
    });
    parts.ok_or_else(|| "write WHICH/OF, such as 2/4, with WHICH from 1 to OF".to_owned())
}

pub(super) fn times(text: &str) -> Result<Times, String> {
    let mut all = Vec::new();
    for part in text.split(',') {
        let Some((from, rest)) = part.split_once("..") else {
            all.push(number(part)?);
            continue;
        };
        let (to, step) =
            rest.split_once('/').ok_or("a range is FROM..TO/STEP, such as 0..28/0.5")?;
        let (from, to, step) = (number(from)?, number(to)?, number(step)?);
        if !(step > 0.0 && to >= from) {
            return Err(format!("`{part}` has no times: STEP is above 0, and TO not before FROM"));
        }
        let count = ((to - from) / step * (1.0 + 1e-12)).floor();
        if count > MOST_TIMES {
            return Err(format!("`{part}` has more than 10 million times"));
        }
        all.extend((0..=count as u64).map(|i| from + step * i as f64));
    }
    if all.windows(2).any(|pair| pair[1] < pair[0]) {
        return Err("times are in ascending order".into());
    }
    Ok(Times(all))
}

pub(super) fn value(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.trim().to_owned(), number(value)?))
}

pub(super) fn dose(text: &str) -> Result<Dose, String> {
    let (what, time) = text.rsplit_once('@').ok_or("write NAME=AMOUNT@TIME")?;
    let (symbol, amount) = value(what)?;
    Ok(Dose { time: number(time)?, symbol, amount })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_cover_everybody_once() {
        for patients in [0, 1, 7, 1_000, u32::MAX] {
            for of in [1, 2, 3, 64] {
                let mut next = 0;
                for which in 1..=of {
                    let range = Shard { which, of }.range(patients);
                    assert_eq!(range.start, next);
                    next = range.end;
                }
                assert_eq!(next, patients);
            }
        }
    }

    #[test]
    fn ranges_of_times_end_where_they_say() {
        assert_eq!(times("0,0.5..2/0.5,7").unwrap().0, [0.0, 0.5, 1.0, 1.5, 2.0, 7.0]);
        assert_eq!(times("0..1/0.1").unwrap().0.len(), 11);
        assert!(times("0..1/0").is_err() && times("3,2").is_err() && times("0..5").is_err());
    }
}
