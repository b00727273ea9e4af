//! The parameters of a request, and what they ask of a store.

use std::collections::BTreeMap;

use super::{Refusal, within};
use crate::areas;
use crate::expression::{Expression, distance};
use crate::record::nct_id;
use crate::search::{Query, Sort};

/// Parameters by name.
#[derive(Debug, Default)]
pub(super) struct Parameters(BTreeMap<String, String>);

/// Percent and plus signs taken out.
pub(super) fn decoded(text: &str, has_plus: bool) -> Result<String, Refusal> {
    let wrong = || Refusal::wrong(format!("`{text}` is not encoded as an address is"));
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'%' => {
                let digits =
                    bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
                let digits =
                    digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
                let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                plain.push(byte.ok_or_else(wrong)?);
                at += 3;
                continue;
            }
            b'+' if has_plus => plain.push(b' '),
            byte => plain.push(byte),
        }
        at += 1;
    }
    let plain = String::from_utf8(plain).map_err(|_| wrong())?;
    if plain.contains('\0') { Err(wrong()) } else { Ok(plain) }
}

/// Every parameter of a list of studies.
const KNOWN: &[&str] = &[
    "format",
    "markupFormat",
    "query.lead",
    "filter.overallStatus",
    "filter.geo",
    "filter.ids",
    "filter.advanced",
    "filter.synonyms",
    "postFilter.overallStatus",
    "postFilter.geo",
    "postFilter.ids",
    "postFilter.advanced",
    "postFilter.synonyms",
    "aggFilters",
    "geoDecay",
    "fields",
    "sort",
    "countTotal",
    "pageSize",
    "pageToken",
];

