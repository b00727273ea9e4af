//! Medical Subject Headings: descriptors by name, entry term, id and place in the tree.
//!
//! The table is a part of the edition of 2024, carried compressed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;

const TABLE: &[u8] = include_bytes!("../data/mesh.tsv.gz");

/// A descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// Its id, `D` and six or nine digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its places in the tree, e.g. `C04.557.595.500`.
    pub trees: Vec<String>,
    /// Other names of the same.
    pub entry_terms: Vec<String>,
}

struct Mesh {
    /// In order of id.
    descriptors: Vec<Descriptor>,
    /// Descriptor by name or entry term, in small letters.
    by_term: BTreeMap<String, usize>,
    /// Descriptor by place in the tree.
    by_tree: BTreeMap<String, usize>,
}

static MESH: LazyLock<Mesh> = LazyLock::new(|| {
    let mut text = String::new();
    GzDecoder::new(TABLE).read_to_string(&mut text).expect("the carried table unpacks");
    let mut descriptors: Vec<Descriptor> = text.lines().skip(1).filter_map(read).collect();
    descriptors.sort_by(|a, b| a.id.cmp(&b.id));
    let mut by_term = BTreeMap::new();
    let mut by_tree = BTreeMap::new();
    for (index, descriptor) in descriptors.iter().enumerate() {
        for tree in &descriptor.trees {
            by_tree.insert(tree.clone(), index);
        }
        for term in &descriptor.entry_terms {
            by_term.entry(plain(term)).or_insert(index);
        }
    }
    // A name is stronger than another descriptor's entry term.
    for (index, descriptor) in descriptors.iter().enumerate() {
        by_term.insert(plain(&descriptor.name), index);
    }
    Mesh { descriptors, by_term, by_tree }
});

fn read(row: &str) -> Option<Descriptor> {
    let mut cells = row.split('\t');
    let id = cells.next()?.to_owned();
    let name = cells.next()?.to_owned();
    let mut list = || -> Vec<String> {
        let cell = cells.next().unwrap_or("");
        cell.split('|').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let trees = list();
    let entry_terms = list();
    Some(Descriptor { id, name, trees, entry_terms })
}

fn plain(term: &str) -> String {
    term.trim().to_lowercase()
}

/// Every descriptor, in order of id.
pub fn all() -> &'static [Descriptor] {
    &MESH.descriptors
}

/// The descriptor of a name or an entry term; the case of letters is free.
pub fn by_term(term: &str) -> Option<&'static Descriptor> {
    MESH.by_term.get(&plain(term)).map(|index| &MESH.descriptors[*index])
}

/// The descriptor of an id; an id with zeros in front means the six-digit one.
pub fn by_id(id: &str) -> Option<&'static Descriptor> {
    exactly(&canonical_id(id))
}

fn exactly(id: &str) -> Option<&'static Descriptor> {
    let at = MESH.descriptors.binary_search_by(|known| known.id.as_str().cmp(id)).ok()?;
    Some(&MESH.descriptors[at])
}

/// Ids of six digits were given up to about this number, those of nine digits from about there.
const LAST_OF_SIX: u32 = 65_000;

/// An id as it is written today: old captures have zeros in front (`D000009101` is `D009101`),
/// which ids of nine digits have by right (`D000066449`).
pub fn canonical_id(id: &str) -> String {
    let Some((kind @ ("D" | "C"), digits)) = id.split_at_checked(1) else { return id.to_owned() };
    let is_padded = digits.len() == 9
        && digits.starts_with("0000")
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_padded || exactly(id).is_some() {
        return id.to_owned();
    }
    let short = format!("{kind}{}", &digits[3..]);
    let is_early = digits.parse::<u32>().is_ok_and(|number| number <= LAST_OF_SIX);
    if is_early || exactly(&short).is_some() { short } else { id.to_owned() }
}

/// The descriptor at a place in the tree.
pub fn by_tree(tree: &str) -> Option<&'static Descriptor> {
    MESH.by_tree.get(tree).map(|index| &MESH.descriptors[*index])
}

/// Every proper ancestor of a descriptor over all its places, each once, in order of id.
pub fn ancestors(descriptor: &Descriptor) -> Vec<&'static Descriptor> {
    let mut found: BTreeSet<usize> = BTreeSet::new();
    for tree in &descriptor.trees {
        let mut place = tree.as_str();
        while let Some((above, _)) = place.rsplit_once('.') {
            found.extend(MESH.by_tree.get(above));
            place = above;
        }
    }
    let ancestors = found.into_iter().map(|index| &MESH.descriptors[index]);
    ancestors.filter(|above| above.id != descriptor.id).collect()
}

/// Every descriptor below one, each once, in order of id.
pub fn descendants(descriptor: &Descriptor) -> Vec<&'static Descriptor> {
    let mut found: BTreeSet<usize> = BTreeSet::new();
    for tree in &descriptor.trees {
        let start = format!("{tree}.");
        let below = MESH.by_tree.range(start.clone()..);
        found.extend(
            below.take_while(|(place, _)| place.starts_with(&start)).map(|(_, index)| *index),
        );
    }
    found.into_iter().map(|index| &MESH.descriptors[index]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_found_by_every_name() {
        assert_eq!(all().len(), 8594);
        let myeloma = by_term("plasma cell myeloma").unwrap();
        assert_eq!((myeloma.id.as_str(), myeloma.name.as_str()), ("D009101", "Multiple Myeloma"));
        assert_eq!(by_term("MULTIPLE MYELOMA"), Some(myeloma));
        assert_eq!(by_id("D000009101"), Some(myeloma));
        assert_eq!(by_tree("C04.557.595.500"), Some(myeloma));
        for descriptor in all() {
            assert_eq!(by_term(&descriptor.name), Some(descriptor));
            assert_eq!(by_id(&descriptor.id), Some(descriptor));
        }
    }

    #[test]
    fn the_tree_goes_up_and_down() {
        let myeloma = by_term("Multiple Myeloma").unwrap();
        let neoplasms = by_term("Neoplasms").unwrap();
        assert!(ancestors(myeloma).contains(&neoplasms));
        assert!(descendants(neoplasms).contains(&myeloma));
        assert!(!ancestors(neoplasms).contains(&myeloma));
        assert!(ancestors(myeloma).windows(2).all(|pair| pair[0].id < pair[1].id));
    }

    #[test]
    fn only_zeros_in_front_are_taken_off_an_id() {
        assert_eq!(canonical_id("D000009101"), "D009101");
        assert_eq!(canonical_id("D000066449"), "D000066449");
        assert_eq!(canonical_id("D000970000"), "D000970000");
        assert_eq!(canonical_id("C000009101"), "C009101");
        assert_eq!(canonical_id("D009101"), "D009101");
    }
}
