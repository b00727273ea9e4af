//! Where a record contradicts itself, the calendar or arithmetic, and what its figures allow.

use jiff::civil::Date;
use stats::interval::{patients_to_rule_out, posterior_upper, upper_bound_one_sided};

use super::percentages::{common_denominator, percentages};
use super::{AuditItem, count_word, item};
use crate::protocol::{Experiment, Protocol};
use crate::record::Record;

/// Diseases by the words that name them. The first list of words that occurs most is the record's
/// own disease.
const DISEASES: &[(&str, &[&str])] = &[
    ("multiple myeloma", &["MM", "myeloma", "Myeloma"]),
    ("acute myeloid leukaemia", &["AML", "acute myeloid", "acute myelogenous"]),
    ("acute lymphoblastic leukaemia", &["B-ALL", "T-ALL", "acute lymphoblastic"]),
    ("chronic lymphocytic leukaemia", &["CLL", "chronic lymphocytic"]),
    ("myelodysplastic syndrome", &["MDS", "myelodysplastic"]),
    ("lymphoma", &["DLBCL", "NHL", "lymphoma", "Lymphoma"]),
    ("systemic lupus", &["SLE", "lupus"]),
    ("hepatocellular carcinoma", &["HCC", "hepatocellular"]),
    ("glioblastoma", &["GBM", "glioblastoma"]),
];

/// Denominators beyond this are not those of one early trial of a cell product.
const LARGEST_DENOMINATOR: u32 = 500;

pub(super) fn items(record: &Record, experiment: Option<&Experiment>) -> Vec<AuditItem> {
    let mut items = other_diseases(record);
    let protocol = experiment.map(|experiment| &experiment.protocol);
    items.extend(combined(record));
    items.extend(time(record, protocol));
    items.extend(denominators(record));
    items.extend(zero_of_n(record, protocol));
    items
}

/// Another disease than the record's own.
fn other_diseases(record: &Record) -> Vec<AuditItem> {
    let text = record.narrative();
    let count = |words: &[&str]| words.iter().map(|word| count_word(&text, word)).sum::<usize>();
    let counts: Vec<(usize, &str, &[&str])> =
        DISEASES.iter().map(|(name, words)| (count(words), *name, *words)).collect();
    let Some(own) = counts.iter().max_by_key(|(count, _, _)| *count).filter(|own| own.0 > 0) else {
        return Vec::new();
    };
    let others = counts.iter().filter(|other| other.0 > 0 && other.1 != own.1);
    others
        .map(|(count, name, words)| {
            let sentences: Vec<String> = record
                .sentences()
                .into_iter()
                .filter(|sentence| words.iter().any(|word| count_word(sentence, word) > 0))
                .collect();
            let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
            let text = format!(
                "the record is about {}, named {} times, and names {name} {times}",
                own.1, own.0
            );
            let mut item =
                item("other-disease", "another disease is named", text, sentences.join(" ... "));
            item.numbers.insert("times".to_owned(), *count as f64);
            item
        })
        .collect()
}

/// A combined infusion of one product.
fn combined(record: &Record) -> Option<AuditItem> {
    let open = super::open::items(record);
    let open = open.into_iter().find(|open| open.code == "combined-with")?;
    let text = "\"combined infusion\" needs two things, the record names one";
    Some(item("combined-infusion", "combined infusion of what", text, open.quote))
}