impl Parameters {
    pub(super) fn read(query: &str) -> Result<Self, Refusal> {
        let mut found = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name, true)?, decoded(value, true)?);
            if found.insert(name.clone(), value).is_some() {
                return Err(Refusal::wrong(format!("parameter `{name}` is given twice")));
            }
        }
        Ok(Self(found))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// Refuses every parameter that is not in the list.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(Refusal::wrong(format!("unknown parameter `{name}`"))),
        }
    }

    /// Refuses what no list of studies knows.
    pub(super) fn check_list(&self) -> Result<(), Refusal> {
        let is_known = |name: &str| {
            let area = name.strip_prefix("query.").and_then(areas::by_parameter);
            KNOWN.contains(&name) || area.is_some()
        };
        match self.0.keys().find(|name| !is_known(name)) {
            None => Ok(()),
            Some(name) => Err(Refusal::wrong(format!("unknown parameter `{name}`"))),
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => {
                Err(Refusal::wrong(format!("`{name}={other}`: it is `true` or `false`")))
            }
        }
    }

    /// Records on a page.
    pub(super) fn page_size(&self) -> Result<usize, Refusal> {
        let Some(text) = self.get("pageSize") else { return Ok(10) };
        let wrong =
            || Refusal::wrong(format!("`pageSize={text}`: it is a number that is not below 0"));
        match text.parse::<u64>().map_err(|_| wrong())? {
            0 => Ok(10),
            size => Ok(size.min(1000) as usize),
        }
    }

    /// Items between commas or bars.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let value = self.get(name).unwrap_or("");
        value.split([',', '|']).map(str::trim).filter(|part| !part.is_empty()).collect()
    }

    /// What all parameters but those of the page say, as a number.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut text = String::new();
        for (name, value) in &self.0 {
            if !matches!(name.as_str(), "pageToken" | "pageSize" | "countTotal" | "format") {
                text.push_str(name);
                text.push('\0');
                text.push_str(value);
                text.push('\0');
            }
        }
        crate::segment::table::checksum(text.as_bytes())
    }

    /// The place where a page begins.
    pub(super) fn offset(&self) -> Result<usize, Refusal> {
        let Some(token) = self.get("pageToken") else { return Ok(0) };
        let parts = token.split_once('-');
        let number = |text: &str| u64::from_str_radix(text, 16).ok();
        let read = parts.and_then(|(offset, print)| Some((number(offset)?, number(print)?)));
        let Some((offset, print)) = read else {
            return Err(Refusal::wrong(format!("`pageToken={token}` is none that was given here")));
        };
        if print != self.fingerprint() {
            let what = "the parameters changed between pages: all but `pageSize` and `countTotal` have to stay";
            return Err(Refusal::wrong(what));
        }
        usize::try_from(offset).map_err(|_| Refusal::wrong("no such page"))
    }

    /// The token of a page that begins there.
    pub(super) fn token(&self, offset: usize) -> String {
        format!("{offset:x}-{:x}", self.fingerprint())
    }

    /// What the parameters ask.
    pub(super) fn query(&self) -> Result<Query, Refusal> {
        let mut query = Query { sort: self.sort()?, ..Query::default() };
        if let Some(ids) = self.only_ids() {
            query.expressions.push(ids);
            return Ok(query);
        }
        for (name, text) in &self.0 {
            if text.trim().is_empty() {
                continue;
            }
            let plain = name.strip_prefix("postFilter.").or_else(|| name.strip_prefix("filter."));
            match (name.strip_prefix("query."), plain) {
                (Some("lead"), _) => query.expressions.push(within("LeadSponsorName", text)?),
                (Some(parameter), _) => {
                    let area =
                        areas::by_parameter(parameter).map_or("BasicSearch", |area| area.name);
                    query.expressions.push(within(area, text)?);
                }
                (None, Some("overallStatus")) => {
                    query.expressions.push(statuses(&self.list(name))?);
                }
                (None, Some("ids")) => query.expressions.extend(ids(text)),
                (None, Some("advanced")) => query.expressions.push(Expression::read(text)?),
                (None, Some("geo")) => query.expressions.push(place(text)?),
                (None, Some("synonyms")) => query.without_synonyms = text.trim() == "false",
                (None, None) if name == "aggFilters" => query.expressions.push(aggregated(text)?),
                _ => {}
            }
        }
        Ok(query)
    }

    fn sort(&self) -> Result<Vec<Sort>, Refusal> {
        let sorts = self.list("sort");
        if sorts.len() > 2 {
            return Err(Refusal::wrong("`sort` names two things at most"));
        }
        Ok(sorts.into_iter().map(Sort::read).collect::<Result<_, _>>()?)
    }

    /// A query that holds nothing but ids asks for just these, whatever the filters say.
    fn only_ids(&self) -> Option<Expression> {
        let queries = self
            .0
            .iter()
            .filter(|(name, text)| name.starts_with("query.") && !text.trim().is_empty());
        let mut queries = queries.map(|(_, text)| text);
        let text = queries.next()?;
        let is_ids = text
            .split([',', ' ', '|'])
            .filter(|part| !part.is_empty())
            .all(|part| nct_id(part).is_some());
        if queries.next().is_some() || !is_ids { None } else { ids(text) }
    }
}

fn ids(text: &str) -> Option<Expression> {
    let parts = text.split([',', ' ', '|']).filter(|part| !part.is_empty());
    let all: Vec<Expression> = parts.map(|id| phrase(id).within("NCTIdSearch")).collect();
    if all.is_empty() { None } else { Some(Expression::Or(all)) }
}

fn phrase(text: &str) -> Expression {
    Expression::Term { text: text.to_owned(), is_phrase: true }
}

fn statuses(list: &[&str]) -> Result<Expression, Refusal> {
    let known = crate::enums::values("Status");
    if let Some(wrong) = list.iter().find(|status| !known.contains(status)) {
        let what = format!("`{wrong}` is no status; there are {}", known.join(", "));
        return Err(Refusal::wrong(what));
    }
    let all = list.iter().map(|status| phrase(status).within("OverallStatus"));
    Ok(Expression::Or(all.collect()))
}

fn place(text: &str) -> Result<Expression, Refusal> {
    let inside = text.trim().strip_prefix("distance(").and_then(|rest| rest.strip_suffix(')'));
    let wrong = || {
        Refusal::wrong(format!("`filter.geo={text}`: it is `distance(LATITUDE,LONGITUDE,RADIUS)`"))
    };
    let inside = inside.ok_or_else(wrong)?;
    Ok(distance(inside).map_err(Refusal::wrong)?.within("LocationGeoPoint"))
}

