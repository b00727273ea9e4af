//! Distributions that a protocol or a table of covariates may name, read from text.
//!
//! `normal(mean=66;sd=12.3;lo=28;hi=92)`: parameters are those before truncation, and `lo` and `hi`
//! truncate truly: the law is the part between them, not values moved to the nearer limit.

use std::fmt;
use std::str::FromStr;

use crate::math::{exp, ln, ln_1p, pow};
use crate::special::{beta_quantile, gamma, normal_cdf, normal_density, normal_quantile};

/// A law of one random number.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the parameters carry the names of the text form")]
pub enum Distribution {
    /// Normal, truncated to `lo` to `hi`.
    Normal { mean: f64, sd: f64, lo: f64, hi: f64 },
    /// The logarithm is normal with standard deviation `sigma`.
    LogNormal { median: f64, sigma: f64, lo: f64, hi: f64 },
    /// In per cent; the logit of the share is normal with standard deviation `sd`.
    LogitNormal { median: f64, sd: f64, lo: f64, hi: f64 },
    /// 0 with probability `p_zero`, else log-normal.
    ZeroLogNormal { p_zero: f64, median: f64, sigma: f64, lo: f64, hi: f64 },
    /// Beta.
    Beta { a: f64, b: f64 },
    /// 1 with probability `p`, else 0.
    Bernoulli { p: f64 },
    /// The index of a category; names with their probabilities, in order.
    Categorical { categories: Vec<(String, f64)> },
    /// Always the same.
    Constant { value: f64 },
    /// Weibull.
    Weibull { shape: f64, median: f64 },
    /// Uniform.
    Uniform { lo: f64, hi: f64 },
}

/// Why a text names no distribution.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DistributionError {
    /// The text has no `name(...)`.
    #[error("`{0}` has no form like `normal(mean=66;sd=12)`")]
    Form(String),
    /// The name is not on the list.
    #[error(
        "`{0}` is no known distribution: normal, lognormal, logitnormal, zlognormal, beta, \
         bernoulli, categorical, constant, weibull, uniform"
    )]
    Name(String),
    /// A parameter that the distribution needs is not there.
    #[error("`{name}` needs `{parameter}`")]
    Missing {
        /// The distribution.
        name: String,
        /// Its parameter.
        parameter: &'static str,
    },
    /// A parameter that the distribution does not have, or has twice.
    #[error("`{name}` has no place for `{parameter}`")]
    Unknown {
        /// The distribution.
        name: String,
        /// The parameter found.
        parameter: String,
    },
    /// A value is not a number.
    #[error("`{parameter}` is `{found}`, not a number")]
    Number {
        /// The parameter.
        parameter: String,
        /// The text found.
        found: String,
    },
    /// A value lies outside what the parameter allows.
    #[error("`{parameter}` is {found}; it must be {limit}")]
    Limit {
        /// The parameter.
        parameter: &'static str,
        /// The value found.
        found: f64,
        /// What it must be.
        limit: &'static str,
    },
}

