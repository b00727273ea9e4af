//! What a record leaves open: a field that is absent and words that do not occur.

use super::{AuditItem, item};
use crate::record::Record;

/// A question that a trial must answer.
struct Question {
    code: &'static str,
    title: &'static str,
    /// Fields that would answer it.
    fields: &'static [&'static str],
    /// Words of the narrative that would answer it, in lower case.
    words: &'static [&'static str],
    /// Asked of cell products only.
    cells_only: bool,
    /// Why it matters.
    matters: &'static str,
}

const QUESTIONS: &[Question] = &[
    Question {
        code: "patients",
        title: "number of patients",
        fields: &["designModule.enrollmentInfo.count"],
        words: &[],
        cells_only: false,
        matters: "sets the width of every interval",
    },
    Question {
        code: "dose",
        title: "dose levels and their unit (cells or cells/kg)",
        fields: &[],
        words: &["cells/kg", "cells per kg", "cells per kilogram", "mg/kg", "mg/m2", "dose level"],
        cells_only: false,
        matters: "nothing can be simulated without a dose",
    },
    Question {
        code: "schedule",
        title: "number and spacing of infusions",
        fields: &[],
        words: &["day 0", "day 1,", "weekly", "every week", "single infusion", "infusions on"],
        cells_only: false,
        matters: "exposure depends on it",
    },
    Question {
        code: "lymphodepletion",
        title: "lymphodepletion",
        fields: &[],
        words: &["lymphodeplet", "fludarabine", "preconditioning", "cyclophosphamide"],
        cells_only: true,
        matters: "decides how long donor cells persist",
    },
    Question {
        code: "cell-source",
        title: "cell source",
        fields: &[],
        words: &[],
        cells_only: true,
        matters: "potency, matching and supply depend on it",
    },
    Question {
        code: "armour",
        title: "IL-15 armour or safety switch",
        fields: &[],
        words: &["il-15", "il15", "interleukin-15", "icasp", "suicide gene", "safety switch"],
        cells_only: true,
        matters: "decides expansion and persistence",
    },
    Question {
        code: "preservation",
        title: "fresh or cryopreserved",
        fields: &[],
        words: &["cryopreserv", "frozen", "thaw", "fresh product", "freshly"],
        cells_only: true,
        matters: "a part of the cells does not survive thawing",
    },
    Question {
        code: "matching",
        title: "HLA or KIR selection of donors",
        fields: &[],
        words: &[
            "kir mismatch",
            "kir-ligand",
            "hla-matched",
            "hla matched",
            "haploidentical",
            "kir ",
        ],
        cells_only: true,
        matters: "rejection and killing depend on it",
    },
    Question {
        code: "il-2",
        title: "IL-2 support",
        fields: &[],
        words: &["il-2 support", "subcutaneous il-2", "interleukin-2 support", "aldesleukin"],
        cells_only: true,
        matters: "changes persistence and side effects",
    },
    Question {
        code: "target-required",
        title: "whether expression of the target is required, and the cut-off",
        fields: &[],
        words: &["positive expression of", "cut-off", "cutoff", "must express", "positivity"],
        cells_only: true,
        matters: "patients without the target cannot respond through it",
    },
    Question {
        code: "dlt",
        title: "DLT definition and window",
        fields: &[],
        words: &[
            "dlt is defined",
            "dlts are defined",
            "dlt window",
            "dlt within",
            "dlt observation",
        ],
        cells_only: false,
        matters: "the dose decision is made on it",
    },
    Question {
        code: "escalation",
        title: "escalation rule",
        fields: &[],
        words: &["3+3", "3 + 3", "boin", "dose escalation", "dose-escalation", "escalat"],
        cells_only: false,
        matters: "decides who gets which dose",
    },
    Question {
        code: "outcomes",
        title: "primary endpoint and visit days",
        fields: &["outcomesModule.primaryOutcomes"],
        words: &[],
        cells_only: false,
        matters: "no success can be defined afterwards",
    },
    Question {
        code: "eligibility",
        title: "eligibility criteria",
        fields: &["eligibilityModule.eligibilityCriteria"],
        words: &["inclusion criteria"],
        cells_only: false,
        matters: "decides who the patients are",
    },
    Question {
        code: "study-design",
        title: "study design (allocation, model, masking)",
        fields: &["designModule.designInfo"],
        words: &[
            "single-arm",
            "single arm",
            "randomized",
            "randomised",
            "open-label",
            "open label",
        ],
        cells_only: false,
        matters: "decides what can be concluded",
    },
    Question {
        code: "prior-therapy",
        title: "whether prior therapy against the same disease target is allowed",
        fields: &["eligibilityModule.eligibilityCriteria"],
        words: &["prior bcma", "previous bcma", "prior car", "previous car"],
        cells_only: true,
        matters: "resistance and antigen loss depend on it",
    },
    Question {
        code: "stopping",
        title: "stopping rules",
        fields: &[],
        words: &["stopping rule", "stopping criteria", "will be stopped", "be paused"],
        cells_only: false,
        matters: "safety of the next patient",
    },
    Question {
        code: "responses",
        title: "responses of the patients treated before",
        fields: &[],
        words: &[],
        cells_only: false,
        matters: "the only efficacy data of the product in people",
    },
];

