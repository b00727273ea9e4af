//! `cytotrial registry import`: records of any form brought into a store.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;

use cytotrial::operation::trial_store::{
    Damage, ImportRequest, Imported, damage_problem, import, open,
};
use serde_json::json;

use super::store::{Place, refused};
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::terminal::{refuse, say, say_json, tell};
use crate::{Exit, Options};

/// Bring trial records into a store: JSON, JSON lines, XML, CSV, packed or not, files or folders
///
/// Records are known by their number: a second import adds what is new and replaces what changed.
/// Names, telephone numbers and e-mail addresses of persons are left out.
///
/// For example `cytotrial registry import studies.jsonl.gz`, or `cytotrial registry import --bundled` to try it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Files and folders; - is stdin
    #[arg(value_name = "PATH", required_unless_present = "bundled")]
    paths: Vec<PathBuf>,
    /// Bring in the records that come with the program, too
    #[arg(long)]
    bundled: bool,
    #[command(flatten)]
    place: Place,
    /// Threads; one per core unless given
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
}

/// Damages that are shown one by one.
const SHOWN: usize = 20;

pub(super) fn run(arguments: &Arguments, options: Options) -> Exit {
    if let Some(missing) =
        arguments.paths.iter().find(|path| path.as_os_str() != "-" && !path.exists())
    {
        let message = format!("there is no `{}`", missing.display());
        return refuse(Exit::Usage, &message, "name a file or a folder with records");
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let request = ImportRequest {
        store: arguments.place.store.clone(),
        sources: arguments.paths.clone(),
        now: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        threads: if arguments.threads == 0 { cores } else { arguments.threads },
        with_bundled: arguments.bundled,
        segment_bytes: 0,
    };
    let interrupt = Interrupt::listen(options);
    let progress = Progress::new(options);
    progress.begin("records", 0);
    let last = Mutex::new(0);
    let watched = |count: u64| {
        let mut last = last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        progress.advance(count.saturating_sub(*last));
        *last = count;
        !interrupt.is_asked()
    };
    let imported = import(&request, &watched);
    progress.end();
    match imported {
        Ok(imported) => told(&imported, arguments, options),
        Err(problem) => refused(problem, options),
    }
}

fn told(imported: &Imported, arguments: &Arguments, options: Options) -> Exit {
    let line = &imported.line;
    let total = open(&arguments.place.store).map_or(0, |store| store.count());
    if options.json {
        let damages: Vec<_> = imported
            .damages
            .iter()
            .map(|Damage { place, what }| json!({ "place": place, "what": what }))
            .collect();
        say_json(&json!({
            "import": line.to_json(),
            "records": total,
            "damages": damages,
            "stopped": imported.is_stopped,
        }));
    } else {
        let shown: Vec<_> = imported.damages.iter().take(SHOWN).map(damage_problem).collect();
        crate::show::problems(&shown, None, options);
        if imported.line.damaged > shown.len() as u64 {
            tell(&format!("{} more could not be read", line.damaged - shown.len() as u64));
        }
        let mut text =
            format!("{} added, {} changed, {} unchanged", line.added, line.changed, line.unchanged);
        if line.kept > 0 {
            let _ = write!(text, ", {} kept from a richer form", line.kept);
        }
        if line.damaged > 0 {
            let _ = write!(text, ", {} could not be read", line.damaged);
        }
        say(&format!("{text}; {total} records in `{}`\n", arguments.place.store.display()));
    }
    let read = line.added + line.changed + line.unchanged + line.kept;
    match imported.is_stopped {
        true => Exit::Stopped,
        false if read == 0 => Exit::Input,
        false => Exit::Fine,
    }
}