/// Filters as the site writes them, `results:with,status:com rec,sex:f`.
fn aggregated(text: &str) -> Result<Expression, Refusal> {
    let mut all = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let wrong = || Refusal::wrong(format!("`aggFilters={part}` is not known"));
        let (name, values) = part.split_once(':').ok_or_else(wrong)?;
        let mut any = Vec::new();
        for value in values.split_whitespace() {
            let (piece, meant) = AGGREGATED
                .iter()
                .find(|(known, key, _, _)| *known == name && *key == value)
                .map(|(_, _, piece, meant)| (*piece, *meant))
                .ok_or_else(wrong)?;
            any.push(phrase(meant).within(piece));
        }
        if any.is_empty() {
            return Err(wrong());
        }
        all.push(Expression::Or(any));
    }
    Ok(Expression::And(all))
}

/// Name, value, piece and what it means there.
const AGGREGATED: &[(&str, &str, &str, &str)] = &[
    ("results", "with", "HasResults", "true"),
    ("results", "without", "HasResults", "false"),
    ("status", "not", "OverallStatus", "NOT_YET_RECRUITING"),
    ("status", "rec", "OverallStatus", "RECRUITING"),
    ("status", "enr", "OverallStatus", "ENROLLING_BY_INVITATION"),
    ("status", "act", "OverallStatus", "ACTIVE_NOT_RECRUITING"),
    ("status", "sus", "OverallStatus", "SUSPENDED"),
    ("status", "ter", "OverallStatus", "TERMINATED"),
    ("status", "com", "OverallStatus", "COMPLETED"),
    ("status", "wit", "OverallStatus", "WITHDRAWN"),
    ("status", "unk", "OverallStatus", "UNKNOWN"),
    ("status", "ava", "OverallStatus", "AVAILABLE"),
    ("status", "nla", "OverallStatus", "NO_LONGER_AVAILABLE"),
    ("status", "tna", "OverallStatus", "TEMPORARILY_NOT_AVAILABLE"),
    ("status", "afm", "OverallStatus", "APPROVED_FOR_MARKETING"),
    ("sex", "f", "Sex", "FEMALE"),
    ("sex", "m", "Sex", "MALE"),
    ("sex", "all", "Sex", "ALL"),
    ("healthy", "y", "HealthyVolunteers", "true"),
    ("healthy", "n", "HealthyVolunteers", "false"),
    ("studyType", "int", "StudyType", "INTERVENTIONAL"),
    ("studyType", "obs", "StudyType", "OBSERVATIONAL"),
    ("studyType", "exp", "StudyType", "EXPANDED_ACCESS"),
    ("phase", "0", "Phase", "EARLY_PHASE1"),
    ("phase", "1", "Phase", "PHASE1"),
    ("phase", "2", "Phase", "PHASE2"),
    ("phase", "3", "Phase", "PHASE3"),
    ("phase", "4", "Phase", "PHASE4"),
    ("ages", "child", "StdAge", "CHILD"),
    ("ages", "adult", "StdAge", "ADULT"),
    ("ages", "older", "StdAge", "OLDER_ADULT"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_decoded() {
        assert_eq!(decoded("a%20b+c%C3%A9", true).unwrap(), "a b cé");
        for wrong in ["%", "%2", "%zz", "%ff", "%00", "%+1"] {
            assert!(decoded(wrong, true).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parameters_that_do_not_exist_are_refused() {
        let read = |text| Parameters::read(text).and_then(|parameters| parameters.check_list());
        assert!(read("query.cond=a&pageSize=3&fields=NCTId").is_ok());
        for wrong in ["filter.phase=PHASE1", "query.recrs=a", "query.=a", "x=1"] {
            assert_eq!(read(wrong).unwrap_err().0, 400, "{wrong}");
        }
        assert!(Parameters::read("a=1&a=2").is_err());
    }

    #[test]
    fn every_aggregated_filter_means_a_value() {
        for (name, value, piece, meant) in AGGREGATED {
            assert!(aggregated(&format!("{name}:{value}")).is_ok());
            let field = crate::fields::by_piece(piece).unwrap();
            let known = crate::enums::values(field.type_name.trim_end_matches("[]"));
            assert!(known.contains(meant) || matches!(*meant, "true" | "false"), "{piece} {meant}");
        }
        assert!(aggregated("status:foo").is_err() && aggregated("phase").is_err());
    }
}
