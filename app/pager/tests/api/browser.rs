//! The inbox in a real browser.

use serde_json::json;
use service::testing::wait_for;
use stack::browser::Browser;

use crate::support::{Pager, event};

/// Opens the inbox of a service.
fn open(pager: &Pager) -> Browser {
    let mut browser = Browser::open(&format!("http://{}/", pager.address));
    browser.wait(
        "the page is live",
        "document.querySelector('#connection')?.dataset.state === 'live'",
    );
    browser
}

#[test]
fn what_fires_and_what_resolves_it_is_one_card_and_what_others_wrote_is_inert() {
    let pager = Pager::start(&[]);
    let mut browser = open(&pager);
    assert!(browser.text("#empty").contains("Nothing has arrived yet"));
    assert!(browser.text("#heartbeat").contains("waiting for the first"));

    let attack =
        "<script>window.attacked = true</script><img src=x onerror='window.attacked = true'>";
    pager.trigger("HighErrorRate", "k", attack);
    browser.wait(
        "a card that fires",
        "document.querySelectorAll('.card.firing').length === 1",
    );
    let card = browser.text(".card");
    for words in [
        "CRITICAL",
        "HighErrorRate",
        "firing for",
        "PagerDuty",
        "Runbook",
        attack,
    ] {
        assert!(card.contains(words), "{words} is not in {card}");
    }
    assert_eq!(browser.evaluate("document.title"), "(1) Pager");
    assert_eq!(browser.text("#empty"), "");

    pager.resolve("HighErrorRate", "k");
    browser.wait(
        "the same card, resolved",
        "document.querySelectorAll('.card.resolved').length === 1",
    );
    assert_eq!(
        browser.evaluate("document.querySelectorAll('.card').length"),
        1
    );
    assert!(browser.text(".card .state").starts_with("resolved after"));
    assert_eq!(browser.evaluate("document.title"), "Pager");

    assert_eq!(browser.evaluate("typeof window.attacked"), "undefined");
    assert_eq!(
        browser.evaluate("document.querySelectorAll('.card script, .card img').length"),
        0
    );
}

#[test]
fn pairs_slack_messages_by_name_and_labels_and_refuses_links_that_are_none() {
    let pager = Pager::start(&[]);
    let mut browser = open(&pager);
    let message = |title: &str, name: &str| {
        json!({"attachments": [{
            "title": format!("[{title}] {name}"), "text": "It is so",
            "fields": [{"title": "Labels", "value": format!("* alertname = {name}\n* severity = warning\n")}],
            "actions": [
                {"text": "Runbook", "url": "javascript:window.attacked=true"},
                {"text": "Dashboard", "url": "http://localhost:3000/d/order-service"},
            ],
        }]})
    };
    for (title, name) in [
        ("FIRING", "A"),
        ("FIRING", "B"),
        ("FIRING", "A"),
        ("RESOLVED", "A"),
    ] {
        pager.post_json("/slack", &message(title, name));
    }
    browser.wait(
        "two cards, one of them resolved",
        "document.querySelectorAll('.card.resolved').length === 1",
    );
    let cards = "[...document.querySelectorAll('.card')].map(card => card.dataset.alertname + ' ' + card.dataset.status)";
    assert_eq!(
        browser.evaluate(cards),
        json!(["B firing", "A resolved"]),
        "newest first"
    );
    assert!(
        browser
            .text(".card.resolved .facts")
            .contains("sent 2 times")
    );
    let links = "[...document.querySelectorAll('.card a')].map(link => link.href)";
    let dashboard = "http://localhost:3000/d/order-service";
    assert_eq!(browser.evaluate(links), json!([dashboard, dashboard]));

    browser.evaluate("document.querySelector('[data-show=firing]').click()");
    assert_eq!(browser.text(".card.resolved"), "");
    assert!(browser.text(".card.firing").contains('B'));
}

