//! Our own pages of Prometheus and Alertmanager in a real browser, with prepared answers of the APIs.

mod stand_in;

use serde_json::{Value, json};
use stand_in::look;

/// Sets a variable if it is ever taken for markup.
const ATTACK: &str = "<img src=x onerror='window.attacked = true'>";
const UNHARMED: &str = "window.attacked === undefined && document.querySelectorAll('main img, main script').length === 0";

fn success(data: &Value) -> Value {
    json!({"status": "success", "data": data, "warnings": ["Take care"]})
}

#[test]
fn shows_a_query_as_table_and_as_graph_and_writes_it_into_the_address() {
    let series = |status: &str, value: &str| json!({"metric": {"__name__": "x", "status": status}, "value": [1_795_634_480.982, value]});
    let vector = json!({"resultType": "vector", "result": [series(ATTACK, "0.30000000000000004"), series("b", "NaN"), series("c", "+Inf")]});
    let script = format!(
        "await until(() => document.querySelector('td'));
        const table = texts('td');
        document.querySelector('[data-tab=\"0\"]').click();
        await until(() => document.querySelector('svg path'));
        const lines = [...document.querySelectorAll('svg path')].map(path => path.getAttribute('d').match(/[ML]/g).join(''));
        const ticks = [...document.querySelectorAll('svg text[text-anchor=end]')].map(text => text.textContent);
        return {{ table, lines, ticks, legend: texts('.legend li'), note: texts('.note'), address: location.pathname + location.search, unharmed: {UNHARMED} }};"
    );
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970")
        .as_secs();
    // One sample every 3 s, as the page asks for 15 minutes; after the second, samples are missing.
    let values: Vec<_> = [(60, "1"), (57, "2"), (30, "2.5"), (27, "NaN")]
        .into_iter()
        .map(|(before, value)| json!([now - before, value]))
        .collect();
    let matrix = json!({"resultType": "matrix", "result": [{"metric": {"status": ATTACK}, "values": values}]});
    let seen = look(
        "prometheus",
        "/graph?g0.expr=x&g0.tab=1&g0.range_input=15m",
        &[
            ("GET /api/v1/query?query=x&", 200, success(&vector)),
            ("GET /api/v1/query_range?query=x&", 200, success(&matrix)),
        ],
        &script,
    )
    .seen;
    let named = |status: &str| format!("x{{status={status:?}}}");
    let expected = json!({
        "table": [named(ATTACK), "0.30000000000000004", named("b"), "NaN", named("c"), "+Inf"],
        "lines": ["MLLML"],
        "ticks": ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"],
        "legend": [format!("{{status={ATTACK:?}}}")],
        "note": ["Take care"],
        "address": "/query?g0.expr=x&g0.tab=0&g0.range_input=15m",
        "unharmed": true,
    });
    assert_eq!(seen, expected);
}

#[test]
fn runs_a_query_with_enter_and_shows_an_error_as_it_is() {
    let error = json!({"status": "error", "errorType": "bad_data", "error": format!("1:6: parse error {ATTACK}")});
    let script = format!(
        "const expr = document.querySelector('#expr');
        expr.value = 'rate(up)';
        expr.dispatchEvent(new KeyboardEvent('keydown', {{ key: 'Enter', cancelable: true }}));
        await until(() => texts('#problem').length);
        const example = document.querySelector('#examples a').getAttribute('href');
        return [texts('#problem'), texts('#view'), example, {UNHARMED}];"
    );
    let answers = [("GET /api/v1/query?query=rate%28up%29&", 400, error)];
    let seen = look("prometheus", "/query", &answers, &script).seen;
    let problem = format!("bad_data: 1:6: parse error {ATTACK}");
    let example = "query?g0.expr=rate%28orders_processed_total%5B1m%5D%29&g0.tab=1";
    assert_eq!(seen, json!([[problem], [""], example, true]));
}

#[test]
fn shows_what_fires_first_what_always_fires_last_and_links_that_lead_somewhere() {
    let rule = |name: &str, severity: &str, state: &str| {
        let alert = json!({
            "state": state, "activeAt": "2026-01-02T03:04:05Z", "value": "1e+00",
            "labels": {"alertname": name, "job": ATTACK},
            "annotations": {"summary": ATTACK, "runbook_url": "http://localhost:8025/x", "bad_url": "javascript:attacked=true"},
        });
        let alerts = if state == "inactive" {
            vec![]
        } else {
            vec![alert]
        };
        json!({"name": name, "query": "up == 0", "state": state, "health": "ok", "duration": 0,
            "labels": {"severity": severity}, "annotations": {}, "alerts": alerts})
    };
    let rules = [
        rule("Watchdog", "none", "firing"),
        rule("Idle", "critical", "inactive"),
        rule("Slow", "warning", "firing"),
        rule("Soon", "critical", "pending"),
        rule("Down", "critical", "firing"),
    ];
    let groups = json!({"groups": [{"name": "g", "file": "f", "rules": rules}]});
    let script = format!(
        "await until(() => document.querySelector('.card'));
        const links = [...document.querySelectorAll('.card:first-of-type .one a')].map(link => link.href);
        return [texts('.card > .head strong'), texts('.always > .head strong'), texts('#view > p'), texts('.card:first-of-type .one strong'),
            links, {UNHARMED}];"
    );
    let answers = [("GET /api/v1/rules?type=alert", 200, success(&groups))];
    let seen = look("prometheus", "/alerts", &answers, &script).seen;
    let expected = json!([
        ["Down", "Slow", "Soon", "Idle", "Watchdog"],
        ["Watchdog"],
        ["2 firing, 1 pending, 1 inactive, 1 always firing"],
        [ATTACK],
        ["http://localhost:8025/x"],
        true
    ]);
    assert_eq!(seen, expected);
}

