//! Colours, dashes and shapes that stay with an arm through a report and can be told apart by everyone.
//!
//! Qualitative colours: Okabe and Ito, Color Universal Design, 2008 (yellow left out: too pale on white).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const COLOURS: [&str; 7] =
    ["#0072b2", "#d55e00", "#009e73", "#a6407f", "#3a9bd6", "#b37700", "#4d4d4d"];
const DASHES: [&[u8]; 7] =
    [&[], &[6, 3], &[2, 2], &[8, 3, 2, 3], &[12, 3], &[4, 2, 1, 2, 1, 2], &[1, 3]];
const SHAPES: [&str; 7] =
    ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right"];
// From light to dark, so that order shows without colour.
const SEVERITY: [&str; 6] = ["#f1f1ef", "#fdd9a0", "#f9ae61", "#e8743b", "#b53d22", "#651a14"];
const BENEFIT: [&str; 7] =
    ["#f1f1ef", "#d3e3f3", "#a9cbe6", "#74aed6", "#3f8ac2", "#1c63a5", "#083068"];

// With a grey between the lightest two, for longer lists.
const BENEFIT_LONG: [&str; 8] =
    ["#f1f1ef", "#d9d9d4", "#d3e3f3", "#a9cbe6", "#74aed6", "#3f8ac2", "#1c63a5", "#083068"];

/// The colours of the arms, in a fixed order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Palette {
    arms: Vec<String>,
}

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Colours {
    /// Arms or other names without an order.
    #[default]
    Arms,
    /// From none to severe, such as grades.
    Severity,
    /// From none to deep, such as responses.
    Benefit,
}

impl Palette {
    /// The palette of a report whose arms come in this order.
    pub fn new(arms: &[String]) -> Self {
        Self { arms: arms.to_vec() }
    }

    /// Colours for `names`: known arms keep theirs, the others take the next free ones in order.
    pub fn colours(&self, names: &[String], meaning: Colours) -> Vec<&'static str> {
        match meaning {
            Colours::Arms => self.places(names).into_iter().map(|at| COLOURS[at]).collect(),
            Colours::Severity => spread(&SEVERITY, names.len()),
            Colours::Benefit if names.len() > BENEFIT.len() => spread(&BENEFIT_LONG, names.len()),
            Colours::Benefit => spread(&BENEFIT, names.len()),
        }
    }

    /// The colour of one of `names`.
    pub(crate) fn colour(&self, names: &[String], name: &str) -> &'static str {
        let at = names.iter().position(|other| other == name);
        let colours = self.colours(names, Colours::Arms);
        at.and_then(|at| colours.get(at)).copied().unwrap_or(COLOURS[0])
    }

    /// A Vega-Lite colour scale for `names`.
    pub(crate) fn scale(&self, names: &[String], meaning: Colours) -> Value {
        json!({ "domain": names, "range": self.colours(names, meaning) })
    }

    /// A Vega-Lite scale of dashes for `names`.
    pub(crate) fn dashes(&self, names: &[String]) -> Value {
        let range: Vec<&[u8]> = self.places(names).into_iter().map(|at| DASHES[at]).collect();
        let range: Vec<&[u8]> =
            range.into_iter().map(|dash| if dash.is_empty() { &[1, 0] } else { dash }).collect();
        json!({ "domain": names, "range": range })
    }

    /// A Vega-Lite scale of shapes for `names`.
    pub(crate) fn shapes(&self, names: &[String]) -> Value {
        let range: Vec<&str> = self.places(names).into_iter().map(|at| SHAPES[at]).collect();
        json!({ "domain": names, "range": range })
    }

    fn places(&self, names: &[String]) -> Vec<usize> {
        let mut others: Vec<&String> = Vec::new();
        names
            .iter()
            .map(|name| {
                let place = self.arms.iter().position(|arm| arm == name).unwrap_or_else(|| {
                    let seen = others.iter().position(|other| *other == name);
                    self.arms.len()
                        + seen.unwrap_or_else(|| {
                            others.push(name);
                            others.len() - 1
                        })
                });
                place % COLOURS.len()
            })
            .collect()
    }
}

/// `count` colours spread over an ordered list, the first and the last included.
fn spread(colours: &[&'static str], count: usize) -> Vec<&'static str> {
    let last = colours.len() - 1;
    (0..count).map(|at| colours[if count < 2 { last } else { at * last / (count - 1) }]).collect()
}

/// Black or white, whichever can be read on `colour` (`#rrggbb`).
pub(crate) fn ink(colour: &str) -> &'static str {
    let channel = |at: usize| {
        colour.get(at..at + 2).and_then(|hex| u32::from_str_radix(hex, 16).ok()).unwrap_or(255)
    };
    // weights of ITU-R BT.601
    let lightness = 299 * channel(1) + 587 * channel(3) + 114 * channel(5);
    if lightness > 140_000 { "#1a1a1a" } else { "#ffffff" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn an_arm_keeps_its_colour_when_others_are_left_out() {
        let palette = Palette::new(&names(&["car-nk", "nk-expanded", "bcma-car-t"]));
        let all = palette.colours(&names(&["car-nk", "nk-expanded", "bcma-car-t"]), Colours::Arms);
        let one = palette.colours(&names(&["bcma-car-t"]), Colours::Arms);
        assert_eq!(one[0], all[2]);
    }

    #[test]
    fn unknown_names_take_free_colours() {
        let palette = Palette::new(&names(&["a"]));
        let colours = palette.colours(&names(&["x", "a", "y", "x"]), Colours::Arms);
        assert_eq!(colours, [COLOURS[1], COLOURS[0], COLOURS[2], COLOURS[1]]);
    }

    #[test]
    fn ordered_colours_run_from_lightest_to_darkest() {
        let grades = names(&["0", "1", "2", "3"]);
        let colours = Palette::default().colours(&grades, Colours::Severity);
        assert_eq!(colours.first(), SEVERITY.first());
        assert_eq!(colours.last(), SEVERITY.last());
        assert_eq!(ink(colours[0]), "#1a1a1a");
        assert_eq!(ink(colours[3]), "#ffffff");
        let longer = Palette::default().colours(&names(&["a"; 20]), Colours::Benefit);
        assert_eq!(longer.len(), 20);
        // not evaluable, PD, SD, MR, PR, VGPR, CR, sCR
        let mut levels = Palette::default().colours(&names(&["a"; 8]), Colours::Benefit);
        levels.dedup();
        assert_eq!(levels.len(), 8);
    }
}
