//! What stands in the way of a drill, on servers that answer as they are told to.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

const DRILL: &str = "
shows: a test
needs: [{ query: depth, at_most: 5 }]
steps: [{ expect: { alert: Errors, delivered: [chat] } }]
";

const RULE: &str = r#"{"data":{"groups":[{"interval":5,"rules":[{"name":"Errors","query":"errors","duration":0,
    "labels":{"severity":"page"},"health":"ok","alerts":[]}]}]}}"#;

/// Beginnings of paths, and what is answered to them when nothing stands in the way.
const GOOD: [(&str, &str); 9] = [
    ("/p/api/v1/rules", RULE),
    (
        "/p/api/v1/alertmanagers",
        r#"{"data":{"activeAlertmanagers":[{"url":"http://a"}]}}"#,
    ),
    (
        "/p/api/v1/status/flags",
        r#"{"data":{"rules.alert.resend-delay":"10s"}}"#,
    ),
    (
        "/p/api/v1/query",
        r#"{"data":{"result":[{"metric":{},"value":[0,"1"]}]}}"#,
    ),
    (
        "/a/api/v2/status",
        r#"{"config":{"original":"{route: {receiver: chat}, receivers: [{name: chat, slack_configs: [{}]}]}"}}"#,
    ),
    ("/a/api/v2/alerts/groups", "[]"),
    ("/a/api/v2/silences", "[]"),
    (
        "/g/heartbeat",
        r#"{"state":"beating","alarm_after_seconds":60}"#,
    ),
    ("/g/outage", "{}"),
];

/// Serves these answers for as long as the test runs; anything else is an empty list.
fn serve(answers: Vec<(String, String)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = BufReader::new(stream.try_clone().expect("a socket"));
            let mut first = String::new();
            let mut line = String::from("first");
            while line.trim() != "" {
                line.clear();
                if request.read_line(&mut line).unwrap_or(0) == 0 {
                    break;
                }
                if first.is_empty() {
                    first.clone_from(&line);
                }
            }
            let path = first.split(' ').nth(1).unwrap_or_default();
            let found = answers.iter().find(|(begin, _)| path.starts_with(begin));
            let body = found.map_or("[]", |(_, body)| body);
            let head = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let _gone = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    format!("http://{address}")
}

/// What the program says when one answer is another.
fn said(place: usize, (path, body): (&str, &str)) -> (Option<i32>, String) {
    let mut answers: Vec<(String, String)> = vec![(path.into(), body.into())];
    answers.extend(GOOD.map(|(path, body)| (path.into(), body.into())));
    let url = serve(answers);
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("baseline-{place}.yml"));
    std::fs::write(&file, DRILL).expect("a file in the folder for it");
    let output = Command::new(env!("CARGO_BIN_EXE_drill"))
        .arg(&file)
        .args(["--wait", "1s", "--slack", "1s", "--target", &url])
        .args([
            "--prometheus",
            &format!("{url}/p"),
            "--alertmanager",
            &format!("{url}/a"),
        ])
        .args(["--pager", &format!("{url}/g")])
        .output()
        .expect("the program was built for this test");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

#[test]
fn names_what_stands_in_the_way() {
    let held = r#"{"fingerprint":"1","labels":{"alertname":"Errors","job":"shop"},"receivers":[{"name":"chat"}],"status":{"state":"active"}}"#;
    let group = format!(
        r#"[{{"labels":{{"job":"shop"}},"receiver":{{"name":"chat"}},"alerts":[{}]}}]"#,
        held.replace("Errors", "Burn")
    );
    let pending = RULE.replace(
        r#""alerts":[]"#,
        r#""alerts":[{"labels":{"alertname":"Errors"},"state":"pending"}]"#,
    );
    let elsewhere = pending.replace("pending", "firing");
    let unhealthy = RULE.replace(r#""ok""#, r#""err","lastError":"a vector is no scalar""#);
    let silence = r#"[{"id":"0815","createdBy":"somebody","status":{"state":"active"},
        "matchers":[{"name":"alertname","value":"Err.*","isRegex":true,"isEqual":true}]}]"#;
    let told = r#"[{"received_at":"2026-01-01T00:00:00Z","receiver":"slack","alertname":"Errors","status":"firing",
        "labels":{},"alerts":[],"more":0,"dedup_key":"1"}]"#;
    let now = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(5);
    let told = told.replace("2026-01-01T00:00:00Z", &now.to_string());
    for (place, (answer, words)) in [
        (
            ("/p/api/v1/rules", &*pending),
            "Errors is pending or firing already",
        ),
        (
            ("/p/api/v1/rules", &*elsewhere),
            "Errors fires in Prometheus but is not in Alertmanager",
        ),
        (
            ("/p/api/v1/rules", &*unhealthy),
            "rule Errors is not healthy: a vector is no scalar",
        ),
        (
            ("/p/api/v1/rules", &*RULE.replace("Errors", "Faults")),
            "no rule Errors in Prometheus: renamed or not loaded",
        ),
        (
            (
                "/p/api/v1/alertmanagers",
                r#"{"data":{"activeAlertmanagers":[]}}"#,
            ),
            "Prometheus has found no Alertmanager",
        ),
        (
            (
                "/p/api/v1/query",
                r#"{"data":{"result":[{"metric":{},"value":[0,"7"]}]}}"#,
            ),
            "needed: depth at most 5, it is 7",
        ),
        (
            ("/a/api/v2/alerts/groups", &*group),
            "the group of Errors at chat is there already: Burn",
        ),
        (
            ("/a/api/v2/silences", silence),
            "silence 0815 of somebody may hold Errors back",
        ),
        (
            (
                "/a/api/v2/status",
                r#"{"config":{"original":"{route: {receiver: talk}, receivers: [{name: talk}]}"}}"#,
            ),
            "Alertmanager has no receiver chat, it has talk: renamed?",
        ),
        (
            (
                "/g/heartbeat",
                r#"{"state":"silent","alarm_after_seconds":60}"#,
            ),
            "the heartbeat at pager is silent",
        ),
        (
            ("/g/outage", r#"{"slack":true}"#),
            "pager was told to fail slack: curl -X DELETE",
        ),
        (
            ("/g/notifications", &*told),
            "told chat of Errors 5 min ago, and not of its end",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let (code, said) = said(place, answer);
        assert!(
            code == Some(5) && said.contains(words),
            "{answer:?}\n{code:?} {said}"
        );
    }
}

#[test]
fn begins_when_nothing_stands_in_the_way() {
    let (code, said) = said(99, ("/g/nothing", ""));
    assert!(
        code == Some(4) && said.contains("never went pending"),
        "{code:?} {said}"
    );
}