/// The time between the record's dates against what the protocol needs.
fn time(record: &Record, protocol: Option<&Protocol>) -> Option<AuditItem> {
    let date = |path| record.text(path).and_then(|text| whole_date(&text));
    let start = date("statusModule.startDateStruct.date")?;
    let completion = date("statusModule.completionDateStruct.date")?;
    let allowed = f64::from(completion.since(start).ok()?.get_days());
    let quote = format!("{start} ... {completion}");
    let protocol = protocol?;
    let conduct = &protocol.conduct;
    let enrolled_per_day = conduct.accrual * (1.0 - conduct.screen_failure.mean());
    let accrual = f64::from(protocol.patients) / enrolled_per_day;
    let needed = accrual + protocol.follow_up;
    let verdict = if needed > allowed {
        format!("{:.0} more than allowed", needed - allowed)
    } else {
        "within what is allowed".to_owned()
    };
    let text = format!(
        "the record allows {allowed:.0} days; {} patients at {:.2} enrolled per month take {accrual:.0} \
         days and the last one is followed for {:.0}: {needed:.0} days, {verdict}; DLT windows and \
         waiting between patients not counted",
        protocol.patients,
        enrolled_per_day * 30.4375,
        protocol.follow_up
    );
    let mut item = item("time", "planned time against the record's dates", text, quote);
    let numbers = [("allowed-days", allowed), ("accrual-days", accrual), ("needed-days", needed)];
    item.numbers.extend(numbers.map(|(name, number)| (name.to_owned(), number)));
    Some(item)
}

/// `2024-04-18`, or the first of the month for `2024-04`.
fn whole_date(text: &str) -> Option<Date> {
    text.parse().ok().or_else(|| format!("{text}-01").parse().ok())
}

/// Percentages told together, and the smallest number of patients behind all of them.
fn denominators(record: &Record) -> Vec<AuditItem> {
    let mut items = Vec::new();
    for sentence in record.sentences() {
        let (count, decimals) = percentages(&sentence);
        if count < 2 || !decimals {
            continue;
        }
        let Some(fit) = common_denominator(&sentence, LARGEST_DENOMINATOR) else {
            let text =
                format!("no number of patients up to {LARGEST_DENOMINATOR} fits all of them");
            items.push(item("denominators", "percentages told together", text, sentence));
            continue;
        };
        let of = fit[0].of;
        let shown: Vec<String> = fit
            .iter()
            .map(|part| format!("{:.*}% = {}/{of}", part.decimals, part.percent, part.count))
            .collect();
        let judgement = if of > 50 {
            "an early trial of a cell product seldom has so many: take them for figures of \
             different cohorts, never of one"
        } else {
            "one cohort of that size explains them all"
        };
        let text = format!("first share the denominator {of} ({}): {judgement}", shown.join(", "));
        let mut item = item("denominators", "percentages told together", text, sentence);
        item.numbers.insert("denominator".to_owned(), f64::from(of));
        for (index, part) in fit.iter().enumerate() {
            item.numbers.insert(format!("count-{}", index + 1), f64::from(part.count));
        }
        items.push(item);
    }
    items
}

/// Patients treated before without harm: how many, and the sentence.
pub(super) fn earlier_patients(record: &Record) -> Option<(u32, String)> {
    record.sentences().into_iter().find_map(|sentence| {
        let lower = sentence.to_lowercase();
        let harmless = [
            "without treatment-related",
            "without treatment related",
            "no dose limiting",
            "no dose-limiting",
            "no adverse",
        ]
        .iter()
        .any(|words| lower.contains(words));
        if !harmless {
            return None;
        }
        let words: Vec<&str> = lower.split_whitespace().collect();
        let patients = words.windows(2).find_map(|pair| {
            let who = ["patient", "subject", "case", "recurrent", "relapsed", "participant"];
            let number = pair[0].parse::<u32>().ok()?;
            who.iter().any(|who| pair[1].starts_with(who)).then_some(number)
        })?;
        Some((patients, sentence))
    })
}