const SOURCES: &[(&str, &str)] = &[
    ("cord blood", "cord blood"),
    ("peripheral blood", "peripheral blood"),
    ("pluripotent", "iPSC"),
    ("nk-92", "NK-92"),
];

pub(super) fn items(record: &Record) -> Vec<AuditItem> {
    let narrative = record.narrative().to_lowercase();
    let registered: String =
        [record.text("eligibilityModule.eligibilityCriteria"), interventions(record)]
            .into_iter()
            .flatten()
            .collect();
    let text = format!("{narrative}\n{}", registered.to_lowercase());
    let cells = ["car-t", "car-nk", "car t", "car nk", "chimeric antigen", "nk cell", "t cells"]
        .iter()
        .any(|word| text.contains(word));
    let asked = QUESTIONS.iter().filter(|question| cells || !question.cells_only);
    let mut items: Vec<AuditItem> =
        asked.filter_map(|question| open(question, record, &text)).collect();
    items.extend(combined(record));
    items
}

fn interventions(record: &Record) -> Option<String> {
    record.value("armsInterventionsModule").map(ToString::to_string)
}

fn open(question: &Question, record: &Record, text: &str) -> Option<AuditItem> {
    if question.fields.iter().any(|field| record.value(field).is_some())
        || question.words.iter().any(|word| text.contains(word))
    {
        return None;
    }
    let say = |found: String, quote: String| {
        let text = format!("{found}; {}", question.matters);
        Some(item(question.code, question.title, text, quote))
    };
    match question.code {
        "cell-source" => {
            let named: Vec<&str> = SOURCES
                .iter()
                .filter(|(word, _)| text.contains(word))
                .map(|(_, name)| *name)
                .collect();
            let sentence = record.sentences().into_iter().find(|sentence| {
                let lower = sentence.to_lowercase();
                SOURCES.iter().filter(|(word, _)| lower.contains(word)).count() > 1
            });
            match named.len() {
                0 => say("not stated".to_owned(), String::new()),
                1 => None,
                count => say(
                    format!("{count} sources are listed ({}) and none is chosen", named.join(", ")),
                    sentence.unwrap_or_default(),
                ),
            }
        }
        "responses" => {
            let sentence = super::contradictions::earlier_patients(record)?;
            let lower = sentence.1.to_lowercase();
            let told = ["response rate", "complete remission", "partial", "responded"]
                .iter()
                .any(|word| lower.contains(word));
            if told {
                return None;
            }
            say(format!("{} patients are named, their responses are not", sentence.0), sentence.1)
        }
        "dlt" => {
            let sentence = record.sentences().into_iter().find(|sentence| {
                let lower = sentence.to_lowercase();
                lower.contains("dose limiting") || lower.contains("dose-limiting")
            });
            match sentence {
                Some(sentence) => say("named but not defined".to_owned(), sentence),
                None => say("not stated".to_owned(), String::new()),
            }
        }
        _ => say("not stated".to_owned(), String::new()),
    }
}

/// `combined infusion` without a word on what it is combined with.
fn combined(record: &Record) -> Option<AuditItem> {
    let sentence = record.sentences().into_iter().find(|sentence| {
        let lower = sentence.to_lowercase();
        let combined = ["combined infusion", "combination infusion", "in combination"]
            .iter()
            .any(|word| lower.contains(word));
        combined && !lower.contains("combined with") && !lower.contains("combination with")
    })?;
    let text = "a combined infusion is announced, with which drug or product is not said";
    Some(item("combined-with", "what \"combined\" means", text, sentence))
}
