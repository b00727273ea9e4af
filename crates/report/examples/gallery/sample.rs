//! A report with every block and every figure. All numbers are made up and say so.

use cytotrial_report::figure::{
    AtRisk, Bar, BarGroup, BarMode, BarSeries, Curve, CurvePoint, Funnel, FunnelArm, FunnelStage,
    Histogram, Line, Range, RangeRow, Step, StepArm, StepPoint, Strip, histogram_group, strip_row,
};
use cytotrial_report::{
    Axis, Badge, Block, Cell, Colours, Document, Drawing, Figure, NoteKind, Table, badge, cell,
    code, format, key_value, link, list, marks, note, numbers, paragraph, plain, reference,
    section, steps, strong, subsection, words,
};

mod subjects;

/// The sample report.
pub(crate) fn document() -> Document {
    let mut blocks = words_and_tables();
    blocks.push(section("Figures over time"));
    blocks.extend([expansion(), few_points(), survival(), incidence()].map(Block::Figure));
    blocks.push(section("Figures of shares and estimates"));
    blocks.extend([grades(), responses(), grouped(), forest(), arms_forest()].map(Block::Figure));
    blocks.push(section("Figures of subjects"));
    blocks.extend(
        [
            subjects::waterfall(),
            subjects::spider(),
            subjects::swimmer(),
            subjects::escalation(),
            subjects::tree(),
        ]
        .map(Block::Figure),
    );
    blocks.push(section("Figures of replicates"));
    blocks.extend([histogram(), strip(), funnel()].map(Block::Figure));
    let hidden = Figure { id: "hidden-curve".into(), ..few_points() };
    blocks.push(Block::Details {
        summary: "A figure inside a folded part".into(),
        blocks: vec![
            paragraph("It is drawn when the part is opened, and in print."),
            Block::Figure(hidden),
        ],
    });
    Document {
        title: "Gallery: sample data, not a result".into(),
        subtitle: "Every block and every figure that a report may hold; all numbers are made up"
            .into(),
        arms: arms(),
        blocks,
    }
}

fn arms() -> Vec<String> {
    ["car-nk", "car-nk-armoured", "nk-expanded", "bcma-car-t", "no-treatment"]
        .map(str::to_owned)
        .into()
}

fn words_and_tables() -> Vec<Block> {
    vec![
        section("Words and tables"),
        paragraph([
            plain("A paragraph may hold "),
            strong("strong words"),
            plain(", words "),
            code("as typed"),
            plain(", "),
            link("a link to the table", "#responses-table"),
            plain(", and values with their source: 5 patients "),
            badge(Badge::Stated),
            plain(", 45% "),
            badge(Badge::Derived),
            plain(", 5e8 cells "),
            badge(Badge::Assumed),
            plain(", 128 patients "),
            badge(Badge::Cited),
            plain(", 0.31 per day "),
            badge(Badge::Fitted),
            plain("."),
        ]),
        note(NoteKind::Note, "Something to know."),
        note(
            NoteKind::Assumption,
            [plain("Shedding of MICA is "), code("assumed"), plain(" constant.")],
        ),
        note(NoteKind::Warning, "For planning and research only; the committee decides."),
        subsection("Key values"),
        Block::KeyValues(vec![
            key_value("Arms", "5"),
            key_value("Dose levels", cell("5e8, 1e9, 2e9 cells", Badge::Assumed)),
            key_value("Follow-up", cell("24 months after the first infusion", Badge::Stated)),
        ]),
        subsection("Lists"),
        list(["a point", "another point with <b>characters</b> & \"quotes\""]),
        steps(["first this", "then that"]),
        subsection("A table"),
        Block::Table(responses_table()),
        Block::Details {
            summary: "How the intervals are made".into(),
            blocks: vec![paragraph("Clopper and Pearson, exact."), list(["two-sided", "95%"])],
        },
    ]
}

fn responses_table() -> Table {
    let row = |arm: &str, count: u64, low: f64, high: f64, badge| -> Vec<Cell> {
        vec![
            arm.into(),
            "18".into(),
            format::proportion(count, 18, (low, high), 0.95).into(),
            cell(format::range(low * 4.0, high * 9.0), badge),
            if count > 5 { "yes".into() } else { "no".into() },
        ]
    };
    Table {
        id: "responses-table".into(),
        caption: "Overall response by arm (sample data)".into(),
        columns: vec![
            words("Arm"),
            numbers("Infused, n"),
            numbers("Overall response"),
            numbers("Months to response"),
            marks("Above 25%"),
        ],
        rows: vec![
            row("car-nk", 3, 0.0358, 0.4142, Badge::Derived),
            row("nk-expanded", 1, 0.0014, 0.2729, Badge::Assumed),
            row("bcma-car-t", 14, 0.52, 0.94, Badge::Cited),
        ],
        notes: vec!["Intervals are exact (Clopper and Pearson).".into()],
    }
}

