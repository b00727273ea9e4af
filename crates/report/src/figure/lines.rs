//! Long words in lines, so that nothing of them is cut.

use serde_json::{Map, Value, json};

/// Letters of the name of a row on one line.
const ROW: usize = 28;
/// Pixels of one line.
const LINE_HEIGHT: usize = 13;

/// Words in lines of about `most` letters, broken between words; a word that is longer by a quarter
/// is broken inside.
pub(super) fn of(words: &str, most: usize) -> Vec<String> {
    let longest = (most + most / 4).max(1);
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for (at, part) in letters.chunks(longest).enumerate() {
            let part: String = part.iter().collect();
            match lines.last_mut() {
                Some(line) if at == 0 && line.chars().count() + part.chars().count() < most => {
                    line.push(' ');
                    line.push_str(&part);
                }
                _ => lines.push(part),
            }
        }
    }
    lines
}

/// The axis of rows that have these names, each in its lines.
pub(super) fn row_axis(names: &[String]) -> Value {
    let lines: Map<String, Value> =
        names.iter().map(|name| (name.clone(), json!(of(name, ROW)))).collect();
    let lines = format!("({})[datum.value]", Value::Object(lines));
    // the first line stands at the row unless it is moved up
    let up = format!("-0.5 * {LINE_HEIGHT} * (length({lines}) - 1)");
    json!({
        "ticks": false, "labelPadding": 8, "labelLimit": 0, "labelLineHeight": LINE_HEIGHT,
        "labelExpr": lines, "labelOffset": { "expr": up },
    })
}

/// Pixels that the longest of these names needs in its row.
pub(super) fn row_height(names: &[String]) -> f64 {
    let most = names.iter().map(|name| of(name, ROW).len()).max().unwrap_or(1);
    (LINE_HEIGHT * most.max(1) + 10) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_broken_between_words_and_nothing_is_lost() {
        let name = "as claimed: CRS of grade 2 or more is rarer than after BCMA CAR-T";
        let lines = of(name, ROW);
        assert_eq!(
            lines,
            ["as claimed: CRS of grade 2", "or more is rarer than after", "BCMA CAR-T"]
        );
        assert_eq!(lines.join(" "), name);
        assert_eq!(of("short", ROW), ["short"]);
        assert!(of("", ROW).is_empty());
    }

    #[test]
    fn a_word_longer_than_a_line_is_broken_inside() {
        let word = "a".repeat(70);
        let lines = of(&format!("b {word} c"), ROW);
        assert_eq!(lines, ["b".to_owned(), "a".repeat(35), "a".repeat(35), "c".to_owned()]);
        assert_eq!(
            of("crs_multiple_vasopressor_il6: rise", ROW)[0],
            "crs_multiple_vasopressor_il6:"
        );
    }

    #[test]
    fn rows_are_as_high_as_their_names() {
        let names = ["short".to_owned(), "word ".repeat(20)];
        assert_eq!((row_height(&names[..1]), row_height(&names)), (23.0, 62.0));
        let axis = row_axis(&names[..1]);
        let lines = r#"({"short":["short"]})[datum.value]"#;
        assert_eq!(axis["labelExpr"], lines);
        let up = format!("-0.5 * 13 * (length({lines}) - 1)");
        assert_eq!(axis["labelOffset"]["expr"], up.as_str());
    }
}
