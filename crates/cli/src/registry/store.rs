//! What the verbs over a store share: its folder, the words and filters of a search.

use std::path::PathBuf;

use cytotrial::operation::trial_store::{
    Expression, Query, QueryError, Sort, Store, areas, enums, open, query_problem,
};
use cytotrial::problem::Problem;

use crate::{Exit, Options, show};

/// The folder of a store.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// Folder of the store
    #[arg(long, value_name = "DIR", default_value = "registry")]
    pub(super) store: PathBuf,
}

impl Place {
    /// Opens the store.
    pub(super) fn open(&self) -> Result<Store, Problem> {
        open(&self.store)
    }
}

/// What is searched.
#[derive(Debug, clap::Args)]
pub(super) struct Asked {
    /// Words, or an expression such as `AREA[Phase]PHASE1 AND myeloma`; everything unless given
    #[arg(value_name = "EXPRESSION")]
    words: Vec<String>,
    /// Conditions
    #[arg(long, value_name = "EXPRESSION")]
    cond: Option<String>,
    /// Interventions
    #[arg(long, value_name = "EXPRESSION")]
    intr: Option<String>,
    /// Titles
    #[arg(long, value_name = "EXPRESSION")]
    titles: Option<String>,
    /// Outcomes
    #[arg(long, value_name = "EXPRESSION")]
    outc: Option<String>,
    /// Sponsors
    #[arg(long, value_name = "EXPRESSION")]
    spons: Option<String>,
    /// Places
    #[arg(long, value_name = "EXPRESSION")]
    locn: Option<String>,
    /// Statuses, with commas between
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    status: Vec<String>,
    /// Phases, with commas between: `early 1`, `1`, `2`, `3`, `4`, `NA`
    #[arg(long, value_name = "PHASE", value_delimiter = ',')]
    phase: Vec<String>,
    /// Order: `@relevance` or up to two of a date or number such as `StartDate:desc`
    #[arg(long, value_name = "PIECE", value_delimiter = ',')]
    sort: Vec<String>,
    /// Leave out headings above a record's own, and headings derived from its words
    #[arg(long)]
    own_words: bool,
    /// Look for no synonyms
    #[arg(long)]
    no_synonyms: bool,
}

impl Asked {
    /// The query.
    pub(super) fn query(&self) -> Result<Query, Problem> {
        let mut expressions = Vec::new();
        let read = |text: &str| {
            Expression::read(text).map_err(|error| query_problem(&QueryError::Expression(error)))
        };
        if !self.words.is_empty() {
            expressions.push(read(&self.words.join(" "))?);
        }
        let areas = [
            ("cond", &self.cond),
            ("intr", &self.intr),
            ("titles", &self.titles),
            ("outc", &self.outc),
            ("spons", &self.spons),
            ("locn", &self.locn),
        ];
        for (parameter, text) in areas {
            if let Some(text) = text {
                let area = areas::by_parameter(parameter).map_or("BasicSearch", |area| area.name);
                expressions.push(read(text)?.within(area));
            }
        }
        expressions.extend(one_of("OverallStatus", "Status", &self.status)?);
        expressions.extend(one_of("Phase", "Phase", &self.phase)?);
        let sort = self.sort.iter().map(|text| Sort::read(text));
        let sort: Vec<Sort> =
            sort.collect::<Result<_, _>>().map_err(|error| query_problem(&error))?;
        Ok(Query {
            expressions,
            sort,
            own_words_only: self.own_words,
            without_synonyms: self.no_synonyms,
            ..Query::default()
        })
    }
}

/// Any of some values of an enumeration.
fn one_of(piece: &str, name: &str, texts: &[String]) -> Result<Option<Expression>, Problem> {
    let mut any = Vec::new();
    for text in texts {
        // `1` and `early 1` are phases, too.
        let long = text.to_lowercase().replace("early ", "");
        let long = if long == text.to_lowercase() {
            format!("{name} {text}")
        } else {
            format!("early {name} {long}")
        };
        let meant = enums::meant(name, text).or_else(|| enums::meant(name, &long));
        let value = meant.ok_or_else(|| {
            let error = QueryError::Test(format!(
                "`{text}` is no value of `{piece}`; there are {}",
                enums::values(name).join(", ")
            ));
            query_problem(&error)
        })?;
        any.push(Expression::Term { text: value.to_owned(), is_phrase: true }.within(piece));
    }
    Ok((!any.is_empty()).then_some(Expression::Or(any)))
}

/// Tells a problem, and how the command ends with it.
pub(super) fn refused(problem: Problem, options: Options) -> Exit {
    let is_held = problem.code == "R303";
    let problems = [problem];
    show::problems(&problems, None, options);
    show::json(&problems, options);
    if is_held { Exit::Refused } else { Exit::Input }
}
