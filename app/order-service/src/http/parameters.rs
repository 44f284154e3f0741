//! The parameters that are particular to orders; how a query is parsed: [`service::parameters`].

use std::time::Duration;

use service::parameters::Parameters;
use service::problem::Problem;

/// How long a slow order takes longer, unless told otherwise.
const DEFAULT_SLOW_SECONDS: f64 = 3.0;
/// The longest slowness that can be asked for.
const MAX_SLOW_SECONDS: f64 = 60.0;

/// A share from 0 to 1; absent means 0.
pub(super) fn rate(parameters: &Parameters<'_>, name: &str) -> Result<f64, Problem> {
    parameters.number(name, 1.0).map(Option::unwrap_or_default)
}

/// `slow_seconds`, 0 to 60; absent means 3.
pub(super) fn slowness(parameters: &Parameters<'_>) -> Result<Duration, Problem> {
    parameters
        .number("slow_seconds", MAX_SLOW_SECONDS)
        .map(|seconds| Duration::from_secs_f64(seconds.unwrap_or(DEFAULT_SLOW_SECONDS)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_accepted_is_in_range(value in "[-+0-9a-zA-Z.%]{0,12}") {
            let query = format!("error_rate={value}&slow_seconds={value}");
            let parameters = Parameters::parse(Some(&query), &["error_rate", "slow_seconds"]).expect("both are known");
            if let Ok(rate) = rate(&parameters, "error_rate") {
                prop_assert!((0.0..=1.0).contains(&rate));
            }
            if let Ok(slowness) = slowness(&parameters) {
                prop_assert!(slowness <= Duration::from_mins(1));
            }
        }
    }
}
