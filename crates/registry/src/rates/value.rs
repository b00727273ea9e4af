//! From the text of a value to a count or a rate, by what the record says it is.

use super::{ArmRate, Basis, Events};

/// The largest distance of rate times N from a whole number, as a share of N, at which a count is
/// worked out from a reported rate.
const RECONSTRUCTION: f64 = 0.005;

/// A number as results write it: `12,345` and `.25` are numbers; `NA`, `<1` and blanks are not.
///
/// ```
/// use cytotrial_registry::rates::number;
/// assert_eq!(number(" 12,345 "), Some(12_345.0));
/// assert_eq!(number("<1"), None);
/// ```
pub fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b".,-+".contains(&byte));
    let plain = if thousands(text) { text.replace(',', "") } else { text.to_owned() };
    let number: f64 = plain.parse().ok().filter(|_| is_number)?;
    number.is_finite().then_some(number)
}

/// True where every comma parts groups of three digits.
fn thousands(text: &str) -> bool {
    let whole = text.split('.').next().unwrap_or_default();
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default().trim_start_matches(['-', '+']);
    let is_first = (1..=3).contains(&first.len());
    is_first && groups.all(|group| group.len() == 3) && whole.contains(',')
}

/// A whole number that is not negative.
pub(super) fn count(text: &str) -> Option<u64> {
    let number = number(text).filter(|number| *number >= 0.0 && number.fract() == 0.0)?;
    (number < 1e15).then_some(number as u64)
}

/// Fills in rate, events and basis, or says why there are none.
pub(super) fn judge(arm: &mut ArmRate) -> Result<(), String> {
    match arm.parameter.as_str() {
        "COUNT_OF_PARTICIPANTS" => counted(arm),
        "NUMBER" => reported(arm),
        other => Err(format!("a value of type `{other}` is no rate")),
    }
}

fn counted(arm: &mut ArmRate) -> Result<(), String> {
    let count = count(&arm.value).ok_or_else(|| unreadable(&arm.value))?;
    let of = arm.denominator.ok_or("the number of participants analysed is not given")?;
    if count > of {
        return Err(format!("{count} is more than the {of} participants analysed"));
    }
    if of == 0 {
        return Err("no participant was analysed".to_owned());
    }
    arm.events = Some(Events { count, is_reconstructed: false });
    arm.rate = Some(count as f64 / of as f64);
    arm.basis = Some(Basis::Count);
    Ok(())
}

fn reported(arm: &mut ArmRate) -> Result<(), String> {
    let (basis, largest) = unit(&arm.unit)?;
    let value = number(&arm.value).ok_or_else(|| unreadable(&arm.value))?;
    if !(0.0..=largest).contains(&value) {
        return Err(format!("{value} does not lie between 0 and {largest}"));
    }
    let rate = value / largest;
    arm.rate = Some(rate);
    arm.basis = Some(basis);
    let of = arm.denominator.ok_or("the number of participants analysed is not given")?;
    if of == 0 {
        return Err("no participant was analysed".to_owned());
    }
    let exact = rate * of as f64;
    let near = exact.round();
    if (exact - near).abs() >= RECONSTRUCTION * of as f64 {
        return Err(format!("{rate:.4} of {of} is no whole number of participants"));
    }
    arm.events = Some(Events { count: near as u64, is_reconstructed: true });
    Ok(())
}

/// What a unit says of a value of type `NUMBER`, and the value of a whole.
fn unit(unit: &str) -> Result<(Basis, f64), String> {
    const CHANGES: &[&str] =
        &["change", "reduction", "decrease", "increase", "drop", "predicted", "per "];
    let words = unit.to_lowercase();
    if CHANGES.iter().any(|change| words.contains(change)) {
        return Err(format!("`{unit}` is no share of participants"));
    }
    if words.contains("percent") || words.contains('%') {
        Ok((Basis::ReportedPercent, 100.0))
    } else if words.contains("proportion") {
        Ok((Basis::ReportedProportion, 1.0))
    } else {
        Err(format!(
            "a value of type `NUMBER` in `{unit}` is neither a count nor a rate by its type"
        ))
    }
}

fn unreadable(value: &str) -> String {
    format!("`{value}` is not a number")
}

/// A count whose unit, not its type, says that participants were counted: `NUMBER` in participants,
/// subjects or patients, as records before 2016 have it. For those who ask for it.
pub(super) fn by_unit(arm: &ArmRate) -> Option<Events> {
    const PEOPLE: &[&str] = &["participants", "subjects", "patients"];
    let is_of_people = PEOPLE.contains(&arm.unit.to_lowercase().trim());
    let count = count(&arm.value).filter(|_| is_of_people && arm.parameter == "NUMBER")?;
    (count <= arm.denominator?).then_some(Events { count, is_reconstructed: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_not_numbers_are_not_numbers() {
        for text in ["NA", "<1", "", "1e3", "inf", "12,34", "1,2345", "--1", "NaN"] {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(number("1,234.5"), Some(1234.5));
        assert_eq!(number(".23"), Some(0.23));
        assert_eq!(count("7.5"), None);
    }

    #[test]
    fn a_change_in_percent_is_no_rate() {
        assert!(unit("percent change").is_err());
        assert!(unit("percentage of participants").is_ok());
        assert!(unit("participants").is_err());
    }
}
