//! The parameters that are specific to orders; how a query is parsed: [`service::parameters`].

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use service::parameters::Parameters;
use service::problem::Problem;

use super::problem;

/// What is added to the service time of a slow order, unless told otherwise.
const DEFAULT_SLOW_SECONDS: f64 = 3.0;
/// The longest slowness that can be asked for.
const MAX_SLOW_SECONDS: f64 = 60.0;

/// Refuses a request with a body: parameters in it (`curl -d count=50`) would be ignored.
pub(super) struct NoBody;

impl<S: Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let path = request.uri().path().to_owned();
        match to_bytes(request.into_body(), 0).await {
            Ok(_empty) => Ok(Self),
            Err(_longer_or_cut_off) => Err(problem::unexpected_body(&path)),
        }
    }
}

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

    #[test]
    fn a_slow_order_is_slower_by_three_seconds_unless_told_otherwise() {
        let parameters =
            Parameters::parse(Some("slow=true"), &["slow", "slow_seconds"]).expect("known");
        assert_eq!(slowness(&parameters).ok(), Some(Duration::from_secs(3)));
    }

    proptest! {
        #[test]
        fn takes_what_is_in_range_and_nothing_else(value in prop_oneof![-0.5..1.5, -10.0..100.0]) {
            let query = format!("error_rate={value}&slow_seconds={value}");
            let parameters = Parameters::parse(Some(&query), &["error_rate", "slow_seconds"]).expect("both are known");
            let share = (0.0..=1.0).contains(&value).then_some(value);
            prop_assert_eq!(rate(&parameters, "error_rate").ok(), share);
            let seconds = (0.0..=60.0).contains(&value).then(|| Duration::from_secs_f64(value));
            prop_assert_eq!(slowness(&parameters).ok(), seconds);
        }
    }
}