/// One incident, three alerts one after the other: each says on its card whether it fires or is over, until all are.
#[test]
fn an_incident_of_several_alerts_is_one_card_that_says_which_are_over() {
    let pager = Pager::start(&[]);
    let mut browser = open(&pager);
    let alert = |head: &str, name: &str| {
        format!("{head} UTC\n  {name} it is\n  why\n  * alertname = {name}\n")
    };
    let told = |action: &str, firing: &[&str], resolved: &[&str]| {
        let texts = |head: &str, names: &[&str]| {
            names
                .iter()
                .map(|name| alert(head, name))
                .collect::<String>()
        };
        let firing = texts("Since 2026-01-01 00:00:00", firing);
        let resolved = texts("From 2026-01-01 00:00:00 to 00:01:00", resolved);
        let mut event = event(action, "several", "k", &firing, &resolved);
        event["payload"]["custom_details"]["labels"] = "* job = order-service\n".into();
        let answer = pager.enqueue(&event);
        assert_eq!(answer.status, 202, "{}", answer.body);
    };
    let lines =
        "[...document.querySelectorAll('.card .alerts li .summary')].map(line => line.innerText)";
    let wait_for_lines = |browser: &mut Browser, wanted: &[&str]| {
        browser.wait(
            &wanted.join(", "),
            &format!(
                "JSON.stringify({lines}) === JSON.stringify({})",
                json!(wanted)
            ),
        );
    };
    told("trigger", &["HighErrorRate"], &[]);
    told("trigger", &["HighErrorRate", "OrderServiceDown"], &[]);
    wait_for_lines(
        &mut browser,
        &[
            "firing HighErrorRate: HighErrorRate it is",
            "firing OrderServiceDown: OrderServiceDown it is",
        ],
    );
    assert_eq!(browser.text(".card h2"), "HighErrorRate, OrderServiceDown");
    told("trigger", &["OrderServiceDown"], &["HighErrorRate"]);
    told("trigger", &["OrderServiceDown"], &[]);
    wait_for_lines(
        &mut browser,
        &[
            "firing OrderServiceDown: OrderServiceDown it is",
            "over HighErrorRate: HighErrorRate it is",
        ],
    );
    assert_eq!(
        browser.text(".card.firing h2"),
        "HighErrorRate, OrderServiceDown"
    );
    told("resolve", &[], &["OrderServiceDown"]);
    wait_for_lines(
        &mut browser,
        &[
            "over HighErrorRate: HighErrorRate it is",
            "over OrderServiceDown: OrderServiceDown it is",
        ],
    );
    assert_eq!(
        browser.evaluate("document.querySelectorAll('.card').length"),
        1
    );
}

#[test]
fn shows_outages_and_says_aloud_what_arrives() {
    let pager = Pager::start(&[]);
    let mut browser = open(&pager);
    pager.send("PUT", "/outage/slack", "");
    browser.wait("the banner", "!document.querySelector('#outages').hidden");
    assert!(browser.text("#outages").contains("Slack answers 500"));
    pager.send("DELETE", "/outage/slack", "");
    browser.wait("no banner", "document.querySelector('#outages').hidden");

    pager.trigger("A", "k", "");
    browser.wait("a card", "document.querySelectorAll('.card').length === 1");
    assert_eq!(
        browser.text("#announcement"),
        "A firing, critical, by PagerDuty"
    );
}

#[test]
fn shows_a_silent_heartbeat_and_the_end_of_its_alarm() {
    let pager = Pager::start(&[("PAGER_DEADMAN_SECONDS", "1")]);
    wait_for("the alarm", || pager.notifications().pop());
    let mut browser = open(&pager);
    assert_eq!(browser.text("#heartbeat"), "No heartbeat yet");
    assert!(browser.text(".card.firing").contains("Dead man's switch"));

    let alert = json!({"status": "firing", "labels": {"alertname": "Watchdog"}});
    pager.post_json("/webhook", &json!({"version": "4", "alerts": [alert]}));
    browser.wait(
        "the end of the alarm",
        "document.querySelectorAll('.card.resolved').length === 1",
    );
}

#[test]
fn reconnects_and_forgets_what_a_new_service_does_not_know() {
    let pager = Pager::start(&[]);
    let address = pager.address.to_string();
    let mut browser = open(&pager);
    pager.trigger("A", "k", "");
    browser.wait("a card", "document.querySelectorAll('.card').length === 1");
    drop(pager);
    browser.wait(
        "a lost connection",
        "document.querySelector('#connection').dataset.state === 'lost'",
    );
    let _pager = Pager::start(&[("PAGER_ADDRESS", &address)]);
    browser.wait(
        "a live one",
        "document.querySelector('#connection').dataset.state === 'live'",
    );
    browser.wait(
        "an empty inbox",
        "document.querySelectorAll('.card').length === 0",
    );
}
