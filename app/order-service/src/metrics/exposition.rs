//! The page that Prometheus scrapes: gathered from one registry, completed by empty histograms, encoded as text.
//!
//! The SDK exports a histogram only once something is recorded. The first burst after a start would then appear together with
//! its series, already counted, and `rate()` would see no increase. So every series that is known beforehand is shown at zero
//! until the SDK exports it. The text of these zeros never changes, so it is made once.

use std::slice;

use opentelemetry::KeyValue;
use prometheus::proto::{Bucket, Histogram, LabelPair, Metric, MetricFamily, MetricType};
use prometheus::{Registry, TextEncoder};
use thiserror::Error;

/// What `/metrics` is served as.
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// The exporter adds this family to whatever is recorded. Without it there is no page: the meter provider is gone, and only the
/// process collector is left.
const REQUIRED_FAMILY: &str = "target_info";

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
    #[error("the metrics could not be encoded: {0}")]
    Encoding(prometheus::Error),
}

impl Exposition {
    pub(super) fn new(registry: Registry, empty: Vec<EmptyHistogram>) -> Self {
        Self { registry, empty }
    }

    /// Gathers everything and encodes it in the Prometheus text format.
    ///
    /// # Errors
    /// The meter provider is gone, or a metric cannot be encoded.
    pub fn render(&self) -> Result<String, ExpositionError> {
        let families = self.registry.gather();
        if !families
            .iter()
            .any(|family| family.name() == REQUIRED_FAMILY)
        {
            return Err(ExpositionError::NothingGathered);
        }
        let mut page = String::new();
        for family in &families {
            TextEncoder::new()
                .encode_utf8(slice::from_ref(family), &mut page)
                .map_err(ExpositionError::Encoding)?;
            for empty in self.empty.iter().filter(|empty| empty.belongs_to(family)) {
                if !empty.is_recorded_in(family) {
                    page.push_str(&empty.samples);
                }
            }
        }
        self.append_unrecorded(&families, &mut page);
        Ok(page)
    }

    /// Whole families in which nothing has been recorded yet.
    fn append_unrecorded(&self, families: &[MetricFamily], page: &mut String) {
        let mut last = "";
        for empty in &self.empty {
            if !families.iter().any(|family| empty.belongs_to(family)) {
                if empty.family != last {
                    page.push_str(&empty.header);
                    last = &empty.family;
                }
                page.push_str(&empty.samples);
            }
        }
    }
}

/// One histogram series with nothing in it. Those of one family are next to each other in the list.
pub(super) struct EmptyHistogram {
    family: String,
    /// Sorted by name, as the registry sorts them.
    labels: Vec<LabelPair>,
    /// The family's HELP and TYPE lines.
    header: String,
    /// The series' own lines, all 0.
    samples: String,
}

impl EmptyHistogram {
    pub(super) fn new(family: String, help: &str, bounds: &[f64], attributes: &[KeyValue]) -> Self {
        let mut labels: Vec<LabelPair> = attributes.iter().map(label).collect();
        labels.sort_by(|a, b| a.name().cmp(b.name()));
        let mut histogram = Histogram::default();
        histogram.set_bucket(bounds.iter().map(|bound| empty_bucket(*bound)).collect());
        let mut series = Metric::from_label(labels.clone());
        series.set_histogram(histogram);
        let mut page = MetricFamily::default();
        page.set_name(family.clone());
        page.set_help(help.to_owned());
        page.set_field_type(MetricType::HISTOGRAM);
        page.set_metric(vec![series]);
        let page = TextEncoder::new()
            .encode_to_string(&[page])
            .expect("a family with a name and a series can be encoded");
        let (header, samples) = page
            .split_inclusive('\n')
            .map(ToOwned::to_owned)
            .partition::<Vec<_>, _>(|line| line.starts_with('#'));
        Self {
            family,
            labels,
            header: header.concat(),
            samples: samples.concat(),
        }
    }

    fn belongs_to(&self, family: &MetricFamily) -> bool {
        family.name() == self.family
    }

    fn is_recorded_in(&self, family: &MetricFamily) -> bool {
        family
            .get_metric()
            .iter()
            .any(|metric| metric.get_label() == self.labels)
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
    use crate::metrics::{ResourceAttributes, Telemetry};
    use crate::orders::{Finished, OrderEvents, OrderQueue, Origin};

    #[test]
    fn there_is_no_page_once_the_meter_provider_is_gone() {
        let queue = OrderQueue::new(1, 1);
        let telemetry = Telemetry::new(&queue, ResourceAttributes::default(), [])
            .expect("the names are distinct");
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
        let telemetry = Telemetry::new(&queue, ResourceAttributes::default(), [])
            .expect("the names are distinct");
        let count = |page: &str| -> Vec<String> {
            page.lines()
                .filter(|line| line.starts_with("order_duration_seconds_count"))
                .map(ToOwned::to_owned)
                .collect()
        };
        let page = telemetry.exposition.render().expect("there are metrics");
        assert_eq!(count(&page), ["order_duration_seconds_count 0"]);

        telemetry.metrics.finished(&Finished {
            id: uuid::Uuid::nil(),
            origin: Origin::Single,
            failure: None,
            duration: std::time::Duration::from_millis(80),
            awaited: true,
        });

        let page = telemetry.exposition.render().expect("there are metrics");
        assert_eq!(count(&page), ["order_duration_seconds_count 1"]);
    }
}
