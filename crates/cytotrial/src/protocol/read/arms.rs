//! `compare.toml`: the arms, their differences from the protocol, and what is asked of them.

use std::collections::{BTreeMap, BTreeSet};

use report::Audience;
use stats::distribution::Distribution;

use super::treatment::{self, Treatment};
use super::{Reading, product};
use crate::document::Value;
use crate::problem::help_with_nearest;
use crate::protocol::files::Files;
use crate::protocol::product::Product;
use crate::protocol::section::{Field, Section};
use crate::protocol::{Arm, Dose, Protocol, Source, Unknowns};
use crate::targets::{FitTarget, Target};

/// What a comparison asks, before the protocol fills in what an arm leaves open.
pub(super) struct Plan {
    pub(super) question: String,
    pub(super) arms: Vec<ArmPlan>,
    pub(super) contrasts: Vec<(String, String)>,
    pub(super) replicates: u32,
    pub(super) seed: u64,
    pub(super) unknowns: Unknowns,
    pub(super) targets: Targets,
    pub(super) patients: Option<u32>,
    /// Days.
    pub(super) follow_up: Option<f64>,
    pub(super) audience: Audience,
}

/// Published results beside the arms.
#[derive(Debug, Clone, Default)]
pub(super) struct Targets {
    /// Identifiers per arm.
    pub(super) named: BTreeMap<String, Vec<String>>,
    /// Codes of the measures that values may have been set to, per arm.
    pub(super) fitted: BTreeMap<String, BTreeSet<&'static str>>,
}

/// How an arm differs from the protocol; `None` is as the protocol says.
#[derive(Debug, Clone, Default)]
pub(super) struct ArmPlan {
    name: String,
    products: Option<Vec<Product>>,
    infusions: Option<Infusions>,
    escalate: Option<bool>,
    depletion: Option<bool>,
    wait: Option<Distribution>,
    set: BTreeMap<String, f64>,
    hold: BTreeMap<String, f64>,
    /// The arms whose values it has, itself included.
    lineage: Vec<String>,
}

#[derive(Debug, Clone, Default)]
struct Infusions {
    days: Option<Vec<f64>>,
    levels: Option<Vec<Dose>>,
    start: Option<usize>,
}

impl Plan {
    /// Without a comparison: the protocol's own arm, once, in the usual number of replicates.
    pub(super) fn of_protocol_alone((protocol, _): &(Protocol, Treatment)) -> Self {
        let arm = ArmPlan { name: "protocol".to_owned(), ..ArmPlan::default() };
        Self {
            question: format!("What does the protocol of {} bring?", protocol.id),
            arms: vec![arm],
            contrasts: Vec::new(),
            replicates: 100,
            seed: 1,
            unknowns: Unknowns::ALL,
            targets: Targets::default(),
            patients: None,
            follow_up: None,
            audience: Audience::Reviewer,
        }
    }
}

impl ArmPlan {
    /// The name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The same arm under another name with one parameter held at a value.
    pub(super) fn holding(&self, name: String, parameter: &str, value: f64) -> Self {
        let mut arm = self.clone();
        arm.lineage.push(name.clone());
        arm.name = name;
        arm.set.remove(parameter);
        arm.hold.insert(parameter.to_owned(), value);
        arm
    }

    /// The same arm under another name with another wait from enrolment to infusion.
    pub(super) fn waiting(&self, name: String, wait: Distribution) -> Self {
        let mut arm = self.clone();
        arm.lineage.push(name.clone());
        arm.name = name;
        arm.wait = Some(wait);
        arm
    }

    /// The arm with everything that it leaves to the protocol.
    pub(super) fn complete(self, treatment: &Treatment, reading: &Reading) -> Arm {
        let products =
            self.products.unwrap_or_else(|| treatment.product.clone().into_iter().collect());
        let treated = !products.is_empty();
        let infusions = self.infusions.unwrap_or_default();
        let own_levels = infusions.levels.is_some();
        let (days, levels) = if treated {
            (
                infusions.days.unwrap_or_else(|| treatment.days.clone()),
                infusions.levels.unwrap_or_else(|| treatment.levels.clone()),
            )
        } else {
            (Vec::new(), Vec::new())
        };
        let start = infusions.start.unwrap_or(if own_levels { 0 } else { treatment.start });
        Arm {
            sources: sources(&self.lineage, reading),
            name: self.name,
            escalate: self.escalate.unwrap_or(true) && levels.len() > 1,
            depletion: self.depletion.unwrap_or(treated),
            products,
            infusion_days: days,
            levels,
            start_level: start,
            wait: self.wait,
            set: self.set,
            hold: self.hold,
        }
    }
}

