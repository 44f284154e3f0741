//! What a panel's query must do, as facts about its structure.
//!
//! Structure rather than results: two right queries with different windows return different numbers, a wrong one may return the
//! right number by chance on an idle stack, and only the structure can say what is missing. Every fact holds for more than one
//! way to write the query; how it is laid out, its window and its labels are the learner's.

use super::selectors::{Step, Use};

pub(crate) struct Panel {
    pub(crate) title: &'static str,
    /// Each with the hint for when it does not hold.
    pub(crate) facts: &'static [Fact],
}

/// One thing that is so or not.
pub(crate) struct Fact {
    pub(crate) claim: &'static str,
    /// What to do if it isn't.
    pub(crate) hint: &'static str,
    pub(crate) holds: fn(&[Use]) -> bool,
}

const ORDERS: &str = "orders_processed_total";
const BUCKETS: &str = "order_duration_seconds_bucket";
const DEPTH: &str = "order_queue_depth";

/// The four panels of the first row.
pub(crate) const PANELS: [Panel; 4] = [
    Panel {
        title: "Order Rate",
        facts: &[
            fact(
                "reads orders_processed_total",
                "the counter of finished orders is orders_processed_total",
                |uses| reads(uses, ORDERS),
            ),
            fact(
                "takes its rate: a counter by itself only rises",
                "put rate(…[$__rate_interval]) around the counter",
                |uses| all(uses, ORDERS, Use::is_per_second),
            ),
            fact(
                "keeps status, so that failures have their own line",
                "sum by (status) (…), or no sum at all",
                |uses| all(uses, ORDERS, |u| u.keeps("status")),
            ),
        ],
    },
    Panel {
        title: "P95 Latency",
        facts: &[
            fact(
                "reads order_duration_seconds_bucket",
                "a quantile is computed from the buckets: order_duration_seconds_bucket",
                |uses| reads(uses, BUCKETS),
            ),
            fact(
                "takes the rate of the buckets: they are counters",
                "put rate(…[$__rate_interval]) around the buckets, inside everything else",
                |uses| all(uses, BUCKETS, Use::is_rate),
            ),
            fact(
                "keeps le until the quantile is computed",
                "sum by (le) (…): without le there are no buckets left",
                |uses| all(uses, BUCKETS, |u| u.keeps_in_quantile("le")),
            ),
            fact(
                "asks for the quantile 0.95",
                "put histogram_quantile(0.95, …) around the sum",
                |uses| all(uses, BUCKETS, |u| u.has(&Step::Quantile(0.95))),
            ),
        ],
    },
    Panel {
        title: "Queue Depth",
        facts: &[
            fact(
                "reads order_queue_depth",
                "the gauge of waiting orders is order_queue_depth",
                |uses| reads(uses, DEPTH),
            ),
            fact(
                "shows it as it is: a gauge needs no rate",
                "leave out rate(): a gauge already says how many there are now",
                |uses| all(uses, DEPTH, |u| !u.is_rate()),
            ),
        ],
    },
    Panel {
        title: "Error Rate",
        facts: &[
            fact(
                "divides failures …",
                "on the left: rate(orders_processed_total{status=\"failure\"}[$__rate_interval])",
                |uses| rate_of_orders(uses, &Step::Left, Use::failures),
            ),
            fact(
                "… by all orders",
                "on the right: the same without {status=\"failure\"}",
                |uses| rate_of_orders(uses, &Step::Right, Use::everything),
            ),
            fact(
                "sums both sides, so that their labels match",
                "sum(…) / sum(…): otherwise failures are divided by failures, which is always 1",
                |uses| {
                    let mut sides = divided(uses).peekable();
                    sides.peek().is_some() && sides.all(|u| u.drops_before_division("status"))
                },
            ),
            fact(
                "sums both sides by the same labels",
                "use the same labels on both sides: sum by (job) (…) / sum by (job) (…)",
                |uses| {
                    let mut groupings = divided(uses).map(Use::grouping_in_division);
                    let first = groupings.next();
                    first.is_some_and(|first| groupings.all(|other| other == first))
                },
            ),
        ],
    },
];

const fn fact(claim: &'static str, hint: &'static str, holds: fn(&[Use]) -> bool) -> Fact {
    Fact { claim, hint, holds }
}