fn figure(id: &str, title: &str, caption: &str, alternative: &str, drawing: Drawing) -> Figure {
    Figure {
        id: id.into(),
        title: title.into(),
        caption: caption.into(),
        alternative: alternative.into(),
        denominators: "Sample data: 18 made-up patients per arm, 200 made-up replicates.".into(),
        drawing,
    }
}

fn expansion() -> Figure {
    let line = |name: &str, peak: f64, rise: f64, fall: f64| Line {
        name: name.into(),
        points: (0..=56)
            .map(|day| {
                let day = f64::from(day);
                let value = peak * (1.0 - (-day / rise).exp() + 0.01) * (-day / fall).exp();
                CurvePoint::with_band(day, value, value / 6.0, value * 5.0)
            })
            .collect(),
    };
    let drawing = Drawing::Curve(Curve {
        horizontal: Axis::linear("Days since the first infusion")
            .between(0.0, 56.0)
            .at(&[0.0, 7.0, 14.0, 21.0, 28.0, 42.0, 56.0]),
        vertical: Axis::log("Cells per mL of blood").between(0.1, 1e6),
        band: "5th to 95th percentile".into(),
        lines: vec![
            line("car-nk", 2e4, 2.0, 5.0),
            line("nk-expanded", 8e3, 1.0, 3.0),
            line("bcma-car-t", 3e5, 6.0, 14.0),
        ],
        references: vec![reference(10.0, "LLOQ 10 cells per mL")],
    });
    figure(
        "expansion",
        "Infused cells in blood",
        "Median and band over patients; a log axis with the lower limit of quantification.",
        "Line chart on a log axis. CAR-T cells rise to 100,000 per mL by day 10 and persist; NK cells fall below the limit by day 40.",
        drawing,
    )
}

fn few_points() -> Figure {
    let points = |values: [f64; 5]| -> Vec<CurvePoint> {
        values
            .iter()
            .zip([0.0, 7.0, 14.0, 21.0, 28.0])
            .map(|(&value, at)| CurvePoint::new(at, value))
            .collect()
    };
    let mut armoured = points([4.0, 3.0, 2.5, 2.0, 2.2]);
    armoured[2].value = None;
    let drawing = Drawing::Curve(Curve {
        horizontal: Axis::linear("Study day"),
        vertical: Axis::linear("M-protein, g/dL"),
        band: String::new(),
        lines: vec![
            Line { name: "car-nk".into(), points: points([4.1, 3.6, 3.1, 2.4, 2.0]) },
            Line { name: "car-nk-armoured".into(), points: armoured },
            Line { name: "no-treatment".into(), points: points([4.0, 4.2, 4.5, 4.9, 5.2]) },
        ],
        references: vec![],
    });
    figure(
        "m-protein",
        "M-protein, few points and a gap",
        "Few points are marked; a missing visit is a gap.",
        "Three lines over 28 days: two fall, one rises.",
        drawing,
    )
}

fn step_arm(arm: &str, rate: f64, is_rising: bool) -> StepArm {
    let mut share = 1.0_f64;
    let mut points = vec![StepPoint {
        time: 0.0,
        share: Some(if is_rising { 0.0 } else { 1.0 }),
        interval: None,
    }];
    for event in 1..10 {
        share *= 1.0 - rate;
        let wide = 0.02 * f64::from(event);
        let shown = if is_rising { 1.0 - share } else { share };
        let interval = Some(((shown - wide).max(0.0), (shown + wide).min(1.0)));
        points.push(StepPoint { time: f64::from(event) * 31.0, share: Some(shown), interval });
    }
    let at_risk = (0..=4)
        .map(|part| AtRisk {
            time: f64::from(part) * 90.0,
            at_risk: f64::from(18 - 3 * part),
            events: f64::from(2 * part),
            censored: f64::from(part),
            other: (part > 0).then(|| f64::from(part) / 2.0),
        })
        .collect();
    StepArm { arm: arm.into(), points, censored: vec![100.0, 200.0, 330.0], at_risk }
}

