//! Settings: read through a look-up by name, checked as a whole, every error named with its value and what was wanted.
//!
//! Which settings there are, their ranges and defaults: in the `config` of each service.

use std::env;
use std::fmt::{self, Display};
use std::ops::RangeInclusive;
use std::str::FromStr;

use tracing_subscriber::filter::{LevelFilter, Targets};

/// The look-up in this process's environment.
pub fn environment(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// One setting that is wrong.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError {
    name: &'static str,
    value: String,
    expected: String,
}

/// Every setting that is wrong.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = if self.0.len() == 1 {
            "setting is"
        } else {
            "settings are"
        };
        write!(f, "{} {settings} wrong:", self.0.len())?;
        for ConfigError {
            name,
            value,
            expected,
        } in &self.0
        {
            write!(f, "\n  {name}={value}: expected {expected}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Reads one setting after the other and keeps the errors. One that is absent or empty has its default.
#[derive(Debug)]
pub struct Reader<L> {
    lookup: L,
    errors: Vec<ConfigError>,
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    /// Reads through this look-up.
    pub fn new(lookup: L) -> Self {
        Self {
            lookup,
            errors: Vec::new(),
        }
    }

    /// Whatever the type's own parser takes.
    pub fn parsed<T: FromStr>(&mut self, name: &'static str, default: T, expected: &str) -> T {
        self.read(name, default, expected, |text| text.parse().ok())
    }

    /// A whole number in this range.
    pub fn whole<T>(&mut self, name: &'static str, default: T, range: RangeInclusive<T>) -> T
    where
        T: FromStr + PartialOrd + Display,
    {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        self.read(name, default, &expected, |text| {
            text.parse().ok().filter(|number| range.contains(number))
        })
    }

    /// A number from 0 to `max`; NaN is in no range.
    pub fn number(&mut self, name: &'static str, default: f64, max: f64) -> f64 {
        let expected = format!("a number from 0 to {max}");
        self.read(name, default, &expected, |text| {
            text.parse()
                .ok()
                .filter(|number| (0.0..=max).contains(number))
        })
    }

    /// `on` or `off`.
    pub fn switch(&mut self, name: &'static str, default: bool) -> bool {
        self.read(name, default, "on or off", |text| match text {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        })
    }

    /// `LOG_FILTER`; `module` is the service's own, for the example in the error. Without it, `info`. `RUST_LOG` is not read: it
    /// is set in many a shell for some other program, and what it says there need not be a filter for this one.
    pub fn log_filter(&mut self, module: &str) -> Targets {
        self.read(
            "LOG_FILTER",
            Targets::new().with_default(tracing::Level::INFO),
            &format!("a level or a filter, such as debug or info,{module}=debug"),
            log_filter,
        )
    }

    /// Anything that `parse` accepts.
    pub fn read<T>(
        &mut self,
        name: &'static str,
        default: T,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> T {
        let Some(value) = (self.lookup)(name).filter(|value| !value.is_empty()) else {
            return default;
        };
        parse(&value).unwrap_or_else(|| {
            self.errors.push(ConfigError {
                name,
                value,
                expected: expected.to_owned(),
            });
            default
        })
    }

    /// What was made of the settings, if none of them is wrong.
    ///
    /// # Errors
    /// Every setting that is wrong, all at once.
    pub fn finish<T>(self, config: T) -> Result<T, ConfigErrors> {
        if self.errors.is_empty() {
            Ok(config)
        } else {
            Err(ConfigErrors(self.errors))
        }
    }
}

/// A filter whose parts are levels (`debug`) or targets with a level (`order_service=debug`). The parser alone would take a
/// misspelled level for the name of a target, and log nothing. Targets that no part names are logged from `info` on: without
/// that, a filter for one target would silence all others, and panics with them.
fn log_filter(text: &str) -> Option<Targets> {
    let is_complete = |part: &str| part.contains('=') || part.parse::<LevelFilter>().is_ok();
    let filter: Targets = text
        .split(',')
        .all(is_complete)
        .then(|| text.parse().ok())
        .flatten()?;
    Some(match filter.default_level() {
        Some(_) => filter,
        None => filter.with_default(LevelFilter::INFO),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(value: &str) -> Reader<impl Fn(&str) -> Option<String>> {
        let value = value.to_owned();
        Reader::new(move |_| Some(value.clone()))
    }

    #[test]
    fn keeps_every_error_until_the_end() {
        let mut reader = reader("x");
        assert_eq!(reader.whole("COUNT", 3, 1..=9), 3);
        assert!(reader.switch("SWITCH", true));
        let errors = reader.finish(()).expect_err("both are wrong");
        assert_eq!(
            errors.to_string(),
            "2 settings are wrong:\
             \n  COUNT=x: expected a whole number from 1 to 9\
             \n  SWITCH=x: expected on or off"
        );
    }

    #[test]
    fn an_empty_setting_has_its_default() {
        let mut reader = reader("");
        assert_eq!(reader.whole("COUNT", 3, 1..=9), 3);
        assert_eq!(reader.finish("fine"), Ok("fine"));
    }

    #[test]
    fn refuses_what_is_not_a_number_in_range() {
        for value in ["NaN", "inf", "-1", "2.1"] {
            let mut reader = reader(value);
            reader.number("SHARE", 0.5, 2.0);
            assert!(reader.finish(()).is_err(), "{value}");
        }
    }

    #[test]
    fn a_misspelled_level_is_an_error() {
        for (value, admitted) in [("debug", true), ("info,pager=debug", true), ("inof", false)] {
            let mut reader = reader(value);
            reader.log_filter("pager");
            assert_eq!(reader.finish(()).is_ok(), admitted, "{value}");
        }
    }

    #[test]
    fn panics_are_logged_unless_everything_is_off() {
        for (value, logged) in [
            ("pager=debug", true),
            ("off,pager=debug", false),
            ("off", false),
        ] {
            let filter = reader(value).log_filter("pager");
            let enabled = filter.would_enable("service::logging", &tracing::Level::ERROR);
            assert_eq!(enabled, logged, "{value}");
        }
    }
}
