//! Links of the documentation lead to files and headings that exist.

use std::path::{Component, Path, PathBuf};

use super::files::{root, texts_ending};

/// The targets of the links of a Markdown text, code left out.
fn targets(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose(text) {
        let mut rest = line.as_str();
        while let Some(at) = rest.find("](") {
            rest = &rest[at + 2..];
            let Some(end) = rest.find(')') else { break };
            let target = rest[..end].split_whitespace().next().unwrap_or("");
            found.push(target.to_owned());
            rest = &rest[end..];
        }
    }
    found
}

/// Lines outside code blocks, with code inside the lines taken out.
fn prose(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            let parts: Vec<&str> = line.split('`').step_by(2).collect();
            lines.push(parts.join("`"));
        }
    }
    lines
}

/// The anchors that a page's headings make.
fn anchors(text: &str) -> Vec<String> {
    let mut is_code = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code && line.starts_with('#') {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept =
                title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            found.push(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
        }
    }
    found
}

/// The path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

#[test]
fn every_relative_link_leads_somewhere() {
    let pages = texts_ending(".md");
    let root = root();
    let mut faults = Vec::new();
    for (name, text) in &pages {
        for target in targets(text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let folder = Path::new(name).parent().expect("a file is in a folder");
            let path = if file.is_empty() { name.into() } else { plain(&folder.join(file)) };
            if !root.join(&path).exists() {
                faults.push(format!("{name}: `{target}` leads to no file"));
            } else if !anchor.is_empty()
                && let Some(page) = pages.get(&path.to_string_lossy().into_owned())
                && !anchors(page).iter().any(|known| known == anchor)
            {
                faults.push(format!("{name}: `{target}` leads to no heading"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn links_are_found_outside_code_only() {
    let text = "[a](b.md) and `[c](d.md)`, [e](f.md#g \"title\")\n```\n[h](i.md)\n```\n";
    assert_eq!(targets(text), ["b.md", "f.md#g"]);
    assert_eq!(anchors("# What it is, now\n## B_c"), ["what-it-is-now", "b_c"]);
    assert_eq!(plain(Path::new("docs/guide/../x.md")), Path::new("docs/x.md"));
}
