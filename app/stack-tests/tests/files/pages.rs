//! Our own pages of Prometheus and Alertmanager in a real browser, with prepared answers of the APIs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Sender};
use std::thread;

use serde_json::{Value, json};
use stack::browser::Browser;
use stack::repository::read;

/// Sets a variable if it is ever taken for markup; [`look`] sees to it that it isn't.
const ATTACK: &str = "<img src=x onerror='window.attacked = true'>";

fn success(data: &Value) -> Value {
    json!({"status": "success", "data": data, "warnings": ["Take care"]})
}

#[test]
fn shows_a_query_as_table_as_graph_and_its_error_and_writes_it_into_the_address() {
    let series = |status: &str, value: &str| json!({"metric": {"__name__": "x", "status": status}, "value": [1_795_634_480.982, value]});
    let vector = json!({"resultType": "vector", "result": [series(ATTACK, "0.30000000000000004"), series("b", "NaN"), series("c", "+Inf")]});
    // One sample every 3 s, as the page asks for 15 minutes; after the second, samples are missing.
    let time = |before: f64| stack::prometheus::now().floor() - before;
    let values = [(60.0, "1"), (57.0, "2"), (30.0, "2.5"), (27.0, "NaN")]
        .map(|(before, value)| json!([time(before), value]));
    let matrix = json!({"resultType": "matrix", "result": [{"metric": {"status": ATTACK}, "values": values}]});
    let problem = format!("1:6: parse error {ATTACK}");
    let error = json!({"status": "error", "errorType": "bad_data", "error": problem});
    let script = "
        await until(() => document.querySelector('td'));
        const table = texts('td');
        document.querySelector('[data-tab=\"0\"]').click();
        await until(() => document.querySelector('svg path'));
        const lines = [...document.querySelectorAll('svg path')].map(path => path.getAttribute('d').match(/[ML]/g).join(''));
        const legend = texts('.legend li'), note = texts('.note'), address = location.pathname + location.search;
        const expr = document.querySelector('#expr');
        expr.value = 'rate(up)';
        expr.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', cancelable: true }));
        await until(() => texts('#problem').length);
        return { table, lines, legend, note, address, problem: texts('#problem') };";
    let answers = [
        ("GET /api/v1/query?query=x&", 200, success(&vector)),
        ("GET /api/v1/query_range?query=x&", 200, success(&matrix)),
        ("GET /api/v1/query_range?query=rate%28up%29&", 400, error),
    ];
    let address = "/graph?g0.expr=x&g0.tab=1&g0.range_input=15m";
    let named = |status: &str| format!("x{{status={status:?}}}");
    let expected = json!({
        "table": [named(ATTACK), "0.30000000000000004", named("b"), "NaN", named("c"), "+Inf"],
        "lines": ["MLLML"],
        "legend": [format!("{{status={ATTACK:?}}}")],
        "note": ["Take care"],
        "address": "/query?g0.expr=x&g0.tab=0&g0.range_input=15m",
        "problem": [format!("bad_data: {problem}")],
    });
    assert_eq!(look("prometheus", address, &answers, script).seen, expected);
}

