//! Rules that the text of a page must keep, checked without a browser.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Fault;
use crate::figure::SCHEMA;

/// Everything that the page breaks.
pub fn page(html: &str) -> Vec<Fault> {
    let mut reader = Reader::default();
    reader.read(html);
    reader.finish();
    reader.faults.into_iter().map(Fault::Page).collect()
}

const VOID: [&str; 6] = ["meta", "br", "hr", "img", "input", "wbr"];
/// Elements that fetch, frame or send something.
const FORBIDDEN: [&str; 11] = [
    "link", "iframe", "frame", "object", "embed", "base", "form", "audio", "video", "source",
    "applet",
];

#[derive(Default)]
struct Reader {
    faults: Vec<String>,
    open: Vec<String>,
    ids: BTreeSet<String>,
    targets: Vec<String>,
    seen: BTreeSet<&'static str>,
    /// What was seen of the figure that is open.
    figure: Option<BTreeSet<&'static str>>,
}

const FIGURE_PARTS: [&str; 4] = ["caption", "alternative text", "data", "specification"];

impl Reader {
    fn read(&mut self, html: &str) {
        if !html.starts_with("<!doctype html>") {
            self.fault("it does not start with a doctype");
        }
        let mut rest = html;
        while let Some(at) = rest.find('<') {
            self.words(&rest[..at]);
            rest = &rest[at..];
            let Some(end) = end_of_tag(rest) else {
                self.fault("a tag has no end");
                return;
            };
            let tag = &rest[1..end];
            rest = &rest[end + 1..];
            if tag.starts_with('!') {
                continue;
            }
            if let Some(name) = tag.strip_prefix('/') {
                self.close(name.trim());
                continue;
            }
            let name = tag.split(|letter: char| letter.is_whitespace()).next().unwrap_or_default();
            let attributes = attributes(&tag[name.len()..]);
            self.element(name, &attributes);
            if name == "script" || name == "style" {
                let close = format!("</{name}>");
                let Some(length) = rest.find(&close) else {
                    self.fault(&format!("`{name}` has no end"));
                    return;
                };
                self.raw(name, &attributes, &rest[..length]);
                rest = &rest[length..];
            }
        }
    }

    fn fault(&mut self, fault: &str) {
        self.faults.push(fault.to_owned());
    }

    fn words(&mut self, text: &str) {
        if text.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == "NaN") {
            self.fault("it prints `NaN`");
        }
    }

    fn element(&mut self, name: &str, attributes: &[(String, String)]) {
        let value = |wanted: &str| {
            attributes.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.as_str())
        };
        if FORBIDDEN.contains(&name) {
            self.fault(&format!("the element `{name}` is not allowed"));
        }
        for (key, value) in attributes {
            if key.starts_with("on")
                || (key == "srcset")
                || (key == "src" && !value.starts_with("data:"))
            {
                self.fault(&format!("the attribute `{key}` of `{name}` is not allowed"));
            }
            match key.as_str() {
                "id" if !self.ids.insert(value.clone()) => {
                    self.fault(&format!("two elements have the id `{value}`"));
                }
                "href" => self.link(value),
                "aria-labelledby" | "data-specification" => self.targets.push(value.clone()),
                _ => {}
            }
        }
        match name {
            "html" if value("lang").is_some_and(|lang| !lang.is_empty()) => self.saw("lang"),
            "main" => self.saw("main"),
            "title" => self.saw("title"),
            "h1" => self.saw("h1"),
            "meta"
                if value("http-equiv") == Some("Content-Security-Policy")
                    && value("content").is_some_and(|it| it.starts_with("default-src 'none'")) =>
            {
                self.saw("policy");
            }
            "figure" => self.figure = Some(BTreeSet::new()),
            _ => {}
        }
        if let Some(figure) = &mut self.figure {
            let is_named = value("aria-label").is_some_and(|label| !label.trim().is_empty());
            match name {
                "figcaption" => figure.insert("caption"),
                "td" => figure.insert("data"),
                _ if value("role") == Some("img") && is_named => figure.insert("alternative text"),
                _ => false,
            };
        }
        if !VOID.contains(&name) {
            self.open.push(name.to_owned());
        }
    }

    fn saw(&mut self, part: &'static str) {
        self.seen.insert(part);
    }

    fn link(&mut self, target: &str) {
        if let Some(id) = target.strip_prefix('#') {
            self.targets.push(id.to_owned());
        } else if !["https://", "http://", "data:text/csv"]
            .iter()
            .any(|start| target.starts_with(start))
        {
            self.fault(&format!("a link leads to `{target}`"));
        }
    }

    fn raw(&mut self, name: &str, attributes: &[(String, String)], text: &str) {
        if name == "style" {
            if text.contains("@import") || text.contains("url(") {
                self.fault("its style fetches something");
            }
            return;
        }
        let is_json =
            attributes.iter().any(|(key, value)| key == "type" && value == "application/json");
        if !is_json {
            return;
        }
        match serde_json::from_str::<Value>(text) {
            Ok(value) if value["$schema"] == SCHEMA => {
                if let Some(figure) = &mut self.figure {
                    figure.insert("specification");
                }
            }
            Ok(_) => self.fault("a specification names no schema"),
            Err(problem) => self.fault(&format!("a specification is not JSON: {problem}")),
        }
    }

    fn close(&mut self, name: &str) {
        match self.open.pop() {
            Some(open) if open == name => {}
            open => self.fault(&format!("`{name}` closes `{}`", open.unwrap_or_default())),
        }
        if name == "figure"
            && let Some(figure) = self.figure.take()
        {
            for part in FIGURE_PARTS {
                if !figure.contains(part) {
                    self.fault(&format!("a figure has no {part}"));
                }
            }
        }
    }

    fn finish(&mut self) {
        if let Some(open) = self.open.last().cloned() {
            self.fault(&format!("`{open}` is never closed"));
        }
        for part in ["lang", "main", "title", "h1", "policy"] {
            if !self.seen.contains(part) {
                self.fault(&format!("it has no {part}"));
            }
        }
        let dead: Vec<String> =
            self.targets.iter().filter(|target| !self.ids.contains(*target)).cloned().collect();
        for target in dead {
            self.fault(&format!("nothing has the id `{target}`"));
        }
    }
}

