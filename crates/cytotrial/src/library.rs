//! The texts that are built into the program, so that it works offline and from any folder.
//!
//! `build.rs` lists them: a new file in `models/`, `products/`, `populations/`, `evidence/` or a
//! trial's folder needs no line here.

const TEXTS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/library.rs"));

/// The text of a bundled file, by its path in the repository, e.g. `models/rrmm-cells.ant`.
pub fn text(name: &str) -> Option<&'static str> {
    TEXTS.binary_search_by_key(&name, |(known, _)| known).ok().map(|index| TEXTS[index].1)
}

/// The paths of every bundled file, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    TEXTS.iter().map(|(name, _)| *name)
}

/// Identifiers of the bundled trials.
pub fn trials() -> Vec<&'static str> {
    let trial = |name: &'static str| name.strip_prefix("trials/")?.strip_suffix("/record.json");
    names().filter_map(trial).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_so_that_every_text_is_found() {
        assert!(TEXTS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(names().all(|name| text(name).is_some()));
        assert!(text("models/none.ant").is_none());
    }
}