fn sources(lineage: &[String], reading: &Reading) -> BTreeMap<String, Source> {
    let mut sources = BTreeMap::new();
    let in_arms = |file: &str| matches!(file, "compare.toml" | "claims.toml");
    for value in reading.values.iter().filter(|value| in_arms(&value.file)) {
        let of_arm = |name: &String| value.path.starts_with(&format!("arm.{name}."));
        if lineage.iter().any(of_arm)
            && let Some(source) = &value.source
        {
            sources.insert(value.path.clone(), source.clone());
        }
    }
    sources
}

pub(super) fn plan(
    top: &Section<'_>,
    files: &Files,
    products: &mut product::Shelf<'_>,
    protocol: Option<&(Protocol, Treatment)>,
) -> Option<Plan> {
    let question = top.need("question").and_then(Field::text);
    if let Some(field) = top.may("trial") {
        let here = field.clone();
        if let Some(name) = field.text()
            && name != files.trial_name()
        {
            let message =
                format!("the comparison is of `{name}`, but `{}` was read", files.trial_name());
            let _: Option<()> = here.error("F101", message, "name the protocol beside this file");
        }
    }
    let seed = top.need("seed").and_then(|field| seed(&field));
    let run = top.need_section("run").map(run);
    let protocol = protocol.map(|(_, treatment)| treatment);
    let arms = top.need_section("arm").and_then(|section| arms(&section, products, &[], protocol));
    let names: Vec<String> = arms.iter().flatten().map(|arm| arm.name.clone()).collect();
    let targets = match top.may("targets") {
        None => Some(Targets::default()),
        Some(field) => field.section().and_then(|section| targets(&section, files, &names)),
    };
    let reported = match top.may("report") {
        None => Some((Vec::new(), Audience::Reviewer)),
        Some(field) => field.section().and_then(|section| reported(section, &names)),
    };
    let run = run?;
    let (contrasts, audience) = reported?;
    Some(Plan {
        question: question?,
        arms: arms?,
        contrasts,
        replicates: run.replicates?,
        seed: seed?,
        unknowns: run.unknowns?,
        targets: targets?,
        patients: run.patients,
        follow_up: run.follow_up,
        audience,
    })
}

/// `[report]`: which arms are compared, and whom the report is made for.
fn reported(section: Section<'_>, arms: &[String]) -> Option<(Vec<(String, String)>, Audience)> {
    let contrasts = section
        .may("contrasts")
        .map_or(Some(Vec::new()), |field| field.each(|pair| contrast(pair, arms)));
    let audience = section.may("audience").map_or(Some(Audience::Reviewer), |field| {
        let here = field.clone();
        let word = field.text()?;
        Audience::of(&word).or_else(|| {
            let known = Audience::ALL.map(Audience::word);
            let help = help_with_nearest(&word, known);
            here.error("N101", format!("there is no audience `{word}`"), help)
        })
    });
    section.done();
    contrasts.zip(audience)
}

fn seed(field: &Field<'_>) -> Option<u64> {
    match field.node.value {
        Value::Integer(number) if number >= 0 => Some(number.unsigned_abs()),
        _ => field.wrong_type("a whole number, not negative", "`20240418`"),
    }
}

struct Run {
    replicates: Option<u32>,
    unknowns: Option<Unknowns>,
    patients: Option<u32>,
    follow_up: Option<f64>,
}

fn run(section: Section<'_>) -> Run {
    let unknowns = section.need("uncertainty").and_then(|field| {
        let here = field.clone();
        match field.text()?.as_str() {
            "drawn" => Some(Unknowns::ALL),
            "fixed" => Some(Unknowns::NONE),
            other => here.error(
                "N101",
                format!("uncertainty is `{other}`"),
                help_with_nearest(other, ["drawn", "fixed"]),
            ),
        }
    });
    let run = Run {
        replicates: section.need("replicates").and_then(|field| field.whole(1, 1 << 24)),
        unknowns,
        patients: section.may("patients").and_then(|field| field.whole(1, 1000)),
        follow_up: section.may("follow-up").and_then(|field| field.amount("day")),
    };
    section.done();
    run
}