/// Where the tag that starts `text` ends, quoted values skipped.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut is_quoted = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '>' if !is_quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// Names and values, as the renderer writes them: `name="value"` or `name`.
fn attributes(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end =
            rest.find(|letter: char| letter == '=' || letter.is_whitespace()).unwrap_or(rest.len());
        let name = rest[..end].to_owned();
        rest = &rest[end..];
        let mut value = "";
        if let Some(quoted) = rest.strip_prefix("=\"") {
            let end = quoted.find('"').unwrap_or(quoted.len());
            value = &quoted[..end];
            rest = quoted.get(end + 1..).unwrap_or_default();
        } else {
            rest = rest.strip_prefix('=').unwrap_or(rest);
        }
        found.push((name, value.to_owned()));
        rest = rest.trim_start();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "<!doctype html>\n<html lang=\"en\"><head><title>t</title>\
        <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\"></head><body>";

    fn faults(body: &str) -> Vec<String> {
        let html = format!("{HEAD}<h1>t</h1><main>{body}</main></body></html>");
        page(&html).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_small_page_is_fine() {
        assert_eq!(faults("<p id=\"a\"><a href=\"#a\">b</a></p>"), Vec::<String>::new());
    }

    #[test]
    fn each_rule_can_fail() {
        let cases = [
            ("<p>", "page: `main` closes `p`"),
            ("<p>NaN</p>", "page: it prints `NaN`"),
            ("<a href=\"#x\">y</a>", "page: nothing has the id `x`"),
            ("<a href=\"javascript:x\">y</a>", "page: a link leads to `javascript:x`"),
            (
                "<img src=\"https://x.org/y.png\">",
                "page: the attribute `src` of `img` is not allowed",
            ),
            ("<p onclick=\"x\">y</p>", "page: the attribute `onclick` of `p` is not allowed"),
            ("<iframe></iframe>", "page: the element `iframe` is not allowed"),
            ("<p id=\"a\"></p><p id=\"a\"></p>", "page: two elements have the id `a`"),
            ("<style>@import 'x'</style>", "page: its style fetches something"),
            ("<figure></figure>", "page: a figure has no caption"),
            (
                "<script type=\"application/json\">{}</script>",
                "page: a specification names no schema",
            ),
            ("<script type=\"application/json\">{</script>", "page: a specification is not JSON"),
        ];
        for (body, want) in cases {
            let found = faults(body);
            assert!(found.iter().any(|fault| fault.starts_with(want)), "{body}: {found:?}");
        }
        assert!(!page("<p>x</p>").is_empty());
    }
}
