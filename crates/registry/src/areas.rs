//! The search areas: which pieces are looked at, and how much each weighs.

use std::sync::LazyLock;

use crate::fields::{self, Field};

const TABLE: &str = include_str!("../data/search_areas.tsv");

/// A piece in an area.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The piece.
    pub field: &'static Field,
    /// Its weight, 0 to 1.
    pub weight: f64,
    /// Type as the interface names it.
    pub type_name: &'static str,
    /// Whether synonyms are looked for.
    pub has_synonyms: bool,
}

/// A search area.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    /// Its name, e.g. `ConditionSearch`.
    pub name: &'static str,
    /// The request parameter that searches it, e.g. `cond`; empty where there is none.
    pub parameter: &'static str,
    /// Its pieces, heaviest first.
    pub parts: Vec<Part>,
}

static AREAS: LazyLock<Vec<Area>> = LazyLock::new(|| {
    let mut areas: Vec<Area> = Vec::new();
    for row in TABLE.lines().skip(1) {
        let cells: Vec<&str> = row.split('\t').collect();
        let [name, request, piece, weight, type_name, synonyms] = cells[..] else { continue };
        let Some(field) = fields::by_piece(piece) else { continue };
        let parameter = request.trim_start_matches("query.").trim_end_matches('.');
        let weight = weight.parse().unwrap_or(0.0);
        let part = Part { field, weight, type_name, has_synonyms: synonyms == "1" };
        match areas.iter_mut().find(|area| area.name == name) {
            Some(area) => area.parts.push(part),
            None => areas.push(Area { name, parameter, parts: vec![part] }),
        }
    }
    areas
});

/// Every area, in the order of the interface's page.
pub fn all() -> &'static [Area] {
    &AREAS
}

/// An area by its name; the case of letters is free, and `Search` at the end may be left out.
pub fn by_name(name: &str) -> Option<&'static Area> {
    let is_it = |area: &&Area| {
        let short = area.name.strip_suffix("Search").unwrap_or(area.name);
        name.eq_ignore_ascii_case(area.name) || name.eq_ignore_ascii_case(short)
    };
    all().iter().find(is_it)
}

/// The area of a request parameter, e.g. `cond` of `query.cond`.
pub fn by_parameter(parameter: &str) -> Option<&'static Area> {
    all().iter().find(|area| !parameter.is_empty() && area.parameter == parameter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_in_an_area() {
        assert_eq!(all().len(), 19);
        let rows = TABLE.lines().skip(1).count();
        assert_eq!(all().iter().map(|area| area.parts.len()).sum::<usize>(), rows);
        assert!(all().iter().flat_map(|area| &area.parts).all(|part| part.weight > 0.0));
    }

    #[test]
    fn areas_are_found_by_name_and_by_parameter() {
        assert_eq!(by_name("conditionsearch").map(|area| area.name), Some("ConditionSearch"));
        assert_eq!(by_parameter("cond").map(|area| area.name), Some("ConditionSearch"));
        assert!(by_name("NoSearch").is_none() && by_parameter("").is_none());
    }
}
