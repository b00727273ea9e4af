//! Units and quantities as people write them, and units of whole models.

use cytotrial_model::{antimony, units};

/// Text, factor to base units (metre, kilogram, second, mole, item), exponents of
/// length, mass, time, amount, count. By hand from the SI.
const UNITS: &[(&str, f64, [i8; 5])] = &[
    ("1", 1.0, [0, 0, 0, 0, 0]),
    ("%", 0.01, [0, 0, 0, 0, 0]),
    ("day", 86_400.0, [0, 0, 1, 0, 0]),
    ("1/day", 1.0 / 86_400.0, [0, 0, -1, 0, 0]),
    ("month", 2_629_800.0, [0, 0, 1, 0, 0]),
    ("year", 31_557_600.0, [0, 0, 1, 0, 0]),
    ("weeks", 604_800.0, [0, 0, 1, 0, 0]),
    ("g/L", 1.0, [-3, 1, 0, 0, 0]),
    ("mg/L", 1e-3, [-3, 1, 0, 0, 0]),
    ("ng/mL", 1e-6, [-3, 1, 0, 0, 0]),
    ("ug/mL", 1e-3, [-3, 1, 0, 0, 0]),
    ("\u{b5}g/mL", 1e-3, [-3, 1, 0, 0, 0]),
    ("pg/mL", 1e-9, [-3, 1, 0, 0, 0]),
    ("mg/m2", 1e-6, [-2, 1, 0, 0, 0]),
    ("mg/m^2", 1e-6, [-2, 1, 0, 0, 0]),
    ("kg/m2", 1.0, [-2, 1, 0, 0, 0]),
    ("mm2", 1e-6, [2, 0, 0, 0, 0]),
    ("cm", 1e-2, [1, 0, 0, 0, 0]),
    ("cells/kg", 1.0, [0, -1, 0, 0, 1]),
    ("1e9 cells", 1e9, [0, 0, 0, 0, 1]),
    ("1e9 cells/day", 1e9 / 86_400.0, [0, 0, -1, 0, 1]),
    ("cells/uL", 1e9, [-3, 0, 0, 0, 1]),
    ("10^9/L", 1e12, [-3, 0, 0, 0, 0]),
    ("1e9/L", 1e12, [-3, 0, 0, 0, 0]),
    ("copies/ug", 1e9, [0, -1, 0, 0, 1]),
    ("day*copies/ug", 86_400.0 * 1e9, [0, -1, 1, 0, 1]),
    ("g/L/day per 1e9 cells", 1.0 / 86_400.0 / 1e9, [-3, 1, -1, 0, -1]),
    ("pg/mL/day per 1e9 cells", 1e-9 / 86_400.0 / 1e9, [-3, 1, -1, 0, -1]),
    ("pg/mL per 1e9 cells/day", 1e-9 * 86_400.0 / 1e9, [-3, 1, 1, 0, -1]),
    ("pg/mL/day per 1e9 cells/day", 1e-9 / 1e9, [-3, 1, 0, 0, -1]),
    ("pg/mL/(1e9 cells/day)", 1e-9 * 86_400.0 / 1e9, [-3, 1, 1, 0, -1]),
    ("per 100000 per year", 1e-5 / 31_557_600.0, [0, 0, -1, 0, 0]),
    ("mL/min", 1e-6 / 60.0, [3, 0, -1, 0, 0]),
    ("mg/24h", 1e-6 / 86_400.0, [0, 1, -1, 0, 0]),
    ("U/L", 1e-3 / 60.0, [-3, 0, -1, 1, 0]),
    ("nM", 1e-6, [-3, 0, 0, 1, 0]),
    ("mmol/L", 1.0, [-3, 0, 0, 1, 0]),
    ("patients/month", 1.0 / 2_629_800.0, [0, 0, -1, 0, 1]),
    ("mmHg", 133.322_387_415, [-1, 1, -2, 0, 0]),
    ("1e-9 mole / litre", 1e-6, [-3, 0, 0, 1, 0]),
    ("nanomole/millilitre", 1e-3, [-3, 0, 0, 1, 0]),
    ("1/86400 second", 1.0 / 86_400.0, [0, 0, -1, 0, 0]),
    ("kilogram*metre^2/second^2", 1.0, [2, 1, -2, 0, 0]),
];

