//! `GET /notifications`.

use serde_json::json;

use crate::support::{KEY, Pager};

#[test]
fn an_item_has_exactly_what_was_agreed() {
    let pager = Pager::start(&[]);
    pager.trigger("HighErrorRate", "k", "too many");
    let item = &pager.notifications()[0];
    let names: Vec<_> = item.as_object().expect("an object").keys().collect();
    let agreed = "alertname alerts annotations dedup_key id labels more received_at receiver severity status";
    assert_eq!(names, agreed.split(' ').collect::<Vec<_>>());
    let time = item["received_at"].as_str().expect("a text");
    assert!(
        time.len() == 24 && time.ends_with('Z') && &time[19..20] == ".",
        "{time}"
    );
}

#[test]
fn selects_by_time_and_name_oldest_first() {
    let pager = Pager::start(&[]);
    for name in ["A", "B", "A"] {
        pager.trigger(name, name, "");
    }
    let ids = |query: &str| -> Vec<u64> {
        let answer = pager.get(&format!("/notifications?{query}"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        let items = answer.json();
        let items = items.as_array().expect("a list").iter();
        items.filter_map(|item| item["id"].as_u64()).collect()
    };
    assert_eq!(ids(""), [1, 2, 3]);
    assert_eq!(ids("alertname=A"), [1, 3]);
    assert_eq!(ids("alertname=C"), [0_u64; 0]);
    let last = pager.notifications()[2]["received_at"].clone();
    let since = format!("since={}", last.as_str().expect("a text"));
    assert!(ids(&since).contains(&3), "its own instant counts");
    assert_eq!(ids("since=4102444800"), [0_u64; 0]);
    assert_eq!(ids("since=2020-01-01T00:00:00%2B02:00&alertname=B"), [2]);
}

#[test]
fn a_message_about_several_alerts_is_found_by_each_of_them() {
    let pager = Pager::start(&[]);
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
    assert_eq!(pager.enqueue(&event).status, 202);
    let found = |name: &str| {
        pager
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
        assert_eq!(item["status"], "firing");
        assert_eq!(item["alertname"], "HighErrorRate, OrderServiceDown");
        let alert = |status: &str, name: &str, summary: &str| json!({"status": status, "labels": {"alertname": name, "job": "order-service"}, "annotations": {"summary": summary}});
        let alerts = [
            alert("firing", "HighErrorRate", "31 % of orders fail"),
            alert("resolved", "OrderServiceDown", "gone"),
        ];
        assert_eq!(item["alerts"], json!(alerts));
    }
}

#[test]
fn a_wrong_parameter_is_an_error() {
    let pager = Pager::start(&[]);
    for (query, code) in [
        ("sinse=1", "unknown_parameter"),
        ("since=yesterday", "invalid_parameter"),
        ("alertname=A&alertname=B", "repeated_parameter"),
    ] {
        let refused = pager.get(&format!("/notifications?{query}")).problem();
        assert_eq!(refused, (400, code.to_owned()), "{query}");
    }
}