/// The arms of a table, after those that they may be based on; the latter are part of the answer.
pub(super) fn arms(
    section: &Section<'_>,
    products: &mut product::Shelf<'_>,
    above: &[ArmPlan],
    protocol: Option<&Treatment>,
) -> Option<Vec<ArmPlan>> {
    let mut arms: Vec<ArmPlan> = above.to_vec();
    let mut sound = true;
    for (name, field) in section.each() {
        if above.iter().any(|arm| arm.name == name) {
            let message = format!("there is an arm `{name}` in the comparison already");
            sound =
                field.error("V101", message, "give this arm a name of its own").unwrap_or(false);
            continue;
        }
        let Some(section) = field.section() else {
            sound = false;
            continue;
        };
        match arm(name, &section, products, &arms, protocol) {
            Some(arm) => arms.push(arm),
            None => sound = false,
        }
        section.done();
    }
    sound.then_some(arms)
}

fn arm(
    name: &str,
    section: &Section<'_>,
    shelf: &mut product::Shelf<'_>,
    above: &[ArmPlan],
    protocol: Option<&Treatment>,
) -> Option<ArmPlan> {
    let base = match section.may("base") {
        None => Some(ArmPlan::default()),
        Some(field) => base(field, above),
    };
    let own_products = section.may("product").map(|field| arm_products(field, shelf));
    let own_infusions = section.may("infusions").map(|field| infusions(field.section()?));
    let escalate = section.may("escalate").map(Field::truth);
    let depletion = section.may("lymphodepletion").map(Field::truth);
    let wait = section.may("wait").map(|field| field.law("day"));
    let set = section.may("set").map(|field| settings(field, &shelf.settable));
    let hold = section.may("hold").map(|field| settings(field, &shelf.settable));
    let mut arm = base?;
    name.clone_into(&mut arm.name);
    arm.lineage.push(name.to_owned());
    let changed = own_products.is_some() || own_infusions.is_some();
    if let Some(products) = own_products {
        arm.products = Some(products?);
    }
    if let Some(infusions) = own_infusions {
        arm.infusions = Some(infusions?);
    }
    if let Some(escalate) = escalate {
        arm.escalate = Some(escalate?);
    }
    if let Some(depletion) = depletion {
        arm.depletion = Some(depletion?);
    }
    if let Some(wait) = wait {
        arm.wait = Some(wait?);
    }
    arm.set.extend(set.unwrap_or_else(|| Some(BTreeMap::new()))?);
    arm.hold.extend(hold.unwrap_or_else(|| Some(BTreeMap::new()))?);
    if changed {
        check_lot(section, &arm, protocol);
    }
    Some(arm)
}

fn base(field: Field<'_>, above: &[ArmPlan]) -> Option<ArmPlan> {
    let here = field.clone();
    let name = field.text()?;
    if let Some(arm) = above.iter().find(|arm| arm.name == name) {
        return Some(arm.clone());
    }
    let known = above.iter().map(|arm| arm.name.as_str());
    here.error("N101", format!("no arm above is called `{name}`"), help_with_nearest(&name, known))
}

fn arm_products(field: Field<'_>, shelf: &mut product::Shelf<'_>) -> Option<Vec<Product>> {
    if let Value::Text(_) = field.node.value {
        return Some(vec![shelf.take(field)?]);
    }
    let taken: Vec<Option<Product>> =
        field.list()?.into_iter().map(|field| shelf.take(field)).collect();
    taken.into_iter().collect()
}

fn infusions(section: Section<'_>) -> Option<Infusions> {
    let days = section.may("days").map(treatment::days_of_infusion);
    let dose = section.may("dose").map(treatment::dose);
    let levels = section.may("levels").map(treatment::levels);
    if let (Some(_), Some(_), Some(field)) = (&dose, &levels, section.may("dose")) {
        let _: Option<()> = field.error(
            "V101",
            "both `dose` and `levels` are given",
            "`dose` is for one level, `levels` for several",
        );
    }
    let count = levels.as_ref().and_then(|levels| levels.as_ref()).map_or(1, Vec::len) as u32;
    let start = section.may("start").map(|field| field.whole(1, count));
    section.done();
    let levels = match (dose, levels) {
        (Some(dose), _) => Some(vec![dose?]),
        (None, Some(levels)) => Some(levels?),
        (None, None) => None,
    };
    let days = match days {
        Some(days) => Some(days?),
        None => None,
    };
    let start = match start {
        Some(start) => Some(start? as usize - 1),
        None => None,
    };
    Some(Infusions { days, levels, start })
}