#[test]
fn shows_what_fires_first_what_always_fires_last_and_links_that_lead_somewhere() {
    let rule = |name: &str, severity: &str, state: &str| {
        let alert = json!({
            "state": state, "activeAt": "2026-01-02T03:04:05Z", "value": "1e+00", "labels": {"alertname": name, "job": ATTACK},
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
    let script = "
        await until(() => document.querySelector('.card'));
        const links = [...document.querySelectorAll('.card:first-of-type .one a')].map(link => link.href);
        return [texts('.card > .head strong'), texts('.always > .head strong'), texts('#view > p'),
            texts('.card:first-of-type .one strong'), links];";
    let answers = [("GET /api/v1/rules?type=alert", 200, success(&groups))];
    let order = ["Down", "Slow", "Soon", "Idle", "Watchdog"];
    let counts = "2 firing, 1 pending, 1 inactive, 1 always firing";
    let link = "http://localhost:8025/x";
    let expected = json!([order, ["Watchdog"], [counts], [ATTACK], [link]]);
    assert_eq!(
        look("prometheus", "/alerts", &answers, script).seen,
        expected
    );
}

#[test]
fn says_by_what_an_alert_is_suppressed_and_makes_a_silence_from_the_link_of_a_message() {
    let alert = |name: &str, severity: &str, silenced_by: &[&str], inhibited_by: &[&str]| {
        let state = if silenced_by.is_empty() {
            "active"
        } else {
            "suppressed"
        };
        json!({
            "fingerprint": format!("print-{name}"), "startsAt": "2026-01-02T03:04:05Z", "receivers": [{"name": "slack"}],
            "labels": {"alertname": name, "job": ATTACK, "severity": severity}, "annotations": {},
            "status": {"state": state, "silencedBy": silenced_by, "inhibitedBy": inhibited_by, "mutedBy": []},
        })
    };
    let alerts = json!([
        alert("Watchdog", "none", &[], &[]),
        alert("Quiet", "critical", &["s"], &["print-Loud"]),
        alert("Loud", "critical", &[], &[]),
    ]);
    let silence = |id: &str, state: &str| {
        json!({"id": id, "comment": ATTACK, "createdBy": "ada", "startsAt": "2026-01-02T03:04:05Z", "endsAt": "2026-01-02T04:04:05Z",
            "status": {"state": state}, "matchers": [{"name": "job", "value": "x.*", "isRegex": true, "isEqual": false}]})
    };
    let script = "
        document.querySelector('#author').value = 'ada';
        await until(() => document.querySelector('#matched').textContent);
        const matched = document.querySelector('#matched').textContent;
        document.querySelector('#comment').value = 'known';
        document.querySelector('#silence button').click();
        await until(() => texts('.card code').length);
        const [created, cards] = [texts('#outcome'), texts('.card code')];
        document.querySelector('.card button').click();
        await until(() => texts('#outcome')[0].includes('expired'));
        const page = location.hash;
        location.hash = '#/alerts';
        await until(() => texts('.suppressed > p').length);
        const suppressed = texts('.suppressed > p').map(text => text.replace(/, until.*/, ''));
        return [matched, created, cards, page, texts('.card strong'), texts('.always strong'), suppressed];";
    // As the template orderwatch.silence writes it.
    let path = "/#/silences/new?filter=%7Balertname%3D%22HighErrorRate%22%2C%20job%3D%22a%5C%22b%2C%20%2B%5Cu00e9%22%7D";
    let filter =
        "GET /api/v2/alerts?filter=alertname%3D%22HighErrorRate%22&filter=job%3D%22a%5C%22b";
    let silences = json!([silence("s", "expired"), silence("new-one", "active")]);
    let answers = [
        (filter, 200, json!([{}])),
        ("GET /api/v2/alerts", 200, alerts),
        (
            "POST /api/v2/silences",
            200,
            json!({"silenceID": "new-one"}),
        ),
        ("DELETE /api/v2/silence/new-one", 200, json!("")),
        ("GET /api/v2/silences", 200, silences),
    ];
    let look = look("alertmanager", path, &answers, script);
    let expected = json!([
        "matches 1 alert now",
        ["The silence new-one is created."],
        ["job!~\"x.*\""],
        "#/silences",
        ["Loud", "Quiet", "Watchdog"],
        ["Watchdog"],
        [
            format!("silenced: {ATTACK} (ada"),
            "inhibited by Loud",
            "silence"
        ]
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

/// What every script can use: `until(truth)` waits, `texts(selector)` is what a person reads.
const SCRIPT: &str = "(async () => {
  const until = async truth => { while (!truth()) await new Promise(done => setTimeout(done, 20)); };
  const texts = selector => [...document.querySelectorAll(selector)].filter(found => found.checkVisibility()).map(found => found.innerText);
  SCRIPT
})()";

/// Whether nothing was taken for markup.
const UNHARMED: &str = "window.attacked === undefined && document.querySelectorAll('main img, main script').length === 0";

/// An answer of the API: the beginning of the request line, the status, and the body.
type Answer<'a> = (&'a str, u16, Value);

struct Look {
    /// What the script returned.
    seen: Value,
    /// The requests that change something: the request line without its version, and the body.
    changes: Vec<(String, String)>,
}

/// Opens the page of `prometheus` or `alertmanager` at an address, and runs the script in it, which does what a person would do.
fn look(whose: &str, path: &str, answers: &[Answer], script: &str) -> Look {
    let page = read(format!("scripts/debian/pages/{whose}/index.html"));
    let owned =
        |(request, status, body): &Answer| ((*request).to_owned(), *status, body.to_string());
    let answers: Vec<_> = answers.iter().map(owned).collect();
    let listener = TcpListener::bind("127.0.0.1:0").expect("port 0 is always free");
    let address = listener.local_addr().expect("it is bound");
    let (posted, changes) = mpsc::channel();
    // Ends with the test's process.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A browser opens connections that it then does not use: these are waited for apart.
            let (page, answers, posted) = (page.clone(), answers.clone(), posted.clone());
            thread::spawn(move || serve(&stream, &page, &answers, &posted));
        }
    });
    let mut browser = Browser::open(&format!("http://{address}{path}"));
    let seen = browser.evaluate(&SCRIPT.replace("SCRIPT", script));
    assert_eq!(browser.evaluate(UNHARMED), true);
    let changes = changes.try_iter().collect();
    Look { seen, changes }
}

/// Answers one request. One that cannot be read was given up by the browser.
fn serve(
    mut stream: &TcpStream,
    page: &str,
    answers: &[(String, u16, String)],
    posted: &Sender<(String, String)>,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let request = line.rsplit_once(' ')?.0.to_owned();
    let mut length = 0;
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let header = line.to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    if !request.starts_with("GET ") {
        let body = String::from_utf8(body).ok()?;
        posted.send((request.clone(), body)).ok()?;
    }
    let mut prepared = answers.iter();
    let (status, kind, text) = match prepared.find(|(start, ..)| request.starts_with(start)) {
        Some((_, status, body)) => (*status, "application/json", body.as_str()),
        None if request.contains(" /api/") => (404, "text/plain", "no answer is prepared"),
        None => (200, "text/html; charset=utf-8", page),
    };
    write!(
        stream,
        "HTTP/1.1 {status} Status\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    )
    .ok()
}