fn survival() -> Figure {
    let drawing = Drawing::Step(Step {
        horizontal: Axis::linear("Days since the first infusion")
            .between(0.0, 360.0)
            .at(&[0.0, 90.0, 180.0, 270.0, 360.0]),
        vertical: Axis::percent("Alive without progression").between(0.0, 1.0),
        band: "95% CI".into(),
        arms: vec![
            step_arm("car-nk", 0.09, false),
            step_arm("car-nk-armoured", 0.06, false),
            step_arm("bcma-car-t", 0.04, false),
            step_arm("no-treatment", 0.2, false),
        ],
        references: vec![reference(0.5, "one half")],
    });
    figure(
        "survival",
        "Progression-free survival",
        "Kaplan-Meier with pointwise bands; ticks are censored subjects; the numbers at risk stand under the axis.",
        "Step curves of four arms. At 270 days about three quarters of bcma-car-t and one in eight of no-treatment are free of progression.",
        drawing,
    )
}

fn incidence() -> Figure {
    let mut arm = step_arm("bcma-car-t", 0.05, true);
    arm.at_risk.clear();
    let drawing = Drawing::Step(Step {
        horizontal: Axis::linear("Days since the first infusion"),
        vertical: Axis::percent("Cumulative incidence of relapse"),
        band: "95% CI".into(),
        arms: vec![arm],
        references: vec![],
    });
    figure(
        "incidence",
        "Cumulative incidence",
        "Rising steps without numbers at risk.",
        "One rising step curve.",
        drawing,
    )
}

fn grades() -> Figure {
    let series = |name: &str, values: [f64; 4]| BarSeries {
        name: name.into(),
        values: values.iter().map(|&value| BarGroup::from(value)).collect(),
    };
    let drawing = Drawing::Bar(Bar {
        group_title: "Arm".into(),
        values: Axis::percent("Patients by worst CRS grade").between(0.0, 1.0),
        mode: BarMode::Stacked,
        colours: Colours::Severity,
        groups: ["car-nk", "car-nk-armoured", "nk-expanded", "bcma-car-t"]
            .map(str::to_owned)
            .into(),
        series: vec![
            series("none", [0.84, 0.7, 0.95, 0.15]),
            series("grade 1", [0.1, 0.2, 0.05, 0.45]),
            series("grade 2", [0.05, 0.06, 0.0, 0.28]),
            series("grade 3", [0.01, 0.03, 0.0, 0.09]),
            series("grade 4", [0.0, 0.01, 0.0, 0.03]),
        ],
        references: vec![],
    });
    figure(
        "crs",
        "Cytokine release syndrome",
        "Worst grade of each patient.",
        "Stacked bars: most NK patients have none, most CAR-T patients grade 1 or 2.",
        drawing,
    )
}

fn responses() -> Figure {
    let series = |name: &str, value: f64| BarSeries {
        name: name.into(),
        values: vec![BarGroup::from(value)],
    };
    let drawing = Drawing::Bar(Bar {
        group_title: "Arm".into(),
        values: Axis::linear("Patients"),
        mode: BarMode::Stacked,
        colours: Colours::Benefit,
        groups: vec!["bcma-car-t".into()],
        series: vec![
            series("PD", 1.0),
            series("SD", 3.0),
            series("PR", 4.0),
            series("VGPR", 5.0),
            series("CR", 3.0),
            series("sCR", 2.0),
        ],
        references: vec![],
    });
    figure(
        "responses",
        "Best response",
        "One bar, one part per response.",
        "A stacked bar of 18 patients.",
        drawing,
    )
}

fn grouped() -> Figure {
    let value = |value: f64, low: f64, high: f64, shown: &str| BarGroup {
        value,
        interval: Some((low, high)),
        shown: shown.into(),
    };
    let drawing = Drawing::Bar(Bar {
        group_title: "Outcome".into(),
        values: Axis::percent("Share of infused patients").between(0.0, 1.0),
        mode: BarMode::Grouped,
        colours: Colours::Arms,
        groups: vec!["Overall response".into(), "Complete response".into()],
        series: vec![
            BarSeries {
                name: "car-nk".into(),
                values: vec![
                    value(0.17, 0.04, 0.41, "3/18 (17%)"),
                    value(0.06, 0.0, 0.27, "1/18 (6%)"),
                ],
            },
            BarSeries {
                name: "bcma-car-t".into(),
                values: vec![
                    value(0.78, 0.52, 0.94, "14/18 (78%)"),
                    value(0.28, 0.1, 0.53, "5/18 (28%)"),
                ],
            },
        ],
        references: vec![reference(0.5, "one half")],
    });
    figure(
        "grouped",
        "Responses side by side",
        "Bars with exact 95% intervals.",
        "Grouped bars: CAR-T above CAR-NK in both outcomes.",
        drawing,
    )
}

