//! Strict query parsing: an unknown name, a repeated one or a value out of range is an error that says what is right.
//!
//! If a typo were ignored (`error_rat=0.5`), an experiment that never happened would look like one that did.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::problem::Problem;

/// The parameters of one request.
#[derive(Debug)]
pub struct Parameters<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Parameters<'a> {
    /// Splits and decodes the query. Every name must be one of `known` and appear only once.
    ///
    /// # Errors
    /// 400: a name is not known or appears twice.
    pub fn parse(query: Option<&'a str>, known: &[&str]) -> Result<Self, Problem> {
        let mut pairs: Vec<(Cow<str>, Cow<str>)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if !known.contains(&name.as_ref()) {
                return Err(Problem::unknown_parameter(&name, known));
            }
            if pairs.iter().any(|(earlier, _)| *earlier == name) {
                return Err(Problem::repeated_parameter(&name));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// `true` or `false`; absent means false.
    ///
    /// # Errors
    /// 400: the value is anything else.
    pub fn flag(&self, name: &str) -> Result<bool, Problem> {
        self.value(name, "true or false", |text| text.parse().ok())
            .map(Option::unwrap_or_default)
    }

    /// A whole number in this range.
    ///
    /// # Errors
    /// 400: the value is anything else.
    pub fn whole<T>(&self, name: &str, range: &RangeInclusive<T>) -> Result<Option<T>, Problem>
    where
        T: FromStr + PartialOrd + Display,
    {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        self.value(name, &expected, |text| {
            text.parse().ok().filter(|number| range.contains(number))
        })
    }

    /// A number from 0 to `max`. NaN and the infinities are refused.
    ///
    /// # Errors
    /// 400: the value is anything else.
    pub fn number(&self, name: &str, max: f64) -> Result<Option<f64>, Problem> {
        let expected = format!("a number from 0 to {max}");
        self.value(name, &expected, |text| {
            text.parse()
                .ok()
                .filter(|number: &f64| number.is_sign_positive() && *number <= max)
        })
    }

    /// Anything that `parse` accepts; `expected` says in the error what that is.
    ///
    /// # Errors
    /// 400: `parse` does not accept it.
    pub fn value<T>(
        &self,
        name: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some((_, text)) = self.0.iter().find(|(known, _)| known == name) else {
            return Ok(None);
        };
        parse(text)
            .map(Some)
            .ok_or_else(|| Problem::invalid_parameter(name, text, expected))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KNOWN: [&str; 4] = ["fail", "count", "error_rate", "seed"];

    fn parse(query: &str) -> Result<Parameters<'_>, Problem> {
        Parameters::parse(Some(query), &KNOWN)
    }

    #[test]
    fn refuses_what_is_not_a_number_in_range() {
        for value in [
            "NaN", "nan", "inf", "-inf", "infinity", "-1", "-0", "1.01", "1e300", "1e999", "", "x",
            "0,5",
        ] {
            let query = format!("error_rate={value}");
            let parameters = parse(&query).expect("the name is known");
            assert!(parameters.number("error_rate", 1.0).is_err(), "{value}");
        }
        for value in ["0", "-1", "10001", "1e3", "99999999999999999999", "2.5", ""] {
            let query = format!("count={value}");
            let parameters = parse(&query).expect("the name is known");
            assert!(parameters.whole("count", &(1..=10_000)).is_err(), "{value}");
        }
    }

    #[test]
    fn a_flag_is_true_or_false_and_nothing_else() {
        assert!(parse("fail=true").is_ok_and(|p| p.flag("fail").is_ok_and(|on| on)));
        assert!(parse("fail=false").is_ok_and(|p| p.flag("fail").is_ok_and(|on| !on)));
        for value in ["", "1", "yes", "TRUE"] {
            let query = format!("fail={value}");
            assert!(
                parse(&query).is_ok_and(|p| p.flag("fail").is_err()),
                "{value}"
            );
        }
    }

    #[test]
    fn decodes_names_and_values() {
        let parameters =
            parse("error%5Frate=0%2E5&seed=18446744073709551615").expect("both are known");
        assert!(
            parameters
                .number("error_rate", 1.0)
                .is_ok_and(|rate| rate.is_some_and(|rate| (rate - 0.5).abs() < f64::EPSILON))
        );
        let seed = parameters.whole("seed", &(0..=u64::MAX));
        assert!(seed.is_ok_and(|seed| seed == Some(u64::MAX)));
    }

    #[test]
    fn refuses_a_repeated_name() {
        assert!(parse("count=1&count=2").is_err());
    }

    /// What could stand where a number is wanted: numbers of every size, many of them around the limits, and noise.
    fn number_or_noise() -> impl Strategy<Value = String> {
        prop_oneof![
            (-0.5..1.5).prop_map(|number: f64| number.to_string()),
            (-0.5..1.5).prop_map(|number: f64| format!("{number:e}")),
            any::<f64>().prop_map(|number| number.to_string()),
            prop::sample::select(vec!["0", "1", "-0", "inf", "-inf", "NaN"])
                .prop_map(str::to_owned),
            "[-+0-9a-zA-Z.%]{0,12}",
        ]
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_in_range(value in number_or_noise()) {
            let query = format!("error_rate={value}");
            let parameters = parse(&query).expect("the name is known");
            if let Ok(rate) = parameters.number("error_rate", 1.0) {
                prop_assert!(rate.is_some_and(|rate| (0.0..=1.0).contains(&rate)));
            }
        }

        #[test]
        fn whatever_is_in_range_is_accepted(rate in 0.0..=1.0) {
            let query = format!("error_rate={rate}");
            let parameters = parse(&query).expect("the name is known");
            prop_assert_eq!(parameters.number("error_rate", 1.0).ok(), Some(Some(rate)));
        }
    }
}
