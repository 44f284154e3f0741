//! The two instruments, and where `customer_id` goes when it is asked for.

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, MeterProvider};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};
use serde::{Deserialize, Deserializer};
use service::parameters::read;

/// As many as `order_duration_seconds` has in order-service: with count, sum and `+Inf`, 21 series for each customer.
const BOUNDS: [f64; 18] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 30.0,
    60.0,
];

/// What every order is said to take, in seconds; how long it is does not matter here.
const SECONDS: f64 = 0.08;

/// The instrument that carries the label.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum LabelOn {
    /// Nobody gets an unbounded label by leaving something out.
    #[default]
    Nothing,
    Counter,
    Histogram,
}

impl<'de> Deserialize<'de> for LabelOn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wanted = "nothing, counter or histogram";
        read(deserializer, wanted, |name| match name {
            "nothing" => Some(Self::Nothing),
            "counter" => Some(Self::Counter),
            "histogram" => Some(Self::Histogram),
            _ => None,
        })
    }
}

/// The instruments and the page they appear on.
pub(crate) struct Telemetry {
    orders: Counter<u64>,
    duration: Histogram<f64>,
    registry: Registry,
    /// Without it nothing is gathered any more.
    _provider: SdkMeterProvider,
}

impl Telemetry {
    /// Sets up one registry. The limit of label sets is the SDK's own.
    pub(crate) fn new() -> Result<Self, opentelemetry_sdk::error::OTelSdkError> {
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .scope_info_enabled(false)
            .build()?;
        let provider = SdkMeterProvider::builder().with_reader(exporter).build();
        let meter = provider.meter(env!("CARGO_PKG_NAME"));
        let telemetry = Self {
            orders: meter
                .u64_counter("lab.orders")
                .with_description("Orders of the experiment.")
                .build(),
            duration: meter
                .f64_histogram("lab.order.duration")
                .with_description("Duration of the experiment's orders.")
                .with_unit("s")
                .with_boundaries(BOUNDS.to_vec())
                .build(),
            registry,
            _provider: provider,
        };
        telemetry.orders.add(0, &[]);
        Ok(telemetry)
    }

    pub(crate) fn record(&self, customers: u64, label_on: LabelOn) {
        for customer in 1..=customers {
            let id = [KeyValue::new("customer_id", customer.cast_signed())];
            let labels = |on| if on == label_on { &id[..] } else { &[] };
            self.orders.add(1, labels(LabelOn::Counter));
            self.duration.record(SECONDS, labels(LabelOn::Histogram));
        }
    }

    pub(crate) fn page(&self) -> prometheus::Result<String> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}
