//! Wrong queries and wrong recording rules, each with what is to be said about it: a check that finds nothing proves nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use super::query::problems;
use super::recordings;
use super::rules::{Kind, Rule};
use super::series::Catalog;

/// Wrong queries, and a part of what is said about each.
const WRONG: [(&str, &str); 26] = [
    ("rate(orders_processed_total[1m]", "unclosed"),
    ("rate(orders_processed_total[$__rate_interval])", "$"),
    ("rate(order_processed_total[1m])", "nobody exposes"),
    ("job_slo:order_errors:ratio_rate7m", "nobody exposes"),
    ("prometheus_notifications_lost_total", "nobody exposes"),
    (r#"{__name__=~"job_slo:orders_lost:.*"}"#, "nobody exposes"),
    (
        r#"orders_processed_total{status="failed"}"#,
        "never has that value",
    ),
    (
        r#"orders_processed_total{status!="failed"}"#,
        "never has that value",
    ),
    (
        r#"orders_processed_total{status=~"fail|lost"}"#,
        "never has that value",
    ),
    (
        r#"job_slo:order_burn:ratio_rate5m{slo="freshness"}"#,
        "never has that value",
    ),
    (
        r#"ALERTS{alertname="HighErrorrate"}"#,
        "never has that value",
    ),
    (
        r#"orders_processed_total{state="failure"}"#,
        "no such label",
    ),
    (
        r#"job_slo:order_burn:ratio_rate5m{instance="a"}"#,
        "no such label",
    ),
    (r#"up{job="orderservice"}"#, "no such job"),
    (
        r#"orders_processed_total{job="prometheus"}"#,
        "another job exposes it",
    ),
    (
        r#"order_duration_seconds_bucket{le="3.0"}"#,
        "never has that value",
    ),
    (
        r#"order_duration_seconds_bucket{le="2"}"#,
        "never has that value",
    ),
    (
        r#"order_duration_seconds_bucket{le=~"2|2.0"}"#,
        "as it is stored",
    ),
    ("rate(orders_processed_total[15s])", "fewer than 4"),
    (
        "rate(alertmanager_notifications_failed_total[45s])",
        "fewer than 4",
    ),
    ("sum by (joob) (up)", "has the label"),
    ("rate(order_queue_depth[1m])", "a gauge"),
    ("delta(orders_processed_total[1m])", "reset to 0"),
    ("sum(up) or vector(0) > 1", "parentheses"),
    (
        "timestamp(last_over_time(up[5m]))",
        "the time of evaluation",
    ),
    (
        "prometheus_notifications_queue_length / (prometheus_notifications_queue_capacity)",
        "the same labels",
    ),
];

/// Quantiles that are compared with what they cannot tell, or have no buckets.
const WRONG_QUANTILES: [(&str, &str); 4] = [
    (
        "sum by (job, le) (rate(order_duration_seconds_bucket[5m]))",
        "> 1.8",
    ),
    (
        "sum by (job, le) (rate(order_duration_seconds_bucket[5m]))",
        "> 60",
    ),
    ("rate(order_duration_seconds_bucket[5m])", "* 2 > (3)"),
    (
        "sum by (job) (rate(order_duration_seconds_bucket[5m]))",
        "> 2",
    ),
];

#[test]
fn what_does_not_exist_or_cannot_be_meant_is_found() {
    let catalog = Catalog::read();
    for (wrong, why) in WRONG {
        let found = problems(&catalog, wrong);
        assert!(
            found.iter().any(|problem| problem.contains(why)),
            "{wrong}: {found:?} and not {why:?}"
        );
    }
    for (buckets, comparison) in WRONG_QUANTILES {
        let wrong = format!("histogram_quantile(0.95, {buckets}) {comparison}");
        assert!(
            !problems(&catalog, &wrong).is_empty(),
            "{wrong} went through"
        );
    }
    for right in [
        r#"sum(rate(order_duration_seconds_bucket{le="2.0"}[1m]))"#,
        "histogram_quantile(0.95, sum by (le) (rate(order_duration_seconds_bucket[5m]))) > 2",
        "2.5 < histogram_quantile(0.95, rate(order_duration_seconds_bucket[5m]))",
        r#"{__name__=~"job_slo:order_burn:.*", slo="latency"}"#,
        r#"count by (metric) (label_replace({job="order-service", otel_metric_overflow="true"}, "metric", "$1", "__name__", "(.+)"))"#,
        "increase(alertmanager_notifications_failed_total[1m])",
        "deriv(order_queue_depth[1m])",
        "(sum(up) or vector(0)) > 1",
        "max_over_time(timestamp(up)[5m:15s])",
        "order_queue_depth / order_queue_capacity > 0.8",
        "prometheus_notifications_queue_length / on (job, instance) group_left () prometheus_notifications_queue_capacity",
    ] {
        let found = problems(&catalog, right);
        assert!(found.is_empty(), "{right}: {found:?}");
    }
}

#[test]
fn wrong_recording_rules_are_found() {
    let catalog = Catalog::read();
    let rule = |record: &str, expr: &str| Rule {
        group: "tested".to_owned(),
        interval: Duration::from_secs(5),
        kind: Kind::Record(record.to_owned()),
        expr: expr.to_owned(),
        labels: BTreeMap::new(),
    };
    let rates = |record: &str| rule(record, "sum by (job) (rate(orders_processed_total[5m]))");
    let of_a_rate = "job_slo:order_errors:rate5m";
    for (wrong, why) in [
        (
            vec![rates("orders_per_second")],
            "is not level:metric:operations",
        ),
        (vec![rates("jobs:orders:rate5m")], "labels that are none"),
        (vec![rates("job:Orders:rate5m")], "is no metric"),
        (vec![rates("job:orders:per_second")], "are no operations"),
        (
            vec![rates("job_slo:orders:rate5m")],
            "its series have the labels",
        ),
        (
            vec![rates("instance:orders:rate5m")],
            "its series have the labels",
        ),
        (vec![rates("job:orders:rate1h")], "is not over 1h alone"),
        (
            vec![rule("job_slo:orders:ratio_rate1h", of_a_rate)],
            "is not over 1h alone",
        ),
        (vec![rates("job:orders:rate5m")], "nobody reads"),
        (
            vec![
                rule("job_slo:orders:ratio_rate5m", of_a_rate),
                rule(of_a_rate, "job_slo:orders_valid:rate5m"),
            ],
            "records only later",
        ),
    ] {
        let found = recordings::problems(&catalog, &wrong, &[]);
        assert!(
            found.iter().any(|problem| problem.contains(why)),
            "{wrong:?}: {found:?} and not {why:?}"
        );
    }
    let right = [rule("job_slo:orders:ratio_rate5m", of_a_rate)];
    let found = recordings::problems(&catalog, &right, &[]);
    assert_eq!(found, ["nobody reads job_slo:orders:ratio_rate5m"]);
}
