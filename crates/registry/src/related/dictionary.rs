//! Target antigens and platforms by a reviewed list of words (`data/targets.tsv`).
//!
//! What a record is about stands in its titles, interventions, arms and keywords. Only where those
//! name nothing is the summary read, and there first the sentences that say what is done: a summary
//! also names what others did.

use std::sync::LazyLock;

use serde_json::Value;

use super::words::each_text;

/// A name of the list: its words, and where it is from.
#[derive(Debug)]
pub struct Name {
    /// The name that is shown.
    pub name: &'static str,
    /// Its words: each a sequence of small words.
    pub words: Vec<Vec<&'static str>>,
    /// Source of the name.
    pub source: &'static str,
}

/// The list.
#[derive(Debug)]
pub struct Dictionary {
    /// Antigens; a record's are a set of bits in this order, 64 at most.
    pub antigens: Vec<Name>,
    /// Platforms; a record's are a set of bits in this order, 16 at most.
    pub platforms: Vec<Name>,
}

const LIST: &str = include_str!("../../data/targets.tsv");

static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(read);

/// The reviewed list.
pub fn dictionary() -> &'static Dictionary {
    &DICTIONARY
}

fn read() -> Dictionary {
    let mut dictionary = Dictionary { antigens: Vec::new(), platforms: Vec::new() };
    let lines = LIST.lines().filter(|line| !line.starts_with('#')).skip(1);
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let [kind, name, words, source] = cells[..] else { panic!("four columns: {line}") };
        let words = words.split('|').map(|words| words.split(' ').collect()).collect();
        let entry = Name { name, words, source };
        match kind {
            "antigen" => dictionary.antigens.push(entry),
            "platform" => dictionary.platforms.push(entry),
            other => panic!("the list has no kind `{other}`"),
        }
    }
    assert!(dictionary.antigens.len() <= 64 && dictionary.platforms.len() <= 16);
    dictionary
}

/// Antigens and platforms of a record, as sets of bits in the order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Targets {
    /// Antigens.
    pub antigens: u64,
    /// Platforms.
    pub platforms: u16,
}

impl Targets {
    /// Names of the antigens.
    pub fn antigen_names(self) -> Vec<&'static str> {
        names(&dictionary().antigens, self.antigens)
    }

    /// Names of the platforms.
    pub fn platform_names(self) -> Vec<&'static str> {
        names(&dictionary().platforms, u64::from(self.platforms))
    }

    /// Whether a platform of engineered cells is among them.
    pub fn is_engineered(self) -> bool {
        self.platform_names().iter().any(|name| ["CAR-T", "CAR-NK", "TCR-T"].contains(name))
    }
}

