//! `cytotrial registry list`: what a store holds, and the imports that made it.

use cytotrial::operation::trial_store::ImportLine;
use serde_json::json;

use super::store::{Place, refused};
use crate::terminal::{say, say_json};
use crate::{Exit, Options};

/// Show what a store holds, and the imports that made it
///
/// For example `cytotrial registry list --store my-registry`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(arguments: &Arguments, options: Options) -> Exit {
    let store = match arguments.place.open() {
        Ok(store) => store,
        Err(problem) => return refused(problem, options),
    };
    if options.json {
        let imports: Vec<_> = store.imports().iter().map(ImportLine::to_json).collect();
        say_json(&json!({ "records": store.count(), "imports": imports }));
        return Exit::Fine;
    }
    say(&format!("{} records\n", store.count()));
    for line in store.imports() {
        say(&format!(
            "import {} on {}: {} added, {} changed, {} unchanged, {} kept, {} could not be read, from {}\n",
            line.number,
            line.date,
            line.added,
            line.changed,
            line.unchanged,
            line.kept,
            line.damaged,
            line.sources.join(", ")
        ));
    }
    Exit::Fine
}