impl Distribution {
    /// Reads a text such as `lognormal(median=230;sigma=1.5;lo=5;hi=60000)`.
    pub fn parse(text: &str) -> Result<Self, DistributionError> {
        let form = || DistributionError::Form(text.trim().to_owned());
        let (name, rest) = text.trim().split_once('(').ok_or_else(form)?;
        let body = rest.strip_suffix(')').ok_or_else(form)?;
        let mut pairs = Vec::new();
        for part in body.split([';', ',']).map(str::trim).filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').ok_or_else(form)?;
            let (key, value) = (key.trim().to_owned(), value.trim());
            let number = value.parse::<f64>().ok().filter(|number| !number.is_nan());
            let number = number.ok_or_else(|| DistributionError::Number {
                parameter: key.clone(),
                found: value.to_owned(),
            })?;
            pairs.push((key, number));
        }
        let name = name.trim().to_owned();
        if name == "categorical" {
            return categorical(pairs);
        }
        let mut given = Given { name, pairs };
        let distribution = given.distribution()?;
        match given.pairs.pop() {
            Some((parameter, _)) => Err(DistributionError::Unknown { name: given.name, parameter }),
            None => Ok(distribution),
        }
    }

    /// The value below which a share `u` of the law lies; for categories, the index of the category.
    pub fn quantile(&self, u: f64) -> f64 {
        match *self {
            Self::Normal { mean, sd, lo, hi } => {
                Gaussian::between(mean, sd, lo, hi).quantile(u).clamp(lo, hi)
            }
            Self::LogNormal { median, sigma, lo, hi } => {
                let law = Gaussian::between(ln(median), sigma, ln(lo), ln(hi));
                exp(law.quantile(u)).clamp(lo, hi)
            }
            Self::LogitNormal { median, sd, lo, hi } => {
                let law = Gaussian::between(logit(median), sd, logit(lo), logit(hi));
                (100.0 / (1.0 + exp(-law.quantile(u)))).clamp(lo, hi)
            }
            Self::ZeroLogNormal { p_zero, median, sigma, lo, hi } => {
                if u <= p_zero {
                    return 0.0;
                }
                let rest = (u - p_zero) / (1.0 - p_zero);
                Self::LogNormal { median, sigma, lo, hi }.quantile(rest)
            }
            Self::Beta { a, b } => beta_quantile(u, a, b),
            Self::Bernoulli { p } => f64::from(u8::from(u > 1.0 - p)),
            Self::Categorical { ref categories } => category(categories, u) as f64,
            Self::Constant { value } => value,
            Self::Weibull { shape, median } => {
                weibull_scale(shape, median) * pow(-ln_1p(-u), 1.0 / shape)
            }
            Self::Uniform { lo, hi } => lo + u * (hi - lo),
        }
    }

    /// The mean of the law, truncation included; for categories, the mean index.
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Normal { mean, sd, lo, hi } => Gaussian::between(mean, sd, lo, hi).mean(),
            Self::LogNormal { median, sigma, lo, hi } => {
                Gaussian::between(ln(median), sigma, ln(lo), ln(hi)).mean_of_exponential()
            }
            Self::LogitNormal { .. } => {
                // No closed form: the average of the quantiles at 4,000 evenly spaced shares.
                (0..4_000).map(|i| self.quantile((f64::from(i) + 0.5) / 4_000.0)).sum::<f64>()
                    / 4_000.0
            }
            Self::ZeroLogNormal { p_zero, median, sigma, lo, hi } => {
                (1.0 - p_zero) * Self::LogNormal { median, sigma, lo, hi }.mean()
            }
            Self::Beta { a, b } => a / (a + b),
            Self::Bernoulli { p } => p,
            Self::Categorical { ref categories } => {
                categories.iter().enumerate().map(|(index, (_, p))| index as f64 * p).sum()
            }
            Self::Constant { value } => value,
            Self::Weibull { shape, median } => {
                weibull_scale(shape, median) * gamma(1.0 + 1.0 / shape)
            }
            Self::Uniform { lo, hi } => f64::midpoint(lo, hi),
        }
    }

    /// The names of the categories with their probabilities; empty for every other law.
    pub fn categories(&self) -> &[(String, f64)] {
        match self {
            Self::Categorical { categories } => categories,
            _ => &[],
        }
    }
}

impl FromStr for Distribution {
    type Err = DistributionError;

    fn from_str(text: &str) -> Result<Self, DistributionError> {
        Self::parse(text)
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bounds =
            |f: &mut fmt::Formatter<'_>, (lo, least): (f64, f64), (hi, most): (f64, f64)| {
                if lo > least {
                    write!(f, ";lo={lo}")?;
                }
                if hi < most {
                    write!(f, ";hi={hi}")?;
                }
                write!(f, ")")
            };
        let most = f64::INFINITY;
        match *self {
            Self::Normal { mean, sd, lo, hi } => {
                write!(f, "normal(mean={mean};sd={sd}")?;
                bounds(f, (lo, f64::NEG_INFINITY), (hi, most))
            }
            Self::LogNormal { median, sigma, lo, hi } => {
                write!(f, "lognormal(median={median};sigma={sigma}")?;
                bounds(f, (lo, 0.0), (hi, most))
            }
            Self::LogitNormal { median, sd, lo, hi } => {
                write!(f, "logitnormal(median={median};sd={sd}")?;
                bounds(f, (lo, 0.0), (hi, 100.0))
            }
            Self::ZeroLogNormal { p_zero, median, sigma, lo, hi } => {
                write!(f, "zlognormal(p_zero={p_zero};median={median};sigma={sigma}")?;
                bounds(f, (lo, 0.0), (hi, most))
            }
            Self::Beta { a, b } => write!(f, "beta(a={a};b={b})"),
            Self::Bernoulli { p } => write!(f, "bernoulli(p={p})"),
            Self::Categorical { ref categories } => {
                let parts: Vec<String> =
                    categories.iter().map(|(name, p)| format!("{name}={p}")).collect();
                write!(f, "categorical({})", parts.join(";"))
            }
            Self::Constant { value } => write!(f, "constant(value={value})"),
            Self::Weibull { shape, median } => write!(f, "weibull(shape={shape};median={median})"),
            Self::Uniform { lo, hi } => write!(f, "uniform(lo={lo};hi={hi})"),
        }
    }
}

