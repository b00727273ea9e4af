//! `cytotrial registry rates`: response rates of arms with exact intervals, pooled, as files.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{fs, io};

use cytotrial::operation::registry::rates::{Answer, Endpoint, Request, run as rates};
use cytotrial::operation::registry::related::{self, Preset};
use cytotrial::operation::registry::{Entry, Shelf};
use cytotrial::problem::Problem;
use cytotrial::targets::Role;

use super::{Source, entry, refused};
use crate::terminal::{refuse, say, say_json, tell, wrapped};
use crate::{Exit, Options, write};

/// Read rates per arm from results, with exact intervals, and pool them
///
/// For example `cytotrial registry rates --like NCT06379451 --counts-by-unit`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Records by number or JSON file
    #[arg(value_name = "NCT|FILE.json", required_unless_present = "like")]
    records: Vec<String>,
    #[command(flatten)]
    source: Source,
    /// Also the trials with results most like this record
    #[arg(long, value_name = "NCT|FILE.json")]
    like: Option<String>,
    /// How many of those at most
    #[arg(long, value_name = "N", default_value_t = 20, requires = "like",
          value_parser = clap::value_parser!(u16).range(1..=200))]
    rows: u16,
    /// The endpoint that is pooled
    #[arg(long, value_name = "WHICH", default_value = "objective-response", value_parser = endpoint)]
    endpoint: Endpoint,
    /// Take a NUMBER of participants for a count of participants, as older records mean it
    #[arg(long)]
    counts_by_unit: bool,
    /// Level of every interval
    #[arg(long, value_name = "SHARE", default_value_t = 0.95, value_parser = share)]
    level: f64,
    /// Write rates.csv and targets.csv into this folder, which is made
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Also write design.toml: the pooled rate is of no interest, that plus this is
    #[arg(long, value_name = "SHARE", requires = "out", value_parser = share)]
    improvement: Option<f64>,
    /// What the targets may be used for: fit, hold-out, evidence, claim, context
    #[arg(long, value_name = "ROLE", default_value = "hold-out", value_parser = role)]
    role: Role,
    /// Write over files that are there
    #[arg(long, requires = "out")]
    force: bool,
}

fn endpoint(text: &str) -> Result<Endpoint, String> {
    let known = Endpoint::ALL.iter().find(|(word, _)| *word == text);
    let words = Endpoint::ALL.map(|(word, _)| word).join(", ");
    known.map(|(_, endpoint)| *endpoint).ok_or_else(|| format!("one of {words}"))
}

fn role(text: &str) -> Result<Role, String> {
    Role::of(text).ok_or_else(|| format!("one of {}", Role::ALL.map(|(word, _)| word).join(", ")))
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| *share > 0.0 && *share < 1.0);
    share.ok_or_else(|| "a number above 0 and below 1".to_owned())
}

pub(super) fn run(arguments: &Arguments, options: Options) -> Exit {
    let shelf = match arguments.source.shelf() {
        Ok(shelf) => shelf,
        Err(problems) => return refused(&problems, options),
    };
    let answer = entries(&shelf, arguments).and_then(|entries| {
        rates(&Request {
            entries: entries.iter().collect(),
            endpoint: arguments.endpoint,
            by_unit: arguments.counts_by_unit,
            level: arguments.level,
            improvement: arguments.improvement,
            role: arguments.role,
        })
    });
    let answer = match answer {
        Ok(answer) => answer,
        Err(problems) => return refused(&problems, options),
    };
    if let Err(exit) = deliver(arguments, &answer) {
        return exit;
    }
    if options.json {
        say_json(&serde_json::json!(answer));
        return Exit::Fine;
    }
    say(&text(&answer));
    if !options.quiet {
        tell(&wrapped(&format!("{}.", shelf.notice()), "", ""));
    }
    Exit::Fine
}

/// The records named, and those like one, each once.
fn entries(shelf: &Shelf, arguments: &Arguments) -> Result<Vec<Entry>, Vec<Problem>> {
    let mut entries: Vec<Entry> = Vec::new();
    for record in &arguments.records {
        entries.push(entry(shelf, record)?);
    }
    if let Some(like) = &arguments.like {
        let own = entry(shelf, like)?;
        let rows = usize::from(arguments.rows);
        let request = related::Request { shelf, entry: &own, preset: Preset::Historical, rows };
        for row in related::run(&request).rows {
            entries.push(shelf.get(&row.nct_id)?);
        }
    }
    let mut seen = BTreeSet::new();
    entries.retain(|entry| seen.insert(entry.record.key.id.clone()));
    Ok(entries)
}

fn deliver(arguments: &Arguments, answer: &Answer) -> Result<(), Exit> {
    let Some(folder) = &arguments.out else { return Ok(()) };
    let shown = folder.display();
    if let Some(name) =
        answer.files.keys().find(|name| folder.join(name).exists() && !arguments.force)
    {
        let message = format!("`{}` is there already", folder.join(name).display());
        return Err(refuse(Exit::Usage, &message, "choose another folder, or `--force`"));
    }
    let write = || -> io::Result<()> {
        fs::create_dir_all(folder)?;
        answer
            .files
            .iter()
            .try_for_each(|(name, text)| write::whole(&folder.join(name), text.as_bytes()))
    };
    write().map_err(|error| {
        let message = format!("`{shown}` cannot be written: {error}");
        refuse(Exit::Failed, &message, "choose a folder that you may write to")
    })
}

fn text(answer: &Answer) -> String {
    let mut text = String::new();
    let mut line = |line: String| writeln!(text, "{line}").expect("a String takes every write");
    let percent = |share: f64| format!("{:.1}", 100.0 * share);
    for row in &answer.rows {
        let arm = &row.pick.arm;
        let title = format!("{} [{}]", arm.title, arm.group_title);
        line(wrapped(&title, &format!("{}  ", arm.nct_id), "             "));
        line(match (row.pick.counts, row.interval) {
            (Some((x, n)), Some((low, high))) => format!(
                "             {x}/{n} = {} % ({} to {}){}",
                percent(x as f64 / n as f64),
                percent(low),
                percent(high),
                if arm.events.is_some_and(|events| events.is_reconstructed) {
                    ", count worked out"
                } else {
                    ""
                },
            ),
            _ => wrapped(
                &format!("not pooled: {}", row.pick.reason),
                "             ",
                "               ",
            ),
        });
    }
    if let Some(pooled) = &answer.pooled {
        let level = 100.0 * answer.level;
        line(format!(
            "pooled {}: {} % ({level:.0} % interval {} to {}), one more arm {} to {}; {}/{} in {} arms, \
             correlation {:.3}",
            answer.endpoint.word(),
            percent(pooled.rate),
            percent(pooled.interval.0),
            percent(pooled.interval.1),
            percent(pooled.next.0),
            percent(pooled.next.1),
            pooled.events,
            pooled.participants,
            pooled.arms,
            pooled.correlation,
        ));
    }
    for note in &answer.notes {
        line(note.clone());
    }
    text
}
