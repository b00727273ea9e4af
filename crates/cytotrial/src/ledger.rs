//! The ledger of a run: one line per event, each bound to the line before it by a hash.
//!
//! Lines are only ever added. A line that was cut short, because the program was killed while it
//! wrote, stays as it is; the next line carries its hash, so that the chain holds.

use serde_json::{Map, Value, json};

use crate::run_folder::sha256;

/// What happened to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The run began.
    Begun,
    /// A run that had been stopped or killed went on.
    Resumed,
    /// The run was stopped before it was done.
    Stopped,
    /// The run is complete; nothing in it changes any more.
    Completed,
    /// The run was repeated and compared.
    Verified,
    /// The report was written anew.
    Reported,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 6] = [
        Self::Begun,
        Self::Resumed,
        Self::Stopped,
        Self::Completed,
        Self::Verified,
        Self::Reported,
    ];

    /// The word in the ledger.
    pub fn word(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Resumed => "resumed",
            Self::Stopped => "stopped",
            Self::Completed => "completed",
            Self::Verified => "verified",
            Self::Reported => "reported",
        }
    }
}

/// One line of a ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// When it was written, RFC 3339 in UTC.
    pub time: String,
    /// What happened.
    pub event: Event,
    /// The program's version.
    pub version: String,
    /// What belongs to the event.
    pub details: Value,
    /// Hash of what was left of a line that was cut short before this one.
    mends: Option<String>,
    /// Hash of the line before; empty for the first.
    previous: String,
    /// Hash of this line up to here.
    sha256: String,
}

/// A ledger whose chain holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// The lines.
    pub lines: Vec<Line>,
    /// Whether the last line was cut short; the next one mends that.
    pub is_cut: bool,
}

impl Chain {
    /// The last line of an event.
    pub fn last(&self, event: Event) -> Option<&Line> {
        self.lines.iter().rfind(|line| line.event == event)
    }
}

/// The first line of a ledger that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} {why}")]
pub struct Broken {
    /// The line in the file, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: &'static str,
}

/// The bytes to add to a ledger for an event. `time` is RFC 3339 in UTC.
pub fn next(ledger: &[u8], event: Event, details: &Value, time: &str) -> Vec<u8> {
    let mut last: Option<Line> = None;
    let mut count = 0;
    let mut fragment = Vec::new();
    for bytes in lines(ledger) {
        match read(bytes) {
            Some((line, _)) => {
                last = Some(line);
                count += 1;
                fragment.clear();
            }
            None => add_fragment(&mut fragment, bytes),
        }
    }
    let mut line = Map::new();
    line.insert("number".to_owned(), json!(count + 1));
    line.insert("time".to_owned(), json!(time));
    line.insert("event".to_owned(), json!(event.word()));
    line.insert("version".to_owned(), json!(env!("CARGO_PKG_VERSION")));
    line.insert("details".to_owned(), details.clone());
    if !fragment.is_empty() {
        line.insert("mends".to_owned(), json!(sha256(&fragment)));
    }
    line.insert("previous".to_owned(), json!(last.map_or(String::new(), |line| line.sha256)));
    let text = Value::Object(line).to_string();
    let body = text.strip_suffix('}').expect("an object ends with a brace");
    let begin = if ledger.is_empty() || ledger.ends_with(b"\n") { "" } else { "\n" };
    format!("{begin}{body}{HASH}{}\"}}\n", sha256(body.as_bytes())).into_bytes()
}

/// Reads a ledger and checks that every line follows from the one before.
///
/// # Errors
/// The first line that does not.
pub fn check(ledger: &[u8]) -> Result<Chain, Broken> {
    let mut chain = Chain { lines: Vec::new(), is_cut: false };
    let mut fragment = Vec::new();
    let mut fragment_at = 0;
    let mut previous = String::new();
    for (at, bytes) in (1..).zip(lines(ledger)) {
        let broken = |line, why| Err(Broken { line, why });
        let Some((line, body)) = read(bytes) else {
            if fragment.is_empty() {
                fragment_at = at;
            }
            add_fragment(&mut fragment, bytes);
            continue;
        };
        if sha256(body.as_bytes()) != line.sha256 {
            return broken(at, "was changed: its hash is another");
        }
        if line.mends != (!fragment.is_empty()).then(|| sha256(&fragment)) {
            return broken(if fragment.is_empty() { at } else { fragment_at }, UNREADABLE);
        }
        if line.previous != previous || line.number != chain.lines.len() as u64 + 1 {
            return broken(at, "does not follow from the line before it");
        }
        fragment.clear();
        previous.clone_from(&line.sha256);
        chain.lines.push(line);
    }
    chain.is_cut = !fragment.is_empty();
    if chain.is_cut && ledger.ends_with(b"\n") {
        return Err(Broken { line: fragment_at, why: UNREADABLE });
    }
    Ok(chain)
}