/// A normal law between two limits, on the standard scale.
struct Gaussian {
    mean: f64,
    sd: f64,
    low: f64,
    high: f64,
}

impl Gaussian {
    fn between(mean: f64, sd: f64, lo: f64, hi: f64) -> Self {
        Self { mean, sd, low: (lo - mean) / sd, high: (hi - mean) / sd }
    }

    fn quantile(&self, u: f64) -> f64 {
        if self.sd == 0.0 {
            return self.mean;
        }
        if self.low > 0.0 {
            // Entirely in the upper tail: work with upper tails, which keep their digits there.
            let (at_low, at_high) = (normal_cdf(-self.low), normal_cdf(-self.high));
            return self.mean - self.sd * normal_quantile(at_low - u * (at_low - at_high));
        }
        let (at_low, at_high) = (normal_cdf(self.low), normal_cdf(self.high));
        self.mean + self.sd * normal_quantile(at_low + u * (at_high - at_low))
    }

    /// The share of the law between two standard limits.
    fn share(low: f64, high: f64) -> f64 {
        if low > 0.0 {
            normal_cdf(-low) - normal_cdf(-high)
        } else {
            normal_cdf(high) - normal_cdf(low)
        }
    }

    fn mean(&self) -> f64 {
        if self.sd == 0.0 {
            return self.mean;
        }
        let lift = normal_density(self.low) - normal_density(self.high);
        self.mean + self.sd * lift / Self::share(self.low, self.high)
    }

    /// The mean of exp(x).
    fn mean_of_exponential(&self) -> f64 {
        if self.sd == 0.0 {
            return exp(self.mean);
        }
        let moved = Self::share(self.low - self.sd, self.high - self.sd);
        exp(self.mean + 0.5 * self.sd * self.sd) * moved / Self::share(self.low, self.high)
    }
}

/// The logit of a share given in per cent.
fn logit(per_cent: f64) -> f64 {
    ln(per_cent / (100.0 - per_cent))
}

fn weibull_scale(shape: f64, median: f64) -> f64 {
    median / pow(std::f64::consts::LN_2, 1.0 / shape)
}

/// The first category whose cumulative probability reaches `u`.
fn category(categories: &[(String, f64)], u: f64) -> usize {
    let mut sum = 0.0;
    let reached = categories.iter().position(|(_, p)| {
        sum += p;
        u <= sum
    });
    reached.unwrap_or(categories.len().saturating_sub(1))
}

/// Parameters not yet taken.
struct Given {
    name: String,
    pairs: Vec<(String, f64)>,
}

