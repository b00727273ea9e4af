//! `claims.toml`: the record's claims, the arms on which they are tried, and the rules that judge them.

use std::collections::BTreeMap;

use super::arms::{self, ArmPlan};
use super::product;
use super::treatment::Treatment;
use crate::claims::{Claim, Direction, Rule, Scan, ScanArm, Settings, Show, Subject, Switch, Test};
use crate::document::Value;
use crate::problem::help_with_nearest;
use crate::protocol::Protocol;
use crate::protocol::section::{Field, Section};
use crate::summary::measure::{MEASURES, Measure, measure};

/// What the file says, before the protocol fills in what an arm leaves open.
pub(super) struct Book {
    pub(super) settings: Settings,
    pub(super) arms: Vec<ArmPlan>,
    pub(super) scans: BTreeMap<String, Scan>,
    pub(super) claims: Vec<Claim>,
}

/// The names that a claim may use.
struct Names {
    arms: Vec<String>,
    scans: BTreeMap<String, Scan>,
}

/// Arms of one scan at most.
const LONGEST_SCAN: usize = 50;

pub(super) fn book(
    top: &Section<'_>,
    above: &[ArmPlan],
    products: &mut product::Shelf<'_>,
    protocol: Option<&(Protocol, Treatment)>,
) -> Option<Book> {
    let settings = top.need_section("experiment").map(settings);
    let treatment = protocol.map(|(_, treatment)| treatment);
    let own = match top.may("arm") {
        None => Some(above.to_vec()),
        Some(field) => arms::arms(&field.section()?, products, above, treatment),
    };
    let is_sound = own.is_some();
    let mut arms = own.unwrap_or_default();
    let scans = match top.may("scan") {
        None => Some(BTreeMap::new()),
        // Without its base arms a scan would only repeat their problems.
        Some(_) if !is_sound => None,
        Some(field) => scans(&field.section()?, &mut arms, &products.settable),
    };
    let names = match (&scans, is_sound) {
        (Some(scans), true) => Names {
            arms: arms.iter().map(|arm| arm.name().to_owned()).collect(),
            scans: scans.clone(),
        },
        _ => as_written(top, above),
    };
    let section = top.need_section("claim")?;
    let claims: Vec<Option<Claim>> =
        section.each().into_iter().map(|(id, field)| claim(id, field, &names)).collect();
    Some(Book {
        settings: settings??,
        arms: is_sound.then_some(arms)?,
        scans: scans?,
        claims: claims.into_iter().collect::<Option<_>>()?,
    })
}

/// The names of arms and scans that are written, whatever is wrong with them, so that claims are not
/// blamed for it.
fn as_written(top: &Section<'_>, above: &[ArmPlan]) -> Names {
    let keys = |key| -> Vec<String> {
        let section = top.may(key).and_then(Field::section);
        let entries = section.map(|section| section.each()).unwrap_or_default();
        entries.into_iter().map(|(name, _)| name.to_owned()).collect()
    };
    let empty = || Scan { over: String::new(), arms: Vec::new() };
    Names {
        arms: above.iter().map(|arm| arm.name().to_owned()).chain(keys("arm")).collect(),
        scans: keys("scan").into_iter().map(|name| (name, empty())).collect(),
    }
}

fn settings(section: Section<'_>) -> Option<Settings> {
    let patients = section.need("patients").and_then(|field| field.whole(2, 1000));
    let probability = section.need("probability").and_then(|field| field.within(0.5, 0.9999));
    let interval = section.need("interval").and_then(|field| field.within(0.5, 0.9999));
    let replicates = |key| section.need(key).and_then(|field| field.whole(1, 1 << 24));
    let switches = replicates("switch-replicates");
    let scans = replicates("scan-replicates");
    let assumption = replicates("assumption-replicates");
    section.done();
    Some(Settings {
        patients: patients?,
        probability: probability?,
        interval: interval?,
        switch_replicates: switches?,
        scan_replicates: scans?,
        assumption_replicates: assumption?,
    })
}

/// `[scan.NAME]`: a base arm, and the values of one parameter or of the wait, step by step. The arms
/// that it makes are added to `arms` and are called `NAME=value`.
fn scans(
    section: &Section<'_>,
    arms: &mut Vec<ArmPlan>,
    settable: &[String],
) -> Option<BTreeMap<String, Scan>> {
    let mut scans = BTreeMap::new();
    let mut sound = true;
    for (name, field) in section.each() {
        match field.section().and_then(|section| scan(name, section, arms, settable)) {
            Some((scan, made)) => {
                arms.extend(made);
                scans.insert(name.to_owned(), scan);
            }
            None => sound = false,
        }
    }
    sound.then_some(scans)
}

