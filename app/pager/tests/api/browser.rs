//! The inbox in a real browser.

use serde_json::json;
use service::testing::wait_for;
use stack::browser::Browser;

use crate::support::{Pager, event};

/// Opens the inbox of a service.
fn open(pager: &Pager) -> Browser {
    let mut browser = Browser::open(&format!("http://{}/", pager.address));
    shows(&mut browser, 1, "#connection[data-state=live]");
    browser
}

/// Waits until the page has so many elements of this kind.
fn shows(browser: &mut Browser, count: usize, selector: &str) {
    let shown = format!("document.querySelectorAll('{selector}').length === {count}");
    browser.wait(&format!("{count} of {selector}"), &shown);
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
    shows(&mut browser, 1, ".card.firing");
    let card = browser.text(".card");
    let words = [
        "CRITICAL",
        "HighErrorRate",
        "firing for",
        "PagerDuty",
        "Runbook",
    ];
    for words in words.iter().chain([&attack]) {
        assert!(card.contains(words), "{words} is not in {card}");
    }
    assert_eq!(browser.evaluate("document.title"), "(1) Pager");
    assert_eq!(browser.text("#empty"), "");

    pager.resolve("HighErrorRate", "k");
    shows(&mut browser, 1, ".card.resolved");
    shows(&mut browser, 1, ".card");
    assert!(browser.text(".card .state").starts_with("resolved after"));
    assert_eq!(browser.evaluate("document.title"), "Pager");

    assert_eq!(browser.evaluate("typeof window.attacked"), "undefined");
    shows(&mut browser, 0, ".card script, .card img");
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
    for (title, names) in [("FIRING", ["A", "B", "A"].as_slice()), ("RESOLVED", &["A"])] {
        for name in names {
            pager.post_json("/slack", &message(title, name));
        }
    }
    shows(&mut browser, 1, ".card.resolved");
    let cards = "[...document.querySelectorAll('.card')].map(card => card.dataset.alertname + ' ' + card.dataset.status)";
    let newest_first = json!(["B firing", "A resolved"]);
    assert_eq!(browser.evaluate(cards), newest_first);
    let facts = browser.text(".card.resolved .facts");
    assert!(facts.contains("sent 2 times"), "{facts}");
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
    let tell = |action: &str, firing: &[&str], resolved: &[&str]| {
        let texts = |head: &str, names: &[&str]| {
            let alert =
                |name| format!("{head} UTC\n  {name} it is\n  why\n  * alertname = {name}\n");
            names.iter().map(alert).collect::<String>()
        };
        let firing = texts("Since 2026-01-01 00:00:00", firing);
        let resolved = texts("From 2026-01-01 00:00:00 to 00:01:00", resolved);
        let mut event = event(action, "several", "k", &firing, &resolved);
        event["payload"]["custom_details"]["labels"] = "* job = order-service\n".into();
        assert_eq!(pager.enqueue(&event).status, 202);
    };
    let mut says = |first: &str, second: &str| {
        let shown = "[...document.querySelectorAll('.card .alerts li .summary')].map(line => line.innerText)";
        let mut lines = [
            format!("{first} HighErrorRate: HighErrorRate it is"),
            format!("{second} OrderServiceDown: OrderServiceDown it is"),
        ];
        // What fires comes first.
        lines.sort();
        let said = format!(
            "JSON.stringify({shown}) === JSON.stringify({})",
            json!(lines)
        );
        browser.wait(&lines.join(", "), &said);
        assert_eq!(browser.text(".card h2"), "HighErrorRate, OrderServiceDown");
    };
    tell("trigger", &["HighErrorRate"], &[]);
    tell("trigger", &["HighErrorRate", "OrderServiceDown"], &[]);
    says("firing", "firing");
    tell("trigger", &["OrderServiceDown"], &["HighErrorRate"]);
    tell("trigger", &["OrderServiceDown"], &[]);
    says("over", "firing");
    tell("resolve", &[], &["OrderServiceDown"]);
    says("over", "over");
    shows(&mut browser, 1, ".card");
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
    shows(&mut browser, 1, ".card");
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
    shows(&mut browser, 1, ".card.resolved");
}

#[test]
fn reconnects_and_forgets_what_a_new_service_does_not_know() {
    let pager = Pager::start(&[]);
    let address = pager.address.to_string();
    let mut browser = open(&pager);
    pager.trigger("A", "k", "");
    shows(&mut browser, 1, ".card");
    drop(pager);
    shows(&mut browser, 1, "#connection[data-state=lost]");
    let _pager = Pager::start(&[("PAGER_ADDRESS", &address)]);
    shows(&mut browser, 1, "#connection[data-state=live]");
    shows(&mut browser, 0, ".card");
}
