//! Every code of a problem has its page, and every page its code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_code_in_the_sources_has_a_page_and_every_page_a_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut used = BTreeSet::new();
    for folder in ["crates/records/src", "crates/cytotrial/src", "crates/cli/src"] {
        collect(&root.join(folder), &mut used);
    }
    let codes = cytotrial::problem::codes();
    let pages: BTreeSet<String> = codes.into_iter().map(|(code, _)| code).collect();
    assert!(used.len() > 20, "{used:?}");
    assert_eq!(used, pages);
}

#[test]
fn every_page_says_what_to_do() {
    for (code, title) in cytotrial::problem::codes() {
        let name = format!("docs/reference/problems/{code}.md");
        let page = cytotrial::library::text(&name).expect("it is in the list");
        assert!(page.starts_with(&format!("# {code}: {title}\n")), "{code}");
        assert!(page.contains("\n## What to do\n"), "{code}");
    }
}

fn collect(folder: &Path, used: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            collect(&path, used);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            used.extend(text.split('"').filter(|word| is_code(word)).map(str::to_owned));
        }
    }
}

fn is_code(word: &str) -> bool {
    let letters = word.as_bytes();
    letters.len() == 4
        && letters[0].is_ascii_uppercase()
        && letters[1..].iter().all(u8::is_ascii_digit)
}