#[test]
fn units_have_their_sizes_and_dimensions() {
    for (text, factor, exponents) in UNITS {
        let unit = units::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem}"));
        let [length, mass, time, amount, _, _, _, count] = unit.exponents;
        assert_eq!([length, mass, time, amount, count], *exponents, "{text}");
        // A handful of multiplications in either order.
        assert!((unit.factor / factor - 1.0).abs() < 1e-14, "{text}: {}", unit.factor);
    }
}

#[test]
fn a_unit_prints_so_that_it_reads_back_unchanged() {
    for (text, _, _) in UNITS {
        let unit = units::parse(text).unwrap();
        assert_eq!(units::parse(&unit.to_string()), Ok(unit), "{text}");
    }
}

#[test]
fn problems_of_units_stand_at_their_place() {
    for (text, position, length, message, help) in [
        ("mg/dlay", 3, 4, "no unit is called `dlay`", "did you mean `day`?"),
        ("g/Litre", 2, 5, "no unit is called `Litre`", "did you mean `litre`?"),
        ("cels/kg", 0, 4, "no unit is called `cels`", "did you mean `cell`?"),
        ("kelvin", 0, 6, "no unit is called `kelvin`", "degC"),
        ("mg m", 3, 1, "expected `*`, `/`, `per`", "g/L"),
        ("/day", 0, 4, "expected a unit, found `/day`", "1/day"),
        ("mg/", 3, 1, "expected a unit, found the end", "g/L"),
        ("", 0, 1, "expected a unit", ""),
        ("(g/L", 4, 1, "expected `)`", ""),
        ("m^x", 2, 1, "expected a whole number after `^`", ""),
        ("m^200", 0, 1, "too large or too small", ""),
        ("0 cells", 0, 1, "too large or too small", ""),
        ("0", 0, 1, "too large or too small", ""),
        ("1e-999", 0, 1, "too large or too small", ""),
        ("1/0", 2, 1, "too large or too small", ""),
        ("1e200*1e200", 5, 1, "too large or too small", ""),
        ("g per", 5, 1, "expected a unit", ""),
    ] {
        let problem = units::parse(text).expect_err(text);
        assert_eq!((problem.position, problem.length), (position, length), "{text}: {problem:?}");
        assert!(problem.message.contains(message), "{text}: {problem:?}");
        assert!(problem.help.contains(help), "{text}: {problem:?}");
    }
    let deep = "(".repeat(100_000);
    assert!(units::parse(&deep).is_err());
}

#[test]
fn quantities_are_a_number_and_a_unit() {
    for (text, unit, want) in [
        ("2e6 cells/kg", "cells/kg", 2e6),
        ("14 day", "day", 14.0),
        ("2 week", "day", 14.0),
        ("300 mg/m2", "g/m2", 0.3),
        ("-5 day", "day", -5.0),
        ("72 h", "day", 3.0),
        ("1e9 cells", "cells", 1e9),
        ("10^9/L", "1/L", 1e9),
        ("1.2 10^9/L", "10^9/L", 1.2),
        ("1.2e9/L", "10^9/L", 1.2),
        ("0.33", "1", 0.33),
        ("30 %", "1", 0.3),
        ("30%", "%", 30.0),
        ("3/day", "1/week", 21.0),
        ("3 per month", "1/year", 36.0),
        ("2 patients/month", "patients/year", 24.0),
        ("38.5 degC", "degC", 38.5),
        ("24 month", "year", 2.0),
    ] {
        let got = units::in_unit(text, unit).unwrap_or_else(|problem| panic!("{text}: {problem}"));
        assert!((got - want).abs() <= 1e-14 * want.abs(), "{text}: {got}");
    }
    // Numbers in their own unit are not touched.
    assert_eq!(units::in_unit("0.1 mg/L", "mg/L").map(f64::to_bits), Ok(0.1_f64.to_bits()));
}

#[test]
fn a_wrong_dimension_names_both() {
    let problem = units::in_unit("5 mg/L", "day").unwrap_err();
    assert_eq!(problem.message, "`5 mg/L` is mass/volume, not time");
    assert!(units::quantity("abc").unwrap_err().message.contains("expected a number"));
    assert_eq!(units::quantity("5 mgg").unwrap_err().position, 2);
}

