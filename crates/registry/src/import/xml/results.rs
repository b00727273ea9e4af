//! Results of the older form: flow of participants, baseline, outcome measures, adverse events.

use roxmltree::Node;
use serde_json::{Value, json};

use super::{all, at, object, said, text, value};
use crate::import::words;

/// The results of a study.
pub(super) fn section(results: Node) -> Value {
    let outcomes = at(results, "outcome_list").into_iter().flat_map(|list| all(list, "outcome"));
    let outcomes: Value = outcomes.map(outcome).collect();
    object([
        ("participantFlowModule", at(results, "participant_flow").map_or(Value::Null, flow)),
        ("baselineCharacteristicsModule", at(results, "baseline").map_or(Value::Null, baseline)),
        ("outcomeMeasuresModule", object([("outcomeMeasures", outcomes)])),
        ("adverseEventsModule", at(results, "reported_events").map_or(Value::Null, events)),
    ])
}

/// Ids such as `P1` as `FG000`.
fn group_id(id: Option<&str>, letters: &str) -> Value {
    let digits = id.unwrap_or("").trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let number = digits.parse::<u32>().unwrap_or(1).max(1) - 1;
    json!(format!("{letters}{number:03}"))
}

fn groups(node: Node, letters: &str) -> Vec<Value> {
    let list = at(node, "group_list").into_iter().flat_map(|list| all(list, "group"));
    let one = |group: Node| {
        object([
            ("id", group_id(group.attribute("group_id"), letters)),
            ("title", said(group, "title")),
            ("description", said(group, "description")),
        ])
    };
    list.map(one).collect()
}

fn flow(flow: Node) -> Value {
    let periods = at(flow, "period_list").into_iter().flat_map(|list| all(list, "period"));
    let counted = |node: Node,
                   key: &'static str,
                   of: &'static str,
                   name: &'static str,
                   list: &str|
     -> Value {
        let items = at(node, list).into_iter().flat_map(|list| all(list, name));
        let one = |item: Node| {
            let people = at(item, "participants_list").into_iter();
            let people = people.flat_map(|list| all(list, "participants")).map(|people| {
                object([
                    ("groupId", group_id(people.attribute("group_id"), "FG")),
                    ("comment", words::text(people.text())),
                    ("numSubjects", words::text(people.attribute("count"))),
                ])
            });
            object([(key, said(item, "title")), (of, people.collect())])
        };
        items.map(one).collect()
    };
    let periods = periods.map(|period| {
        object([
            ("title", said(period, "title")),
            ("milestones", counted(period, "type", "achievements", "milestone", "milestone_list")),
            (
                "dropWithdraws",
                counted(
                    period,
                    "type",
                    "reasons",
                    "drop_withdraw_reason",
                    "drop_withdraw_reason_list",
                ),
            ),
        ])
    });
    object([
        ("preAssignmentDetails", said(flow, "pre_assignment_details")),
        ("recruitmentDetails", said(flow, "recruitment_details")),
        ("groups", Value::Array(groups(flow, "FG"))),
        ("periods", periods.collect()),
    ])
}

fn baseline(node: Node) -> Value {
    let measures = at(node, "measure_list").into_iter().flat_map(|list| all(list, "measure"));
    let measure = |measure: Node| {
        object([
            ("title", said(measure, "title")),
            ("description", super::on_one_line(measure, "description")),
            ("populationDescription", said(measure, "population")),
            ("paramType", value(measure, "param", "MeasureParam")),
            ("dispersionType", value(measure, "dispersion", "MeasureDispersionType")),
            ("unitOfMeasure", said(measure, "units")),
            ("denomUnitsSelected", said(measure, "units_analyzed")),
            ("denoms", denoms(measure, "BG")),
            ("classes", classes(measure, "BG")),
        ])
    };
    object([
        ("populationDescription", said(node, "population")),
        ("typeUnitsAnalyzed", said(node, "units_analyzed")),
        ("groups", Value::Array(groups(node, "BG"))),
        ("denoms", denoms(node, "BG")),
        ("measures", measures.map(measure).collect()),
    ])
}

