use super::*;

#[test]
fn replaces_variables_as_grafana_does() {
    let dashboard = Dashboard {
        name: "tested".to_owned(),
        json: serde_json::json!({
            "templating": { "list": [{
                "name": "instance",
                "allValue": ".*",
                "query": { "query": "label_values(order_workers{job=\"a\"}, instance)" },
            }] },
            "panels": [{ "type": "timeseries", "title": "Rate", "targets": [
                { "refId": "A", "expr": "rate(x{instance=~\"$instance\"}[$__rate_interval])" },
                { "refId": "B", "expr": "rate(x[$__rate_interval])", "interval": "15s" },
                { "refId": "C", "expr": "increase(x{instance=~\"${instance:regex}\"}[$__range])" },
                { "refId": "D", "expr": "avg_over_time(x[$__interval])", "interval": "15s" },
            ] }],
        }),
    };
    let exprs = |view: &View| -> Vec<String> {
        let queries = dashboard.queries_in(view);
        queries.into_iter().map(|query| query.expr).collect()
    };
    assert_eq!(
        exprs(&View::default()),
        [
            "rate(x{instance=~\".*\"}[20s])",
            "rate(x[60s])",
            "increase(x{instance=~\".*\"}[900s])",
            "avg_over_time(x[15s])",
            "order_workers{job=\"a\"}",
        ]
    );
    // 12 hours on a panel of 720 points.
    let wide = View {
        range: Duration::from_hours(12),
        interval: Duration::from_mins(1),
    };
    assert_eq!(
        exprs(&wide),
        [
            "rate(x{instance=~\".*\"}[65s])",
            "rate(x[75s])",
            "increase(x{instance=~\".*\"}[43200s])",
            "avg_over_time(x[60s])",
            "order_workers{job=\"a\"}",
        ]
    );
    let minute = View::with_rate_interval(Duration::from_mins(1));
    assert_eq!(exprs(&minute)[0], "rate(x{instance=~\".*\"}[60s])");
}

#[test]
fn a_query_is_found_by_the_names_that_people_see() {
    let expr = expr(
        "order-service",
        "Order Rate",
        "{{status}}",
        &View::default(),
    );
    assert_eq!(
        expr,
        "sum by (status) (rate(orders_processed_total{job=\"order-service\", instance=~\".*\"}[20s]))"
    );
}
