//! Text made safe for the place where it stands in a page.

use std::fmt::Write as _;

use serde_json::Value;

/// Text between tags or inside a quoted attribute.
pub(super) fn text(raw: &str) -> String {
    let mut safe = String::with_capacity(raw.len());
    for character in raw.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(character),
            '\r' => safe.push('\n'),
            control if control.is_control() => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

/// JSON inside a script element: no character that could end the element or open a comment.
pub(super) fn json(value: &Value) -> String {
    let mut safe = String::new();
    for character in value.to_string().chars() {
        match character {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            '\u{2028}' => safe.push_str("\\u2028"),
            '\u{2029}' => safe.push_str("\\u2029"),
            other => safe.push(other),
        }
    }
    safe
}

/// The content of a `data:` address.
pub(super) fn address(raw: &str) -> String {
    let mut safe = String::with_capacity(raw.len() + raw.len() / 4);
    for byte in raw.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~,;:()/".contains(&byte) {
            safe.push(char::from(byte));
        } else {
            write!(safe, "%{byte:02X}").expect("a string can always be written to");
        }
    }
    safe
}

/// Letters, digits and hyphens, for the id of an element.
pub(super) fn slug(raw: &str) -> String {
    let mut slug = String::new();
    for character in raw.chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "part".into() } else { slug.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_can_end_a_script_element() {
        let value = Value::from("</script><!-- <script> & \u{2028}");
        let safe = json(&value);
        assert!(!safe.contains(['<', '>', '&', '\u{2028}']));
        assert_eq!(serde_json::from_str::<Value>(&safe).unwrap(), value);
    }

    #[test]
    fn text_is_safe_between_tags_and_in_attributes() {
        assert_eq!(text("a<b> & \"c\" 'd'"), "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
        assert_eq!(text("\u{0}\u{1b}[31m\r"), "\u{fffd}\u{fffd}[31m\n");
    }

    #[test]
    fn addresses_and_ids_keep_to_their_alphabets() {
        assert_eq!(address("a,b\n\"é\" <"), "a,b%0A%22%C3%A9%22%20%3C");
        assert_eq!(slug("Cells: AUC (0\u{2013}28 d)"), "cells-auc-0-28-d");
        assert_eq!(slug("\u{4e2d}"), "part");
    }
}
