//! The page that Prometheus scrapes: gathered from one registry, completed by empty histograms, encoded as text.
//!
//! The SDK exports a histogram only once something is recorded. The first burst after a start would then appear together with
//! its series, already counted, and `rate()` would see no increase. So every series that is known beforehand is shown at zero
//! until the SDK exports it. The text of these zeros never changes, so it is made once.

use std::slice;

use opentelemetry::KeyValue;
use prometheus::proto::{Bucket, Histogram, LabelPair, Metric, MetricFamily, MetricType};
use prometheus::{Registry, TextEncoder};

/// What `/metrics` is served as.
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// Renders the metrics.
pub struct Exposition {
    registry: Registry,
    /// Those of one family are next to each other.
    zeros: Vec<EmptyHistogram>,
}

impl Exposition {
    pub(super) fn new(registry: Registry, zeros: Vec<EmptyHistogram>) -> Self {
        Self { registry, zeros }
    }

    /// Gathers everything and encodes it in the Prometheus text format.
    ///
    /// # Errors
    /// A metric cannot be encoded.
    pub fn render(&self) -> prometheus::Result<String> {
        let families = self.registry.gather();
        let mut page = String::new();
        for family in &families {
            TextEncoder::new().encode_utf8(slice::from_ref(family), &mut page)?;
            for zero in self.zeros.iter().filter(|zero| zero.belongs_to(family)) {
                if !zero.is_recorded_in(family) {
                    page.push_str(&zero.samples);
                }
            }
        }
        self.append_unrecorded(&families, &mut page);
        Ok(page)
    }

    /// Whole families in which nothing has been recorded yet.
    fn append_unrecorded(&self, families: &[MetricFamily], page: &mut String) {
        let mut last = "";
        for zero in &self.zeros {
            if !families.iter().any(|family| zero.belongs_to(family)) {
                if zero.family != last {
                    page.push_str(&zero.header);
                    last = &zero.family;
                }
                page.push_str(&zero.samples);
            }
        }
    }
}

/// One histogram series with nothing in it.
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
    pub(super) fn new(family: &str, help: &str, bounds: &[f64], labels: &[KeyValue]) -> Self {
        let mut labels: Vec<LabelPair> = labels.iter().map(label).collect();
        labels.sort_by(|a, b| a.name().cmp(b.name()));
        let mut histogram = Histogram::default();
        histogram.set_bucket(bounds.iter().map(|bound| empty_bucket(*bound)).collect());
        let mut series = Metric::from_label(labels.clone());
        series.set_histogram(histogram);
        let mut page = MetricFamily::default();
        page.set_name(family.to_owned());
        page.set_help(help.to_owned());
        page.set_field_type(MetricType::HISTOGRAM);
        page.set_metric(vec![series]);
        let page = TextEncoder::new()
            .encode_to_string(&[page])
            .expect("a family with a name and a series can be encoded");
        let (header, samples) = page
            .split_inclusive('\n')
            .partition::<Vec<_>, _>(|line| line.starts_with('#'));
        Self {
            family: family.to_owned(),
            labels,
            header: header.concat(),
            samples: samples.concat(),
        }
    }

    fn belongs_to(&self, family: &MetricFamily) -> bool {
        family.name() == self.family
    }

    fn is_recorded_in(&self, family: &MetricFamily) -> bool {
        let mut recorded = family.get_metric().iter();
        recorded.any(|series| series.get_label() == self.labels)
    }
}

/// A label as the exporter names it: dots become underscores.
fn label(label: &KeyValue) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(label.key.as_str().replace('.', "_"));
    pair.set_value(label.value.to_string());
    pair
}

fn empty_bucket(upper_bound: f64) -> Bucket {
    let mut bucket = Bucket::default();
    bucket.set_upper_bound(upper_bound);
    bucket
}
