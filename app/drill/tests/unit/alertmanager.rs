//! What is read from Alertmanager's metrics and configuration.

use super::{Requests, Routing, counters};

#[test]
fn reads_counters_with_and_without_the_receivers_name() {
    let text = "# HELP alertmanager_notification_requests_total x\n\
        alertmanager_notification_requests_total{integration=\"slack\"} 5\n\
        alertmanager_notification_requests_failed_total{integration=\"slack\"} 2\n\
        alertmanager_notification_requests_total{integration=\"webhook\",receiver_name=\"a\"} 3\n";
    let counters = counters(text);
    let of = |integration: &str, receiver: &str| {
        counters
            .get(&(integration.into(), receiver.into()))
            .copied()
    };
    let requests = |made, failed| Some(Requests { made, failed });
    assert_eq!(of("slack", ""), requests(5.0, 2.0));
    assert_eq!(of("webhook", "a"), requests(3.0, 0.0));
}

#[test]
fn routes_inherit_what_they_do_not_say() {
    let routing = Routing::parse(
        "
route:
  receiver: chat
  group_by: [alertname]
  group_wait: 10s
  routes:
    - { receiver: page, group_by: [job], group_interval: 1m, routes: [{ receiver: chat }] }
receivers:
  - { name: chat, slack_configs: [{}], webhook_configs: [{}] }
  - { name: page }
",
    )
    .expect("a configuration");
    let routes = |receiver: &str| {
        let routes = routing.to(receiver);
        routes
            .map(|route| {
                format!(
                    "{:?} {:?} {}",
                    route.group_wait,
                    route.group_interval,
                    route.group_by.join(",")
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(routes("page"), ["10s 60s job"]);
    assert_eq!(routes("chat"), ["10s 60s job", "10s 300s alertname"]);
    assert_eq!(routing.integrations("chat"), ["slack", "webhook"]);
    assert!(routing.integrations("page").is_empty() && Routing::parse("route: [").is_err());
}
