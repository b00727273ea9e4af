//! Functions and tables against values of independent software.

use design::design::boin::{Boin, Settings};
use stats::{math, special};

use super::{Check, larger, number, rows};

const ELEMENTARY: &str = include_str!("../../../../../golden/stats/elementary.csv");
const SPECIAL: &str = include_str!("../../../../../golden/stats/special.csv");
const BOIN: &str = include_str!("../../../../../golden/design/boin_boundaries.csv");

pub(super) fn checks() -> Vec<Check> {
    vec![elementary_values(), special_functions(), boundaries()]
}

/// Our value and the reference value in every row of the table.
pub(super) fn elementary() -> Vec<(f64, f64)> {
    let value = |row: Vec<&str>| {
        let x = number(row[1]);
        let ours = match row[0] {
            "exp" => math::exp(x),
            "ln" => math::ln(x),
            "exp10" => math::exp10(x),
            _ => math::pow(x, number(row[2])),
        };
        (ours, number(row[3]))
    };
    rows(ELEMENTARY).map(value).collect()
}

fn elementary_values() -> Check {
    let distance = |(ours, reference): (f64, f64)| {
        ours.to_bits().cast_signed().abs_diff(reference.to_bits().cast_signed()) as f64
    };
    let largest = elementary().into_iter().map(distance).fold(0.0, larger);
    Check::within("exp, ln and pow against mpmath", "unit in the last place", largest, 1.0)
}

/// Deviations are told in units of the tolerance that the table states.
fn special_functions() -> Check {
    let mut largest = 0.0;
    for row in rows(SPECIAL) {
        let (x, a, b, reference) = (number(row[1]), row[2], row[3], number(row[4]));
        let (ours, relative, absolute) = match row[0] {
            "normal_cdf" => (special::normal_cdf(x), 1e-12, 0.0),
            "normal_quantile" => (special::normal_quantile(x), 1e-12, 1e-15),
            "ln_gamma" => (special::ln_gamma(x), 1e-12, 1e-14),
            "beta_cdf" => (special::beta_cdf(x, number(a), number(b)), 1e-11, 1e-14),
            _ => (special::beta_quantile(x, number(a), number(b)), 1e-11, 1e-14),
        };
        let tolerance = relative * reference.abs() + absolute;
        let deviation = (ours - reference).abs();
        largest = larger(largest, if deviation > 0.0 { deviation / tolerance } else { deviation });
    }
    Check::within(
        "normal, gamma and beta functions against SciPy",
        "of the tolerance",
        largest,
        1.0,
    )
}

/// Every boundary of the interval design, whole numbers.
fn boundaries() -> Check {
    let mut count = 0;
    let mut same = 0;
    for row in rows(BOIN) {
        count += 1;
        let mut settings = Settings::new(number(row[1]));
        settings.underdosing = Some(number(row[2]));
        settings.overdosing = Some(number(row[3]));
        settings.elimination = number(row[4]);
        let Ok(design) = Boin::new(settings) else { continue };
        let Ok(patients) = row[7].parse() else { continue };
        let limits = design.boundaries(patients);
        let eliminate = limits.eliminate_at_least.map_or(String::new(), |dlts| dlts.to_string());
        let found = [
            limits.escalate_at_most.to_string(),
            limits.de_escalate_at_least.to_string(),
            eliminate,
        ];
        same += usize::from(found.iter().map(String::as_str).eq(row[8..11].iter().copied()));
    }
    let name = "BOIN decision tables against the R package";
    Check::same(name, format!("{count} rows the same"), format!("{same} rows the same"))
}
