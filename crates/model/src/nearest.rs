//! The known name that a misspelt one most likely meant.

/// The nearest known name, if it is near enough to be a slip of the hand.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = match name.chars().count() {
        0 => 0,
        1..=3 => 1,
        4..=7 => 2,
        _ => 3,
    };
    known
        .filter(|candidate| *candidate != name)
        .map(|candidate| {
            let same_letters = candidate.to_lowercase() == name.to_lowercase();
            let distance = strsim::osa_distance(name, candidate);
            (if same_letters { 0 } else { distance }, candidate)
        })
        .filter(|(distance, candidate)| {
            *distance <= allowed && *distance < candidate.chars().count().max(name.chars().count())
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The help line that names it.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    nearest(name, known).map(|candidate| format!("did you mean `{candidate}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_and_a_different_word_is_not() {
        let known = ["kappa", "Kmax", "rN"];
        assert_eq!(nearest("kapa", known.into_iter()), Some("kappa"));
        assert_eq!(nearest("kmax", known.into_iter()), Some("Kmax"));
        assert_eq!(nearest("rn", known.into_iter()), Some("rN"));
        assert_eq!(nearest("tumour", known.into_iter()), None);
        assert_eq!(nearest("q", known.into_iter()), None);
    }
}
