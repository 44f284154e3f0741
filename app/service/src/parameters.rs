//! Strict query parsing: a query is deserialised into a type with `deny_unknown_fields`, and an unknown name, a repeated one or a
//! value out of range is an error that says what is right.
//!
//! If a typo were ignored (`error_rat=0.5`), an experiment that never happened would look like one that did.

use std::borrow::Cow;
use std::fmt::{self, Display};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::value::{CowStrDeserializer, MapAccessDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

use crate::problem::Problem;

/// Extracts the parameters of a request.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parse(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// Splits and decodes a query.
///
/// # Errors
/// 400: a name is not known or appears twice, or a value is not one of its type.
pub fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs = Pairs {
        rest: form_urlencoded::parse(query.as_bytes()),
        value: None,
    };
    T::deserialize(MapAccessDeserializer::new(pairs)).map_err(|fault| match fault {
        Fault::Known(problem) => problem,
        // Every error of a value gets its name, and a type with `default` lacks nothing.
        Fault::Value(expected) => Problem::bad_request("invalid_parameter", expected),
    })
}

/// `true` or `false`; absent means false.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flag(pub bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, "true or false", |text| text.parse().ok()).map(Self)
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole<const MIN: u64, const MAX: u64>(pub u64);

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = format_args!("a whole number from {MIN} to {MAX}");
        let is_in_range = |number: &u64| (MIN..=MAX).contains(number);
        read(deserializer, expected, |text| {
            text.parse().ok().filter(is_in_range)
        })
        .map(Self)
    }
}

/// A number from 0 to `MAX`. NaN and the infinities are refused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number<const MAX: u32>(pub f64);

impl<'de, const MAX: u32> Deserialize<'de> for Number<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = format_args!("a number from 0 to {MAX}");
        let is_in_range = |number: &f64| number.is_sign_positive() && *number <= f64::from(MAX);
        read(deserializer, expected, |text| {
            text.parse().ok().filter(is_in_range)
        })
        .map(Self)
    }
}

/// Anything that `parse` accepts; `expected` says in the error what that is.
///
/// # Errors
/// `parse` does not accept it.
pub fn read<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    expected: impl Display,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, D::Error> {
    let text = Cow::<str>::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| D::Error::custom(expected))
}

/// What is wrong with a query.
#[derive(Debug)]
enum Fault {
    /// A value is not what is expected; the caller knows its name.
    Value(String),
    Known(Problem),
}

impl Error for Fault {
    fn custom<T: Display>(expected: T) -> Self {
        Self::Value(expected.to_string())
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        Self::Known(Problem::unknown_parameter(name, known))
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::Known(Problem::repeated_parameter(name))
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Fault {}

/// The names and values, one after the other.
struct Pairs<'a> {
    rest: form_urlencoded::Parse<'a>,
    /// Of the name that was read last.
    value: Option<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'de> MapAccess<'de> for Pairs<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        self.value = self.rest.next();
        let name = self.value.as_ref().map(|(name, _)| name.clone());
        name.map(|name| seed.deserialize(name.into_deserializer()))
            .transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (name, text) = self.value.take().expect("a value is read after its name");
        seed.deserialize(Value(text.clone().into_deserializer()))
            .map_err(|fault| match fault {
                Fault::Value(expected) => {
                    Fault::Known(Problem::invalid_parameter(&name, &text, &expected))
                }
                known @ Fault::Known(_) => known,
            })
    }
}

/// A value that is there, also where it need not be.
struct Value<'a>(CowStrDeserializer<'a, Fault>);

impl<'de> Deserializer<'de> for Value<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Known {
        fail: Flag,
        count: Option<Whole<1, 10_000>>,
        error_rate: Option<Number<1>>,
        seed: Option<Whole<0, { u64::MAX }>>,
    }

    fn refused(query: &str) -> serde_json::Value {
        let problem = parse::<Known>(query).expect_err(query);
        serde_json::to_value(problem).expect("plain data")
    }

    #[test]
    fn refuses_what_is_not_a_number_in_range() {
        for value in [
            "NaN", "nan", "inf", "-inf", "infinity", "-1", "-0", "1.01", "1e300", "1e999", "", "x",
            "0,5",
        ] {
            let problem = refused(&format!("error_rate={value}"));
            assert_eq!(problem["code"], "invalid_parameter");
            assert_eq!(problem["parameter"], "error_rate");
            assert_eq!(problem["value"], value);
            assert_eq!(problem["expected"], "a number from 0 to 1");
        }
        for value in ["0", "-1", "10001", "1e3", "99999999999999999999", "2.5", ""] {
            let problem = refused(&format!("count={value}"));
            assert_eq!(problem["expected"], "a whole number from 1 to 10000");
        }
    }

    #[test]
    fn decodes_names_and_values() {
        let known = Known {
            error_rate: Some(Number(0.5)),
            seed: Some(Whole(u64::MAX)),
            ..Known::default()
        };
        let parsed = parse("error%5Frate=0%2E5&seed=18446744073709551615").ok();
        assert_eq!(parsed, Some(known));
        assert_eq!(parse("").ok(), Some(Known::default()));
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
            if let Ok(known) = parse::<Known>(&format!("error_rate={value}")) {
                let rate = known.error_rate;
                prop_assert!(rate.is_some_and(|Number(rate)| (0.0..=1.0).contains(&rate)));
            }
        }

        #[test]
        fn whatever_is_in_range_is_accepted(rate in 0.0..=1.0) {
            let known = parse::<Known>(&format!("error_rate={rate}"));
            prop_assert_eq!(known.ok().map(|known| known.error_rate), Some(Some(Number(rate))));
        }
    }
}