impl Given {
    fn distribution(&mut self) -> Result<Distribution, DistributionError> {
        match self.name.as_str() {
            "normal" => {
                let (mean, sd) = (self.take("mean")?, self.not_negative("sd")?);
                let (lo, hi) = self.bounds(f64::NEG_INFINITY, f64::INFINITY)?;
                Ok(Distribution::Normal { mean, sd, lo, hi })
            }
            "lognormal" => {
                let (median, sigma) = (self.positive("median")?, self.not_negative("sigma")?);
                let (lo, hi) = self.bounds(0.0, f64::INFINITY)?;
                Ok(Distribution::LogNormal { median, sigma, lo, hi })
            }
            "logitnormal" => {
                let (median, sd) = (self.positive("median")?, self.not_negative("sd")?);
                check("median", median, median < 100.0, "below 100 per cent")?;
                let (lo, hi) = self.bounds(0.0, 100.0)?;
                Ok(Distribution::LogitNormal { median, sd, lo, hi })
            }
            "zlognormal" => {
                let p_zero = self.probability("p_zero")?;
                let (median, sigma) = (self.positive("median")?, self.not_negative("sigma")?);
                let (lo, hi) = self.bounds(0.0, f64::INFINITY)?;
                Ok(Distribution::ZeroLogNormal { p_zero, median, sigma, lo, hi })
            }
            "beta" => Ok(Distribution::Beta { a: self.positive("a")?, b: self.positive("b")? }),
            "bernoulli" => Ok(Distribution::Bernoulli { p: self.probability("p")? }),
            "constant" => Ok(Distribution::Constant { value: self.take("value")? }),
            "weibull" => {
                let (shape, median) = (self.positive("shape")?, self.positive("median")?);
                Ok(Distribution::Weibull { shape, median })
            }
            "uniform" => {
                let (lo, hi) = (self.take("lo")?, self.take("hi")?);
                check("hi", hi, lo <= hi && (hi - lo).is_finite(), "finite and at least `lo`")?;
                Ok(Distribution::Uniform { lo, hi })
            }
            _ => Err(DistributionError::Name(self.name.clone())),
        }
    }

    fn optional(&mut self, parameter: &str) -> Option<f64> {
        let place = self.pairs.iter().position(|(key, _)| key == parameter)?;
        Some(self.pairs.remove(place).1)
    }

    fn take(&mut self, parameter: &'static str) -> Result<f64, DistributionError> {
        let missing = || DistributionError::Missing { name: self.name.clone(), parameter };
        let missing = missing();
        self.optional(parameter).ok_or(missing)
    }

    fn positive(&mut self, parameter: &'static str) -> Result<f64, DistributionError> {
        let value = self.take(parameter)?;
        check(parameter, value, value > 0.0 && value.is_finite(), "above 0")
    }

    fn not_negative(&mut self, parameter: &'static str) -> Result<f64, DistributionError> {
        let value = self.take(parameter)?;
        check(parameter, value, value >= 0.0 && value.is_finite(), "at least 0")
    }

    fn probability(&mut self, parameter: &'static str) -> Result<f64, DistributionError> {
        let value = self.take(parameter)?;
        check(parameter, value, (0.0..=1.0).contains(&value), "between 0 and 1")
    }

    fn bounds(&mut self, least: f64, most: f64) -> Result<(f64, f64), DistributionError> {
        let lo = self.optional("lo").unwrap_or(least);
        let hi = self.optional("hi").unwrap_or(most);
        check("lo", lo, lo >= least, "inside the range of the distribution")?;
        check("hi", hi, hi <= most, "inside the range of the distribution")?;
        check("hi", hi, lo < hi, "above `lo`")?;
        Ok((lo, hi))
    }
}

fn check(
    parameter: &'static str,
    found: f64,
    holds: bool,
    limit: &'static str,
) -> Result<f64, DistributionError> {
    if holds { Ok(found) } else { Err(DistributionError::Limit { parameter, found, limit }) }
}