/// What no event in n patients allows.
fn zero_of_n(record: &Record, protocol: Option<&Protocol>) -> Option<AuditItem> {
    let told = earlier_patients(record);
    let known = protocol.and_then(|protocol| protocol.prior_patients);
    let n = match (&told, known) {
        (_, Some(known)) if known.dlts > 0 => return None,
        (_, Some(known)) => known.patients,
        (Some((patients, _)), None) => *patients,
        (None, None) => return None,
    };
    if n == 0 {
        return None;
    }
    let upper = upper_bound_one_sided(0, n, 0.95);
    let uniform = posterior_upper(0, n, (1.0, 1.0), 0.95);
    let jeffreys = posterior_upper(0, n, (0.5, 0.5), 0.95);
    let (ten, twenty) = (patients_to_rule_out(0.10, 0.95)?, patients_to_rule_out(0.20, 0.95)?);
    let percent = |share: f64| format!("{:.1}%", 100.0 * share);
    let text = format!(
        "0 of {n} with a DLT allows a true rate up to {} (exact one-sided 95% bound; posterior with \
         uniform prior {}, Jeffreys {}); to rule out more than 10% takes {ten} patients without one, \
         more than 20% takes {twenty}",
        percent(upper),
        percent(uniform),
        percent(jeffreys)
    );
    let quote = told.map(|(_, sentence)| sentence).unwrap_or_default();
    let mut item = item("zero-of-n", &format!("what 0 of {n} allows"), text, quote);
    let numbers = [
        ("patients", f64::from(n)),
        ("upper-bound", upper),
        ("posterior-uniform", uniform),
        ("posterior-jeffreys", jeffreys),
        ("patients-for-10-percent", f64::from(ten)),
        ("patients-for-20-percent", f64::from(twenty)),
    ];
    item.numbers.extend(numbers.map(|(name, number)| (name.to_owned(), number)));
    Some(item)
}

#[cfg(test)]
mod tests {
    use crate::protocol::{files::Files, read};
    use crate::record::Record;

    #[test]
    fn the_contradictions_of_the_first_trial_are_computed() {
        let files = Files::bundled("NCT06379451").unwrap();
        let record = Record::read(&files.texts["record.json"], "record.json").unwrap();
        let experiment = read::experiment(&files).unwrap();
        let audit = crate::audit::audit(&record, Some(&experiment));
        let number = |code: &str, at: usize, name: &str| {
            let mut items = audit.contradictions.iter().filter(|item| item.code == code);
            items.nth(at).unwrap_or_else(|| panic!("no {code} {at}")).numbers[name]
        };
        let near = |got: f64, want: f64| (got - want).abs() < 0.0005;
        assert!(near(number("other-disease", 0, "times"), 3.0));
        assert!(near(number("time", 0, "allowed-days"), 622.0));
        assert!(number("time", 0, "needed-days") > 622.0);
        assert!(near(number("denominators", 0, "denominator"), 128.0));
        assert!(near(number("denominators", 1, "denominator"), 21.0));
        assert!(near(number("denominators", 1, "count-1"), 20.0));
        assert!(near(number("denominators", 1, "count-2"), 17.0));
        // 1 - 0.05^(1/5), and Beta quantiles of the two priors
        assert!(near(number("zero-of-n", 0, "upper-bound"), 0.4507));
        assert!(near(number("zero-of-n", 0, "posterior-uniform"), 0.3930));
        assert!(near(number("zero-of-n", 0, "posterior-jeffreys"), 0.3057));
        assert!(near(number("zero-of-n", 0, "patients-for-10-percent"), 29.0));
        assert!(near(number("zero-of-n", 0, "patients-for-20-percent"), 14.0));
        assert!(audit.contradictions.iter().any(|item| item.code == "combined-infusion"));
        let open: Vec<&str> = audit.open.iter().map(|item| item.code.as_str()).collect();
        for code in [
            "patients",
            "dose",
            "schedule",
            "lymphodepletion",
            "cell-source",
            "armour",
            "preservation",
            "matching",
            "il-2",
            "target-required",
            "combined-with",
            "dlt",
            "escalation",
            "outcomes",
            "prior-therapy",
            "stopping",
            "responses",
            "eligibility",
            "study-design",
        ] {
            assert!(open.contains(&code), "{code} should be open: {open:?}");
        }
    }
}