fn outcome(node: Node) -> Value {
    let measure = at(node, "measure");
    let of = |path: &str| measure.map_or(Value::Null, |measure| said(measure, path));
    let of_value =
        |path: &str, name: &str| measure.map_or(Value::Null, |measure| value(measure, path, name));
    let analyses = at(node, "analysis_list").into_iter().flat_map(|list| all(list, "analysis"));
    object([
        ("type", value(node, "type", "OutcomeMeasureType")),
        ("title", said(node, "title")),
        ("description", super::on_one_line(node, "description")),
        ("populationDescription", said(node, "population")),
        ("reportingStatus", json!(if measure.is_some() { "POSTED" } else { "NOT_POSTED" })),
        ("anticipatedPostingDate", super::full_date(node, "posting_date")),
        ("paramType", of_value("param", "MeasureParam")),
        ("dispersionType", of("dispersion")),
        ("unitOfMeasure", of("units")),
        ("timeFrame", said(node, "time_frame")),
        ("typeUnitsAnalyzed", of("units_analyzed")),
        ("groups", Value::Array(groups(node, "OG"))),
        ("denoms", measure.map_or(Value::Null, |measure| denoms(measure, "OG"))),
        ("classes", measure.map_or(Value::Null, |measure| classes(measure, "OG"))),
        ("analyses", analyses.map(analysis).collect()),
    ])
}

fn denoms(measure: Node, letters: &str) -> Value {
    let list = at(measure, "analyzed_list").into_iter().flat_map(|list| all(list, "analyzed"));
    let one = |analyzed: Node| {
        let counts = at(analyzed, "count_list").into_iter().flat_map(|list| all(list, "count"));
        let counts = counts.map(|count| {
            object([
                ("groupId", group_id(count.attribute("group_id"), letters)),
                ("value", words::text(count.attribute("value"))),
            ])
        });
        object([("units", said(analyzed, "units")), ("counts", counts.collect())])
    };
    list.map(one).collect()
}

fn classes(measure: Node, letters: &str) -> Value {
    let list = at(measure, "class_list").into_iter().flat_map(|list| all(list, "class"));
    list.map(|one| class(one, letters)).collect()
}

fn class(class: Node, letters: &str) -> Value {
    let categories = at(class, "category_list").into_iter().flat_map(|list| all(list, "category"));
    let category = |node: Node| {
        let list = at(node, "measurement_list").into_iter();
        let measurements = list.flat_map(|list| all(list, "measurement")).map(|one| {
            object([
                ("groupId", group_id(one.attribute("group_id"), letters)),
                ("value", words::text(one.attribute("value"))),
                ("spread", words::text(one.attribute("spread"))),
                ("lowerLimit", words::text(one.attribute("lower_limit"))),
                ("upperLimit", words::text(one.attribute("upper_limit"))),
                ("comment", words::text(one.text())),
            ])
        });
        object([("title", said(node, "title")), ("measurements", measurements.collect())])
    };
    object([
        ("title", said(class, "title")),
        ("denoms", denoms(class, letters)),
        ("categories", categories.map(category).collect()),
    ])
}

fn analysis(node: Node) -> Value {
    let ids = at(node, "group_id_list").into_iter().flat_map(|list| all(list, "group_id"));
    let sides = text(node, "ci_n_sides").map(|sides| match sides {
        "1-Sided" => json!("ONE_SIDED"),
        "2-Sided" => json!("TWO_SIDED"),
        other => json!(words::value("ConfidenceIntervalNumSides", other)),
    });
    object([
        ("groupIds", ids.map(|id| group_id(id.text().map(str::trim), "OG")).collect()),
        ("paramType", said(node, "param_type")),
        ("paramValue", said(node, "param_value")),
        ("dispersionType", value(node, "dispersion_type", "AnalysisDispersionType")),
        ("dispersionValue", said(node, "dispersion_value")),
        ("statisticalMethod", said(node, "method")),
        ("statisticalComment", said(node, "method_desc")),
        ("pValue", said(node, "p_value")),
        ("pValueComment", said(node, "p_value_desc")),
        ("ciNumSides", sides.unwrap_or_default()),
        ("ciPctValue", said(node, "ci_percent")),
        ("ciLowerLimit", said(node, "ci_lower_limit")),
        ("ciUpperLimit", said(node, "ci_upper_limit")),
        ("estimateComment", said(node, "estimate_desc")),
        ("nonInferiorityType", value(node, "non_inferiority_type", "NonInferiorityType")),
        ("nonInferiorityComment", said(node, "non_inferiority_desc")),
        ("otherAnalysisDescription", said(node, "other_analysis_desc")),
        ("groupDescription", said(node, "groups_desc")),
    ])
}

