//! The named texts that a door hands in, and the bundled ones behind them.

use std::collections::BTreeMap;

use crate::library;

/// The texts of a trial folder by their name in it, e.g. `trial.toml` or `products/my-nk.toml`.
///
/// What the folder does not hold is looked up in the bundled library, so that a protocol may name
/// `products/nkg2d-car-nk.toml` without having a copy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Files {
    /// The texts by name.
    pub texts: BTreeMap<String, String>,
    /// The name of the protocol; `trial.toml` unless a person named another file.
    pub trial: Option<String>,
}

impl Files {
    /// The folder of a bundled trial.
    pub fn bundled(id: &str) -> Option<Self> {
        let folder = format!("trials/{id}/");
        let texts: BTreeMap<String, String> = library::names()
            .filter_map(|name| {
                let short = name.strip_prefix(&folder)?;
                Some((short.to_owned(), library::text(name)?.to_owned()))
            })
            .collect();
        (!texts.is_empty()).then_some(Self { texts, trial: None })
    }

    /// One text: the folder's, or else the library's.
    pub fn text(&self, name: &str) -> Option<&str> {
        let name = name.strip_prefix("./").unwrap_or(name);
        self.texts.get(name).map(String::as_str).or_else(|| library::text(name))
    }

    /// The protocol's name.
    pub fn trial_name(&self) -> &str {
        self.trial.as_deref().unwrap_or("trial.toml")
    }

    /// The comparison's text; only ever the folder's own.
    pub fn compare(&self) -> Option<&str> {
        self.texts.get("compare.toml").map(String::as_str)
    }

    /// Every name that can be used below a folder, e.g. `products/`, for help lines.
    pub fn names_below<'a>(&'a self, folder: &str) -> Vec<&'a str> {
        let mut names: Vec<&'a str> = self.texts.keys().map(String::as_str).collect();
        names.extend(library::names().map(|name| -> &'a str { name }));
        names.retain(|name| name.starts_with(folder));
        names.sort_unstable();
        names.dedup();
        names
    }
}
