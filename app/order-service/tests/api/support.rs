//! How these tests start the service.

use std::process::Command;

use service::testing::Service;

pub(crate) const SUCCEEDED: &str = r#"orders_processed_total{status="success"}"#;
pub(crate) const FAILED: &str = r#"orders_processed_total{status="failure"}"#;
/// Orders finished, however they ended.
pub(crate) const FINISHED: &str = "order_duration_seconds_count";

/// The program; unless told otherwise, orders take no time.
pub(crate) fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_order-service"));
    program
        .env_clear()
        .env("ORDER_ADDRESS", "127.0.0.1:0")
        .env("ORDER_SERVICE_TIME_MEDIAN_MS", "0");
    program
}

pub(crate) fn start(settings: &[(&str, &str)]) -> Service {
    Service::start(program().envs(settings.iter().copied()))
}
