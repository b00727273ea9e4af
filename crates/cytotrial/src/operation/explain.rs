//! `explain`: the page of a problem's code.

use serde::Serialize;

use crate::library;
use crate::problem::{self, Problem};

/// Which code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The code, e.g. `U101`; without one, the list of all.
    pub code: Option<String>,
}

/// The page, or the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The code asked for.
    pub code: Option<String>,
    /// Its page in Markdown.
    pub page: Option<String>,
    /// Every code with its title, when none was asked for.
    pub codes: Vec<Code>,
}

/// A code with its title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Code {
    /// The code.
    pub code: String,
    /// What it means in a few words.
    pub title: String,
}

/// Finds the page.
///
/// # Errors
/// A problem that names the nearest code when there is no such one.
pub fn run(request: &Request) -> Result<Answer, Vec<Problem>> {
    let codes = problem::codes();
    let Some(typed) = &request.code else {
        let codes = codes.into_iter().map(|(code, title)| Code { code, title }).collect();
        return Ok(Answer { code: None, page: None, codes });
    };
    let code = typed.trim().to_uppercase();
    if let Some(page) = library::text(&format!("docs/reference/problems/{code}.md")) {
        return Ok(Answer { code: Some(code), page: Some(page.to_owned()), codes: Vec::new() });
    }
    let help = problem::help_with_nearest(&code, codes.iter().map(|(code, _)| code.as_str()));
    Err(vec![Problem::error("N101", "", "", format!("no problem has the code `{typed}`"), help)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_gives_its_page_whatever_its_case() {
        let answer = run(&Request { code: Some("u101".into()) }).unwrap();
        assert!(answer.page.unwrap().starts_with("# U101"));
        let problems = run(&Request { code: Some("U1O1".into()) }).unwrap_err();
        assert!(problems[0].help.contains("U10"), "{problems:?}");
        assert!(run(&Request { code: None }).unwrap().codes.len() > 20);
    }
}