/// Parameters that an arm sets; each must be a name of the model's table.
fn settings(field: Field<'_>, known: &[String]) -> Option<BTreeMap<String, f64>> {
    let section = field.section()?;
    let mut set = BTreeMap::new();
    let mut sound = true;
    for (name, field) in section.each() {
        if !known.is_empty() && !known.iter().any(|known| known == name) {
            let message = format!("the model has no parameter `{name}`");
            let help = help_with_nearest(name, known.iter().map(String::as_str));
            sound = field.error("N101", message, help).unwrap_or(false);
            continue;
        }
        match field.number() {
            Some(value) => {
                set.insert(name.to_owned(), value);
            }
            None => sound = false,
        }
    }
    sound.then_some(set)
}

/// Compares the arm's dose with its lots. Levels of the protocol were compared with the protocol's
/// own product before, so here they only meet a product with a smaller lot.
fn check_lot(section: &Section<'_>, arm: &ArmPlan, protocol: Option<&Treatment>) {
    let Some(products) = &arm.products else { return };
    let own = arm.infusions.as_ref().and_then(|infusions| infusions.levels.as_ref());
    if let Some(field) = section.may("infusions") {
        for key in ["dose", "levels"] {
            if let Some(field) = field.quiet_below(key) {
                treatment::check_lot(&field, products);
            }
        }
    } else if let (Some(treatment), Some(field)) = (protocol, section.may("product")) {
        let usual = treatment.product.as_ref().map_or(f64::INFINITY, |usual| usual.max_per_lot);
        let smaller: Vec<Product> =
            products.iter().filter(|product| product.max_per_lot < usual).cloned().collect();
        for dose in own.unwrap_or(&treatment.levels) {
            treatment::check_dose(section.log, &field.path, *dose, &smaller);
        }
    }
}

fn targets(section: &Section<'_>, files: &Files, arms: &[String]) -> Option<Targets> {
    let table = files.text("evidence/targets.csv").unwrap_or_default();
    let published =
        crate::targets::read(table, "evidence/targets.csv").unwrap_or_else(|problems| {
            section.log.problems.borrow_mut().extend(problems);
            Vec::new()
        });
    let known: Vec<&str> = published.iter().map(|target| target.id.as_str()).collect();
    let mut targets = Targets::default();
    let mut sound = !published.is_empty() || table.is_empty();
    for (arm, field) in section.each() {
        if !arms.is_empty() && !arms.iter().any(|known| known == arm) {
            let message = format!("`[targets]` names `{arm}`, which is no arm");
            let help = help_with_nearest(arm, arms.iter().map(String::as_str));
            section.log.error("N101", &format!("{}!key", field.path), message, help);
            sound = false;
            continue;
        }
        let ids = field.each(|field| {
            let here = field.clone();
            let id = field.text()?;
            if !sound || known.contains(&id.as_str()) {
                return Some(id);
            }
            let message = format!("`{id}` is not in evidence/targets.csv");
            here.error("N101", message, help_with_nearest(&id, known.iter().copied()))
        });
        match ids {
            Some(ids) => {
                targets.fitted.insert(arm.to_owned(), fitted(&ids, &published));
                targets.named.insert(arm.to_owned(), ids);
            }
            None => sound = false,
        }
    }
    sound.then_some(targets)
}

/// The measures that a result with the role `fit` is about.
fn fitted(ids: &[String], published: &[Target]) -> BTreeSet<&'static str> {
    let named = published.iter().filter(|target| ids.contains(&target.id));
    named.filter_map(FitTarget::of).filter_map(|fit| Some(fit.target().measure()?.0)).collect()
}

/// `car-nk - bcma-car-t`.
pub(super) fn contrast(field: Field<'_>, arms: &[String]) -> Option<(String, String)> {
    let here = field.clone();
    let text = field.text()?;
    let Some((first, second)) = text.split_once(" - ") else {
        let message = format!("`{text}` does not name two arms");
        return here.error("V105", message, "write `\"car-nk - bcma-car-t\"`");
    };
    let (first, second) = (first.trim(), second.trim());
    for name in [first, second] {
        if !arms.is_empty() && !arms.iter().any(|arm| arm == name) {
            let help = help_with_nearest(name, arms.iter().map(String::as_str));
            return here.error("N101", format!("no arm is called `{name}`"), help);
        }
    }
    Some((first.to_owned(), second.to_owned()))
}