const UNREADABLE: &str = "is not a line of a ledger";

/// What stands between a line and its own hash.
const HASH: &str = ",\"sha256\":\"";

/// The lines of a ledger without their ends; nothing follows the last newline.
fn lines(ledger: &[u8]) -> impl Iterator<Item = &[u8]> {
    let whole = ledger.strip_suffix(b"\n").unwrap_or(ledger);
    whole.split(|byte| *byte == b'\n').filter(move |_| !ledger.is_empty())
}

fn add_fragment(fragment: &mut Vec<u8>, bytes: &[u8]) {
    fragment.extend_from_slice(bytes);
    fragment.push(b'\n');
}

/// A whole line, and the part of its text that is hashed.
fn read(bytes: &[u8]) -> Option<(Line, &str)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (body, _) = text.rsplit_once(HASH)?;
    let value: Value = serde_json::from_str(text).ok()?;
    let words = |name: &str| value[name].as_str().map(str::to_owned);
    let event = value["event"].as_str()?;
    let line = Line {
        number: value["number"].as_u64()?,
        time: words("time")?,
        event: Event::ALL.into_iter().find(|known| known.word() == event)?,
        version: words("version")?,
        details: value["details"].clone(),
        mends: words("mends"),
        previous: words("previous")?,
        sha256: words("sha256")?,
    };
    Some((line, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(events: &[Event]) -> Vec<u8> {
        let mut ledger = Vec::new();
        for (number, event) in events.iter().enumerate() {
            let details = json!({ "note": format!("{number} \",\"sha256\":\"") });
            ledger.extend(next(&ledger, *event, &details, "2026-01-01T00:00:00Z"));
        }
        ledger
    }

    const THREE: &[Event] = &[Event::Begun, Event::Resumed, Event::Completed];

    #[test]
    fn a_chain_holds_and_tells_what_happened() {
        let chain = check(&ledger(THREE)).unwrap();
        let events: Vec<Event> = chain.lines.iter().map(|line| line.event).collect();
        assert_eq!(events, THREE);
        assert_eq!(chain.last(Event::Resumed).unwrap().number, 2);
        assert_eq!(chain.last(Event::Verified), None);
        assert!(!chain.is_cut);
        assert_eq!(check(b""), Ok(Chain { lines: Vec::new(), is_cut: false }));
    }

    #[test]
    fn the_first_changed_line_is_named() {
        let whole = ledger(THREE);
        let start = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for at in (start..whole.len() - 1).step_by(7) {
            let mut changed = whole.clone();
            changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
            if changed == whole {
                continue;
            }
            let line = whole[..at].split(|byte| *byte == b'\n').count();
            let broken = check(&changed).expect_err("a change is seen");
            assert_eq!(broken.line, line, "byte {at}: {broken}");
        }
    }

    #[test]
    fn a_line_taken_out_or_put_in_is_named() {
        let whole = String::from_utf8(ledger(THREE)).unwrap();
        let lines: Vec<&str> = whole.lines().collect();
        let without = format!("{}\n{}\n", lines[0], lines[2]);
        assert_eq!(check(without.as_bytes()).unwrap_err().line, 2);
        let with = format!("{}\nwords\n{}\n{}\n", lines[0], lines[1], lines[2]);
        assert_eq!(check(with.as_bytes()).unwrap_err().line, 2);
        let after = format!("{whole}words\n");
        assert_eq!(check(after.as_bytes()).unwrap_err().line, 4);
    }

    #[test]
    fn a_line_cut_short_anywhere_is_mended_by_the_next_two() {
        let whole = ledger(&THREE[..2]);
        let start = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for end in start..=whole.len() {
            let mut cut = whole[..end].to_vec();
            let known = check(&cut).unwrap();
            assert_eq!(known.is_cut, (start + 1..whole.len() - 1).contains(&end), "{end}");
            cut.extend(next(&cut, Event::Stopped, &json!({}), "2026-01-01T00:00:00Z"));
            // Cut once more, in the line that mends.
            cut.truncate(cut.len() - 3);
            assert!(check(&cut).unwrap().is_cut);
            cut.extend(next(&cut, Event::Stopped, &json!({}), "2026-01-01T00:00:00Z"));
            let mended = check(&cut).unwrap();
            assert_eq!(mended.lines.len(), known.lines.len() + 1);
            assert!(!mended.is_cut);
        }
    }
}