fn reads(uses: &[Use], metric: &str) -> bool {
    uses.iter().any(|u| u.is_of(metric))
}

fn all(uses: &[Use], metric: &str, holds: fn(&Use) -> bool) -> bool {
    reads(uses, metric) && uses.iter().all(|u| !u.is_of(metric) || holds(u))
}

/// Whether such orders are on one side of a division, as a rate.
fn rate_of_orders(uses: &[Use], side: &Step, which: fn(&Use) -> bool) -> bool {
    uses.iter()
        .any(|u| u.is_of(ORDERS) && u.is_rate() && u.has(side) && which(u))
}

/// The selectors on both sides of a division.
fn divided(uses: &[Use]) -> impl Iterator<Item = &Use> {
    uses.iter()
        .filter(|u| u.has(&Step::Left) || u.has(&Step::Right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::selectors::uses;

    /// Title and query, by ` | `.
    const RIGHT: &str = r#"
Order Rate  | rate(orders_processed_total[1m])
Order Rate  | sum by (status) (rate(orders_processed_total[$__rate_interval]))
Order Rate  | sum without (instance, job) (rate(orders_processed_total[5m]))
P95 Latency | histogram_quantile(0.95, rate(order_duration_seconds_bucket[5m]))
P95 Latency | max(histogram_quantile(0.95, sum by (le, instance) (rate(order_duration_seconds_bucket[$__rate_interval]))))
Queue Depth | order_queue_depth
Queue Depth | sum(order_queue_depth)
Error Rate  | sum(rate(orders_processed_total{status="failure"}[5m])) / sum(rate(orders_processed_total[5m]))
Error Rate  | sum by (job, instance) (rate(orders_processed_total{status="failure"}[5m])) / sum by (instance, job) (rate(orders_processed_total[5m]))
Error Rate  | 100 * sum by (job) (increase(orders_processed_total{status!="success"}[5m])) / sum by (job) (increase(orders_processed_total[5m]))"#;

    /// Title, query, and the beginning of what is missing.
    const WRONG: &str = r#"
Order Rate  | orders_processed_total | takes its rate
Order Rate  | sum(rate(orders_processed_total[1m])) | keeps status
P95 Latency | rate(order_duration_seconds_sum[5m]) | reads order_duration
P95 Latency | histogram_quantile(0.95, order_duration_seconds_bucket) | takes the rate
P95 Latency | histogram_quantile(0.95, sum(rate(order_duration_seconds_bucket[5m]))) | keeps le
P95 Latency | histogram_quantile(0.5, rate(order_duration_seconds_bucket[5m])) | asks for the quantile
Queue Depth | rate(order_queue_depth[1m]) | shows it as it is
Error Rate  | sum(rate(orders_processed_total{status="failure"}[5m])) | divides
Error Rate  | rate(orders_processed_total{status="failure"}[5m]) / rate(orders_processed_total[5m]) | sums both sides, so
Error Rate  | sum(rate(orders_processed_total{status="failure"}[5m]) / rate(orders_processed_total[5m])) | sums both sides, so
Error Rate  | sum by (job) (rate(orders_processed_total{status="failure"}[5m])) / sum(rate(orders_processed_total[5m])) | sums both sides by the same"#;

    fn missing(title: &str, expr: &str) -> Vec<&'static str> {
        let panel = PANELS.iter().find(|panel| panel.title == title);
        let uses = uses(expr).expect("PromQL");
        let facts = panel.expect("a panel").facts.iter();
        let missing = facts.filter(|fact| !(fact.holds)(&uses));
        missing.map(|fact| fact.claim).collect()
    }

    #[test]
    fn more_than_one_way_is_right_and_each_usual_mistake_is_named() {
        for line in RIGHT
            .lines()
            .chain(WRONG.lines())
            .filter(|line| !line.is_empty())
        {
            let parts: Vec<_> = line.split(" | ").map(str::trim).collect();
            let missing = missing(parts[0], parts[1]);
            match parts.get(2) {
                None => assert!(missing.is_empty(), "{line}: {missing:?}"),
                Some(claim) => {
                    let named = missing.iter().any(|found| found.starts_with(claim));
                    assert!(named, "{line}: {missing:?}");
                }
            }
        }
        let three_scrapes = uses("rate(orders_processed_total[15s])");
        assert!(three_scrapes.is_err());
    }
}