#[test]
fn ranges_have_two_ends() {
    let (low, high, unit) = units::range("14..21 day").unwrap();
    assert_eq!((low as i64, high as i64), (14, 21));
    assert!(unit.compatible(&units::parse("week").unwrap()));
    assert_eq!(units::range("-7 .. -2.5 day").map(|(low, _, _)| low as i64), Ok(-7));
    let problem = units::range("21..14 day").unwrap_err();
    assert_eq!((problem.position, problem.length), (4, 2));
    assert!(problem.message.contains("21..14"));
    assert!(units::range("14 day").unwrap_err().message.contains("`..`"));
}

/// The problems of a model of three symbols with units: `m` mg, `v` L, `t` day, `n` a number.
fn dimension_problems(statements: &str) -> Vec<String> {
    let text = format!(
        "unit time_unit = day; m = 1; m has mg; v = 2; v has L; t = 3; t has day\n\
         k = 1; k has per_day; unit per_day = 1/day; n = 1; n has dimensionless; free = 1\n{statements}"
    );
    let model = antimony::read(&text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
    units::check(&model).problems.iter().map(ToString::to_string).collect()
}

#[test]
fn what_fits_makes_no_problem() {
    for statements in [
        "x := m/v",
        "x := m + 5; y := 5 - m; z := m > 0",
        "x := m/(m + free); x has dimensionless",
        "x := exp(-k*time) + ln(m/m) + sqrt(m*m)/m",
        "x := m^2/(m^2 + (3*m)^2); x has dimensionless",
        "x := m^n; x has L",
        "x := 1000*m; x has g",
        "x := piecewise(m, time > t, 0); x has mg",
        "x = 1; x' = -k*x; x has mg",
        "x = 1; x' = m/t; x has mg",
        "x = 1; x' = free; x has mg",
        "x = 0; x has mg; at (time > 3*t): x = x + m",
        "x := min(m, 3, 2*m); x has mg",
        "x := m*k; y := x*t; y has mg",
    ] {
        assert_eq!(dimension_problems(statements), Vec::<String>::new(), "{statements}");
    }
}

#[test]
fn what_does_not_fit_is_named_with_both_sides() {
    for (statements, want) in [
        ("x := m + v", "3:10: `m` is in mg (mass), `v` in L (volume)"),
        ("x := m > t", "3:10: `m` is in mg (mass), `t` in day (time)"),
        ("x := exp(t)", "3:10: the argument `t` must be a pure number, but is in day (time)"),
        ("x := n^t", "3:8: the exponent `t` must be a pure number, but is in day (time)"),
        ("x := m/v; x has mg", "3:6: `x` is in mg (mass), its formula `m/v` in mass/volume"),
        ("x = v; x has mg", "3:5: `x` is in mg (mass), its formula `v` in L (volume)"),
        (
            "x = 1; x' = m; x has mg",
            "3:13: the rate of `x` is in mass/time, its formula `m` in mg (mass)",
        ),
        (
            "x = 0; x has mg; at (time > t): x = t",
            "3:37: `x` is in mg (mass), its formula `t` in day (time)",
        ),
        (
            "y = 1; y has g; x := m + y",
            "3:26: `m` is in mg (mass), `y` in g (mass); one is 1000 times the other",
        ),
        (
            "x := m*k; y := x*t; y has L",
            "3:16: `y` is in L (volume), its formula `x*t` in mg (mass)",
        ),
        ("x := piecewise(m, n > 1, v)", "3:26: `m` is in mg (mass), `v` in L (volume)"),
        (
            "x := sqrt(m) + n",
            "3:16: `sqrt(m)` is in mass^0.5, `n` in dimensionless (a pure number)",
        ),
    ] {
        assert_eq!(dimension_problems(statements), [want], "{statements}");
    }
}

#[test]
fn symbols_without_a_unit_are_listed() {
    let model = antimony::read("a = 1; a has mg; b = 2; c := a + b").unwrap();
    let checked = units::check(&model);
    let names = checked.undeclared.iter().map(|id| model.symbols[id.0 as usize].name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["b", "c"]);
    assert!(checked.problems.is_empty());
}