fn categorical(categories: Vec<(String, f64)>) -> Result<Distribution, DistributionError> {
    let mut sum = 0.0;
    for (index, (name, p)) in categories.iter().enumerate() {
        check("category", *p, (0.0..=1.0).contains(p), "a probability between 0 and 1")?;
        if categories[..index].iter().any(|(earlier, _)| earlier == name) {
            let name_of_law = "categorical".to_owned();
            return Err(DistributionError::Unknown { name: name_of_law, parameter: name.clone() });
        }
        sum += p;
    }
    check("sum of the probabilities", sum, (sum - 1.0_f64).abs() < 1e-6, "1")?;
    Ok(Distribution::Categorical { categories })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 12] = [
        "normal(mean=66;sd=12.3;lo=28;hi=92)",
        "normal(mean=0;sd=1)",
        "lognormal(median=230;sigma=1.5;lo=5;hi=60000)",
        "logitnormal(median=35;sd=1.7;lo=0.5;hi=98)",
        "zlognormal(p_zero=0.25;median=1000;sigma=1.3;lo=20;hi=20000)",
        "beta(a=1.5;b=12.5)",
        "bernoulli(p=0.035)",
        "categorical(IgG=0.47;IgA=0.23;LC=0.21;IgD=0.06;IgM=0.01;nonsecretory=0.02)",
        "constant(value=-3)",
        "weibull(shape=1.3;median=13.8)",
        "uniform(lo=-1;hi=4)",
        "normal(mean=10;sd=2;lo=14;hi=30)",
    ];

    #[test]
    fn a_law_reads_back_what_it_prints() {
        for text in TEXTS {
            let law = Distribution::parse(text).unwrap();
            assert_eq!(law.to_string(), text);
        }
        let spaced = Distribution::parse(" normal( mean=66 , sd=12.3, lo=28, hi=92 ) ").unwrap();
        assert_eq!(spaced.to_string(), TEXTS[0]);
    }

    #[test]
    fn quantiles_never_fall_and_average_to_the_mean() {
        for text in TEXTS {
            let law = Distribution::parse(text).unwrap();
            let quantiles: Vec<f64> =
                (0..20_000).map(|i| law.quantile((f64::from(i) + 0.5) / 20_000.0)).collect();
            assert!(quantiles.is_sorted(), "{text}");
            let average = quantiles.iter().sum::<f64>() / 20_000.0;
            let size = law.mean().abs().max(1.0);
            assert!(
                (average - law.mean()).abs() < 1e-3 * size,
                "{text}: {average}, {}",
                law.mean()
            );
        }
    }

    #[test]
    fn truncation_removes_the_rest_of_the_law() {
        let law = Distribution::parse("normal(mean=0;sd=1;lo=0;hi=1)").unwrap();
        // scipy.stats.truncnorm(0, 1).ppf(0.5)
        assert!((law.quantile(0.5) - 0.441_770_546_686_581_1).abs() < 1e-12);
        assert!(law.quantile(1e-12) < 1e-9 && law.quantile(1.0 - 1e-12) > 1.0 - 1e-9);
    }

    #[test]
    fn medians_are_where_the_text_says() {
        for (text, median) in [
            ("lognormal(median=230;sigma=1.5)", 230.0),
            ("logitnormal(median=35;sd=1.7)", 35.0),
            ("weibull(shape=0.7;median=4.6)", 4.6),
        ] {
            let got = Distribution::parse(text).unwrap().quantile(0.5);
            assert!((got / median - 1.0).abs() < 1e-14, "{text}: {got}");
        }
    }

    #[test]
    fn categories_come_in_their_order() {
        let law = Distribution::parse("categorical(a=0.2;b=0.5;c=0.3)").unwrap();
        let got: Vec<f64> = [0.1, 0.3, 0.69, 0.71, 1.0].map(|u| law.quantile(u)).to_vec();
        assert_eq!(got, [0.0, 1.0, 1.0, 2.0, 2.0]);
        assert_eq!(law.categories()[1].0, "b");
    }

    #[test]
    fn a_text_that_names_no_law_says_why() {
        for (text, message) in [
            ("normal", "`normal` has no form like `normal(mean=66;sd=12)`"),
            ("normal(mean=1)", "`normal` needs `sd`"),
            ("normal(mean=1;sd=2;high=3)", "`normal` has no place for `high`"),
            ("normal(mean=1;sd=2;sd=3)", "`normal` has no place for `sd`"),
            ("normal(mean=x;sd=2)", "`mean` is `x`, not a number"),
            ("lognormal(median=-1;sigma=2)", "`median` is -1; it must be above 0"),
            ("lognormal(median=1;sigma=2;lo=5;hi=4)", "`hi` is 4; it must be above `lo`"),
            ("categorical(a=0.5;b=0.4)", "`sum of the probabilities` is 0.9; it must be 1"),
        ] {
            assert_eq!(Distribution::parse(text).unwrap_err().to_string(), message);
        }
        assert!(matches!(Distribution::parse("gaussian(p=1)"), Err(DistributionError::Name(_))));
    }
}