fn scan(
    name: &str,
    section: Section<'_>,
    arms: &[ArmPlan],
    settable: &[String],
) -> Option<(Scan, Vec<ArmPlan>)> {
    let over = section.need("over").and_then(Field::text);
    let base = section.need("base").and_then(|field| base(field, arms));
    let parameter = section.may("parameter").map(|field| parameter_name(field, settable));
    let values = section.may("values").map(|field| field.each(Field::number));
    let waits = section
        .may("waits")
        .map(|field| field.each(|field| Some((field.clone().text()?, field.law("day")?))));
    let first = section.may("base").filter(|_| {
        !matches!((&parameter, &values, &waits), (Some(_), Some(_), None) | (None, None, Some(_)))
    });
    section.done();
    if let Some(field) = first {
        let message = format!("scan `{name}` varies no one thing");
        return field.error("V101", message, "give `parameter` and `values`, or `waits` alone");
    }
    let (over, base) = (over?, base?);
    let steps: Vec<(String, ArmPlan)> = if let Some(waits) = waits {
        let step = |(label, wait): (String, _)| {
            let arm = base.waiting(format!("{name}={label}"), wait);
            (label, arm)
        };
        waits?.into_iter().map(step).collect()
    } else {
        let parameter = parameter??;
        let step = |value: f64| {
            (value.to_string(), base.holding(format!("{name}={value}"), &parameter, value))
        };
        values??.into_iter().map(step).collect()
    };
    let steps: Vec<_> = steps.into_iter().take(LONGEST_SCAN).collect();
    let rows = steps
        .iter()
        .map(|(label, arm)| ScanArm { label: label.clone(), arm: arm.name().to_owned() })
        .collect();
    Some((Scan { over, arms: rows }, steps.into_iter().map(|(_, arm)| arm).collect()))
}

fn base<'a>(field: Field<'_>, arms: &'a [ArmPlan]) -> Option<&'a ArmPlan> {
    let here = field.clone();
    let name = field.text()?;
    arms.iter().find(|arm| arm.name() == name).or_else(|| {
        let help = help_with_nearest(&name, arms.iter().map(ArmPlan::name));
        here.error("N101", format!("no arm is called `{name}`"), help)
    })
}

fn parameter_name(field: Field<'_>, settable: &[String]) -> Option<String> {
    let here = field.clone();
    let parameter = field.text()?;
    if settable.is_empty() || settable.contains(&parameter) {
        return Some(parameter);
    }
    let help = help_with_nearest(&parameter, settable.iter().map(String::as_str));
    here.error("N101", format!("the model has no parameter `{parameter}`"), help)
}

fn claim(id: &str, field: Field<'_>, names: &Names) -> Option<Claim> {
    let section = field.section()?;
    let title = section.need("title").and_then(Field::text);
    let quote = section.need("quote").and_then(Field::text);
    let experiment = section.need("experiment").and_then(Field::text);
    let limit = section.need("limit").and_then(Field::text);
    let tests = section.need("test").and_then(|field| field.each(|field| test(field, names)));
    let list = |key| section.may(key).map_or(Some(Vec::new()), Field::list);
    let switches = list("switch")
        .map(|fields| fields.into_iter().map(|field| switch(field, names)).collect::<Vec<_>>());
    let shows = list("show")
        .map(|fields| fields.into_iter().map(|field| show(field, names)).collect::<Vec<_>>());
    section.done();
    Some(Claim {
        id: id.to_owned(),
        title: title?,
        quote: quote?,
        experiment: experiment?,
        limit: limit?,
        tests: tests?,
        switches: switches?.into_iter().collect::<Option<_>>()?,
        shows: shows?.into_iter().collect::<Option<_>>()?,
    })
}

fn test(field: Field<'_>, names: &Names) -> Option<Test> {
    let here = field.clone();
    let section = field.section()?;
    let says = section.need("says").and_then(Field::text);
    let measure = section.need("measure").and_then(claim_measure);
    let subject = subject(&section, &here, names);
    let rule = rule(&section);
    section.done();
    let (measure, subject, rule) = (measure?, subject?, rule?);
    let fits = match rule {
        Rule::Direction(_) => subject.is_difference(),
        Rule::Quantity { .. } | Rule::Bound { .. } => {
            !subject.is_difference() && measure.is_share()
        }
    };
    if !fits {
        let message = format!("the rule does not fit `{}` of {}", measure.code, subject.words());
        let help = "`claimed = \"above\"` is for differences; a claimed figure is for a share of \
                    patients in one `arm`";
        return here.error("V101", message, help);
    }
    Some(Test { says: says?, measure, subject, rule })
}

fn rule(section: &Section<'_>) -> Option<Rule> {
    if let Some(events) = section.may("events") {
        let patients = section.need("patients").and_then(|field| field.whole(1, 100_000));
        let at_most = section.need("at-most").and_then(Field::share);
        let patients = patients?;
        return Some(Rule::Bound {
            events: events.whole(0, patients)?,
            patients,
            at_most: at_most?,
        });
    }
    let claimed = section.need("claimed")?;
    if let Value::Text(_) = claimed.node.value {
        let place = claimed.clone();
        return match claimed.text()?.as_str() {
            "above" => Some(Rule::Direction(Direction::Above)),
            "below" => Some(Rule::Direction(Direction::Below)),
            other => {
                let help = help_with_nearest(other, ["above", "below"]);
                place.error("N101", format!("`claimed` is `{other}`"), help)
            }
        };
    }
    let claimed = claimed.share();
    let patients = section.need("patients").and_then(|field| field.whole(1, 100_000));
    let narrower_than = section.need("narrower-than").and_then(Field::share);
    Some(Rule::Quantity { claimed: claimed?, patients: patients?, narrower_than: narrower_than? })
}

