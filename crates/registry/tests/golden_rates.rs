//! Rates of arms against a table that another program made from the same results.

use std::collections::BTreeMap;
use std::io::Read;

use cytotrial_registry::rates::{self, ArmRate, Basis};

fn file(name: &str) -> Vec<u8> {
    let path = format!("{}/../../golden/registry/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).expect("the golden file is in the repository")
}

fn computed() -> BTreeMap<(String, usize, String), ArmRate> {
    let mut text = String::new();
    let packed = file("response_rates_records.jsonl.gz");
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut text).expect("text");
    let records = text.lines().map(|line| serde_json::from_str(line).expect("a record"));
    let arms = records.flat_map(|record: serde_json::Value| rates::of(&record));
    arms.map(|arm| ((arm.nct_id.clone(), arm.outcome_index, arm.group_id.clone()), arm)).collect()
}

/// The measure of a row whose record is not at hand, from the columns of the row.
fn rebuilt(row: &BTreeMap<&str, &str>) -> ArmRate {
    let group = row["group_id"];
    let measurement = serde_json::json!({
        "groupId": group, "value": row["value_raw"],
        "lowerLimit": row["lower_raw"], "upperLimit": row["upper_raw"],
    });
    let measure = serde_json::json!({
        "type": row["outcome_type"], "title": row["title"], "timeFrame": row["time_frame"],
        "paramType": row["param_type"], "unitOfMeasure": row["unit"],
        "dispersionType": row["dispersion"],
        "groups": [{ "id": group, "title": row["group_title"] }],
        "denoms": [{
            "units": "Participants",
            "counts": [{ "groupId": group, "value": row["denominator"] }],
        }],
        "classes": [{ "categories": [{ "measurements": [measurement] }] }],
    });
    let record = serde_json::json!({
        "protocolSection": { "identificationModule": { "nctId": row["nct_id"] } },
        "resultsSection": { "outcomeMeasuresModule": { "outcomeMeasures": [measure] } },
    });
    rates::of(&record).remove(0)
}

#[test]
fn every_arm_has_the_rate_of_the_other_program() {
    let computed = computed();
    let text = String::from_utf8(file("response_rates.tsv")).expect("text");
    assert!(text.starts_with("# source: ") && text.contains("# tolerance: "));
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let header: Vec<&str> = lines.next().expect("a header").split('\t').collect();
    let (mut rows, mut from_records) = (0, 0);
    for line in lines {
        let row: BTreeMap<&str, &str> = header.iter().copied().zip(line.split('\t')).collect();
        let index = row["outcome_index"].parse().expect("an index");
        let key = (row["nct_id"].to_owned(), index, row["group_id"].to_owned());
        let rebuilt = rebuilt(&row);
        let arm = computed.get(&key).unwrap_or(&rebuilt);
        from_records += usize::from(computed.contains_key(&key));
        let denominator = arm.denominator.map(|count| count.to_string()).unwrap_or_default();
        let rate = arm.rate.map(|rate| format!("{rate:.4}")).unwrap_or_default();
        let fields = [
            ("outcome_type", arm.outcome_type.as_str()),
            ("param_type", &arm.parameter),
            ("unit", &arm.unit),
            ("value_raw", &arm.value),
            ("lower_raw", &arm.lower),
            ("upper_raw", &arm.upper),
            ("dispersion", &arm.dispersion),
            ("denominator", &denominator),
            ("rate", &rate),
            ("rate_basis", arm.basis.map_or("", Basis::words)),
        ];
        for (column, got) in fields {
            assert_eq!(got, row[column], "{column} of {key:?}");
        }
        for (column, got) in [
            ("title", &arm.title),
            ("time_frame", &arm.time_frame),
            ("group_title", &arm.group_title),
        ] {
            let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(plain(got), plain(row[column]), "{column} of {key:?}");
        }
        assert!(arm.rate.is_some() || !arm.remark.is_empty(), "{key:?} says why it has no rate");
        rows += 1;
    }
    assert_eq!((rows, from_records), (140, 122));
}
