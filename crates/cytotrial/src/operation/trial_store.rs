//! A store of trial records on one's own disk: imported, searched, exported, served, compared.

pub use registry::api;
pub use registry::diff::{Change, Difference};
pub use registry::expression::Expression;
pub use registry::import::{Damage, Imported, Request as ImportRequest};
pub use registry::search::{Evidence, Found, Hit, Prepared, Query, QueryError, Sort};
pub use registry::store::{Address, Form, ImportLine, Store, StoreError, Stored};
pub use registry::{areas, enums, fields};

use std::path::Path;

use crate::problem::Problem;

/// What every list of records that came from the registry has to say.
pub const ATTRIBUTION: &str =
    "source: ClinicalTrials.gov, as imported; the registry's own pages are current";

/// Opens the store in a folder.
///
/// # Errors
/// There is none, or it cannot be read.
pub fn open(folder: &Path) -> Result<Store, Problem> {
    Store::open(folder).map_err(|error| store_problem(&error))
}

/// Imports records.
///
/// # Errors
/// The store cannot be written, or another process is changing it.
pub fn import(
    request: &ImportRequest,
    progress: &(dyn Fn(u64) -> bool + Sync),
) -> Result<Imported, Problem> {
    registry::import::import(request, progress).map_err(|error| store_problem(&error))
}

/// A record or a file that could not be read, as a warning.
pub fn damage_problem(damage: &Damage) -> Problem {
    let help = "the record was left out; the others were imported";
    Problem::error("R307", damage.place.clone(), "", damage.what.clone(), help).as_warning()
}

/// What stands in the way of a store.
pub fn store_problem(error: &StoreError) -> Problem {
    let (code, help) = match error {
        StoreError::None(_) => {
            let help = "`cytotrial registry import FILE --store DIR` makes one, `--bundled` in place of FILE one \
                        of the records that come with the program; `--store` names it";
            ("R301", help)
        }
        StoreError::Held { .. } => ("R303", "wait until it has ended, or name another store"),
        StoreError::File { .. } => ("R302", "is there space, and may you read and write there?"),
        _ => ("R302", "import the records anew into an empty folder"),
    };
    Problem::error(code, "", "", error.to_string(), help)
}

/// What stands in the way of a search.
pub fn query_problem(error: &QueryError) -> Problem {
    match error {
        QueryError::Store(error) => store_problem(error),
        QueryError::Expression(error) => {
            let help = "brackets and quotes are closed; AND, OR and NOT stand between terms; `\\` before a word \
                        takes its meaning away";
            Problem::error("R304", "", "", error.to_string(), help)
        }
        error => {
            let help = "areas and pieces are those of the registry's interface, such as `ConditionSearch` \
                        or `StartDate`";
            Problem::error("R305", "", "", error.to_string(), help)
        }
    }
}

/// No record has an id.
pub fn missing_problem(id: &str, store: &Store) -> Problem {
    let message = format!("no record in the store is called `{id}`");
    let help = format!("{} records are in it; `registry search` finds them", store.count());
    Problem::error("R306", "", "", message, help)
}