fn names(list: &'static [Name], bits: u64) -> Vec<&'static str> {
    let is_in = |(index, _): &(usize, &Name)| bits >> index & 1 == 1;
    list.iter().enumerate().filter(is_in).map(|(_, name)| name.name).collect()
}

/// Parts of a record that say what it is about.
const SUBJECT: &[&str] = &[
    "identificationModule.briefTitle",
    "identificationModule.officialTitle",
    "armsInterventionsModule.interventions.name",
    "armsInterventionsModule.interventions.otherNames",
    "armsInterventionsModule.armGroups.label",
    "conditionsModule.keywords",
];

/// What a record is about.
pub fn of(record: &Value) -> Targets {
    let mut targets = Targets::default();
    for path in SUBJECT {
        each_text(record, path, &mut |text| add(&mut targets, in_text(text)));
    }
    if targets.antigens != 0 && targets.platforms != 0 {
        return tidy(targets);
    }
    let mut summary = String::new();
    each_text(record, "descriptionModule.briefSummary", &mut |text| summary.push_str(text));
    let aims: String = summary.split_inclusive(". ").filter(|sentence| is_aim(sentence)).collect();
    for text in [aims, summary] {
        let found = in_text(&text);
        if targets.antigens == 0 {
            targets.antigens = found.antigens;
        }
        if targets.platforms == 0 {
            targets.platforms = found.platforms;
        }
    }
    tidy(targets)
}

fn is_aim(sentence: &str) -> bool {
    let sentence = sentence.to_lowercase();
    ["evaluate", "efficacy", "safety", "plan to", "infusing", "we will", "this study", "this trial"]
        .iter()
        .any(|words| sentence.contains(words))
}

fn add(targets: &mut Targets, found: Targets) {
    targets.antigens |= found.antigens;
    targets.platforms |= found.platforms;
}

/// A CAR-NK cell is an NK cell and carries a chimeric antigen receptor, but is told as itself.
fn tidy(mut targets: Targets) -> Targets {
    let bit = |name: &str| {
        let place = dictionary().platforms.iter().position(|entry| entry.name == name);
        place.map_or(0, |place| 1_u16 << place)
    };
    if targets.platforms & bit("CAR-NK") != 0 {
        targets.platforms &= !bit("NK cells");
    }
    targets
}

/// The names that stand in a text.
pub fn in_text(text: &str) -> Targets {
    let small = text.to_lowercase();
    let words: Vec<&str> =
        small.split(|letter: char| !letter.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let mut targets = Targets::default();
    for start in 0..words.len() {
        for (first, sequence, found) in LOOKUP.starting_with(words[start]) {
            debug_assert_eq!(*first, words[start]);
            if words[start..].starts_with(sequence) {
                add(&mut targets, *found);
            }
        }
    }
    without_car_t_of_nk(&words, &mut targets);
    targets
}

/// `chimeric antigen receptor` alone means T cells, unless every one is told of NK cells.
fn without_car_t_of_nk(words: &[&str], targets: &mut Targets) {
    let bit = |name: &str| {
        let place = dictionary().platforms.iter().position(|entry| entry.name == name);
        place.map_or(0, |place| 1_u16 << place)
    };
    let (t, nk) = (bit("CAR-T"), bit("CAR-NK"));
    if targets.platforms & t == 0 || targets.platforms & nk == 0 {
        return;
    }
    let is_t = |pair: &[&str]| {
        ["car", "receptor", "modified"].contains(&pair[0]) && ["t", "ts"].contains(&pair[1])
            || pair.iter().any(|word| word.starts_with("cart") || word.ends_with("leucel"))
    };
    if !words.windows(2).any(is_t) {
        targets.platforms &= !t;
    }
}

/// Sequences of words by their first word, in order.
struct Lookup(Vec<(&'static str, &'static [&'static str], Targets)>);

impl Lookup {
    fn starting_with(&self, word: &str) -> &[(&'static str, &'static [&'static str], Targets)] {
        let start = self.0.partition_point(|(first, _, _)| *first < word);
        let count = self.0[start..].partition_point(|(first, _, _)| *first == word);
        &self.0[start..start + count]
    }
}

static LOOKUP: LazyLock<Lookup> = LazyLock::new(|| {
    let dictionary = dictionary();
    let mut all: Vec<(&'static str, &'static [&'static str], Targets)> = Vec::new();
    for (place, name) in dictionary.antigens.iter().enumerate() {
        let found = Targets { antigens: 1 << place, platforms: 0 };
        all.extend(name.words.iter().map(|words| (words[0], words.as_slice(), found)));
    }
    for (place, name) in dictionary.platforms.iter().enumerate() {
        let found = Targets { antigens: 0, platforms: 1 << place };
        all.extend(name.words.iter().map(|words| (words[0], words.as_slice(), found)));
    }
    all.sort_by_key(|(first, words, _)| (*first, words.to_vec()));
    Lookup(all)
});

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> (Vec<&'static str>, Vec<&'static str>) {
        let targets = tidy(in_text(text));
        (targets.antigen_names(), targets.platform_names())
    }

    #[test]
    fn antigens_and_platforms_are_found_whatever_the_hyphens() {
        assert_eq!(found("NKG2D-CAR-NK cells"), (vec!["NKG2D ligands"], vec!["CAR-NK"]));
        assert_eq!(found("BCMA/CS1 CAR-T"), (vec!["BCMA", "SLAMF7"], vec!["CAR-T"]));
        assert_eq!(found("anti-B7-H3 CART"), (vec!["B7-H3"], vec!["CAR-T"]));
        assert_eq!(found("lenalidomide maintenance"), (vec![], vec![]));
    }

    #[test]
    fn a_receptor_on_nk_cells_is_no_car_t() {
        let text = "Chimeric Antigen Receptor NK Cells Targeting CD19";
        assert_eq!(found(text), (vec!["CD19"], vec!["CAR-NK"]));
        let both = "Chimeric antigen receptor T cells compared with CAR-NK cells";
        assert_eq!(found(both).1, ["CAR-T", "CAR-NK"]);
    }

    #[test]
    fn a_summary_is_read_for_its_aim_where_nothing_else_names_a_target() {
        let record = serde_json::json!({ "protocolSection": { "descriptionModule": {
            "briefSummary": "BCMA CAR-T cells are known. We plan to infuse NKG2D-CAR-NK cells. ",
        }}});
        let targets = of(&record);
        assert_eq!(targets.antigen_names(), ["NKG2D ligands"]);
        assert_eq!(targets.platform_names(), ["CAR-NK"]);
    }

    #[test]
    fn every_row_of_the_list_has_a_source() {
        let list = dictionary();
        for name in list.antigens.iter().chain(&list.platforms) {
            assert!(!name.source.is_empty() && !name.words.is_empty(), "{}", name.name);
        }
    }
}
