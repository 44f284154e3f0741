//! The page that Prometheus scrapes: gathered from one registry, completed by empty histograms, encoded as text.
//!
//! The SDK exports a histogram from its first record on. Then the first burst after a start would be born with its counts
//! already in it, and `rate()` sees no increase. So every series that is known beforehand is added at zero until the SDK
//! brings it.

use opentelemetry::KeyValue;
use prometheus::proto::{Bucket, Histogram, LabelPair, Metric, MetricFamily, MetricType};
use prometheus::{Registry, TextEncoder};
use thiserror::Error;

/// What `/metrics` is served as.
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// Without this family the page is not worth a 200: the meter provider is gone, only the process collector is left.
const REQUIRED_FAMILY: &str = "orders_processed_total";

/// Renders the metrics.
pub struct Exposition {
    registry: Registry,
    empty: Vec<EmptyHistogram>,
}

/// Why there is no page.
#[derive(Debug, Error)]
pub enum ExpositionError {
    /// The pipeline from the instruments to the registry is gone.
    #[error("{REQUIRED_FAMILY} is not among the gathered metrics: the meter provider is gone")]
    NothingGathered,
    /// The text encoder refused a metric.
    #[error("the metrics could not be encoded")]
    Encoding(#[from] prometheus::Error),
}

impl Exposition {
    pub(super) fn new(registry: Registry, empty: Vec<EmptyHistogram>) -> Self {
        Self { registry, empty }
    }

    /// Gathers everything and encodes it in the Prometheus text format.
    ///
    /// # Errors
    /// The orders are not among what was gathered, or a metric cannot be encoded.
    pub fn render(&self) -> Result<String, ExpositionError> {
        let mut families = self.registry.gather();
        if !families
            .iter()
            .any(|family| family.name() == REQUIRED_FAMILY)
        {
            return Err(ExpositionError::NothingGathered);
        }
        for empty in &self.empty {
            empty.add_to(&mut families);
        }
        // Families of which nothing was recorded were added at the end.
        families.sort_by(|a, b| a.name().cmp(b.name()));
        Ok(TextEncoder::new().encode_to_string(&families)?)
    }
}

/// One histogram series with nothing in it.
pub(super) struct EmptyHistogram {
    family: &'static str,
    help: &'static str,
    /// Prepared once: labels sorted by name as the registry sorts them, all counts 0.
    series: Metric,
}

impl EmptyHistogram {
    pub(super) fn new(
        family: &'static str,
        help: &'static str,
        bounds: &[f64],
        attributes: &[KeyValue],
    ) -> Self {
        let mut labels: Vec<LabelPair> = attributes.iter().map(label).collect();
        labels.sort_by(|a, b| a.name().cmp(b.name()));
        let mut histogram = Histogram::default();
        histogram.set_bucket(bounds.iter().map(|bound| empty_bucket(*bound)).collect());
        let mut series = Metric::from_label(labels);
        series.set_histogram(histogram);
        Self {
            family,
            help,
            series,
        }
    }

    fn add_to(&self, families: &mut Vec<MetricFamily>) {
        match families
            .iter_mut()
            .find(|family| family.name() == self.family)
        {
            Some(family) => {
                let labels = self.series.get_label();
                if !family
                    .get_metric()
                    .iter()
                    .any(|metric| metric.get_label() == labels)
                {
                    family.mut_metric().push(self.series.clone());
                }
            }
            None => families.push(self.family()),
        }
    }

    fn family(&self) -> MetricFamily {
        let mut family = MetricFamily::default();
        family.set_name(self.family.to_owned());
        family.set_help(self.help.to_owned());
        family.set_field_type(MetricType::HISTOGRAM);
        family.set_metric(vec![self.series.clone()]);
        family
    }
}

/// An attribute as the exporter names it: dots become underscores.
fn label(attribute: &KeyValue) -> LabelPair {
    let mut label = LabelPair::default();
    label.set_name(attribute.key.as_str().replace('.', "_"));
    label.set_value(attribute.value.to_string());
    label
}

fn empty_bucket(upper_bound: f64) -> Bucket {
    let mut bucket = Bucket::default();
    bucket.set_upper_bound(upper_bound);
    bucket
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Telemetry;
    use crate::orders::{OrderEvents, OrderQueue, OrderStatus};

    #[test]
    fn there_is_no_page_once_the_meter_provider_is_gone() {
        let queue = OrderQueue::new(1, 1);
        let telemetry = Telemetry::new(&queue, []).expect("the names are distinct");
        assert!(telemetry.exposition.render().is_ok());

        drop(telemetry.provider);

        let rendered = telemetry.exposition.render();
        assert!(
            matches!(rendered, Err(ExpositionError::NothingGathered)),
            "{rendered:?}"
        );
    }

    #[test]
    fn an_empty_histogram_gives_way_to_the_recorded_one() {
        let queue = OrderQueue::new(1, 1);
        let telemetry = Telemetry::new(&queue, []).expect("the names are distinct");
        let count = |page: &str| -> Vec<String> {
            page.lines()
                .filter(|line| line.starts_with("order_duration_seconds_count"))
                .map(ToOwned::to_owned)
                .collect()
        };
        let page = telemetry.exposition.render().expect("there are metrics");
        assert_eq!(count(&page), ["order_duration_seconds_count 0"]);

        telemetry
            .metrics
            .finished(OrderStatus::Success, std::time::Duration::from_millis(80));

        let page = telemetry.exposition.render().expect("there are metrics");
        assert_eq!(count(&page), ["order_duration_seconds_count 1"]);
    }
}