fn events(node: Node) -> Value {
    let kinds = [("serious_events", "serious"), ("other_events", "other")];
    let mut groups = groups(node, "EG");
    let mut lists = Vec::new();
    for (name, prefix) in kinds {
        let mut list = Vec::new();
        if let Some(part) = at(node, name) {
            list = events_of(part, prefix, &mut groups);
        }
        lists.push(Value::Array(list));
    }
    let threshold =
        at(node, "other_events").map_or(Value::Null, |part| said(part, "frequency_threshold"));
    let other = lists.pop().unwrap_or_default();
    let serious = lists.pop().unwrap_or_default();
    object([
        ("frequencyThreshold", threshold),
        ("timeFrame", said(node, "time_frame")),
        ("description", said(node, "desc")),
        ("eventGroups", Value::Array(groups)),
        ("seriousEvents", serious),
        ("otherEvents", other),
    ])
}

fn number(node: Node, name: &str) -> Value {
    node.attribute(name)
        .and_then(crate::values::number)
        .map_or(Value::Null, |number| json!(number.low))
}

/// The events of a kind; totals go to the groups.
fn events_of(part: Node, prefix: &str, groups: &mut [Value]) -> Vec<Value> {
    let mut events = Vec::new();
    let categories = at(part, "category_list").into_iter().flat_map(|list| all(list, "category"));
    for category in categories {
        let organ = text(category, "title");
        let list = at(category, "event_list").into_iter().flat_map(|list| all(list, "event"));
        for event in list {
            if organ == Some("Total") {
                totals(event, prefix, groups);
            } else {
                events.push(one_event(part, event, organ));
            }
        }
    }
    events
}

fn totals(event: Node, prefix: &str, groups: &mut [Value]) {
    for counts in all(event, "counts") {
        let id = group_id(counts.attribute("group_id"), "EG");
        let Some(group) = groups.iter_mut().find(|group| group["id"] == id) else { continue };
        for (name, key) in [("subjects_affected", "NumAffected"), ("subjects_at_risk", "NumAtRisk")]
        {
            let count = number(counts, name);
            if !count.is_null() {
                group[format!("{prefix}{key}")] = count;
            }
        }
    }
}

fn one_event(part: Node, event: Node, organ: Option<&str>) -> Value {
    let title = at(event, "sub_title");
    let vocabulary =
        title.and_then(|title| title.attribute("vocab")).or_else(|| text(part, "default_vocab"));
    let assessment = text(event, "assessment").or_else(|| text(part, "default_assessment"));
    let assessment = assessment.map(|text| match text {
        "Systematic Assessment" => json!("SYSTEMATIC_ASSESSMENT"),
        other => json!(words::value("EventAssessment", other)),
    });
    let stats = all(event, "counts").map(|counts| {
        object([
            ("groupId", group_id(counts.attribute("group_id"), "EG")),
            ("numEvents", number(counts, "events")),
            ("numAffected", number(counts, "subjects_affected")),
            ("numAtRisk", number(counts, "subjects_at_risk")),
        ])
    });
    object([
        ("term", said(event, "sub_title")),
        ("organSystem", words::text(organ)),
        ("sourceVocabulary", words::text(vocabulary)),
        ("assessmentType", assessment.unwrap_or_default()),
        ("notes", said(event, "description")),
        ("stats", stats.collect()),
    ])
}
