//! What a panel's query must do, as facts about its structure.
//!
//! Structure rather than results: two right queries with different windows return different numbers, a wrong one may return the
//! right number by chance on an idle stack, and only the structure can say what is missing. Every fact holds for more than one
//! way to write the query; how it is laid out, its window and its labels are the learner's.

use super::selectors::{Step, Use};

/// A panel and what its query must do.
pub(crate) struct Panel {
    /// Its title.
    pub(crate) title: &'static str,
    /// Each with the hint for when it does not hold.
    pub(crate) facts: &'static [Fact],
}

/// One thing that is so or not.
pub(crate) struct Fact {
    /// What is so.
    pub(crate) claim: &'static str,
    /// What to do if it isn't.
    pub(crate) hint: &'static str,
    holds: fn(&[Use]) -> bool,
}

/// The four panels of the first row.
pub(crate) const PANELS: [Panel; 4] = [
    Panel {
        title: "Order Rate",
        facts: &[
            Fact {
                claim: "reads orders_processed_total",
                hint: "the counter of finished orders is orders_processed_total",
                holds: |uses| reads(uses, "orders_processed_total"),
            },
            Fact {
                claim: "takes its rate: a counter by itself only rises",
                hint: "put rate(…[$__rate_interval]) around the counter",
                holds: |uses| {
                    all(uses, "orders_processed_total", |u| {
                        u.is_in(&["rate", "irate"])
                    })
                },
            },
            Fact {
                claim: "keeps status, so that failures have their own line",
                hint: "sum by (status) (…), or no sum at all",
                holds: |uses| all(uses, "orders_processed_total", |u| u.keeps("status")),
            },
        ],
    },
    Panel {
        title: "P95 Latency",
        facts: &[
            Fact {
                claim: "reads order_duration_seconds_bucket",
                hint: "a quantile is computed from the buckets: order_duration_seconds_bucket",
                holds: |uses| reads(uses, "order_duration_seconds_bucket"),
            },
            Fact {
                claim: "takes the rate of the buckets: they are counters",
                hint: "put rate(…[$__rate_interval]) around the buckets, inside everything else",
                holds: |uses| {
                    all(uses, "order_duration_seconds_bucket", |u| {
                        u.is_in(&["rate", "irate", "increase"])
                    })
                },
            },
            Fact {
                claim: "keeps le until the quantile is computed",
                hint: "sum by (le) (…): without le there are no buckets left",
                holds: |uses| {
                    all(uses, "order_duration_seconds_bucket", |u| {
                        u.keeps_in_quantile("le")
                    })
                },
            },
            Fact {
                claim: "asks for the quantile 0.95",
                hint: "put histogram_quantile(0.95, …) around the sum",
                holds: |uses| {
                    all(uses, "order_duration_seconds_bucket", |u| {
                        u.quantile() == Some(0.95)
                    })
                },
            },
        ],
    },
    Panel {
        title: "Queue Depth",
        facts: &[
            Fact {
                claim: "reads order_queue_depth",
                hint: "the gauge of waiting orders is order_queue_depth",
                holds: |uses| reads(uses, "order_queue_depth"),
            },
            Fact {
                claim: "shows it as it is: a gauge needs no rate",
                hint: "leave out rate(): a gauge already says how many there are now",
                holds: |uses| {
                    all(uses, "order_queue_depth", |u| {
                        !u.is_in(&["rate", "irate", "increase"])
                    })
                },
            },
        ],
    },
    Panel {
        title: "Error Rate",
        facts: &[
            Fact {
                claim: "divides failures …",
                hint: "on the left: rate(orders_processed_total{status=\"failure\"}[$__rate_interval])",
                holds: |uses| {
                    uses.iter()
                        .any(|u| u.is_rate_of_orders() && u.failures() && u.has(&Step::Left))
                },
            },
            Fact {
                claim: "… by all orders",
                hint: "on the right: the same without {status=\"failure\"}",
                holds: |uses| {
                    uses.iter()
                        .any(|u| u.is_rate_of_orders() && u.everything() && u.has(&Step::Right))
                },
            },
            Fact {
                claim: "sums both sides, so that their labels match",
                hint: "sum(…) / sum(…): otherwise failures are divided by failures, which is always 1",
                holds: |uses| {
                    let mut sides = divided(uses).peekable();
                    sides.peek().is_some() && sides.all(|u| u.drops_before_division("status"))
                },
            },
            Fact {
                claim: "sums both sides by the same labels",
                hint: "use the same labels on both sides: sum by (job) (…) / sum by (job) (…)",
                holds: |uses| {
                    let mut groupings = divided(uses).map(Use::grouping_in_division);
                    let first = groupings.next();
                    first.is_some_and(|first| groupings.all(|other| other == first))
                },
            },
        ],
    },
];

