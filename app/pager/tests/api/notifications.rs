//! `GET /notifications`.

use serde_json::{Value, json};

use crate::support::{KEY, Service};

#[test]
fn an_item_has_exactly_what_was_agreed() {
    let service = Service::start(&[]);
    service.client.trigger("HighErrorRate", "k", "too many");
    let item = &service.client.notifications()[0];
    let names: Vec<_> = item.as_object().expect("an object").keys().collect();
    assert_eq!(
        names,
        [
            "alertname",
            "alerts",
            "annotations",
            "dedup_key",
            "id",
            "labels",
            "more",
            "received_at",
            "receiver",
            "severity",
            "status"
        ]
    );
    let time = item["received_at"].as_str().expect("a text");
    assert!(
        time.len() == 24 && time.ends_with('Z') && &time[19..20] == ".",
        "{time}"
    );
}

#[test]
fn selects_by_time_and_name_oldest_first() {
    let service = Service::start(&[]);
    for name in ["A", "B", "A"] {
        service.client.trigger(name, name, "");
    }
    let ids = |query: &str| -> Vec<u64> {
        let answer = service.client.get(&format!("/notifications{query}"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        let Value::Array(items) = answer.json() else {
            panic!("not a list");
        };
        items
            .iter()
            .filter_map(|item| item["id"].as_u64())
            .collect()
    };
    assert_eq!(ids(""), [1, 2, 3]);
    assert_eq!(ids("?alertname=A"), [1, 3]);
    assert_eq!(ids("?alertname=C"), [0_u64; 0]);
    let last = service.client.notifications()[2]["received_at"].clone();
    let since = last.as_str().expect("a text");
    assert!(
        ids(&format!("?since={since}")).contains(&3),
        "its own instant counts"
    );
    assert_eq!(ids("?since=4102444800"), [0_u64; 0]);
    assert_eq!(ids("?since=2020-01-01T00:00:00%2B02:00&alertname=B"), [2]);
}

#[test]
fn a_message_about_several_alerts_is_found_by_each_of_them() {
    let service = Service::start(&[]);
    let firing =
        "Since 2026-01-01 00:00:00 UTC\n  31 % of orders fail\n  \n  * alertname = HighErrorRate\n";
    let over = "From 2026-01-01 00:00:00 to 00:01:00 UTC, 1m 0s\n  gone\n  \n  * alertname = OrderServiceDown\n";
    let event = json!({
        "routing_key": KEY, "event_action": "trigger", "dedup_key": "k",
        "payload": {
            "summary": "HighErrorRate: 31 % of orders fail", "source": "order-service", "severity": "critical",
            "class": "HighErrorRate, OrderServiceDown",
            "custom_details": {"labels": "* job = order-service\n", "firing": firing, "resolved": over},
        },
    });
    assert_eq!(
        service.client.post("/pagerduty/v2/enqueue", &event).status,
        202
    );
    let found = |name: &str| {
        service
            .client
            .get(&format!("/notifications?alertname={name}"))
            .json()
    };
    assert_eq!(found("OrdersStalled"), json!([]));
    for name in [
        "HighErrorRate",
        "OrderServiceDown",
        "HighErrorRate,%20OrderServiceDown",
    ] {
        let item = &found(name)[0];
        assert_eq!(
            (&item["status"], &item["alertname"]),
            (&json!("firing"), &json!("HighErrorRate, OrderServiceDown"))
        );
        assert_eq!(
            item["alerts"],
            json!([
                {
                    "status": "firing",
                    "labels": {"alertname": "HighErrorRate", "job": "order-service"},
                    "annotations": {"summary": "31 % of orders fail"},
                },
                {
                    "status": "resolved",
                    "labels": {"alertname": "OrderServiceDown", "job": "order-service"},
                    "annotations": {"summary": "gone"},
                },
            ])
        );
    }
}

#[test]
fn a_wrong_parameter_is_an_error() {
    let service = Service::start(&[]);
    for (query, code) in [
        ("sinse=1", "unknown_parameter"),
        ("since=yesterday", "invalid_parameter"),
        ("alertname=A&alertname=B", "repeated_parameter"),
    ] {
        let answer = service.client.get(&format!("/notifications?{query}"));
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (400, &code.into()),
            "{query}"
        );
    }
}