#[test]
fn says_by_what_an_alert_is_suppressed_and_shows_what_always_fires_last() {
    let alert = |name: &str, state: &str, silenced_by: &[&str], inhibited_by: &[&str]| {
        let severity = if name == "Watchdog" {
            "none"
        } else {
            "critical"
        };
        json!({
            "fingerprint": format!("print-{name}"), "startsAt": "2026-01-02T03:04:05Z", "receivers": [{"name": "slack"}],
            "labels": {"alertname": name, "job": ATTACK, "severity": severity}, "annotations": {},
            "status": {"state": state, "silencedBy": silenced_by, "inhibitedBy": inhibited_by, "mutedBy": []},
        })
    };
    let alerts = json!([
        alert("Watchdog", "active", &[], &[]),
        alert("Quiet", "suppressed", &["s"], &["print-Loud"]),
        alert("Loud", "active", &[], &[]),
    ]);
    let silences = json!([{"id": "s", "comment": ATTACK, "createdBy": "ada", "endsAt": "2026-01-02T03:04:05Z"}]);
    let script = format!(
        "await until(() => document.querySelector('.card'));
        return [texts('.card strong'), texts('.always strong'), texts('.suppressed > p').map(text => text.replace(/, until.*/, '')), {UNHARMED}];"
    );
    let answers = [
        ("GET /api/v2/alerts", 200, alerts),
        ("GET /api/v2/silences", 200, silences),
    ];
    let seen = look("alertmanager", "/", &answers, &script).seen;
    let reason = format!("silenced: {ATTACK} (ada");
    let expected = json!([
        ["Loud", "Quiet", "Watchdog"],
        ["Watchdog"],
        [reason, "inhibited by Loud", "silence"],
        true
    ]);
    assert_eq!(seen, expected);
}

#[test]
fn makes_a_silence_from_the_link_of_a_message_and_expires_it() {
    let silence = |id: &str, state: &str| {
        json!({"id": id, "comment": "known", "createdBy": "ada", "startsAt": "2026-01-02T03:04:05Z", "endsAt": "2026-01-02T04:04:05Z",
            "status": {"state": state}, "matchers": [{"name": "job", "value": "x.*", "isRegex": true, "isEqual": false}]})
    };
    let script = "
        document.querySelector('#author').value = 'ada';
        await until(() => document.querySelector('#matched').textContent);
        const matched = document.querySelector('#matched').textContent;
        document.querySelector('#comment').value = 'known';
        document.querySelector('#silence button').click();
        await until(() => texts('.card').length);
        const [created, cards] = [texts('#outcome'), texts('.card code')];
        document.querySelector('.card button').click();
        await until(() => texts('#outcome')[0].includes('expired'));
        return [matched, created, cards, location.hash];";
    // As the template orderwatch.silence writes it.
    let path = "/#/silences/new?filter=%7Balertname%3D%22HighErrorRate%22%2C%20job%3D%22a%5C%22b%2C%20%2B%5Cu00e9%22%7D";
    let filter =
        "GET /api/v2/alerts?filter=alertname%3D%22HighErrorRate%22&filter=job%3D%22a%5C%22b";
    let answers = [
        (filter, 200, json!([{}])),
        (
            "POST /api/v2/silences",
            200,
            json!({"silenceID": "new-one"}),
        ),
        ("DELETE /api/v2/silence/new-one", 200, json!("")),
        (
            "GET /api/v2/silences",
            200,
            json!([silence("old", "expired"), silence("new-one", "active")]),
        ),
    ];
    let look = look("alertmanager", path, &answers, script);
    let expected = json!([
        "matches 1 alert now",
        ["The silence new-one is created."],
        ["job!~\"x.*\""],
        "#/silences"
    ]);
    assert_eq!(look.seen, expected);

    let [(post, body), (delete, _)] = look.changes.as_slice() else {
        panic!("{:?}", look.changes);
    };
    assert_eq!(post, "POST /api/v2/silences");
    assert_eq!(delete, "DELETE /api/v2/silence/new-one");
    let mut body: Value = serde_json::from_str(body).expect("JSON");
    let [starts, ends] = ["startsAt", "endsAt"].map(|name| second_of_day(&body[name].take()));
    assert_eq!((ends + 86_400 - starts) % 86_400, 3600, "an hour");
    let matcher = |name: &str, value: &str| json!({"name": name, "value": value, "isRegex": false, "isEqual": true});
    let expected = json!({
        "matchers": [matcher("alertname", "HighErrorRate"), matcher("job", "a\"b, +é")],
        "createdBy": "ada", "comment": "known", "startsAt": null, "endsAt": null,
    });
    assert_eq!(body, expected);
}

/// Of a time such as `2026-01-02T03:04:05.678Z`.
fn second_of_day(time: &Value) -> u32 {
    let time = time.as_str().expect("a time");
    let part = |from: usize| time[from..from + 2].parse::<u32>().expect("a number");
    part(11) * 3600 + part(14) * 60 + part(17)
}
