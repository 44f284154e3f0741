//! The inbox in a real browser: chromium without a window, driven through its `DevTools` protocol.

use std::env;
use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, client};

use crate::support::{Client, KEY, PATIENCE, Service, wait_for};

/// A browser with one page.
struct Browser {
    process: Child,
    profile: PathBuf,
    page: WebSocket<TcpStream>,
    calls: u64,
}

impl Browser {
    /// Opens the inbox of a service.
    fn open(service: &Service) -> Self {
        let profile = env::temp_dir().join(format!(
            "orderwatch-browser-{}-{}",
            std::process::id(),
            service.address.port()
        ));
        let process = Command::new("chromium")
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .args(["--no-first-run", "--disable-background-networking", "--disable-extensions"])
            .arg("--remote-debugging-port=0")
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|failure| {
                panic!("chromium does not start ({failure}); install it: apt-get install --no-install-recommends chromium")
            });
        // Chromium writes there which port it has taken, once it listens.
        let port = wait_for("chromium's port", || {
            let text = fs::read_to_string(profile.join("DevToolsActivePort")).ok()?;
            text.lines().next()?.parse::<u16>().ok()
        });
        let devtools = Client::new(([127, 0, 0, 1], port).into());
        let target = wait_for("chromium's page", || {
            let targets = devtools.get("/json/list").json();
            let page = targets
                .as_array()?
                .iter()
                .find(|target| target["type"] == "page")?;
            page["webSocketDebuggerUrl"].as_str().map(ToOwned::to_owned)
        });
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("chromium listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a timeout that is not zero");
        let (page, _) = client(target, stream).expect("chromium speaks WebSocket");
        let mut browser = Self {
            process,
            profile,
            page,
            calls: 0,
        };
        let url = format!("http://{}/", service.address);
        browser.call("Page.navigate", &json!({"url": url}));
        browser.wait(
            "the page is live",
            "document.querySelector('#connection')?.dataset.state === 'live'",
        );
        browser
    }

    /// Calls a method of the protocol; events that come in between are of no interest.
    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.calls += 1;
        let call = json!({"id": self.calls, "method": method, "params": parameters});
        self.page
            .send(Message::text(call.to_string()))
            .expect("chromium listens");
        loop {
            let message = self.page.read().expect("chromium answers");
            let Ok(text) = message.to_text() else {
                continue;
            };
            let answer: Value = serde_json::from_str(text).unwrap_or_default();
            if answer["id"] == self.calls {
                return answer["result"].clone();
            }
        }
    }

    /// The value of an expression in the page.
    fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({"expression": expression, "returnByValue": true});
        self.call("Runtime.evaluate", &parameters)["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    fn wait(&mut self, what: &str, expression: &str) {
        wait_for(what, || {
            let truth = self.evaluate(expression) == true;
            (truth || std::thread::panicking()).then_some(())
        });
    }

    /// What a person sees of an element: nothing, if it is hidden.
    fn text(&mut self, selector: &str) -> String {
        let expression = format!(
            "(found => found?.checkVisibility() ? found.innerText : '')(document.querySelector({selector:?}))"
        );
        self.evaluate(&expression)
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Nothing of it is to stay, and nothing of this is what is tested.
        let _ = self.page.close(None);
        let _ = self.process.kill();
        let _ = self.process.wait();
        for _ in 0..50 {
            if fs::remove_dir_all(&self.profile).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn what_fires_and_what_resolves_it_is_one_card_and_what_others_wrote_is_inert() {
    let service = Service::start(&[]);
    let mut browser = Browser::open(&service);
    assert!(browser.text("#empty").contains("Nothing has arrived yet"));
    assert!(browser.text("#heartbeat").contains("waiting for the first"));

    let attack =
        "<script>window.attacked = true</script><img src=x onerror='window.attacked = true'>";
    service.client.trigger("HighErrorRate", "k", attack);
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

    service.client.resolve("HighErrorRate", "k");
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
    let service = Service::start(&[]);
    let mut browser = Browser::open(&service);
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
        service.client.post("/slack", &message(title, name));
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
    let service = Service::start(&[]);
    let mut browser = Browser::open(&service);
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
        let answer = service.client.post(
            "/pagerduty/v2/enqueue",
            &json!({
                "routing_key": KEY, "event_action": action, "dedup_key": "k",
                "payload": {
                    "summary": "several", "source": "order-service", "severity": "critical", "class": "several",
                    "custom_details": {
                        "labels": "* job = order-service\n",
                        "firing": texts("Since 2026-01-01 00:00:00", firing),
                        "resolved": texts("From 2026-01-01 00:00:00 to 00:01:00", resolved),
                    },
                },
            }),
        );
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
    let service = Service::start(&[]);
    let mut browser = Browser::open(&service);
    service
        .client
        .send("PUT", "/outage/slack", "text/plain", "");
    browser.wait("the banner", "!document.querySelector('#outages').hidden");
    assert!(browser.text("#outages").contains("Slack answers 500"));
    service
        .client
        .send("DELETE", "/outage/slack", "text/plain", "");
    browser.wait("no banner", "document.querySelector('#outages').hidden");

    service.client.trigger("A", "k", "");
    browser.wait("a card", "document.querySelectorAll('.card').length === 1");
    assert_eq!(
        browser.text("#announcement"),
        "A firing, critical, by PagerDuty"
    );
}

#[test]
fn shows_a_silent_heartbeat_and_the_end_of_its_alarm() {
    let service = Service::start(&[("PAGER_DEADMAN_SECONDS", "1")]);
    wait_for("the alarm", || service.client.notifications().pop());
    let mut browser = Browser::open(&service);
    assert_eq!(browser.text("#heartbeat"), "No heartbeat yet");
    assert!(browser.text(".card.firing").contains("Dead man's switch"));

    let alert = json!({"status": "firing", "labels": {"alertname": "Watchdog"}});
    service
        .client
        .post("/webhook", &json!({"version": "4", "alerts": [alert]}));
    browser.wait(
        "the end of the alarm",
        "document.querySelectorAll('.card.resolved').length === 1",
    );
}

#[test]
fn reconnects_and_forgets_what_a_new_service_does_not_know() {
    let service = Service::start(&[]);
    let address = service.address.to_string();
    let mut browser = Browser::open(&service);
    service.client.trigger("A", "k", "");
    browser.wait("a card", "document.querySelectorAll('.card').length === 1");
    drop(service);
    browser.wait(
        "a lost connection",
        "document.querySelector('#connection').dataset.state === 'lost'",
    );
    let _service = Service::start(&[("PAGER_ADDRESS", &address)]);
    browser.wait(
        "a live one",
        "document.querySelector('#connection').dataset.state === 'live'",
    );
    browser.wait(
        "an empty inbox",
        "document.querySelectorAll('.card').length === 0",
    );
}