fn reads(uses: &[Use], name: &str) -> bool {
    uses.iter().any(|u| u.name == name)
}

/// The selectors on both sides of a division.
fn divided(uses: &[Use]) -> impl Iterator<Item = &Use> {
    uses.iter()
        .filter(|u| u.has(&Step::Left) || u.has(&Step::Right))
}

fn all(uses: &[Use], name: &str, holds: impl Fn(&Use) -> bool) -> bool {
    reads(uses, name) && uses.iter().filter(|u| u.name == name).all(holds)
}

impl Fact {
    /// Whether it is so.
    pub(crate) fn holds(&self, uses: &[Use]) -> bool {
        (self.holds)(uses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::selectors::uses;

    fn missing(title: &str, expr: &str) -> Vec<&'static str> {
        let panel = PANELS.iter().find(|panel| panel.title == title);
        let uses = uses(expr).expect("PromQL");
        let facts = panel.expect("a panel").facts.iter();
        facts
            .filter(|fact| !fact.holds(&uses))
            .map(|fact| fact.claim)
            .collect()
    }

    #[test]
    fn more_than_one_way_is_right() {
        for (title, expr) in [
            ("Order Rate", "rate(orders_processed_total[1m])"),
            (
                "Order Rate",
                "sum by (status) (rate(orders_processed_total[$__rate_interval]))",
            ),
            (
                "Order Rate",
                "sum without (instance, job) (rate(orders_processed_total[5m]))",
            ),
            (
                "P95 Latency",
                "histogram_quantile(0.95, rate(order_duration_seconds_bucket[5m]))",
            ),
            (
                "P95 Latency",
                "max(histogram_quantile(0.95, sum by (le, instance) (rate(order_duration_seconds_bucket[$__rate_interval]))))",
            ),
            ("Queue Depth", "order_queue_depth"),
            ("Queue Depth", "sum(order_queue_depth)"),
            (
                "Error Rate",
                r#"sum(rate(orders_processed_total{status="failure"}[5m])) / sum(rate(orders_processed_total[5m]))"#,
            ),
            (
                "Error Rate",
                r#"sum by (job, instance) (rate(orders_processed_total{status="failure"}[5m])) / sum by (instance, job) (rate(orders_processed_total[5m]))"#,
            ),
            (
                "Error Rate",
                r#"100 * sum by (job) (increase(orders_processed_total{status!="success"}[5m])) / sum by (job) (increase(orders_processed_total[5m]))"#,
            ),
        ] {
            assert_eq!(missing(title, expr), Vec::<&str>::new(), "{expr}");
        }
    }

    #[test]
    fn each_usual_mistake_is_named() {
        for (title, expr, claim) in [
            ("Order Rate", "orders_processed_total", "takes its rate"),
            (
                "Order Rate",
                "sum(rate(orders_processed_total[1m]))",
                "keeps status",
            ),
            (
                "P95 Latency",
                "rate(order_duration_seconds_sum[5m])",
                "reads order_duration",
            ),
            (
                "P95 Latency",
                "histogram_quantile(0.95, order_duration_seconds_bucket)",
                "takes the rate",
            ),
            (
                "P95 Latency",
                "histogram_quantile(0.95, sum(rate(order_duration_seconds_bucket[5m])))",
                "keeps le",
            ),
            (
                "P95 Latency",
                "histogram_quantile(0.5, rate(order_duration_seconds_bucket[5m]))",
                "asks for the quantile",
            ),
            (
                "Queue Depth",
                "rate(order_queue_depth[1m])",
                "shows it as it is",
            ),
            (
                "Error Rate",
                r#"sum(rate(orders_processed_total{status="failure"}[5m]))"#,
                "divides",
            ),
            (
                "Error Rate",
                r#"rate(orders_processed_total{status="failure"}[5m]) / rate(orders_processed_total[5m])"#,
                "sums both sides, so",
            ),
            (
                "Error Rate",
                r#"sum(rate(orders_processed_total{status="failure"}[5m]) / rate(orders_processed_total[5m]))"#,
                "sums both sides, so",
            ),
            (
                "Error Rate",
                r#"sum by (job) (rate(orders_processed_total{status="failure"}[5m])) / sum(rate(orders_processed_total[5m]))"#,
                "sums both sides by the same",
            ),
        ] {
            let missing = missing(title, expr);
            assert!(
                missing.iter().any(|found| found.starts_with(claim)),
                "{expr}: {missing:?}"
            );
        }
    }

    #[test]
    fn a_window_without_four_scrapes_is_refused() {
        assert!(uses("rate(orders_processed_total[15s])").is_err());
    }
}