fn switch(field: Field<'_>, names: &Names) -> Option<Switch> {
    let here = field.clone();
    let section = field.section()?;
    let off = section.need("off").and_then(Field::text);
    let measure = section.need("measure").and_then(claim_measure);
    let subject = subject(&section, &here, names);
    section.done();
    Some(Switch { off: off?, measure: measure?, subject: subject? })
}

/// `arms = ["nk", "bcma-car-t"]`, or `scan = "drive"` with an arm to subtract if there is one.
fn show(field: Field<'_>, names: &Names) -> Option<Show> {
    let here = field.clone();
    let section = field.section()?;
    let says = section.need("says").and_then(Field::text);
    let measure = section.need("measure").and_then(claim_measure);
    let minus = section.may("minus").map(|field| arm_name(field, names));
    let among = section.may("among").map(Field::text);
    let scan = section.may("scan").map(|field| {
        let place = field.clone();
        let name = field.text()?;
        names.scans.get(&name).or_else(|| {
            let help = help_with_nearest(&name, names.scans.keys().map(String::as_str));
            place.error("N101", format!("no scan is called `{name}`"), help)
        })
    });
    let arms = section.may("arms").map(|field| field.each(|field| arm_name(field, names)));
    section.done();
    let among = match among {
        Some(among) => Some(among?),
        None => None,
    };
    let minus = match minus {
        Some(minus) => Some(minus?),
        None => None,
    };
    let (over, rows): (String, Vec<(String, String)>) = match (scan, arms) {
        (Some(scan), None) => {
            let scan = scan?;
            let rows = scan.arms.iter().map(|step| (step.label.clone(), step.arm.clone()));
            (scan.over.clone(), rows.collect())
        }
        (None, Some(arms)) => {
            ("arm".to_owned(), arms?.into_iter().map(|arm| (arm.clone(), arm)).collect())
        }
        _ => {
            return here.error(
                "V101",
                "a `show` lists either `arms` or a `scan`",
                "write `arms = [\"nk\"]` or `scan = \"drive\"`",
            );
        }
    };
    let subject = |arm: String| match &minus {
        Some(second) => {
            Subject::Paired { first: arm, second: second.clone(), among: among.clone() }
        }
        None => Subject::Arm { arm, among: among.clone() },
    };
    let rows = rows.into_iter().map(|(label, arm)| (label, subject(arm))).collect();
    Some(Show { says: says?, over, measure: measure?, rows })
}

/// `difference = "a - b"`, or `arm = "a"` with `among` and `against`.
fn subject(section: &Section<'_>, here: &Field<'_>, names: &Names) -> Option<Subject> {
    let difference = section.may("difference");
    let arm = section.may("arm").map(|field| arm_name(field, names));
    let among = section.may("among").map(Field::text);
    let against = section.may("against").map(Field::text);
    let among = match among {
        Some(among) => Some(among?),
        None => None,
    };
    match (difference, arm, against) {
        (Some(field), None, None) => {
            let (first, second) = arms::contrast(field, &names.arms)?;
            Some(Subject::Paired { first, second, among })
        }
        (None, Some(arm), None) => Some(Subject::Arm { arm: arm?, among }),
        (None, Some(arm), Some(against)) if among.is_some() => {
            Some(Subject::Groups { arm: arm?, among: among?, against: against? })
        }
        _ => here.error(
            "V101",
            "it is not clear whose endpoint is meant",
            "give `difference = \"a - b\"`, or `arm = \"a\"`, which may have `among` and `against`",
        ),
    }
}

fn arm_name(field: Field<'_>, names: &Names) -> Option<String> {
    let here = field.clone();
    let name = field.text()?;
    if names.arms.contains(&name) {
        return Some(name);
    }
    let help = help_with_nearest(&name, names.arms.iter().map(String::as_str));
    here.error("N101", format!("no arm is called `{name}`"), help)
}

/// A measure that has a value for each patient.
fn claim_measure(field: Field<'_>) -> Option<&'static Measure> {
    let here = field.clone();
    let code = field.text()?;
    let known = || MEASURES.iter().filter(|measure| measure.is_of_patients());
    match measure(&code) {
        Some(measure) if measure.is_of_patients() => Some(measure),
        Some(_) => here.error(
            "V101",
            format!("`{code}` is no endpoint of single patients"),
            "claims take means over patients; `pfs-time` has progression-free time",
        ),
        None => {
            let help = help_with_nearest(&code, known().map(|measure| measure.code));
            here.error("N101", format!("no endpoint is called `{code}`"), help)
        }
    }
}