fn forest() -> Figure {
    let row = |label: &str, low: f64, high: f64| RangeRow {
        label: label.into(),
        interval: Some((low, high)),
        ..RangeRow::default()
    };
    let drawing = Drawing::Range(Range {
        values: Axis::linear("Change of overall response, percentage points"),
        estimate_name: "from the 5th to the 95th percentile of the value".into(),
        observed_name: String::new(),
        rows: vec![
            row("Killing rate per cell", -14.0, 22.0),
            row("Half-life of infused cells", -9.0, 15.0),
            row("Shed ligand in serum", -7.5, 3.0),
            row("Host rejection of the cells", -4.0, 2.5),
        ],
        references: vec![reference(0.0, "no change")],
    });
    figure(
        "tornado",
        "Sensitivity",
        "One line per value, from its low to its high end.",
        "A tornado: the killing rate matters most.",
        drawing,
    )
}

fn arms_forest() -> Figure {
    let mut rows = Vec::new();
    for (label, shift) in [("Overall response", 0.0), ("Complete response", -0.2)] {
        for (arm, value, observed) in [("car-nk", 0.35, None), ("bcma-car-t", 0.78, Some(0.81))] {
            let value = value + shift;
            rows.push(RangeRow {
                label: label.into(),
                group: arm.into(),
                estimate: Some(value),
                interval: Some((value - 0.14, value + 0.12)),
                observed: observed.map(|observed| observed + shift),
                shown: String::new(),
            });
        }
    }
    let drawing = Drawing::Range(Range {
        values: Axis::percent("Share of infused patients").between(0.0, 1.0),
        estimate_name: "simulated, median and 90% interval".into(),
        observed_name: "reported".into(),
        rows,
        references: vec![],
    });
    figure(
        "forest",
        "Simulated against reported",
        "Points with intervals; diamonds are reported values.",
        "Forest plot: the reported CAR-T values lie inside the simulated intervals.",
        drawing,
    )
}

fn histogram() -> Figure {
    let edges: Vec<f64> = (0..=18).map(|count| f64::from(count) / 18.0).collect();
    let values = |centre: f64| -> Vec<f64> {
        (0..200_u32)
            .map(|at| (centre + 0.02 * f64::from(at * 7919 % 37) - 0.36).clamp(0.0, 1.0))
            .collect()
    };
    let drawing = Drawing::Histogram(Histogram {
        horizontal: Axis::percent("Overall response of a replicate").between(0.0, 1.0),
        counted: "Replicates".into(),
        groups: vec![
            histogram_group("car-nk", &values(0.3), &edges),
            histogram_group("bcma-car-t", &values(0.7), &edges),
        ],
        references: vec![reference(0.81, "reported 81%")],
    });
    figure(
        "histogram",
        "Overall response over replicates",
        "How many replicates gave which response rate.",
        "Two overlapping histograms around 30% and 70%.",
        drawing,
    )
}

fn strip() -> Figure {
    let values = |centre: f64, wide: f64| -> Vec<f64> {
        (0..200_u32).map(|at| centre + wide * (f64::from(at * 7919 % 101) / 50.0 - 1.0)).collect()
    };
    let drawing = Drawing::Strip(Strip {
        values: Axis::percent("Overall response of a replicate").between(0.0, 1.0),
        observed_name: "reported".into(),
        rows: vec![
            strip_row("car-nk", &values(0.3, 0.25), None),
            strip_row("nk-expanded", &values(0.12, 0.1), None),
            strip_row("bcma-car-t", &values(0.75, 0.2), Some(0.81)),
            strip_row("no-treatment", &[], None),
        ],
        references: vec![],
    });
    figure(
        "strip",
        "Overall response, one strip per arm",
        "Thin: 5th to 95th percentile. Thick: quartiles. Tick: median. Diamond: reported.",
        "Strips: CAR-T highest; nothing estimable without treatment.",
        drawing,
    )
}

fn funnel() -> Figure {
    let arm = |arm: &str, counts: [f64; 4], days: f64| FunnelArm {
        arm: arm.into(),
        stages: [
            ("screened", ""),
            ("enrolled", "screening failure"),
            ("infused", "manufacturing, progression"),
            ("evaluable", "early death"),
        ]
        .iter()
        .zip(counts)
        .enumerate()
        .map(|(at, ((name, because), count))| FunnelStage {
            name: (*name).into(),
            count: Some(count),
            interval: None,
            days: Some(days * at as f64),
            because: (*because).into(),
        })
        .collect(),
    };
    let drawing = Drawing::Funnel(Funnel {
        values: Axis::linear("Patients, mean over replicates"),
        arms: vec![
            arm("car-nk", [24.0, 18.2, 17.6, 16.9], 3.0),
            arm("bcma-car-t", [24.0, 18.2, 15.1, 14.4], 12.0),
        ],
    });
    figure(
        "funnel",
        "From screening to evaluable",
        "Who is left at each stage.",
        "Funnel: CAR-T loses three patients between enrolment and infusion, CAR-NK less than one.",
        drawing,
    )
}
